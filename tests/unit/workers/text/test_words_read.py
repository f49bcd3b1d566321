"""Short forms, Roman numerals, capitals and characters that are not seen."""

from __future__ import annotations

import pytest

from tests.fixtures.spoken import said

SHORT_FORMS = {
    "Dr. Jones and Mrs. Lee met Prof. Brown.": "Doctor Jones and Missus Lee met Professor Brown.",
    "St. Paul is on Elm St. near Mt. Hood.": "Saint Paul is on Elm Street near Mount Hood.",
    "At 12 Oak Ave. and 5th St. they met.": "At twelve Oak Avenue and fifth Street they met.",
    "See no. 7, fig. 2, pp. 3-5, vol. 2.": "See number seven, figure two, pages three to five, "
    "volume two.",
    "See Eq. (4). He ate a fig. (3 of them)": "See Equation (four). He ate a fig. (three of them)",
    "He ate a fig. Then he said no.": "He ate a fig. Then he said no.",
    "She asked twice, and he said no.": "She asked twice, and he said no.",
    "No. I won't. No. 5 will.": "No. I won't. Number five will.",
    "Smith & Co. sued Acme Corp. today.": "Smith and Company sued Acme Corporation today.",
    "Bring fruit, e.g. apples, etc.": "Bring fruit, for example apples, et cetera.",
    "Apples, pears, etc. were sold.": "Apples, pears, et cetera were sold.",
    "It was Lee vs. Grant, i.e. war.": "It was Lee versus Grant, that is war.",
    "Approx. 3 hrs w/o traffic.": "Approximately three hours without traffic.",
    "John Smith Jr. left.": "John Smith Junior left.",
    "The dept. of health.": "The department of health.",
    "Gen Z likes it.": "Gen Z likes it.",
    "thx, btw it was gr8": "thanks, by the way it was great",
    "Sooo coool": "So cool",
    "At St. John's on St. John's St. today.": "At Saint John's on Saint John's Street today.",
    "The U.S. team met in the U.S.": "The U S team met in the U S.",
    "Roe v. Wade, England v France.": "Roe versus Wade, England versus France.",
    "1600 Pennsylvania Ave. NW, 12 km E of Rome.": "sixteen hundred Pennsylvania Avenue "
    "northwest, twelve kilometers east of Rome.",
    "They met in Boise, ID, or in Reno, NV.": "They met in Boise, ID, or in Reno, Nevada.",
    "No. of items, the No 1 song, no. Off!": "number of items, the number one song, no. Off!",
    "'Tis rock 'n' roll, tell 'em.": "Tis rock and roll, tell em.",
    "omg im here, brb": "oh my god I'm here, be right back",
    "OMG, up 4% YoY": "OMG, up four percent year over year",
}
ROMAN = {
    "Henry VIII had six wives.": "Henry the eighth had six wives.",
    "Ramses II built it. CHAPTER XIV": "Ramses the second built it. Chapter fourteen",
    "World War II, Act III.": "World War two, Act three.",
    "Act II, scene iv, page xii.": "Act two, scene four, page twelve.",
    "scene i think": "scene i think",
    "The 2nd fl. is closed; come on Mon, Sept. 4.": (
        "The second floor is closed; come on Monday, September fourth."
    ),
    "The XIX century.": "The nineteenth century.",
    "Super Bowl LVIII and Rocky IV.": "Super Bowl fifty eight and Rocky four.",
    "Final Fantasy VII is old.": "Final Fantasy seven is old.",
    "Copyright MCMXCIX.": "Copyright nineteen ninety nine.",
    "King Charles met James Cook.": "King Charles met James Cook.",
    "Stage Left, part Indian, Class Clown.": "Stage Left, part Indian, Class Clown.",
    "An IV drip, vitamin C, Malcolm X.": "An IV drip, vitamin C, Malcolm X.",
    "WWII, WW1": "World War two, World War one",
    "World War I ended, and I ran.": "World War one ended, and I ran.",
    "The part I liked.": "The part I liked.",
    "Pope John Paul II spoke.": "Pope John Paul the second spoke.",
    "Elizabeth II's reign.": "Elizabeth the second's reign.",
    "I, II and III, chapters I-IV.": "I, two and three, chapters one to four.",
    "Elizabeth I died; James I and Anne.": "Elizabeth the first died; James the first and Anne.",
    "(iv) the fourth, f(x) and (i.e. x)": "(four) the fourth, f(x) and (that is x)",
    "Sultan Mahmud II ruled.": "Sultan Mahmud the second ruled.",
}
CAPITALS = {
    "STOP SHOUTING AT ME PLEASE.": "stop shouting at me please.",
    "WE MIGHT GO. I DON'T KNOW!": "we might go. I don't know!",
    "I told YOU: it is for ME.": "I told You: it is for Me.",
    "Ask our IT team in the US.": "Ask our I T team in the U S.",
    "THE US AND THE UK AGREE.": "the U S and the UK agree.",
    "The WHO and NASA met the FBI.": "The W H O and NASA met the FBI.",
    "BREAKING NEWS: the CEO left.": "breaking news: the CEO left.",
    "AT&T does R&D.": "A T and T does R and D.",
}
UNSEEN = {
    "The en\xadvi\xadron\xadment is de\xadpend\xadable.": "The environment is dependable.",
    "A\ufeff quiet\u200b eve\u2060ning\u200e.": "A quiet evening.",
    "She won`t come, he can´t go, it’s so.": "She won't come, he can't go, it's so.",
    "The flood.[7] It was rebuilt.¹²": "The flood. It was rebuilt.",
    "Great job 👍 see you 😀": "Great job thumbs up see you grinning face",
    "I <3 you :) see ya ;-)": "I love you see ya",
    "cafe\u0301 z\u0334\u0335\u0336o\u0337": "café zo",
    "Wait... what?!? No way!!!": "Wait... what?!? No way!!!",
    "“Quoted,” she said—then left.": "“Quoted,” she said—then left.",
    "It was **very** *urgent*.": "It was very urgent.",
    "Chapter Ⅷ of the ﬁne 𝗕𝗼𝗹𝗱 book.": "Chapter eight of the fine Bold book.",
}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [*SHORT_FORMS.items(), *ROMAN.items(), *CAPITALS.items(), *UNSEEN.items()],
)
def test_words_are_said_as_a_person_says_them(written: str, spoken: str) -> None:
    """A short form is one only where it is one; everything else is a word."""
    assert said(written) == spoken
