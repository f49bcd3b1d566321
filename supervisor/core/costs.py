"""What speech costs: seconds of one worker for a character, learned for each engine and voice."""

from __future__ import annotations

from collections.abc import Mapping

from supervisor.core.request import JobRequest

FIRST_GUESS = 0.01
"""Seconds for a character of an engine that has not spoken yet and was never measured."""

_SHARE = 0.05
"""How much a segment counts against all before it."""

_MAX_VOICES = 10_000


class Costs:
    """Exponential averages. Speech at speed 2 is half as long, and takes half as long."""

    def __init__(self) -> None:
        self._voices: dict[tuple[str, str], float] = {}
        self._engines: dict[str, float] = {}
        self._measured: Mapping[str, float] = {}

    def expect(self, measured: Mapping[str, float]) -> None:
        """Seconds for a character by engine, for those that have not spoken yet."""
        self._measured = measured

    def per_char(self, request: JobRequest) -> float:
        """Predicted seconds of one worker for a character of this request."""
        rate = self._voices.get((request.engine, request.voice))
        if rate is None:
            guess = self._measured.get(request.engine, FIRST_GUESS)
            rate = self._engines.get(request.engine, guess)
        return rate / request.speed

    def knows(self, request: JobRequest) -> bool:
        """Whether this engine has spoken yet, or was measured on this host."""
        return request.engine in self._engines or request.engine in self._measured

    def learn(self, request: JobRequest, segment: int, seconds: float) -> None:
        """A segment took `seconds`. The first one of a voice is taken at its word."""
        chars = len(request.segments[segment])
        if not chars or seconds <= 0:
            return
        found = seconds * request.speed / chars
        engine, voice = request.engine, (request.engine, request.voice)
        known = self._voices.get(voice)
        if known is None and len(self._voices) >= _MAX_VOICES:
            del self._voices[next(iter(self._voices))]  # Clients may mix voices without end.
        self._voices[voice] = found if known is None else known + _SHARE * (found - known)
        known = self._engines.get(engine)
        self._engines[engine] = found if known is None else known + _SHARE * (found - known)
