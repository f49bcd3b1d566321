"""Plain prose for measurements: books in plain text, which are not part of the repository.

`PROSE` names their files, separated as in `PATH`. Books of Project Gutenberg are taken without
what it puts around them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import LeftOut

WORDS = 40_000

_START = re.compile(r"^\*\*\* ?START OF TH.*$", re.MULTILINE)
_END = re.compile(r"^\*\*\* ?END OF TH.*$", re.MULTILINE)
_UNDERLINED = re.compile(r"\b_|_\b")
_FEW_WORDS = 15
"""What has fewer is a heading, a line of a table of contents, a signature."""


def books() -> list[Path]:
    """The files that `PROSE` names. Raises LeftOut where it names none."""
    paths = [Path(path) for path in os.environ.get("PROSE", "").split(os.pathsep) if path]
    if not paths:
        raise LeftOut("no prose: set PROSE to one or more books in plain text, UTF-8")
    return paths


def paragraphs(book: Path, words: int) -> list[str]:
    """The first paragraphs of a book, about so many words. Raises OSError."""
    text = book.read_text(encoding="utf-8-sig")
    if start := _START.search(text):
        text = text[start.end() :]
    if end := _END.search(text):
        text = text[: end.start()]
    taken, left = [], words
    for paragraph in _paragraphs(text):
        if left <= 0:
            break
        taken.append(paragraph)
        left -= len(paragraph.split())
    return taken


def _paragraphs(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        plain = _UNDERLINED.sub("", " ".join(block.split()))
        if len(plain.split()) >= _FEW_WORDS:
            yield plain
