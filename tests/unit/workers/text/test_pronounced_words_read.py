"""Stretches of a text that carry their own phonemes pass through the reading as they are."""

from __future__ import annotations

import pytest

from supervisor.marks import pronounced
from workers.engines.english import reader

_NAME = pronounced("Nguyen", "wˈɪn")
_CITY = pronounced("New York", "nuː jˈɔɹk")
_ACCENTED = pronounced("e\u0301", "t\u0361s’")
_UNIT = pronounced("kg", "kˈeɪ")


@pytest.mark.parametrize(
    ("text", "spoken"),
    {
        f"Ask {_NAME}, please.": ["Ask", f"{_NAME},", "please."],
        f"Ask Dr. {_NAME}.": ["Ask", "Doctor", f"{_NAME}."],
        f"({_CITY}) {_NAME}!": [f"({_CITY})", f"{_NAME}!"],
        f"{_NAME}{_CITY}": [_NAME, _CITY],
        f"{_NAME}'s $5": [f"{_NAME}'s", "five", "dollars"],
        f"Add 5 {_UNIT} now": ["Add", "five", _UNIT, "now"],
        f"A caf{_ACCENTED}": ["A", "caf", _ACCENTED],
        f"“{_NAME}”": [f"“{_NAME}”"],
        _NAME: [_NAME],
    }.items(),
)
def test_a_pronounced_word_is_untouched(text: str, spoken: list[str]) -> None:
    """What stands around it is read as if the written word stood there."""
    assert [word.spoken for word in reader(british=False).words(text)] == spoken


def test_a_pronounced_word_knows_its_place() -> None:
    """Its stretch is the whole mark; words behind it keep their places."""
    text = f"Dr.\u200b {_ACCENTED}, $5 {_CITY}."
    places = [text[word.start : word.end] for word in reader(british=False).words(text)]
    assert places == ["Dr.\u200b", f"{_ACCENTED},", "$5", "$5", f"{_CITY}."]


def test_a_mark_that_is_not_whole_is_not_said() -> None:
    """A private character that marks nothing is passed over."""
    words = reader(british=False).words("one \ue004two \ue005three\ue009 four")
    assert [word.spoken for word in words] == ["one", "two", "three", "four"]
