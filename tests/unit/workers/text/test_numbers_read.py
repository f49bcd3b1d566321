"""Numbers of every kind, as a person says them."""

from __future__ import annotations

import pytest

from tests.fixtures.spoken import said

COUNTS = {
    "The city has 8,336,817 residents.": "The city has eight million three hundred thirty six "
    "thousand eight hundred seventeen residents.",
    "It fell by 0.5 points to 12.75.": "It fell by zero point five points to twelve point "
    "seven five.",
    "Only .25 was left.": "Only point two five was left.",
    "There were 1,000,000,000 stars.": "There were one billion stars.",
    "For 1 000 000 people.": "For one million people.",
    "It fell to -12, then rose by +3.": "It fell to minus twelve, then rose by plus three.",
    "A low of −7 and ±2.": "A low of minus seven and plus or minus two.",
    "The file is 1024 bytes.": "The file is one thousand twenty four bytes.",
    "It was 10+ of 101 dogs.": "It was ten plus of one hundred one dogs.",
    "About 40%, or 2.5 % of it.": "About forty percent, or two point five percent of it.",
    "Agent 007 has order 0047.": "Agent zero zero seven has order zero zero four seven.",
    "We are #1 of 3.": "We are number one of three.",
    "It's 10x faster, or 2x as big.": "It's ten times faster, or two times as big.",
    "A ①, then ٣.": "A one, then three.",
    "Sizes 4x4 and 1920x1080.": "Sizes four by four and nineteen twenty by ten eighty.",
    "A tolerance of 1e-5.": "A tolerance of one times ten to the minus five.",
    "100s of them, 1000s more.": "hundreds of them, thousands more.",
}
FRACTIONS = {
    "Add 1/2 cup and 3/4 tsp salt.": "Add one half cup and three quarters teaspoon salt.",
    "Use ⅓ cup and 2½ spoons.": "Use one third cup and two and a half spoons.",
    "About 2/3 done, 22/7 is more.": "About two thirds done, twenty two over seven is more.",
    "A 1 1/4 inch nail, 5/16 wide.": "A one and a quarter inch nail, five sixteenths wide.",
    "Rated 4/5, or 8/10, or 9.5/10.": "Rated four out of five, or eight out of ten, or nine point "
    "five out of ten.",
    "Open 24/7, split 50/50.": "Open twenty four seven, split fifty fifty.",
    "At 120/80 all is well.": "At one twenty over eighty all is well.",
    "1st, 2nd, 3rd, 11th, 21st and 102nd": "first, second, third, eleventh, twenty first and one "
    "hundred second",
    "The 40th of 1,000th.": "The fortieth of one thousandth.",
    "3⅛ inches, 7/8 in. bolts": "three and an eighth inches, seven eighths inch bolts",
    "In the 2023/24 season.": "In the twenty twenty three twenty four season.",
    "About 2/3rds, or 8/15 of it.": "About two thirds, or eight fifteenths of it.",
    "The 80/20 rule.": "The eighty twenty rule.",
}
RANGES = {
    "Pages 10–20, ages 5-12.": "Pages ten to twenty, ages five to twelve.",
    "It takes 2-3 days, up 5-8%.": "It takes two to three days, up five to eight percent.",
    "We won 4-1, then lost 0-2.": "We won four to one, then lost zero two.",
    "From 1914-1918 and 1939–45.": "From nineteen fourteen to nineteen eighteen and nineteen "
    "thirty nine to forty five.",
    "A 3:1 ratio, 7:2 odds.": "A three to one ratio, seven to two odds.",
    "John 3:16 and Psalm 23:4.": "John three sixteen and Psalm twenty three verse four.",
    "Rom. 8:28-30, 1 Cor. 13:4-7": "Romans eight twenty eight to thirty, First Corinthians "
    "thirteen verses four to seven",
    "verse 2:25; II Timothy 3:16": "verse two twenty five; Second Timothy three sixteen",
    "Meet Tim 4:30 or Rev. Lee at 8:28.": "Meet Tim four thirty or Reverend Lee at eight twenty "
    "eight.",
    "Update to v2.10.3 today.": "Update to version two point ten point three today.",
    "It needs Python 3.12, Ubuntu 22.04.": "It needs Python three point twelve, Ubuntu twenty two "
    "point oh four.",
    "See section 4.2.1.": "See section four point two point one.",
    "She's 30-something; a 10-year-old.": "She's thirty-something; a ten-year-old.",
    "Work 9-5 in rooms 3-7.": "Work nine to five in rooms three to seven.",
    "A 50-50 split, 2001-2, a 1-1 draw.": "A fifty fifty split, two thousand one to two, a one "
    "one draw.",
    "The odds are 100-1 or 7/2.": "The odds are one hundred to one or seven to two.",
    "Mix 1:3. Genesis 1:1-3.": "Mix one to three. Genesis one verses one to three.",
    "Use 1.x, v1.2.0-beta.3 or 3.12.1rc2.": "Use one point X, version one point two point zero "
    "beta three or three point twelve point one R C two.",
    "Release 2024.1 fixes 3.0.0-3.0.6.": "Release twenty twenty four point one fixes three point "
    "zero point zero to three point zero point six.",
    "A 4-4-2 formation.": "A four four two formation.",
}
LABELS = {
    "Call 555-0142 or (212) 555-0199.": "Call five five five, zero one four two or two one two, "
    "five five five, zero one nine nine.",
    "Ring +1 (415) 555-2671.": "Ring plus one, four one five, five five five, two six seven one.",
    "Dial 020 7946 0958 now.": "Dial zero two zero, seven nine four six, zero nine five eight now.",
    "Call 911 now.": "Call nine one one now.",
    "Try 1-800-555-0123.": "Try one, eight zero zero, five five five, zero one two three.",
    "The ZIP code is 10027.": "The ZIP code is one zero zero two seven.",
    "My PIN is 4821.": "My PIN is four eight two one.",
    "Card 4111 1111 1111 1111.": "Card four one one one, one one one one, one one one one, one one "
    "one one.",
    "Room 305, flight 1549, bus 42.": "Room three oh five, flight fifteen forty nine, bus "
    "forty two.",
    "Gate B12 at the G20, on A4.": "Gate B twelve at the G twenty, on A four.",
    "Her SSN is 123-45-6789.": "Her SSN is one two three, four five, six seven eight nine.",
    "She sent me her ID. 300 people saw it.": "She sent me her ID. three hundred people saw it.",
    "Order #A1234 or 0x1F.": "Order number A twelve thirty four or zero X one F.",
    "A 404 page on port 443.": "A four oh four page on port four forty three.",
    "A Boeing 747-400, an i7-9700K.": "A Boeing seven forty seven-four hundred, an i seven-ninety "
    "seven hundred K.",
    "Sort code 12-34-56.": "Sort code one two, three four, five six.",
    "Dial 1-800-FLOWERS.": "Dial one eight hundred flowers.",
    "Call 1 (800) 555-0123 x45.": "Call one, eight zero zero, five five five, zero one two three "
    "extension four five.",
    "At 123 Main St. in Troy, NY 12180.": "At one twenty three Main Street in Troy, New York one "
    "two one eight zero.",
    "In an emergency call 999 or 112.": "In an emergency call nine nine nine or one one two.",
    "See paragraph 1.E.8 and CVE-2023-12345.": "See paragraph one E eight and CVE twenty twenty "
    "three one two three four five.",
}


@pytest.mark.parametrize(
    ("written", "spoken"), [*COUNTS.items(), *FRACTIONS.items(), *RANGES.items(), *LABELS.items()]
)
def test_number_is_said_as_a_person_says_it(written: str, spoken: str) -> None:
    """Counts, fractions, ranges, scores, versions and numbers that are names."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    {
        "About 350 of 1,001.": "About three hundred and fifty of one thousand and one.",
        "They won 3-0.": "They won three nil.",
        "A 2.5 m wall, 3 l of oil.": "A two point five metre wall, three litres of oil.",
    }.items(),
)
def test_british_readers_say_numbers_their_way(written: str, spoken: str) -> None:
    """With "and", nil and metres."""
    assert said(written, british=True) == spoken
