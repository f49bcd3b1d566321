"""Characters that look alike made one, and those that are not seen taken out.

The rules of reading then know one apostrophe, one hyphen, one space, ten digits. Where each
character that is left came from is kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_SAME = str.maketrans(
    {
        **dict.fromkeys("’ʼ＇", "'"),
        **dict.fromkeys("‐‑‒﹣－", "-"),
        **dict.fromkeys("⁄∕", "/"),
        **dict.fromkeys("˚º", "°"),
        **dict.fromkeys("\u2028\u2029", "\n"),
        "―": "—",
        "✕": "×",
        "μ": "µ",
        "Ω": "Ω",
        **{chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F) if wide != 0xFF0D},
    }
)
"""One character for one: places stay."""

_ODD = re.compile(
    r"(?P<marks>[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)"
    r"|(?P<unseen>[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001f3fb-\U0001f3ff"
    r"\U000e0000-\U000e0fff]+)"
    r"|(?P<space>[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\x00-\x08\x0e-\x1f\x7f-\x9f])"
    r"|(?P<digit>[^\x00-\x7f\W\D])"
    r"|(?P<circled>[\u1369-\u1371\u19da\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd"
    r"\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\U00010a40-\U00010a43\U00010e60-\U00010e68"
    r"\U00011052-\U0001105a\U0001f100-\U0001f10a])"
)
_GRAVE = re.compile(r"(?<=[^\W\d_])[`´](?=[^\W\d_])")

_MARKS = 4
"""Combining marks on one letter that are looked at. No alphabet here stacks more."""


def fold(text: str) -> tuple[str, Sequence[int]]:
    """The text to be read, and for each of its characters (and its end) its place in `text`."""
    same = _GRAVE.sub("'", text).translate(_SAME)
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for odd in _ODD.finditer(same):
        seen = same[done : odd.start()]
        places.extend(range(done, odd.start()))
        plain = ""
        if odd.lastgroup == "marks":
            seen = _marked(seen, odd.group())
        elif odd.lastgroup == "space":
            plain = " "
        elif odd.lastgroup == "digit":
            plain = str(unicodedata.digit(odd.group()))
        elif odd.lastgroup == "circled":
            plain = f" {unicodedata.digit(odd.group())} "
        parts += (seen, plain)
        places.extend([odd.start()] * len(plain))
        done = odd.end()
    if not done:
        return same, range(len(same) + 1)
    parts.append(same[done:])
    places.extend(range(done, len(same) + 1))
    return "".join(parts), places


def _marked(seen: str, marks: str) -> str:
    """The last letter and its marks made one letter; marks that make none with it are dropped."""
    if not seen:
        return seen
    return seen[:-1] + unicodedata.normalize("NFC", seen[-1] + marks[:_MARKS])[0]
