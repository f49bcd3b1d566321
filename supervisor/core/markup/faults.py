"""What is wrong with a document in SSML, and what to do, in a line each."""

from __future__ import annotations

import re
from typing import Final
from xml.parsers.expat import errors

NO_SPEAK: Final = "SSML begins with <speak>; write <speak> before the text and </speak> behind it"
DOCTYPE: Final = "a document type is refused, as it can define entities; take <!DOCTYPE …> out"
_CODE: Final = errors.codes
INVALID: Final = _CODE[errors.XML_ERROR_INVALID_TOKEN]
_LINES: Final = {
    _CODE[errors.XML_ERROR_TAG_MISMATCH]: (
        "<{inner}> is closed by </{found}>; write </{inner}> before it"
    ),
    _CODE[errors.XML_ERROR_UNDEFINED_ENTITY]: (
        "{reference} is unknown in SSML; write the character itself"
    ),
    _CODE[errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: (
        "there is more behind </speak>; write one <speak> around all of it"
    ),
    _CODE[errors.XML_ERROR_DUPLICATE_ATTRIBUTE]: (
        "an attribute stands twice in one tag; take one of them out"
    ),
    _CODE[errors.XML_ERROR_UNCLOSED_TOKEN]: "a tag or a comment is not ended; write its > or -->",
    _CODE[errors.XML_ERROR_UNCLOSED_CDATA_SECTION]: (
        "<![CDATA[ is not ended; write ]]> at its end"
    ),
    _CODE[errors.XML_ERROR_NO_ELEMENTS]: "<{inner}> is not closed; write </{inner}> at its end",
}
_NAME: Final = re.compile(r"</?([^\s<>/=\d!][^\s<>/=]{0,40})")
_REFERENCE: Final = re.compile(r"&[^\s;&<]{1,40};")


def endless(longest: int) -> str:
    """A tag or a comment has no end."""
    return f"a tag or a comment is longer than {longest:,} characters; end it with > or -->"


def deep(deepest: int) -> str:
    """Elements stand in too many others."""
    return f"elements stand more than {deepest:,} deep in each other; close them"


def cause(source: str, at: int) -> int:
    """The `&` or `<` because of which the parser stumbled at this place, or the place itself."""
    for sign, reach, closed in (("&", 40, ";"), ("<", 2000, ">")):
        place = source.rfind(sign, max(at - reach, 0), at + 1)
        if place >= 0 and source.find(closed, place, at) < 0:
            return place
    return at


def message(code: int, text: str, inner: str) -> str:
    """The fault that the parser names by its code; `text` begins there, `inner` is open."""
    if code == INVALID:
        return _invalid(text)
    if code == _CODE[errors.XML_ERROR_NO_ELEMENTS] and not inner:
        return NO_SPEAK
    found = _NAME.match(text)
    reference = _REFERENCE.match(text)
    line = _LINES.get(code, "{error}; write what stands here anew")
    return line.format(
        inner=inner,
        found=found[1] if found else "…",
        reference=reference[0] if reference else "a reference",
        error=errors.messages.get(code, "this is no XML"),
    )


def _invalid(text: str) -> str:
    """Something that no document holds begins with this text."""
    if text.startswith("&"):
        return "this & begins no reference; write &amp; for it"
    if text.startswith("<!--"):
        return "a comment may not hold --; take it out"
    if not text.startswith("<"):
        return "a character here is none that XML allows; take it out"
    tag = _NAME.match(text)
    if tag is None:
        return "this < begins no tag; write &lt; for it"
    return f"the tag {tag[0]} is not written right; put the values of attributes in quotes"
