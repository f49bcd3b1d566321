"""The text that a command is given: as an argument, in a file, or on standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from supervisor.cli.common import fail


def given_text(text: str | None, file: Path | None) -> str:
    """The text, from the argument, a file or stdin; exit code 2 where there is none to read."""
    if text is not None and file is not None:
        fail(2, "give a text or a file, not both")
    if text == "-" or (file is not None and str(file) == "-"):
        return _decode(sys.stdin.buffer.read(), "standard input")
    if file is not None:
        try:
            return _decode(file.read_bytes(), str(file))
        except OSError as error:
            fail(2, f"cannot read {file}: {error.strerror}")
    if text is None:
        fail(2, "nothing to say; give a text, -f FILE, or - for standard input")
    return text


def _decode(content: bytes, source: str) -> str:
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        fail(
            2,
            f"{source} is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}; "
            "convert it first, for example with iconv",
        )


def said_as(given: list[str]) -> dict[str, str] | None:
    """Words and how they are said, from `WORD=HOW`."""
    entries: dict[str, str] = {}
    for entry in given:
        word, equals, how = entry.partition("=")
        if not (word and equals and how):
            fail(2, f"--pronounce {entry!r}: write WORD=HOW, such as Nguyen=win or Cairo=/ˈkaɪroʊ/")
        entries[word] = how
    return entries or None
