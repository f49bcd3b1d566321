"""Times of words: from symbols and their durations, through every cut, to where the sound is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.base import Samples, Spoken, WordTime
from workers.engines.phonemic import kept, pieces, speak
from workers.word_times import Run, Sounds, Stretch, joined, moved, settled, stretches, timed

RATE = 1000
TEXT = "one two, three"
SYMBOLS = "wʌn tu, θɹi"
WORDS = (Stretch(0, 3, 0, 3), Stretch(4, 8, 4, 7), Stretch(9, 14, 8, 11))


def tone(seconds: float) -> Samples:
    """Sound of some loudness."""
    return np.full(round(seconds * RATE), 0.5, np.float32)


def quiet(seconds: float) -> Samples:
    """None."""
    return np.zeros(round(seconds * RATE), np.float32)


def times(words: Iterable[WordTime]) -> list[float]:
    """When each begins and ends."""
    return [second for word in words for second in (word.begin_s, word.end_s)]


def test_words_read_from_one_place_are_one() -> None:
    """A price is several words that are said, and one that is written; spaces belong to none."""
    owners = [0, 0, None, 1, 1, None, 2]
    places = [(0, 2), (0, 2), (3, 7)]
    assert stretches(owners, places) == (Stretch(0, 2, 0, 5), Stretch(3, 7, 6, 7))


def test_symbols_that_a_model_does_not_know_are_in_no_word() -> None:
    """What is left of each word stays its own."""
    known = kept(Sounds(SYMBOLS, WORDS), set("wʌn tui,"))
    assert known.symbols == "wʌn tu, i"
    assert [known.symbols[word.first : word.last] for word in known.words] == ["wʌn", "tu,", "i"]


def test_a_word_is_heard_while_its_symbols_are() -> None:
    """Pads and commas count, and belong to no word; durations may be in any unit."""
    durations = [2, *[1] * len(SYMBOLS), 3]
    run = Run(tone(1.6), durations)
    heard = timed(Sounds(SYMBOLS, WORDS), run, RATE).words
    assert times(heard) == pytest.approx([0.2, 0.5, 0.6, 0.8, 1.0, 1.3])
    assert [TEXT[word.start : word.end] for word in heard] == ["one", "two,", "three"]


def test_a_model_that_does_not_tell_has_no_words() -> None:
    """Nor one whose durations do not fit its symbols."""
    sounds = Sounds(SYMBOLS, WORDS)
    assert timed(sounds, Run(tone(1.0)), RATE).words == ()
    assert timed(sounds, Run(tone(1.0), [1.0, 2.0]), RATE).words == ()
    assert timed(sounds, Run(tone(0.0), [0.0] * 13), RATE).words == ()


@given(st.integers(3, 20))
def test_words_are_the_same_in_one_run_and_in_several(limit: int) -> None:
    """However the phonemes are cut, each word is told once, in order, within the samples."""

    def say(part: str) -> Run:
        return Run(tone(0.1 * (len(part) + 2)), [1.0] * (len(part) + 2))

    spoken = speak(TEXT, Sounds(SYMBOLS, WORDS), limit, RATE, say)
    assert len(pieces(SYMBOLS, limit)) > 1 or limit >= len(SYMBOLS)
    assert [(word.start, word.end) for word in spoken.words] == [(0, 3), (4, 8), (9, 14)]
    assert times(spoken.words) == sorted(times(spoken.words))
    assert times(spoken.words)[-1] <= spoken.samples.size / RATE


def test_what_is_cut_out_moves_what_is_behind_it() -> None:
    """A word in a part that is gone has no length."""
    words = [WordTime(at, at + 1, at, at + 0.5) for at in range(4)]
    found = moved(words, [(0, 700), (1800, 4000)], RATE)
    assert times(found) == pytest.approx([0.0, 0.5, 0.7, 0.7, 0.9, 1.4, 1.9, 2.4])


def test_a_word_beside_a_pause_begins_and_ends_with_the_sound() -> None:
    """However late the model has it; one without a pause stays where it was."""
    samples = np.concatenate([quiet(0.1), tone(1.0), quiet(0.3), tone(0.5), quiet(0.2)])
    words = (
        WordTime(0, 1, 0.16, 0.5),
        WordTime(2, 3, 0.55, 1.2),
        WordTime(4, 5, 1.48, 2.0),
    )
    assert [(word.begin_s, word.end_s) for word in settled(Spoken(samples, words), RATE)] == [
        (0.1, 0.5),
        (0.55, 1.1),
        (1.4, 1.9),
    ]


def test_a_mouth_that_closes_within_a_word_does_not_end_it() -> None:
    """A silence is no pause where the model has a word."""
    samples = np.concatenate([tone(0.5), quiet(0.12), tone(0.8)])
    words = (WordTime(0, 1, 0.0, 0.9), WordTime(2, 3, 0.9, 1.4))
    assert [word.begin_s for word in settled(Spoken(samples, words), RATE)] == [0.0, 0.9]


def test_times_are_in_order_whatever_the_model_says() -> None:
    """No word ends before it begins, or begins before the last one ended, or after the end."""
    words = (WordTime(0, 1, 0.4, 0.2), WordTime(2, 3, 0.1, 9.0), WordTime(4, 5, 8.0, 9.0))
    found = settled(Spoken(tone(1.0), words), RATE)
    assert times(found) == sorted(times(found))
    assert times(found)[-1] <= 1.0
    assert len(found) == 3


def test_silence_and_nothing_have_no_times() -> None:
    """Neither fails."""
    assert settled(Spoken(quiet(1.0)), RATE) == ()
    word = WordTime(0, 1, 0.2, 0.4)
    assert settled(Spoken(quiet(1.0), (word,)), RATE) == (word,)
    assert settled(Spoken(quiet(0.0), (word,)), RATE)[0].end_s == 0.0
    assert joined([Spoken(quiet(0.1)), Spoken(tone(0.1), (word,))], RATE).words[
        0
    ].begin_s == pytest.approx(0.3)
