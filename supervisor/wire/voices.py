"""Mixes of voices: `af_heart(2)+af_bella(1)` is two parts of one and one of the other.

The syntax of such a name is part of the protocol. The broker checks that the voices exist;
the engine computes their mean.
"""

from __future__ import annotations

import math
import re

import msgspec

MAX_PARTS = 8
MAX_WEIGHT = 1000.0
MAX_CHARS = 1024
"""Longest name of a mix; it is kept with the job."""

_PART = re.compile(r"([^()]+)(?:\(([^()]*)\))?")
_SHOWN_CHARS = 64


class MixError(ValueError):
    """A name that is no valid mix; the message is one line that says why."""


class Mix(msgspec.Struct, frozen=True):
    """Distinct voices in the order of their first mention, with shares over 0 that sum up to 1."""

    shares: tuple[tuple[str, float], ...]

    @property
    def leading(self) -> str:
        """The voice with the largest share, the first of several: it decides how text is read."""
        return max(self.shares, key=lambda part: part[1])[0]


def is_mix(name: str) -> bool:
    """Whether the name is meant as a mix; one voice with a weight is one, too."""
    return "+" in name or "(" in name


def parse_mix(name: str) -> Mix:
    """Parse a mix: voices joined by `+`, each with its weight in parentheses, 1 without.
    A voice that occurs twice counts with the sum. Raises MixError.
    """
    parts = name.split("+", MAX_PARTS)
    if len(parts) > MAX_PARTS or len(name) > MAX_CHARS:
        raise MixError(f"a mix has at most {MAX_PARTS} voices and {MAX_CHARS} characters")
    weights: dict[str, float] = {}
    for part in parts:
        voice, weight = _parse_part(part)
        weights[voice] = weights.get(voice, 0.0) + weight
    total = sum(weights.values())
    return Mix(tuple((voice, weight / total) for voice, weight in weights.items()))


def _parse_part(text: str) -> tuple[str, float]:
    """Parse one voice and its weight. Raises MixError."""
    found = _PART.fullmatch(text.strip())
    voice = found[1].strip() if found else ""
    if found is None or not voice:
        raise MixError(f"{_quoted(text)} is no voice with a weight, like af_heart(2)")
    if found[2] is None:
        return voice, 1.0
    try:
        weight = float(found[2])
    except ValueError:
        weight = math.nan
    if not 0 < weight <= MAX_WEIGHT:
        raise MixError(
            f"the weight of {_quoted(voice)} must be a number over 0 to {MAX_WEIGHT:g}, "
            f"but is {_quoted(found[2])}"
        )
    return voice, weight


def _quoted(text: str) -> str:
    """Quote a name for a message, shortened if it is overlong."""
    return repr(text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…")
