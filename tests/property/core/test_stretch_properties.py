"""Stretches of any text: its parts are all of it, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.jobs.stretches import Stretch

_lines = st.text("abc é漢\t", max_size=30)
_slices = st.lists(st.lists(_lines, min_size=1, max_size=5).map("\n".join), min_size=1, max_size=8)


@given(_slices, st.integers(0, 45), st.integers(1, 60))
def test_parts_are_all_of_what_follows_a_segment(slices: list[str], first: int, count: int) -> None:
    """Each segment is in one part, and a part's first segment has the number that is told."""
    whole = [line for lines in slices for line in lines.split("\n")]
    spoken: list[str] = []
    for number in range(count):
        found = Stretch(first, (number, count)).of(slices)
        lines = [line for lines in found.slices for line in lines.split("\n")]
        assert found.first == min(first, len(whole)) + len(spoken)
        spoken += lines
    assert spoken == whole[first:]
