"""When a line that begins like an item is one, in a text that nobody called Markdown."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

REACH: Final = 600
"""Characters within which the next item begins."""
_MOST: Final = 8
"""Lines like an item that are looked at."""
_LIKE_ITEM: Final = re.compile(r"\n[ \t]*+(?P<bullet>[-*+•]|\d{1,9}+[.)])\s")


def has_sibling(bullet: str, behind: str) -> bool:
    """Whether another item of the same list follows in the text behind a bullet or a number: with
    the same bullet, with the next number or the same one.
    """
    siblings = {bullet}
    if bullet[0].isdigit():
        siblings.add(f"{int(bullet[:-1]) + 1}{bullet[-1]}")
    return any(found["bullet"] in siblings for found in islice(_LIKE_ITEM.finditer(behind), _MOST))
