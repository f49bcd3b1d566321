"""A file's bytes become a book, whatever kind of file it is."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

import msgspec

from supervisor.books.book import MOST_BYTES, MOST_CHAPTERS, Book, BookError, Fault
from supervisor.books.charset import TextError, decoded
from supervisor.books.epub import read_epub
from supervisor.books.lengths import divided
from supervisor.books.plain import read_plain

ZIP: Final = b"PK\x03\x04"
_OTHERS: Final = (
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "RTF"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"ITSF", "a CHM"),
    (b"\x1f\x8b", "a packed file"),
    (b"7z\xbc\xaf", "a packed file"),
    (b"Rar!", "a packed file"),
    (b"ID3", "audio"),
    (b"RIFF", "audio or a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x89PNG", "a picture"),
)
"""What people have as well, by how it begins."""
_MOBI: Final = b"BOOKMOBI"
_MOBI_AT: Final = 60


def read_book(data: bytes, name: str) -> Book:
    """The book in a file called `name`. Raises BookError for what is none.

    Takes time and memory with the size of what is in it: for a child process (`process`).
    """
    if len(data) > MOST_BYTES:
        raise BookError("too_large", f"the file has more than {MOST_BYTES:,} bytes")
    path = PurePath(name)
    stem, suffix = path.stem or "Book", path.suffix.lower()
    if data.startswith(ZIP):
        book = read_epub(data, stem)
    else:
        _refuse_others(data)
        if suffix == ".epub":
            raise BookError(
                "broken_document", "this EPUB is damaged: it is no ZIP archive; get the file anew"
            )
        book = read_plain(_text(data), stem, suffix)
    chapters = tuple(divided(book.chapters))
    if not chapters:
        raise BookError("empty_document", "there is nothing to read in this file")
    if len(chapters) > MOST_CHAPTERS:
        raise BookError("too_large", f"the book has more than {MOST_CHAPTERS:,} chapters")
    return msgspec.structs.replace(book, chapters=chapters)


def _text(data: bytes) -> str:
    try:
        return decoded(data).text
    except TextError as error:
        code: Fault = "broken_document" if error.damaged else "unknown_document"
        raise BookError(code, f"this file {error}") from None


def _refuse_others(data: bytes) -> None:
    """Raise BookError for a file of another kind that is known."""
    kind = next((name for begin, name in _OTHERS if data.startswith(begin)), None)
    if data[_MOBI_AT : _MOBI_AT + len(_MOBI)] == _MOBI:
        kind = "a Kindle book"
    if kind is not None:
        raise BookError(
            "unknown_document",
            f"this is {kind}; give an EPUB, a text, Markdown or HTML: convert it first, for "
            "example with Calibre",
        )
