"""The text of a file whose encoding nobody tells.

UTF-8 and what has a byte order mark show by themselves; for all else `charset_normalizer` looks
which language comes out.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple


class TextError(ValueError):
    """Bytes that are no text, or a damaged one; the message goes on after the name of the file.

    `damaged`: it is a text.
    """

    def __init__(self, message: str, *, damaged: bool) -> None:
        super().__init__(message)
        self.damaged = damaged


_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # It begins as that of UTF-16 does.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_USUAL: Final = [
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "koi8_r",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
    "utf_16_le",
    "utf_16_be",
]
"""Encodings that text files have had in most of the world."""
_SAMPLE_BYTES: Final = 200_000
"""Bytes that are looked at."""
_ASCII: Final = bytes(range(128))
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a\x1b")
_EAST_ASIAN: Final = frozenset(["big5", "cp932", "cp949", "euc_jp", "gb18030"])
_FEW: Final = 4
"""Bytes that are no ASCII, of which fewer tell no encoding but the most usual one."""
_LEAST_FOREIGN: Final = 0.2
"""Part of the bytes of a text in such an encoding that are no ASCII, at least."""
_JAPANESE: Final = frozenset(["cp932", "euc_jp"])
_KANA: Final = re.compile(r"[\u3041-\u3096]")
"""No Japanese text is without."""
_WESTERN: Final = "cp1252"
_NAMES: Final = {
    **{f"cp{number}": f"Windows-{number}" for number in range(1250, 1258)},
    "cp932": "Shift JIS",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}


class Decoded(NamedTuple):
    """A text, and what it was written in. `guessed`: nothing says so, it only looks like that."""

    text: str
    encoding: str
    guessed: bool = False

    @property
    def name(self) -> str:
        """The encoding as people call it."""
        return _NAMES.get(self.encoding, self.encoding.upper().replace("_", "-"))


def decoded(data: bytes) -> Decoded:
    """The text of a file. Raises TextError."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(_marked(data, len(mark), encoding), encoding)
    if 0 not in data:
        try:
            return Decoded(data.decode(), "utf-8")
        except UnicodeDecodeError as error:
            _refuse_damaged(data, error)
    encoding = _guessed(data)
    return Decoded(data.decode(encoding, "replace"), encoding, guessed=True)


def _marked(data: bytes, begin: int, encoding: str) -> str:
    try:
        return data[begin:].decode(encoding)
    except UnicodeDecodeError as error:
        raise TextError(
            f"begins like {encoding.upper()} and is damaged at offset {begin + error.start} "
            f"({error.reason}); write it anew",
            damaged=True,
        ) from None


def _refuse_damaged(data: bytes, error: UnicodeDecodeError) -> None:
    """Raise TextError for UTF-8 with a few wrong bytes: read as anything else it is rubbish."""
    text = data.decode(errors="replace")
    wrong = text.count("\ufffd")
    if sum(not character.isascii() for character in text) > 2 * wrong:
        raise _not_utf_8(data, error.start) from None


def _not_utf_8(data: bytes, at: int) -> TextError:
    return TextError(
        f"is not UTF-8: byte 0x{data[at]:02x} at offset {at}; convert it first, for example with "
        "iconv",
        damaged=True,
    )


def _guessed(data: bytes) -> str:
    """The encoding of a text without a mark that is no UTF-8. Raises TextError."""
    import charset_normalizer  # noqa: PLC0415 - most texts need none

    wide = 0 in data
    plausible = [
        match
        for match in charset_normalizer.from_bytes(_sample(data), cp_isolation=list(_USUAL))
        if _is_plausible(match.encoding, str(match), data)
    ]
    if not plausible and not wide and _CONTROLS.isdisjoint(data) and _is_western(data):
        return _WESTERN
    if not plausible or not (wide or _CONTROLS.isdisjoint(data)):
        what = (
            f"has a NUL byte at offset {data.index(0)}: it is no text"
            if wide
            else "is no text that can be read"
        )
        raise TextError(f"{what}; give one in UTF-8", damaged=False)
    best = plausible[0]
    western = (each for each in plausible if _WESTERN in each.could_be_from_charset)
    # Of two that fit alike, that which most files are written in.
    if any(each.coherence >= best.coherence for each in western):
        return _WESTERN
    foreign = data.translate(None, _ASCII)
    if len(foreign) < _FEW and not wide:
        raise _not_utf_8(data, data.index(foreign[:1]))
    return best.encoding.replace("utf_16_", "utf-16-")


def _is_western(data: bytes) -> bool:
    try:
        data.decode(_WESTERN)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: bytes) -> bytes:
    """The lines of a text that tell anything, up to a number of bytes."""
    if 0 in data:
        return data[:_SAMPLE_BYTES]
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())
    if len(sample) <= _SAMPLE_BYTES:
        return sample
    return sample[: sample.rfind(b"\n", 0, _SAMPLE_BYTES) + 1] or sample[:_SAMPLE_BYTES]


def _is_plausible(encoding: str, text: str, data: bytes) -> bool:
    """Whether a text looks as texts in this encoding do."""
    if encoding.startswith("utf_16") != (0 in data):
        return False
    if encoding in _JAPANESE and _KANA.search(text) is None:
        return False
    foreign = len(data.translate(None, _ASCII))
    return encoding not in _EAST_ASIAN or foreign > _LEAST_FOREIGN * len(data)
