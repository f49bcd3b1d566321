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


@settings(max_examples=300, deadline=None)
@given(st.one_of(_ANY, st.text(max_size=200)), st.booleans())
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
    *"a10.-−$([<@#/'\"*_~%°½²₂€+=|&^🎉中α“…é\u0301\u200b①",
    *(
        "a.",
        "a-",
        "1-",
        "1.",
        "1,",
        "1:",
        "1/",
        "1 ",
        "-1",
        "a@",
        "a@a.",
        "A ",
        "A.",
        "I ",
        "$1",
        "(1",
        "#a",
        "/a",
    ),
    *(
        "~/a",
        "a/",
        "a_",
        "1a",
        "A1",
        "1x",
        "1am ",
        "1 Jan ",
        "Jan. 1 ",
        "no. ",
        "St. ",
        "Dr. A",
        "e.g.",
        "1°",
    ),
    *(
        "1 m",
        "5'",
        "1,000,",
        "1 000 ",
        "111 ",
        "555-",
        "+1-",
        "(212) ",
        "http://",
        "www.",
        "a.com/",
        "[1]",
        "[a](",
        "<a>",
    ),
    *(
        "&amp;",
        "x²",
        "WE ARE ",
        "aaa",
        "Henry V ",
        "1 1/2 ",
        "10:30 to ",
        "2024-",
        "00 ",
        "1.1.1.",
        "don't ",
        "--",
        "'9",
        "C++",
    ),
]


@pytest.mark.parametrize("pattern", _REPEATED)
def test_no_pattern_costs_more_than_its_length(pattern: str) -> None:
    """50,000 characters of anything take a second or less here: one look back or ahead over the
    whole text at each place would take minutes. The bound leaves a slow machine its time.
    """
    text = (pattern * 50_000)[:50_000]
    started = time.process_time()
    reader(british=False).words(text)
    assert time.process_time() - started < 5
