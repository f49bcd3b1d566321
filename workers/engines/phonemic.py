"""Phonemes to audio: cutting a string of them to what the model takes in one run, and joining
what it gives.

A model ends every run as if a sentence ended, with 0.4 to 0.8 s of silence, and
starts it with 0.3 s. Between sentences that is the pause; in the middle of one it
sounds like a stumble. So where a sentence goes on in the next piece the silence between is that of
a clause, or none. What is around the whole segment is for `workers.silence` to say.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Container

import numpy as np

from supervisor.speech import CLAUSE_S, SENTENCE_S
from supervisor.wire.quoting import characters
from workers import word_times
from workers.engines.base import Spoken
from workers.silence import paced
from workers.word_times import Run, Sounds, Stretch

_CLAUSE_END = re.compile(r"(?<=[,;:—.!?…。、])\s+")
_WORD_END = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…。！？]\W*$")
_CLAUSE_MARK = re.compile(r"[,;:—–、，；：]\W*$")


def speak(
    text: str, sounds: Sounds, limit: int, sample_rate: int, say: Callable[[str], Run]
) -> Spoken:
    """The audio of a segment, given its text and its phonemes, and when its words are heard.

    `say` speaks at most `limit` symbols. A text without a letter or digit gives no samples; raises
    ValueError for a text that has some if nothing but punctuation was read.
    """
    if not is_heard(text, sounds.symbols):
        return Spoken(np.zeros(0, np.float32))
    spoken: list[Spoken] = []
    done = 0
    parts = pieces(sounds.symbols, limit)
    for symbols in parts:
        part, done = word_times.part(sounds, done, symbols)
        said = word_times.timed(part, say(symbols), sample_rate)
        spoken.append(said if len(parts) == 1 else paced(said, sample_rate, _pause_s(symbols)))
    return word_times.joined(spoken, sample_rate)


def known(phonemes: str, alphabet: Container[str]) -> str:
    """The phonemes that a model knows: what it gets."""
    return "".join(symbol for symbol in phonemes if symbol in alphabet)


def kept(sounds: Sounds, alphabet: Container[str]) -> Sounds:
    """The same of phonemes with the words among them."""
    symbols = known(sounds.symbols, alphabet)
    if not sounds.words or len(symbols) == len(sounds.symbols):
        return Sounds(symbols, sounds.words)
    before = [0, *itertools.accumulate(symbol in alphabet for symbol in sounds.symbols)]
    words = (
        Stretch(word.start, word.end, before[word.first], before[word.last])
        for word in sounds.words
    )
    return Sounds(symbols, tuple(words))


def is_heard(text: str, phonemes: str) -> bool:
    """Whether anything of a text is heard. Raises ValueError for one that has letters or digits if
    nothing but punctuation was read.
    """
    if any(symbol.isalpha() for symbol in phonemes):
        return True
    count = sum(symbol.isalnum() for symbol in text)
    if count:
        raise ValueError(
            f"cannot read this in this voice: none of {count} letters or digits "
            f"({characters(text)})"
        )
    return False


def pieces(phonemes: str, limit: int) -> list[str]:
    """Parts of at most `limit` symbols, as few as clause ends allow.

    Cut first at clause punctuation, a clause that is itself too long at spaces, and
    a word that is itself too long anywhere. Only white space at a cut is dropped.
    """
    return _fill(phonemes.strip(), limit, (_CLAUSE_END, _WORD_END))


def _pause_s(part: str) -> float:
    """Seconds of silence after a piece."""
    if _SENTENCE_END.search(part):
        return SENTENCE_S
    return CLAUSE_S if _CLAUSE_MARK.search(part) else 0.0


def _fill(text: str, limit: int, boundaries: tuple[re.Pattern[str], ...]) -> list[str]:
    if len(text) <= limit:
        return [text] if text else []
    if not boundaries:
        return [text[start : start + limit] for start in range(0, len(text), limit)]
    parts: list[str] = []
    open_part = ""
    for part in boundaries[0].split(text):
        joined = f"{open_part} {part}" if open_part else part
        if len(joined) <= limit:
            open_part = joined
            continue
        if open_part:
            parts.append(open_part)
        *full, open_part = _fill(part, limit, boundaries[1:])
        parts += full
    return [*parts, open_part] if open_part else parts
