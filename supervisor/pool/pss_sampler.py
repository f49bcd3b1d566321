"""How much memory one worker has to itself, looked at one worker at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from supervisor.pool.process_stats import private_bytes

WEIGH_S = 5.0
"""Time between two looks at the memory of a worker, for which the kernel walks its pages."""


class Scales:
    """The last known private memory of every worker."""

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}
        """By process id, the one that was weighed longest ago first."""
        self._weighed_at = -math.inf

    @property
    def heaviest_bytes(self) -> int:
        """What the largest has to itself; 0 while none was weighed."""
        return max(self._bytes.values(), default=0)

    def weigh(self, now: float, pids: Sequence[int], *, quiet: bool) -> None:
        """Every `WEIGH_S` the one of `pids` that was weighed longest ago.

        While nothing happens (`quiet`), only those that never were: the kernel walks through
        all of a worker's memory for the answer.
        """
        if now - self._weighed_at < WEIGH_S:
            return
        self._weighed_at = now
        self._bytes = {pid: size for pid, size in self._bytes.items() if pid in pids}
        known = list(self._bytes)
        pid = next((pid for pid in pids if pid not in known), None)
        if pid is None and known and not quiet:
            pid = known[0]
        if pid is not None:
            self._bytes.pop(pid, None)
            self._bytes[pid] = private_bytes(pid)
