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
        **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000", " "),
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
        **dict.fromkeys((chr(code) for code in (*range(9), *range(14, 32), *range(127, 160))), " "),
        "―": "—",
        "✕": "×",
        "μ": "µ",
        "Ω": "Ω",
        **{chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F) if wide != 0xFF0D},
    }
)
"""One character for one: places stay."""

_CIRCLES = (
    "\u1369-\u1371\u19da\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    "\U00010a40-\U00010a43\U00010e60-\U00010e68\U00011052-\U0001105a\U0001f100-\U0001f10a"
)
CIRCLED = {
    chr(code): int(unicodedata.numeric(chr(code)))
    for first, last in re.findall(r"(.)-(.)", _CIRCLES)
    for code in range(ord(first), ord(last) + 1)
    if unicodedata.numeric(chr(code), None) is not None
}
"""Numbers in circles and the like, each a character of its own."""

PICTURE = (
    "[\u203c\u2049\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f170-\U0001f171\U0001f17e-\U0001faff]"
)
"""A pattern of any picture that takes one character."""

_UNSEEN = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff\ue000-\ue00f"
)
_ODD = re.compile(
    r"(?P<marks>[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)"
    rf"|(?P<joint>\u200d(?={PICTURE}))"
    rf"|(?P<unseen>[{_UNSEEN}]+|\u200d)"
    r"|(?P<digit>[^\x00-\x7f\W\D])"
    r"|(?P<made>[\u2160-\u217f\ufb00-\ufb06\U0001d400-\U0001d7ff])"
)
_GRAVE = re.compile(r"(?<=[^\W\d_])[`´](?=[^\W\d_])")

_DASH = re.compile(r"(?<=[\w,;:.!?\"'”’)])-{2,3}(?=[\s\w\"'“‘(.,;:!?]|$)")
"""A dash as typewriters have it, with words on both sides: an option of a program has a space."""

_MARKS = 4
"""Combining marks on one letter that are looked at. No alphabet here stacks more."""


def fold(text: str) -> tuple[str, Sequence[int]]:
    """The text to be read, and for each of its characters (and its end) its place in `text`."""
    same = _GRAVE.sub("'", text).translate(_SAME)
    if "--" in same:
        same = _DASH.sub(lambda dash: "—".ljust(len(dash[0])), same)
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for odd in _ODD.finditer(same):
        seen = same[done : odd.start()]
        places.extend(range(done, odd.start()))
        plain = ""
        if odd.lastgroup == "marks":
            seen = _marked(seen, odd.group())
        elif odd.lastgroup == "joint":
            plain = "\u200d"
        elif odd.lastgroup == "digit":
            plain = str(unicodedata.digit(odd.group()))
        elif odd.lastgroup == "made":
            plain = unicodedata.normalize("NFKC", odd.group())
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
