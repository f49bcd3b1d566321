"""The pass itself: every word knows its place, any text is read, and none costs too much."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engines.english import reader

_ANY = st.text(
    st.sampled_from("aZé0159٣①²½ⅧIV$€'.,-−/@#%&*[]()<>|=+^“ \n\t\0\u0301\u200b🎉中ωapmst:"),
    max_size=200,
)


_WRITTEN = (
    "0 1 2 5 10 007 99 100 1914 2024 1,000 1.5 .5 3/4 24/7 9/11 1st 1990s 6'2\" 0x1f 1e5 ½ ² ³⁻ ₂ "
    "① $ £ € % ° ' \" / - – : . , ; ( ) [ ] + = == != < > ^ x × | # @ & * _ ~ \\ ... ? α µ Ω 👍 ❤️ "
    "a p m am p.m. A B C F K M V X I II IV XIV kg km in oz lb st s h min k bn tn pw c th 's "
    "-a-year Jan Feb. May Sept Mon Tues. the of to and or Dr. St. No. no p. v. e.g. U.S. Ave NW "
    "NY AD BC Henry World War chapter v1 odds is call code room http:// www. .com @x.org"
)
"""Pieces of which rules are made: put together, they meet in ways that nobody thought of."""

_PIECES = st.lists(
    st.tuples(st.sampled_from(_WRITTEN.split()), st.sampled_from(["", " ", "\n"])), max_size=12
).map(lambda pieces: "".join(map("".join, pieces)))


@settings(max_examples=500, deadline=None)
@given(st.one_of(_ANY, _PIECES, st.text(max_size=200)), st.booleans())
def test_words_stand_in_the_order_of_the_text(text: str, british: bool) -> None:
    """Places lie within the text and never go back; no word is empty or holds white space."""
    last = 0
    for word in reader(british=british).words(text):
        assert 0 <= word.start <= word.end <= len(text)
        assert last <= word.start
        assert word.spoken.split() == [word.spoken]
        last = word.start


def test_each_word_knows_what_it_was_read_from() -> None:
    """Several words of a sum all come from the sum, a plain word from itself."""
    text = "Dr. Lee\u00a0paid $12.50 for a caf\u0065\u0301 lunch."
    places = [
        (word.spoken, text[word.start : word.end]) for word in reader(british=False).words(text)
    ]
    assert places == [
        ("Doctor", "Dr."),
        ("Lee", "Lee"),
        ("paid", "paid"),
        *((word, "$12.50") for word in ["twelve", "dollars", "and", "fifty", "cents"]),
        ("for", "for"),
        ("a", "a"),
        ("café", "cafe\u0301"),
        ("lunch.", "lunch."),
    ]


def test_plain_prose_is_left_as_it_is() -> None:
    """Words and punctuation that need no reading come out as they went in."""
    prose = (
        "It was late; the lamp had gone out, and nobody spoke. “Who is there?” she asked at last, "
        "but the wind took her words – and the rest of the night with them… Don't ask me why."
    )
    assert " ".join(word.spoken for word in reader(british=True).words(prose)) == prose


_REPEATED = [
    *map(chr, range(32, 127)),
    *"\n\u00a0−°½²₂€中αé\u0301\u200b①٣🎉…“\ue004",
    *(
        "1 ",
        "11 ",
        "111 ",
        "1111 ",
        "1 000 ",
        "00 ",
        "1, ",
        "1. ",
        "1.5 ",
        "1,000,",
        "1-2 ",
        "1x2 ",
    ),
    *("1a", "a1 ", "A1 ", "1st ", "1/2 ", "1 1/2 ", "½ ", "1=1 ", "3 > 2 ", "x^2 ", "x² ", "+1 "),
    *("$1 ", "$1.50 ", "$1-2m ", "1° ", "5' ", '5" ', "5kg ", "1 m ", "10% ", "10:30 to ", "1am "),
    *("5 Jan ", "Jan. 1 ", "2024-", "'90s ", "555-", "(212) ", "1.1.1.1 ", "+1-", "1h ", "1e5 "),
    *(
        "A ",
        "Ab ",
        "AB ",
        "A.",
        "A.A ",
        "I ",
        "II ",
        "IT ",
        "WE ARE ",
        "aaa",
        "don't ",
        "v. A ",
        "N. ",
    ),
    *("Dr. A", "St. ", "no. ", "e.g. ", "U.S. ", "Henry V ", "C++ ", "R&D ", "x-", "--a ", "a.a "),
    *(
        "a@b.co ",
        "a@",
        "http://a ",
        "http://",
        "www.",
        "a.com/",
        "a/b ",
        "~/a",
        "a_b ",
        "#a ",
        "@a ",
    ),
    *(
        '"a" ',
        "(a) ",
        "[a](",
        "[a](b) ",
        "[1]",
        "<a>",
        "<b>x</b> ",
        "&amp;",
        "*a* ",
        "`a` ",
        "| a ",
    ),
    *(
        "e\u0301 ",
        "a\u200d",
        "👍🏽 ",
        "👨\u200d👩",
        "🇫🇷",
        "😀😀 ",
        "\ue004a\ue005b\ue006 ",
        "\ue004a\ue005",
    ),
]
_SIZE = 10_000
_SLOW = 10
"""How many times as long as meant (2 s a million characters) another machine may take."""


@pytest.mark.parametrize("pattern", _REPEATED)
def test_no_pattern_costs_more_than_its_length(pattern: str) -> None:
    """Any pattern repeated is read in a time that grows with its length: one look back or ahead
    over the whole text at each place would take many times as long.
    """
    text = (pattern * _SIZE)[:_SIZE]
    assert _is_read_within(2 * _SIZE / 1e6 * _SLOW, text)


def test_numbers_that_all_differ_cost_no_more_than_their_length() -> None:
    """Where no reading comes twice, each is made anew in a time of its own."""
    text = " ".join(f"{number} {number / 7:.2f}" for number in range(2000))
    assert _is_read_within(10 * len(text) / 1e6 * _SLOW, text)


def test_a_long_text_is_read_as_its_sentences_are() -> None:
    """A reading that is remembered is the one that would have been made."""
    sentences = [
        "Dr. Lee paid $5 on Jan. 5.",
        "He is 6'2\".",
        "World War II, 1939-45.",
        "No. 5, no.",
        "See p. 3 of a/b.",
    ]
    words = [
        [word.spoken for word in reader(british=False).words(sentence)] for sentence in sentences
    ]
    long = reader(british=False).words("\n".join(sentences * 100))
    assert [word.spoken for word in long] == [word for said in words for word in said] * 100


def _is_read_within(seconds: float, text: str) -> bool:
    """Whether one of three readings takes no more of this process's time of CPU."""
    for _ in range(3):
        started = time.process_time()
        reader(british=False).words(text)
        if time.process_time() - started <= seconds:
            return True
    return False
