"""Where a long text in Markdown is parted, so that one stretch can be read on its own."""

from __future__ import annotations

from typing import Final

from supervisor.core.markup.blocks import AFTER_CUT

LONGEST: Final = 1024
_PAIRED: Final = ("**", "`", "__", "~~")
_OPENED: Final = (("<", ">"), ("[", "]"), ("](", ")"))


def stretch(source: str, at: int) -> int:
    """The end of the stretch that begins at `at`: behind an empty line, a line, a word, or
    anywhere; not within a tag or a link if that can be helped.
    """
    end = at + LONGEST
    if end >= len(source):
        return len(source)
    half = at + LONGEST // 2
    for empty_line in ("\n\n", "\n\r\n"):
        empty = source.rfind(empty_line, half, end)
        if empty >= 0:
            return empty + len(empty_line)
    line = source.rfind("\n", half, end) + 1
    if line and AFTER_CUT.match(source, line):
        line = source.rfind("\n", half, line - 1) + 1
    border = line or source.rfind(" ", half, end) + 1 or end
    return _closed(source, at, half, border)


def _closed(source: str, at: int, half: int, end: int) -> int:
    """The same or an earlier place, where nothing is open that ends soon."""
    for opening, closing in _OPENED:
        last = source.rfind(opening, half, end)
        if last > half and source.find(closing, last, end) < 0:
            end = last if opening != "](" else max(source.rfind("[", half, last), half)
    for sign in _PAIRED:
        if source.count(sign, at, end) % 2:
            last = source.rfind(sign, half, end)
            end = last if last > half else end
    return end
