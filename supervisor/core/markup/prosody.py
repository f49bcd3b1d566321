"""How SSML says how fast and how loud: attributes become factors, see `speech.Prosody`."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from supervisor.speech import Prosody

_RATES: Final = {
    "x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6,
}  # fmt: skip
_VOLUMES: Final = {
    "silent": 0.0, "x-soft": 0.25, "soft": 0.5, "medium": 1.0, "default": 1.0,
    "loud": 10 ** (3 / 20), "x-loud": 10 ** (6 / 20),
}  # fmt: skip
"""Steps of 6 dB below the voice's own, of 3 dB above, where there is little room."""
_FACTOR: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<number>\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(?P<unit>%|dB|)", re.IGNORECASE
)
_BREAKS_S: Final = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.6, "x-strong": 1.0,
}  # fmt: skip
"""Silences by their strength: a comma's, a sentence's, a paragraph's, and between."""
_TIME: Final = re.compile(
    r"\+?(?P<number>\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s?(?P<unit>ms|s)", re.IGNORECASE
)
_LOWEST_RATE: Final = 0.1
_HIGHEST_RATE: Final = 10.0
_HIGHEST_VOLUME: Final = 2.0


def rate(written: str) -> float | None:
    """A factor on the speed, None if this is none: `slow`, `80%`, `+10%`, `1.2`."""
    found = _FACTOR.fullmatch(written)
    if found is None or found["unit"].lower() == "db":
        return _RATES.get(written)
    value = float(found["number"]) / (100 if found["unit"] else 1)
    return _relative(found["sign"], value)


def volume(written: str) -> float | None:
    """A factor on the volume, None if this is none: `soft`, `-6dB`, `80%`, and `80` of 100."""
    found = _FACTOR.fullmatch(written)
    if found is None:
        return _VOLUMES.get(written)
    value = float(found["number"])
    if found["unit"].lower() == "db":
        return 10 ** (min(value, 200.0) * (-1 if found["sign"] == "-" else 1) / 20)
    return _relative(found["sign"], value / 100)


def combined(outer: Prosody, *, rate: float = 1.0, volume: float = 1.0) -> Prosody:
    """A manner within another one, within what can be spoken."""
    return msgspec.structs.replace(
        outer,
        rate=min(max(outer.rate * rate, _LOWEST_RATE), _HIGHEST_RATE),
        volume=min(outer.volume * volume, _HIGHEST_VOLUME),
    )


def silence_s(time: str | None, strength: str | None) -> float | None:
    """Seconds of a break, None if it is written wrongly. The time counts more than the strength."""
    if time is None:
        return _BREAKS_S.get((strength or "medium").strip())
    found = _TIME.fullmatch(time.strip())
    if found is None:
        return None
    return float(found["number"]) / (1000 if found["unit"].lower() == "ms" else 1)


def _relative(sign: str, value: float) -> float:
    """A number with a sign is a change of 1."""
    if not sign:
        return value
    return 1 + value if sign == "+" else max(1 - value, 0.0)
