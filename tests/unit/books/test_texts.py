"""Text files as books: encodings, headings, and what is no text."""

from __future__ import annotations

import os
import time

import pytest

from supervisor.books.book import Book, BookError
from supervisor.books.charset import decoded
from supervisor.books.reading import read_book

_ENGLISH = "He said, “I don’t know — perhaps it’s £5.” "
_GERMAN = "Über die Brücke gehen größere Männer. Äpfel schmecken süß. "
_FRENCH = "L'été dernier, nous avons mangé à la plage. Ça va? Où êtes-vous, très chère? "
_POLISH = "Zażółć gęślą jaźń. Książka leży na stole, a dziewczynka śpi. "
_TURKISH = "Türkiye'nin başkenti Ankara'dır. Şöyle böyle, güneş ışığı çok güçlü. "
_RUSSIAN = "Все счастливые семьи похожи друг на друга. Каждая несчастна по-своему. "
_JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたか頓と見当がつかぬ。"
_CHINESE = "从前有座山，山里有座庙，庙里有个老和尚在讲故事。"


def _read(text: str, name: str = "a book.txt") -> Book:
    return read_book(text.encode(), name)


def _titles(book: Book) -> list[str]:
    return [chapter.title for chapter in book.chapters]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (_ENGLISH, "utf-8-sig"),
        (_ENGLISH, "utf-16"),
        (_ENGLISH, "utf-16-le"),
        (_ENGLISH, "utf-16-be"),
        (_ENGLISH, "cp1252"),
        ("It’s a test.", "cp1252"),
        ("café", "latin-1"),
        ("Plain words. " * 2000 + "It’s the end.", "cp1252"),
        (_GERMAN, "latin-1"),
        (_FRENCH * 3, "latin-1"),
        (_POLISH * 3, "cp1250"),
        (_TURKISH * 3, "cp1254"),
        (_RUSSIAN * 3, "cp1251"),
        (_RUSSIAN * 3, "koi8-r"),
        (_JAPANESE * 3, "shift_jis"),
        (_JAPANESE * 3, "euc_jp"),
        (_CHINESE * 3, "gb18030"),
        (_RUSSIAN * 30_000, "cp1251"),
    ],
)
def test_encodings(text: str, encoding: str) -> None:
    """A text in an encoding that people have is read as it was written."""
    assert decoded(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (os.urandom(5000), "unknown_document"),
        (b"%PDF-1.7 ...", "unknown_document"),
        (b"x" * 60 + b"BOOKMOBI" + bytes(100), "unknown_document"),
        (b"<?xml version='1.0'?><FictionBook>a</FictionBook>", "unknown_document"),
        ("Grüße ".encode() * 5 + b"\xff", "broken_document"),
        (b"\xff\xfea", "broken_document"),
        (b"", "empty_document"),
        (b" \n\t\n* * *", "empty_document"),
    ],
)
def test_no_text(data: bytes, code: str) -> None:
    """What is no text, is damaged, or says nothing, is named as that, in one line."""
    with pytest.raises(BookError) as caught:
        read_book(data, "a.txt")
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_headings_of_a_plain_text() -> None:
    """Lines that name a chapter begin one, those of a table of contents do not."""
    book = _read(
        "MY BOOK\n\nCHAPTER I. Down the Hole\nCHAPTER II. The Pool\n\n\n"
        "CHAPTER I.\nDown the Hole\n\nAlice was tired.\nChapter and verse.\n\n"
        "Chapter Two\n\nThe pool was deep.\n\nEPILOGUE\n\nThe end.\n"
    )
    assert _titles(book) == ["a book", "CHAPTER I: Down the Hole", "Chapter Two", "EPILOGUE"]
    assert book.chapters[1].text.endswith("Chapter and verse.")


def test_one_title_over_sections() -> None:
    """A single heading above all others is the book's title."""
    book = _read(
        "# Walks\n\nFor you.\n\n## North\n\nIce.\n\n```\n## no\n```\n\n## South\n\nSand.\n", "w.md"
    )
    bare = _read("# Walks\n\n## North\n\nIce.\n\n## South\n\nSand.\n", "w.md")
    assert _titles(bare) == ["North", "South"]
    assert bare.chapters[0].text.startswith("# Walks")
    assert book.title == bare.title == "Walks"
    assert _titles(book) == ["Walks", "North", "South"]
    assert {chapter.markup for chapter in book.chapters} == {"markdown"}


def test_headings_cost_no_more_than_their_number() -> None:
    """Many headings among much code, and lines that are nearly headings, take a moment."""
    began = time.process_time()
    with pytest.raises(BookError, match="2,000 chapters"):
        _read("```\n# a\n```\n# b\n" * 25_000, "a.md")
    _read(f"# A\n\n# {' ' * 20_000}{'x' * 300}\n\n# {'#' * 100_000}x\n", "a.md")
    assert time.process_time() - began < 10


def test_gutenberg() -> None:
    """The words around a text of Project Gutenberg are not read, but for what they tell."""
    book = _read(
        "The Project Gutenberg eBook of Tales\n\nTitle: Tales\n\nAuthor: Ann Other\n\n"
        "Language: German\n\n*** START OF THE PROJECT GUTENBERG EBOOK TALES ***\n\nEs war.\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK TALES ***\n\nLicence.\n"
    )
    assert (book.title, book.author, book.language) == ("Tales", "Ann Other", "de")
    assert [chapter.text for chapter in book.chapters] == ["Es war."]


def test_html() -> None:
    """A page of HTML is cut at its headings."""
    book = _read(
        "<!doctype html><title>Site</title><body><p>Hi.<h2>A</h2><p>One.<h2>B</h2><p>Two.", "x"
    )
    bare = _read("<body><h1>Site</h1><h2>A</h2><p>One.<h2>B</h2><p>Two.</body>", "x.html")
    assert _titles(bare) == ["A", "B"]
    assert book.title == bare.title == "Site"
    assert _titles(book) == ["Site", "A", "B"]


def test_text_without_chapters() -> None:
    """A text without headings is one chapter under the file's name."""
    assert _titles(_read("Just a line.", "my notes.txt")) == ["my notes"]
