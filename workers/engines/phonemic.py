"""Phonemes to audio: cutting a string of them to what the model takes in one run, and joining
what it gives.

A model ends every run as if a sentence ended, with 0.4 to 0.8 s of silence, and
starts it with 0.3 s. Between sentences that is the pause; in the middle of one it
sounds like a stumble. So a piece that goes on in the next ends with its speech, and
the silence that the next starts with is the pause (spoken in one run, a comma makes
0.1 to 0.3 s).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from supervisor.wire.quoting import characters
from workers.engines.base import Samples

_CLAUSE_END = re.compile(r"(?<=[,;:—.!?…。、])\s+")
_WORD_END = re.compile(r"\s+")
_GOES_ON = re.compile(r"[,;:—–\-、，；：]\W*$|\s$")
_SENTENCE_END = re.compile(r"[.!?…。！？]\W*$")

_SILENCE = 0.01
"""Amplitude below which nothing is heard after speech."""

_FADE_S = 0.03
"""Time after the last sound that is kept, faded out so that the cut does not click."""


def speak(
    text: str, phonemes: str, limit: int, sample_rate: int, say: Callable[[str], Samples]
) -> Samples:
    """The audio of a segment, given its text and its phonemes.

    `say` speaks at most `limit` symbols. A text that ends in white space or at a
    clause mark is taken for the first part of a longer sentence. A text without a letter or
    digit gives no samples; raises ValueError for a text that has some if nothing but
    punctuation was read.
    """
    if not any(symbol.isalpha() for symbol in phonemes):
        if any(symbol.isalnum() for symbol in text):
            count = sum(symbol.isalnum() for symbol in text)
            raise ValueError(
                f"cannot read this in this voice: none of {count} letters or digits "
                f"({characters(text)})"
            )
        return np.zeros(0, np.float32)
    parts = pieces(phonemes, limit)
    joined = [_goes_on(part, say(part), sample_rate) for part in parts[:-1]]
    joined += [say(part) for part in parts[-1:]]
    if _GOES_ON.search(text):
        joined[-1] = without_pause(joined[-1], sample_rate)
    return np.concatenate(joined)


def pieces(phonemes: str, limit: int) -> list[str]:
    """Parts of at most `limit` symbols, as few as clause ends allow.

    Cut first at clause punctuation, a clause that is itself too long at spaces, and
    a word that is itself too long anywhere. Only white space at a cut is dropped.
    """
    return _fill(phonemes.strip(), limit, (_CLAUSE_END, _WORD_END))


def without_pause(samples: Samples, sample_rate: int) -> Samples:
    """The samples up to the end of the last sound, faded out over 30 ms."""
    audible = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not audible.size:
        return samples[:0]
    fade = round(_FADE_S * sample_rate)
    kept = samples[: int(audible[-1]) + 1 + fade].copy()
    tail = min(fade, kept.size)
    kept[kept.size - tail :] *= np.linspace(1, 0, tail, dtype=np.float32)
    return kept


def _goes_on(part: str, samples: Samples, sample_rate: int) -> Samples:
    return samples if _SENTENCE_END.search(part) else without_pause(samples, sample_rate)


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
