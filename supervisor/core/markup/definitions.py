"""Definitions in Markdown: of links, `[label]: https://example.org "Title"`, and of footnotes,
`[^1]: Text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from supervisor.core.markup.blocks import ADDRESS, BLOCK, DEFINED
from supervisor.core.markup.inline import label

_SEARCHED: Final = 65_536
"""Characters that one step looks through."""
_MOST: Final = 10_000
"""Places in a text that are looked at."""
_AT_ONCE: Final = 500
_LONGEST: Final = 208


def labels(source: str, *, careful: bool) -> Iterator[str]:
    """Labels of all definitions, as `label` writes them; an empty one after each step."""
    at = looked = 0
    while at < len(source) and looked < _MOST:
        found = source.find("]:", at, at + _SEARCHED)
        if found < 0:
            at += _SEARCHED - 1
            yield ""
            continue
        looked += 1
        line = source.rfind("\n", max(found - _LONGEST, 0), found)
        near = line >= 0 or found < _LONGEST
        block = BLOCK.match(source, line + 1, found + 2) if near else None
        if block is not None and block["label"] is not None and block.end() == found + 2:
            written = block["label"]
            if written[0] == "^" or definition_at(source, found + 2, careful=careful) is not None:
                yield label(written)
        at = found + 2
        if looked % _AT_ONCE == 0:
            yield ""


def definition_at(text: str, at: int, *, careful: bool) -> int | None:
    """The end of a definition whose label ends at `at`; None if there is none."""
    found = DEFINED.match(text, at)
    if found is None:
        return None
    place = found["place"]
    if careful and place is not None and ADDRESS.match(place) is None:
        return None
    return found.end()
