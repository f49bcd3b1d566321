"""Speed-up of a session by its number of threads, from measurements on the host.

A table of a few thread counts becomes a function of any: never falling, straight lines
between what was measured, Amdahl's law through the last point beyond it. `shape` asks
it for how many threads a worker is worth having.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

_WORTH = 1.1
"""Threads beyond those that come within this factor of the best make a segment hardly faster;
as a worker of their own they speak another one meanwhile."""


class Speedup:
    """`table`: threads to speed-up against one thread; both positive, one thread counts as 1."""

    def __init__(self, table: Mapping[int, float]) -> None:
        best = 1.0
        self._points = [(1, 1.0)]
        for threads in sorted(each for each in table if each > 1):
            best = max(best, table[threads])  # A loss by more threads is noise, or not used.
            self._points.append((threads, best))

    @classmethod
    def of_share(cls, parallel: float) -> Speedup:
        """By Amdahl's law, from the share of the work that threads divide (0–1, held within)."""
        return cls({2: 1.0 / (1.0 - min(1.0, max(0.0, parallel)) / 2.0)})

    @property
    def table(self) -> dict[int, float]:
        """The measured points: threads to speed-up."""
        return dict(self._points)

    @property
    def measured(self) -> tuple[int, ...]:
        """Thread counts that the table knows, 1 among them."""
        return tuple(threads for threads, _ in self._points)

    @property
    def parallel(self) -> float:
        """Share of the work that threads divide, 0–1, by Amdahl's law through the last point."""
        threads, speedup = self._points[-1]
        if threads == 1:
            return 0.0
        return min(1.0, (1.0 - 1.0 / speedup) / (1.0 - 1.0 / threads))

    def of(self, threads: int) -> float:
        """Times faster than one thread."""
        last, best = self._points[-1]
        if last in {1, threads}:
            return best
        if threads > last:
            return max(best, 1.0 / (1.0 - self.parallel + self.parallel / threads))
        after = bisect_right(self._points, threads, key=lambda point: point[0])
        (low, slow), (high, fast) = self._points[after - 1], self._points[after]
        return slow + (fast - slow) * (threads - low) / (high - low)

    def useful(self, cores: int) -> int:
        """The fewest threads that are nearly as fast as `cores` threads would be."""
        enough = self.of(cores) / _WORTH
        low, high = 1, cores
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.of(middle) >= enough else (middle + 1, high)
        return low


def best_of(some: Iterable[Speedup]) -> Speedup | None:
    """The table for engines that share workers: for each count the largest speed-up of any.

    None without any: nothing is known.
    """
    tables = list(some)
    counts = {threads for table in tables for threads in table.measured}
    if not tables:
        return None
    return Speedup({count: max(table.of(count) for table in tables) for count in counts})
