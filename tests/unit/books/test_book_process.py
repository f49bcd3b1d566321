"""A document is read in a child, which may fail without harm."""

from __future__ import annotations

import tempfile

import pytest

from supervisor.books.book import BookError
from supervisor.books.process import read_apart
from tests.epubs import chapters_epub


def test_book_comes_back_whole() -> None:
    """The book is what the child has read, an error what the child says."""
    with tempfile.TemporaryFile() as file:
        file.write(chapters_epub(2))
        file.seek(0)
        book = read_apart(file, "b.epub")
        assert [chapter.title for chapter in book.chapters] == ["Chapter 1", "Chapter 2"]
        file.truncate(0)
        file.seek(0)
        with pytest.raises(BookError, match="nothing to read"):
            read_apart(file, "b.txt")
