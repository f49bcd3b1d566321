"""Long phoneme strings are split, never cut off, and cuts inside a sentence do not pause."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.phonemic import pieces, speak
from workers.word_times import Run, Sounds

RATE = 1000


def spoken_part(part: str) -> Run:
    """A second of sound, its level the length of the part, between silences."""
    sound = np.full(RATE, len(part), np.float32)
    return Run(np.pad(sound, (300, 500)))


@given(st.text("ab ,.;", max_size=300), st.integers(1, 40))
def test_pieces_lose_nothing_but_space(phonemes: str, limit: int) -> None:
    """Every symbol comes back in order, and no piece is empty or over the limit."""
    parts = pieces(phonemes, limit)
    assert "".join("".join(parts).split()) == "".join(phonemes.split())
    assert all(0 < len(part) <= limit for part in parts)


def test_pieces_prefer_clauses_then_words() -> None:
    """A cut comes at clause punctuation if it can, else at a space, else anywhere."""
    assert pieces("one two, three four, five", 20) == ["one two, three four,", "five"]
    assert pieces("one two three, four", 8) == ["one two", "three,", "four"]
    assert pieces("abcdefgh", 3) == ["abc", "def", "gh"]


def test_text_in_one_piece_is_untouched() -> None:
    """A sentence keeps the silence that the engine gave it."""
    for text in ("A sentence.", "A clause,", "cut at a space "):
        samples = speak(text, Sounds("sentence."), 100, RATE, spoken_part).samples
        assert np.array_equal(samples, spoken_part("sentence.").samples)


def test_pieces_are_joined_by_the_silence_of_what_ends_with_them() -> None:
    """None within a phrase but for what the sounds begin and fade with, little after a clause, and
    more after a sentence.
    """
    together = speak("x.", Sounds("aa bb, cc. dd"), 3, RATE, spoken_part).samples
    heard = np.flatnonzero(together > 0.01)
    gaps = np.diff(heard)
    assert list(gaps[gaps > 1]) == [RATE * 80 // 1000 + 1, 201, 601]


def test_letters_that_were_not_read_are_an_error() -> None:
    """Text in another script is refused, not passed over in silence; symbols may be."""
    with pytest.raises(ValueError, match="cannot read this") as refusal:
        speak("Привет", Sounds(""), 100, RATE, spoken_part)
    assert "none of 6 letters" in str(refusal.value)
    assert "(U+041F CYRILLIC CAPITAL LETTER PE, U+0432 CYRILLIC SMALL LETTER VE," in str(
        refusal.value
    )
    with pytest.raises(ValueError, match="none of 6 letters"):
        speak("Привет!", Sounds("!"), 100, RATE, spoken_part)
    assert speak("*** !!", Sounds("!!"), 100, RATE, spoken_part).samples.size == 0
