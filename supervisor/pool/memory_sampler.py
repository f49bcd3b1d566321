"""Private memory of the workers, sampled one worker at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from supervisor.pool.process_stats import private_bytes

SAMPLE_S = 5.0
"""Time between two samples: for each the kernel walks all pages of a worker."""


class MemorySampler:
    """The last known private memory of every worker."""

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}
        """By process id, the oldest sample first."""
        self._sampled_at = -math.inf

    @property
    def largest_bytes(self) -> int:
        """Private memory of the largest worker; 0 before the first sample."""
        return max(self._bytes.values(), default=0)

    def sample(self, now: float, pids: Sequence[int], *, quiet: bool) -> None:
        """Every `SAMPLE_S`, sample the one of `pids` whose last sample is the oldest.

        While nothing happens (`quiet`), only those without a sample, to save CPU time.
        """
        if now - self._sampled_at < SAMPLE_S:
            return
        self._sampled_at = now
        self._bytes = {pid: size for pid, size in self._bytes.items() if pid in pids}
        known = list(self._bytes)
        pid = next((pid for pid in pids if pid not in known), None)
        if pid is None and known and not quiet:
            pid = known[0]
        if pid is not None:
            self._bytes.pop(pid, None)
            self._bytes[pid] = private_bytes(pid)
