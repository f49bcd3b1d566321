"""A wait that doubles when acting proved premature and halves when it proved right."""

from __future__ import annotations

LONGEST = 64
"""A wait grows to at most this many times its base."""


class Backoff:
    """An adaptive wait: `base` seconds, which may be set anew, times a learned factor."""

    def __init__(self, base: float) -> None:
        self.base = base
        self._factor = 1

    @property
    def wait(self) -> float:
        """The wait in force, in seconds."""
        return self.base * self._factor

    def lengthen(self) -> None:
        """Double the wait: the last act was premature."""
        self._factor = min(self._factor * 2, LONGEST)

    def shorten(self) -> None:
        """Halve the wait: the last act has held."""
        self._factor = max(self._factor // 2, 1)
