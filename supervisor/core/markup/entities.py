"""Character references of HTML: `&amp;`, `&#233;`, `&#x27;`.

What is none stays as it is written: "AT&T", "R&D; Q&A".
"""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5
from typing import Final

from supervisor.marks import PRIVATE

REFERENCE: Final = re.compile(
    r"&(?:#(?P<decimal>[0-9]{1,8})|#[xX](?P<hexadecimal>[0-9a-fA-F]{1,7})|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}));"
)
"""One reference. No name is longer."""
_UNENDED: Final = re.compile(
    rf"&({'|'.join(sorted((name for name in html5 if name[-1] != ';'), key=len, reverse=True))})"
    r"(?![A-Za-z0-9=;])"
)
"""Names that HTML allows without a semicolon, before what is no letter."""
_WINDOWS: Final = range(0x80, 0xA0)
"""Numbers that are read as characters of Windows-1252, as browsers do."""


def decoded(text: str, *, unended: bool = False) -> str:
    """The text with its references read. `unended`: also old names without a semicolon."""
    if "&" not in text:
        return text
    if unended:
        text = _UNENDED.sub(r"&\1;", text)
    return REFERENCE.sub(character, text)


def character(found: re.Match[str]) -> str:
    """What one reference stands for; it stays if it is none, and is nothing if nobody can
    read it.
    """
    name = found["name"]
    if name is not None:
        return html5.get(f"{name};", found[0])
    base = 10 if found["decimal"] else 16
    number = int(found["decimal"] or found["hexadecimal"], base)
    if number in _WINDOWS:
        return bytes([number]).decode("cp1252", "ignore")
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return ""
    read = chr(number)
    if PRIVATE.match(read) or (unicodedata.category(read) == "Cc" and read not in "\t\n\r"):
        return ""
    return read
