"""Sentences of a text that comes in pieces: found when they are complete, at a bounded cost."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencex import segment

from supervisor.gateway.wyoming import dictation
from supervisor.gateway.wyoming.dictation import LONGEST_SENTENCE, Dictation

PATTERNS = [
    "'", '"', "`c` ", "- a\n", "1. a\n", "漢字。", "字", ".", ". ", "a. ", "A. ", "(a) ", "\n",
    "?! ", "Mr. ", "«a» ", "“a” ", "؟ ", "। ", "3.14 ", "… ", "a", " ", "a b ", "é", "\U0001f600",
    "This is a sentence of the usual length, with commas. ",
]  # fmt: skip


def sentences(pieces: Iterable[str]) -> list[str]:
    """Everything that comes out, the rest included."""
    heard = Dictation()
    found = [each for piece in pieces for step in heard.add(piece) for each in step]
    return found + heard.rest()


PROSE = (
    "Dr. Smith paid 3.50 for it. He said: 'Never again!' And then? Nothing. "
    "Она ушла. 漢字です。次の文。 Wait…  No!\n\nA new paragraph. (With brackets.) The end"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_the_same_sentences_however_it_comes(size: int) -> None:
    """By the character or as a whole: nothing is lost, and it is cut where sentences end."""
    pieces = [PROSE[start : start + size] for start in range(0, len(PROSE), size)]
    found = sentences(pieces)
    whole = [each for each in segment("en", PROSE) if each.strip()]
    assert [each.strip() for each in found] == [each.strip() for each in whole]


def test_a_sentence_is_told_when_the_next_begins() -> None:
    """Not later: it is to be spoken while the next one is written."""
    heard = Dictation()
    text = 'He said "Go." Then he left. And'
    told = [(index, step) for index, char in enumerate(text) for step in heard.add(char) if step]
    assert told == [
        (text.index("Then"), ['He said "Go." ']),
        (text.index("And"), ["Then he left. "]),
    ]


def test_what_never_ends_is_cut_between_words() -> None:
    """A text without any end of a sentence is spoken in parts all the same."""
    text = "word " * 1000
    found = sentences([text])
    assert "".join(found) == text
    assert all(each.endswith(" ") and len(each) <= LONGEST_SENTENCE for each in found)
    assert len(found) < 10


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many characters were handed to the search for sentences, each time."""
    lengths: list[int] = []

    def noted(language: str, text: str) -> list[str]:
        lengths.append(len(text))
        return list(segment(language, text))

    monkeypatch.setattr(dictation, "segment", noted)
    return lengths


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [1, 100, 1_000_000])
def test_no_text_is_looked_at_too_much(pattern: str, size: int, looked_at: list[int]) -> None:
    """The search may take the square of what it is given, so it gets little at a time, and
    the same characters only a few times over, even where they come one by one.
    """
    text = (pattern * 20_000)[:20_000]
    found = sentences(text[start : start + size] for start in range(0, len(text), size))
    assert "".join(found).split() == text.split() or "".join(found) == text.strip()
    assert max(looked_at, default=0) <= LONGEST_SENTENCE
    assert sum(looked_at) <= 15 * len(text)


@given(st.text(alphabet=st.sampled_from("aB .'\"\n。!3…"), max_size=300), st.integers(1, 40))
def test_nothing_is_lost(text: str, size: int) -> None:
    """Whatever the text and its pieces: what is not spoken is space."""
    found = sentences(text[start : start + size] for start in range(0, len(text), size))
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_blank_line_stays_with_the_sentence_before_it() -> None:
    """It ends a paragraph, and whoever speaks the sentence is to know."""
    text = Dictation()
    complete = [found for step in text.add("The end.\n\nA beginning. More") for found in step]
    assert complete == ["The end.\n\n", "A beginning. "]
    assert text.rest() == ["More"]
