"""What is left out of a text is shown with the segment in which it was, or behind which."""

from __future__ import annotations

import time

import pytest

from supervisor.reading.skipped import skipped
from supervisor.speech import LeftOut


def chinese(at: int, chars: int = 2) -> LeftOut:
    """Letters that were left out."""
    return LeftOut(what="Chinese characters", at=at, chars=chars)


@pytest.mark.parametrize(
    ("text", "segments", "left_out", "shown"),
    [
        ("Hi.", ["Hi."], [], [[]]),
        ("", [], [chinese(0)], []),
        ("One 中文. Two.", ["One .", "Two."], [chinese(4)], [["中文 (Chinese characters)"], []]),
        ("One. Two 中文.", ["One.", "Two ."], [chinese(9)], [[], ["中文 (Chinese characters)"]]),
        ("中文 One.", ["One."], [chinese(0)], [["中文 (Chinese characters)"]]),
        ("One. 😀 Two. 🎉🎉", ["One.", "Two."], [], [["😀"], ["🎉🎉"]]),
        ("😀", ["😀"], [], [[]]),
        ("The cat. The dog 中文. The end.", ["The cat.", "The dog .", "The end."], [chinese(17)], [
            [],
            ["中文 (Chinese characters)"],
            [],
        ]),
        ("中 文 One", ["One"], [chinese(0)], [["中 文 (Chinese characters)"]]),
        ("A <x>b</x>. C.", ["A b.", "C."], [LeftOut(what="<x>", at=2)], [["<x>"], []]),
        ("One. Two.", ["One.", "Two."], [LeftOut(what="7 more places")], [[], ["7 more places"]]),
        ("[pause:1s] One 😀", ["", "One"], [], [[], ["😀"]]),
        ("Other words 中文", ["Not", "there"], [chinese(12)], [[], ["中文 (Chinese characters)"]]),
    ],
)  # fmt: skip
def test_it_is_shown_where_it_was(
    text: str, segments: list[str], left_out: list[LeftOut], shown: list[list[str]]
) -> None:
    """The letters themselves with their script, emoji as they are, a tag by what was told of it."""
    assert skipped(text, segments, left_out, emoji=True) == shown


def test_emoji_that_are_read_are_not_shown() -> None:
    """Where the settings have them named."""
    assert skipped("One 😀.", ["One 😀."], [], emoji=False) == [[]]


@pytest.mark.parametrize("unit", ["😀", "😀 a. ", "中文。", "a. ", "a 😀, ", "é ", "\n"])
def test_time_grows_with_the_length_alone(unit: str) -> None:
    """A quarter of a megabyte takes 1 s at most, whether its segments are found there or not."""
    text = (unit * (1 << 18))[: 1 << 18]
    for segment in ("a.", "nowhere to be found, however one looks"):
        segments = [segment] * 1_000
        places = [chinese(at, chars=4_096) for at in range(16)]
        started = time.process_time()
        shown = skipped(text, segments, places, emoji=True)
        assert time.process_time() - started < 1
        assert len(shown) == len(segments)
