"""The text that a command is given, as an argument, in a file, or on standard input; and options of
how it is read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

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
    from supervisor.books.charset import TextError, decoded

    try:
        found = decoded(content)
    except TextError as error:
        fail(2, f"{source} {error}")
    if found.guessed:
        typer.echo(f"{source} is not UTF-8; read as {found.name}", err=True)
    return found.text


def said_as(given: list[str] | None) -> dict[str, str] | None:
    """Words and how they are said, from `WORD=HOW`; exit code 2 for what is none."""
    entries: dict[str, str] = {}
    for entry in given or ():
        word, equals, how = entry.partition("=")
        if not (word and equals and how):
            fail(2, f"--pronounce {entry!r}: write WORD=HOW, such as Nguyen=win or Cairo=/ˈkaɪroʊ/")
        entries[word] = how
    return entries or None
