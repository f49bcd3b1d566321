"""A pronunciation that is given is what is said, and the words around it are read as ever."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.marks import pronounced
from workers.engines.english import reader


def _said(text: str, *, british: bool = False) -> str:
    return reader(british=british).phonemes(text)


def test_a_word_is_said_as_given() -> None:
    """In both accents, with the punctuation that stands behind it."""
    text = f"Ask {pronounced('Xyzzy', 'ˈkoʊkəroʊ')}, please."
    assert _said(text) == "ˈæsk kˈOkəɹO, plˈiz."
    assert _said(text, british=True) == "ˈɑːsk kˈQkəɹQ, plˈiːz."


def test_a_phrase_has_several_words() -> None:
    """Spaces on both sides stay."""
    assert _said(f"the {pronounced('fish and chips', 'fˈɪʃ ən ʧˈɪps')}!") == "ðə fˈɪʃ ən ʧˈɪps!"


def test_the_words_before_hear_what_comes() -> None:
    """`the` before a vowel, whatever the letters are."""
    assert _said(f"the {pronounced('Xu', 'ˈʌʃu')}") == "ði ˈʌʃu"
    assert _said(f"the {pronounced('Ulm', 'jˈulm')}") == "ðə jˈulm"


def test_the_sentence_stays_whole() -> None:
    """What a word is depends on words beyond the mark."""
    mark = pronounced("Smith", "smˈɪθ")
    assert _said(f"Doctor {mark} will record it.") == "dˈɑktəɹ smˈɪθ wɪl ɹəkˈɔɹd ɪt."
    assert _said(f"Dr. {mark} has 3 cats.") == "dˈɑktəɹ smˈɪθ hæz θɹˈi kˈæts."


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_a_possessive_is_said_as_the_word_ends(apostrophe: str) -> None:
    """/s/, /z/ or a syllable, as behind any word."""
    endings = {"smˈɪθ": "s", "ˈAdə": "z", "bˈɑʃ": "ᵻz"}
    for phonemes, ending in endings.items():
        text = f"{pronounced('X', phonemes)}{apostrophe}s hat"
        assert _said(text) == f"{phonemes}{ending} hˈæt"


def test_what_cannot_be_said_is_read_as_written() -> None:
    """Phonemes of which no engine has one do not silence the word."""
    assert _said(f"see {pronounced('cats', '###')} now") == "sˈi kˈæts nˈW"


def test_a_marked_word_knows_its_place() -> None:
    """It is one word of the text, mark and all, and the others keep their places."""
    mark = pronounced("New York", "nuː ˈjɔːk")
    text = f"In {mark}, it is $5."
    words = [
        (word.spoken, text[word.start : word.end]) for word in reader(british=False).words(text)
    ]
    assert words[:3] == [("In", "In"), (f"{mark},", f"{mark},"), ("it", "it")]
    assert words[-1] == ("dollars.", "$5.")


def test_a_text_cannot_give_phonemes_by_itself() -> None:
    """What the G2P takes for phonemes is text like any other here."""
    assert "bˈʌɡ" not in _said("[cat](/bˈʌɡ/)")


@given(st.text(st.sampled_from("ab ˈ'.\ue004\ue005\ue006\ue007\ue000"), max_size=60))
def test_broken_marks_stop_nobody(text: str) -> None:
    """Any order of these characters is read."""
    assert "\ue004" not in _said(text)


@pytest.mark.parametrize("unit", ["\ue004a\ue005b\ue006", "\ue004", "\ue004a\ue005"])
def test_many_marks_cost_what_they_are(unit: str) -> None:
    """Glued together they are one word, which must not be searched for each again."""
    text = unit * (60_000 // len(unit))
    started = time.process_time()
    reader(british=False).words(text)
    assert time.process_time() - started < 5
