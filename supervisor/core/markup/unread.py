"""What is left out together with all that stands in it: comments, scripts, drawings."""

from __future__ import annotations

import re
from typing import Final

from supervisor.core.markup.elements import UNREAD

COMMENT: Final = "<!--"
CDATA: Final = "<![CDATA["
"""No comment, but found in the same way."""

ENDS: Final = {
    COMMENT: re.compile(r"--!?>"),
    CDATA: re.compile(r"\]\]>"),
    **{name: re.compile(rf"</{name}\s{{0,200}}+>", re.IGNORECASE) for name in UNREAD},
}
"""What ends with what, by its begin or the name of its element."""
_LONGEST_END: Final = 256


class Ends:
    """Finds the ends of what is left out, so that all searches together grow with the text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: dict[str, tuple[int, int]] = {}
        self._searched: dict[str, int] = {}

    def next(self, what: str, at: int, reach: int) -> tuple[int, int] | None:
        """Begin and end of the first one at or behind `at`, None if there is none within `reach`
        characters.
        """
        found = self._found.get(what)
        if found is not None and found[0] >= at:
            return found
        start = max(at, self._searched.get(what, 0))
        end = min(at + reach, len(self._source))
        one = ENDS[what].search(self._source, start, end)
        if one is None:
            self._searched[what] = max(
                start, end if end == len(self._source) else end - _LONGEST_END
            )
            return None
        self._found[what] = one.span()
        self._searched[what] = one.end()
        return one.span()
