"""Parts of a text: all of it, each segment once, and about equally long."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from supervisor.core.jobs.parts import line_of
from supervisor.core.jobs.segmentation import Uncut, uncut
from supervisor.core.jobs.stretches import Stretch
from tests.fixtures.marked_texts import marked_whole

DOCS = Path(__file__).parents[3] / "docs"


def slices_of(text: str) -> list[str]:
    """A text cut as the broker does, a line for each segment of a slice."""
    rest: Uncut | None = uncut(marked_whole(text), language="en", first_max_chars=80, max_chars=240)
    slices = []
    while rest is not None:
        parts, rest = rest.slice()
        if parts:
            slices.append("\n".join(map(line_of, parts)))
    return slices


@pytest.mark.parametrize("page", ["PROTOCOL.md", "SPEECH.md", "BOOKS.md"])
def test_the_parts_of_a_page_are_the_page_and_of_one_length(page: str) -> None:
    """Tables, lists, quotes and code: whatever a page holds, its parts are cut as it is."""
    slices = slices_of((DOCS / page).read_text())
    whole = "\n".join(slices).split("\n")
    for count in (1, 2, 3, 7, 20):
        found = [Stretch(part=(number, count)).of(slices) for number in range(count)]
        lines = ["\n".join(part.slices).split("\n") for part in found]
        assert list(chain.from_iterable(lines)) == whole
        assert [part.first for part in found] == [
            sum(map(len, lines[:number])) for number in range(count)
        ]
        lengths = [sum(len(line) + 10 for line in part) for part in lines]
        assert max(lengths) - min(lengths) <= 2 * 260


def test_a_stretch_begins_with_its_segment() -> None:
    """Also in the middle of a slice, and behind the last one."""
    slices = ["a\nb", "c", "d\ne\nf"]
    assert Stretch(first=4).of(slices) == (4, ["e\nf"])
    assert Stretch(first=2).of(slices) == (2, ["c", "d\ne\nf"])
    assert Stretch(first=9).of(slices) == (6, [])
    assert Stretch(first=4, part=(1, 2)).of(slices) == (5, ["f"])
    assert Stretch(part=(0, 3)).of(["only"]) == (0, [])
    assert Stretch(part=(1, 3)).of(["only"]) == (0, ["only"])
