"""Long phoneme strings are split, never cut off, and cuts inside a sentence do not pause."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.base import Samples
from workers.engines.phonemic import pieces, speak, without_pause

RATE = 1000


def spoken_part(part: str) -> Samples:
    """A second of sound, its level the length of the part, and half a second of silence."""
    sound = np.full(RATE, len(part) / 100, np.float32)
    return np.concatenate([sound, np.zeros(RATE // 2, np.float32)])


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
    samples = speak("A sentence.", "sentence.", 100, RATE, spoken_part)
    assert np.array_equal(samples, spoken_part("sentence."))


@pytest.mark.parametrize("text", ["A clause,", "A dash —", 'Said: "so;"', "cut at a space "])
def test_text_that_goes_on_ends_with_its_speech(text: str) -> None:
    """What is not the end of a sentence does not pause like one."""
    samples = speak(text, "clause", 100, RATE, spoken_part)
    assert samples.size == RATE + RATE * 30 // 1000
    assert samples[-1] == 0


def test_pieces_of_one_sentence_are_joined_without_its_pause() -> None:
    """Only the last piece keeps its silence, unless one ends a sentence itself."""
    together = speak("x.", "aa, bb. cc", 3, RATE, spoken_part)
    first, second, third = RATE + 30, RATE + 500, RATE + 500
    assert together.size == first + second + third


def test_fade_does_not_touch_the_sound() -> None:
    """Everything up to the last audible sample stays as it was."""
    samples = spoken_part("abc")
    assert np.array_equal(without_pause(samples, RATE)[:RATE], samples[:RATE])


def test_silence_alone_is_nothing() -> None:
    """A piece without sound has nothing to end with."""
    assert without_pause(np.zeros(50, np.float32), RATE).size == 0


def test_letters_that_were_not_read_are_an_error() -> None:
    """Text in another script is refused, not passed over in silence; symbols may be."""
    with pytest.raises(ValueError, match="cannot read this") as refusal:
        speak("Привет", "", 100, RATE, spoken_part)
    assert "none of 6 letters" in str(refusal.value)
    assert "(U+041F CYRILLIC CAPITAL LETTER PE, U+0432 CYRILLIC SMALL LETTER VE," in str(
        refusal.value
    )
    with pytest.raises(ValueError, match="none of 6 letters"):
        speak("Привет!", "!", 100, RATE, spoken_part)
    assert speak("*** !!", "!!", 100, RATE, spoken_part).size == 0
