"""Two readings of prose are held against each other word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness import LeftOut
from benchmarks.prose import Theirs, beside
from benchmarks.prose_texts import books, paragraphs


def agreed(theirs: str, ours: str) -> list[bool]:
    """Whether each pair agrees, of phonemes with spaces between the words."""
    words = [Theirs("", phonemes, known=True) for phonemes in theirs.split()]
    return [pair.agree for pair in beside(words, ours.split())]


def test_stress_and_weak_vowels_agree() -> None:
    """The same word with another stress is the same word."""
    assert agreed("ðˌə bˈʌɾəɹ", "ðə bˈʌTəɹ") == [True, True]


def test_what_we_say_is_kept_where_it_agrees() -> None:
    """Stress is counted apart, so it must be ours that stands beside theirs."""
    (pair,) = beside([Theirs("the", "ðə", known=True)], ["ðˈə"])
    assert pair.agree
    assert pair.ours == "ðˈə"


def test_words_that_one_reader_joins_agree() -> None:
    """One writes "good-bye" as one word, the other as two: it is heard the same."""
    assert agreed("hi ɡʊd bˈI tu", "hi ɡʊdbˈI tu") == [True, True, True, True]


def test_a_word_that_differs_costs_itself_alone() -> None:
    """What stands before and behind it is still beside its own."""
    assert agreed("ðə bˈɪŋɡli kˈAm", "ðə bˈɪŋli kˈAm") == [True, False, True]


def test_a_word_too_many_is_a_word_that_differs() -> None:
    """What one reader says and the other does not is no agreement of the rest."""
    assert agreed("ðə mˈæn", "ðə dˈæʃ mˈæn") == [True, False, True]


BOOK = """\ufeffThe Book, by Somebody

*** START OF THIS PROJECT GUTENBERG EBOOK THE BOOK ***

CHAPTER I

It was a _very_ quiet evening, and nobody in the house
had thought of anything better to do.

Then the bell rang, once and again, and all of them went to the window to look out.

*** END OF THIS PROJECT GUTENBERG EBOOK THE BOOK ***

This file should be named after the book, and so on, for more than fifteen words altogether here.
"""


def test_paragraphs_are_prose_without_what_stands_around_it(tmp_path: Path) -> None:
    """Lines are joined; headings, licences and signs of emphasis are left out."""
    path = tmp_path / "book.txt"
    path.write_text(BOOK)
    first, second = paragraphs(path, 100)
    assert first.startswith("It was a very quiet evening, and nobody in the house had thought")
    assert second.startswith("Then the bell rang")
    assert paragraphs(path, 10) == [first]


def test_without_books_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and the result that is there stays."""
    monkeypatch.delenv("PROSE", raising=False)
    with pytest.raises(LeftOut, match="set PROSE"):
        books()
