"""The mean over time of a number that jumps, such as how many segments are in flight.

A look at one instant says little of what happened between two looks: a load that comes
in step with them reads the same each time, and then, a moment out of step, differently.
"""

from __future__ import annotations


class TimeMean:
    """Mean over time of a value: `observe` each change, `take` the mean since the last take."""

    def __init__(self, now: float, value: float = 0.0) -> None:
        self.value = value
        """The value that holds now."""
        self._since = self._taken_at = now
        self._sum = 0.0

    def observe(self, now: float, value: float) -> None:
        """Set the value that holds from `now` on. Time that steps back counts as none."""
        self._sum += self.value * max(0.0, now - self._since)
        self._since, self.value = now, value

    def take(self, now: float) -> float:
        """Return the mean since the last take; the value itself where no time has passed."""
        self.observe(now, self.value)
        elapsed = now - self._taken_at
        mean = self._sum / elapsed if elapsed > 0 else self.value
        self._sum, self._taken_at = 0.0, now
        return mean
