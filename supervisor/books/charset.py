"""The text of a file whose encoding nobody tells.

UTF-8 and what has a byte order mark show by themselves; for all else `charset_normalizer` looks
which language comes out.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from supervisor.books.book import BookError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # It begins as that of UTF-16 does.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_USUAL: Final = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 koi8_r cp932 euc_jp gb18030 big5 "
    "cp949 utf_16_le utf_16_be"
).split()
"""Encodings that text files have had in most of the world."""
_SAMPLE_BYTES: Final = 200_000
"""Bytes that are looked at."""
_ASCII: Final = bytes(range(128))
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a\x1b")
_EAST_ASIAN: Final = frozenset(["big5", "cp932", "cp949", "euc_jp", "gb18030"])
_LEAST_FOREIGN: Final = 0.2
"""Part of the bytes of a text in such an encoding that are no ASCII, at least."""
_JAPANESE: Final = frozenset(["cp932", "euc_jp"])
_KANA: Final = re.compile(r"[\u3041-\u3096]")
"""No Japanese text is without."""
_WESTERN: Final = "cp1252"


class Decoded(NamedTuple):
    """A text, and what it was written in."""

    text: str
    encoding: str


def decoded(data: bytes) -> Decoded:
    """The text of a file. Raises BookError for what is no text, or is damaged."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(_marked(data[len(mark) :], encoding), encoding)
    if 0 not in data:
        try:
            return Decoded(data.decode(), "utf-8")
        except UnicodeDecodeError:
            pass
    encoding = _guessed(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    return Decoded(text, encoding)


def _marked(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BookError(
            "broken_document",
            f"the text begins like {encoding.upper()} and is damaged at offset {error.start} "
            f"({error.reason}); write it anew",
        ) from None


def _guessed(data: bytes) -> str:
    """The encoding of a text without a mark that is no UTF-8. Raises BookError."""
    wide = 0 in data
    sample = data
    if not wide:
        _refuse_damaged(data)
        # The lines that tell anything.
        sample = b"\n".join(line for line in data.splitlines() if not line.isascii())
    sample = sample[:_SAMPLE_BYTES]
    if len(sample) == _SAMPLE_BYTES and not wide:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    import charset_normalizer  # noqa: PLC0415 - most texts need none

    found = charset_normalizer.from_bytes(sample, cp_isolation=list(_USUAL))
    foreign = len(data.translate(None, _ASCII)) / len(data)
    plausible = [
        match
        for match in found
        if match.encoding.startswith("utf_16") == wide
        and (match.encoding not in _EAST_ASIAN or foreign > _LEAST_FOREIGN)
        and (match.encoding not in _JAPANESE or _KANA.search(str(match)) is not None)
    ]
    if not plausible or (not wide and not _CONTROLS.isdisjoint(sample)):
        at = data.find(0) if wide else 0
        why = f"it has a NUL byte at offset {at}" if wide else "its bytes are those of no encoding"
        raise BookError(
            "unknown_document", f"this is no text that can be read: {why}; give an EPUB or a text"
        )
    best = plausible[0]
    western = (each for each in plausible if _WESTERN in each.could_be_from_charset)
    # Of two that fit alike, that which most files are written in.
    if any(each.coherence >= best.coherence for each in western):
        return _WESTERN
    return best.encoding.replace("utf_16_", "utf-16-")


def _refuse_damaged(data: bytes) -> None:
    """Raise BookError for UTF-8 with a few wrong bytes: read as anything else it is rubbish."""
    text = data.decode(errors="replace")
    wrong = text.count("\ufffd")
    right = sum(not character.isascii() for character in text) - wrong
    if right > wrong:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise BookError(
                "broken_document",
                f"the text is UTF-8 and is damaged: byte 0x{data[error.start]:02x} at offset "
                f"{error.start}; write it anew",
            ) from None
