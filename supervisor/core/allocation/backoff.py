"""A wait that doubles when acting proved premature and halves when it proved right."""

from __future__ import annotations

LONGEST = 64
"""A wait grows to at most this many times its base."""


class Backoff:
    """Starts at `base` seconds, which may be set anew; what was learnt is a factor on it."""

    def __init__(self, base: float) -> None:
        self.base = base
        self._factor = 1

    @property
    def wait(self) -> float:
        """Seconds to wait now."""
        return self.base * self._factor

    def lengthen(self) -> None:
        """The last act was premature."""
        self._factor = min(self._factor * 2, LONGEST)

    def shorten(self) -> None:
        """The last act held."""
        self._factor = max(self._factor // 2, 1)
