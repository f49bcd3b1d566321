"""What speech costs: seconds of one worker for a character, learned for each engine and voice."""

from __future__ import annotations

from collections.abc import Mapping

from supervisor.core.jobs.request import JobRequest

FIRST_GUESS = 0.01
"""Seconds for a character of an engine that has not spoken yet, was never measured, and does not
say either."""

_SHARE = 0.05
"""How much a segment counts against all before it."""

_FAR = 1.25
"""A factor between two rates from which the one is no prediction of the other."""

_MAX_VOICES = 10_000


class Costs:
    """Exponential averages. Speech at speed 2 is half as long, and takes half as long."""

    def __init__(self) -> None:
        self._voices: dict[tuple[str, str], float] = {}
        self._engines: dict[str, float] = {}
        self._told: dict[str, float] = {}
        """By engine, the rate at which its jobs were last predicted all together."""
        self._measured: Mapping[str, float] = {}
        self._declared: Mapping[str, float] = {}

    def expect(self, measured: Mapping[str, float], declared: Mapping[str, float]) -> None:
        """Seconds for a character by engine, for those that have not spoken yet: what was measured
        on this host, and what the engines say of themselves.
        """
        self._measured, self._declared = measured, declared

    def per_char(self, request: JobRequest) -> float:
        """Predicted seconds of one worker for a character of this request."""
        rate = self._voices.get((request.engine, request.voice))
        if rate is None:
            engine = request.engine
            guess = self._measured.get(engine) or self._declared.get(engine) or FIRST_GUESS
            rate = self._engines.get(engine, guess)
        return rate / request.speed

    def knows(self, request: JobRequest) -> bool:
        """Whether this engine has spoken yet, or was measured on this host."""
        return request.engine in self._engines or request.engine in self._measured

    def learn(self, request: JobRequest, chars: int, seconds: float) -> bool:
        """A segment of `chars` took `seconds`. The first one of a voice is taken at its word.

        True if what was predicted of this engine before is far from the truth.
        """
        if not chars or seconds <= 0:
            return False
        found = seconds * request.speed / chars
        engine, voice = request.engine, (request.engine, request.voice)
        known = self._voices.get(voice)
        if known is None and len(self._voices) >= _MAX_VOICES:
            del self._voices[next(iter(self._voices))]  # Clients may mix voices without end.
        self._voices[voice] = found if known is None else known + _SHARE * (found - known)
        known = self._engines.get(engine)
        rate = found if known is None else known + _SHARE * (found - known)
        self._engines[engine] = rate
        told = self._told.get(engine, 0.0)
        if told and 1 / _FAR < rate / told < _FAR:
            return False
        self._told[engine] = rate
        return True
