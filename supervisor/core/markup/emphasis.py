"""Which signs of emphasis may open it, and which may close it, by what stands around them.

As in CommonMark, but for what writers mean in spite of it, `**「重要」**です` and `**Note:**this`,
and for what they do not mean, `2*3*4`, `f*ck` and `__init__.py`.
"""

from __future__ import annotations

import re
from typing import Final

_REST_OF_NAME: Final = re.compile(r"[./(\\][\w)]")
"""What goes on behind `__init__` in a name of a file or a function."""


def is_part_of_name(block: str, at: int) -> bool:
    """Whether underscores that end here end no emphasis, but a part of a longer name."""
    return _REST_OF_NAME.match(block, at) is not None


def works(found: re.Match[str], *, careful: bool) -> tuple[bool, bool]:
    """Whether a run of signs may open emphasis, and whether it may close it.

    `careful`: it may be no sign at all, so that none opens within a word.
    """
    block, sign, size = found.string, found[0][0], len(found[0])
    last = block[found.start() - 1] if found.start() else " "
    following = block[found.end()] if found.end() < len(block) else " "
    inside = _is_letter(last) and _is_letter(following)
    # Twice 2*3 is a product.
    none = last.isdigit() or following.isdigit() if sign == "*" else sign in "_="
    if (inside and none) or (sign in "~=" and size != 2):
        return False, False
    opens = not following.isspace() and not (_is_mark(following) and _is_letter(last))
    closes = not last.isspace() and not (_is_mark(last) and _is_letter(following))
    if (sign == "_" and last in "./\\") or (careful and inside):
        opens = False
    if sign == "*" and size > 1 and not last.isspace():
        closes = True
    return opens, closes


def _is_letter(one: str) -> bool:
    """Whether this belongs to a word that stands between spaces: no 漢字."""
    return one.isalnum() and one < "\u2e80"


def _is_mark(one: str) -> bool:
    return not one.isalnum() and not one.isspace()
