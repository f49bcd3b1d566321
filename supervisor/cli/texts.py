"""The text that a command is given, as an argument, in a file, or on standard input; and options of
how it is read.
"""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from supervisor.cli.common import fail

TextFile = Annotated[Path | None, typer.Option("--file", "-f", help="Read the text from a file.")]
MarkupName = Annotated[
    str | None,
    typer.Option(help="auto, plain, markdown, html, ssml, tags. Default: as configured."),
]
UnreadableName = Annotated[
    str | None, typer.Option(help="Letters that the voice cannot read: skip, spell or refuse.")
]
LanguageTag = Annotated[
    str | None,
    typer.Option(
        "--language",
        help="Read in this language, as es or en-GB; the voice reads it, or else one that does "
        "speaks. Default: the voice's own.",
    ),
]
Pronounced = Annotated[
    list[str] | None,
    typer.Option(help="WORD=HOW: another spelling, or /phonemes/; may be given again."),
]

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # It begins as that of UTF-16 does.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


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
    """The text of a file, whatever it is written in as far as that shows; else exit code 2."""
    text = _marked(content, source)
    if text is not None:
        return text
    if b"\0" in content:
        fail(
            2,
            f"{source} has a NUL byte at offset {content.index(0)}: it is no text, or UTF-16 "
            "without a byte order mark; convert it to UTF-8 first, for example with iconv",
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        text = _from_windows(content)
        if text is None:
            fail(
                2,
                f"{source} is not UTF-8: byte 0x{content[error.start]:02x} at offset "
                f"{error.start}; convert it first, for example with iconv",
            )
    typer.echo(f"{source} is not UTF-8; read as Windows-1252", err=True)
    return text


def _marked(content: bytes, source: str) -> str | None:
    """The text behind the byte order mark that tells its encoding; None where there is none."""
    for mark, name in _BYTE_ORDER_MARKS:
        if not content.startswith(mark):
            continue
        try:
            return content[len(mark) :].decode(name)
        except UnicodeDecodeError as error:
            fail(
                2,
                f"{source} begins like {name.upper()} and is damaged at offset "
                f"{len(mark) + error.start} ({error.reason}); write it anew",
            )
    return None


def _from_windows(content: bytes) -> str | None:
    """A text that is not UTF-8, as Windows writes it; None where it cannot be that either. One that
    is UTF-8 but for a few bytes is damaged: read so it would be rubbish.
    """
    replaced = content.decode(errors="replace")
    wrong = replaced.count("\ufffd")
    right = sum(not character.isascii() for character in replaced) - wrong
    if right > wrong:
        return None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return None


def said_as(given: list[str] | None) -> dict[str, str] | None:
    """Words and how they are said, from `WORD=HOW`; exit code 2 for what is none."""
    entries: dict[str, str] = {}
    for entry in given or ():
        word, equals, how = entry.partition("=")
        if not (word and equals and how):
            fail(2, f"--pronounce {entry!r}: write WORD=HOW, such as Nguyen=win or Cairo=/ˈkaɪroʊ/")
        entries[word] = how
    return entries or None
