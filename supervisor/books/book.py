"""A book that was read: what it is called, and its chapters."""

from __future__ import annotations

from typing import Literal

import msgspec

from supervisor.speech import Markup

Fault = Literal[
    "broken_document",
    "empty_document",
    "protected_document",
    "too_large",
    "unknown_document",
]
"""Why a document is no book."""

MOST_BYTES = 200_000_000
"""Largest document: EPUBs of photographs have as much. Its text is bounded, too."""
MOST_CHARACTERS = 20_000_000
"""Longest text of a book: the Bible has four and a half million."""
MOST_CHAPTERS = 2_000
CHAPTER_CHARACTERS = 100_000
"""Longest chapter, somewhat under two hours; one that is longer is read as several."""


class BookError(Exception):
    """A document that is no book; one line that says why, and what to do."""

    def __init__(self, code: Fault, message: str) -> None:
        super().__init__(message)
        self.code: Fault = code


class Chapter(msgspec.Struct, frozen=True):
    """A chapter: `text` is written in `markup`, None where the settings say how it is read.
    `characters` are those that are read, without the signs of the markup.
    """

    title: str
    text: str
    characters: int
    markup: Markup | None = None


class Cover(msgspec.Struct, frozen=True):
    """The picture on the front: its media type and the bytes of its file."""

    media_type: str
    data: bytes


class Book(msgspec.Struct, frozen=True):
    """A book. `language` is a BCP 47 tag where the document has one.

    `left_out` are the titles of parts that are not spoken, such as the table of contents.
    """

    title: str
    author: str | None
    language: str | None
    cover: Cover | None
    chapters: tuple[Chapter, ...]
    left_out: tuple[str, ...] = ()
