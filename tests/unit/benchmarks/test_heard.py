"""What a recogniser writes is held against what would be said: words that sound otherwise count."""

from __future__ import annotations

import pytest

from benchmarks.heard import Heard, error_percent, nearest
from benchmarks.spoken_sets import Row


def errors(heard: str, *forms: str) -> int:
    """Errors of what was heard against the nearest of the forms."""
    return nearest(Row(cat="a", text="t", say=forms), heard).errors


@pytest.mark.parametrize(
    ("heard", "form"),
    [
        ("The FBI's here.", "the F B I's here"),
        ("The F.B.I. called", "the F B I called"),
        ("Is it a BBC show?", "is it a B B C show"),
        ("At ten forty-five p.m.", "at ten forty five P M"),
        ("write to anna at riverton.org", "write to anna at riverton dot org"),
        ("the www page", "the W W W page"),
        ("River Town", "rivertown"),
        ("forty centimetres", "forty centimeters"),
        ("we realised the colour", "we realized the color"),
        ("Dr. Cole, gloves, etc.", "doctor Cole gloves et cetera"),
        ("It\u2019s three o'clock", "its three o clock"),
    ],
)
def test_another_spelling_is_no_error(heard: str, form: str) -> None:
    """Letters joined or apart, hyphens, full stops, British words, and words written short."""
    assert errors(heard, form) == 0


@pytest.mark.parametrize(
    ("heard", "form", "expected"),
    [
        ("we left it once", "we left at once", 1),
        ("twenty one", "twenty twenty one", 1),
        ("five six dollars", "five dollars", 1),
        ("", "three words here", 3),
        ("the FBA called", "the F B I called", 3),
    ],
)
def test_words_that_sound_otherwise_are_counted(heard: str, form: str, expected: int) -> None:
    """One for each word put in, left out or replaced."""
    assert errors(heard, form) == expected


def test_the_nearest_form_counts() -> None:
    """A year that people say in two ways is right in both."""
    assert errors("two thousand nineteen", "twenty nineteen", "two thousand nineteen") == 0


def test_the_rate_is_of_all_words_together() -> None:
    """A short sentence with an error does not weigh as much as a long one."""
    found = [Heard("", "", "", 1, 2), Heard("", "", "", 0, 18)]
    assert error_percent(found) == 5
