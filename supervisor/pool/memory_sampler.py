"""Private memory of the workers, sampled one worker at a time, and what one more would take."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from supervisor.pool.process_stats import private_bytes

SAMPLE_S = 5.0
"""Time between two samples: for each the kernel walks all pages of a worker."""


class Sampled(NamedTuple):
    """A worker to be sampled: the engines that it has spoken with, and its threads."""

    engines: frozenset[str]
    threads: int


class MemorySampler:
    """The last known private memory of every worker, and the most of one that spoke an engine.

    A worker with several threads has sessions of its own, and shares no model with the template;
    so the two kinds are told apart.
    """

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}
        """By process id, the oldest sample first."""
        self._heaviest: dict[tuple[str, bool], int] = {}
        """By engine, and whether the worker had more than one thread."""
        self._sampled_at = -math.inf

    @property
    def largest_bytes(self) -> int:
        """Private memory of the largest worker; 0 before the first sample."""
        return max(self._bytes.values(), default=0)

    def heaviest(self, threads: int) -> Mapping[str, int]:
        """By engine, the most that a worker of about so many threads was seen to hold."""
        wide = threads > 1
        found = {engine: size for (engine, _), size in self._heaviest.items()}
        return found | {engine: size for (engine, w), size in self._heaviest.items() if w == wide}

    def forget(self) -> None:
        """Forget what engines took: they have other settings now."""
        self._heaviest.clear()

    def sample(self, now: float, workers: Mapping[int, Sampled], *, quiet: bool) -> None:
        """Every `SAMPLE_S`, sample the one of `workers` whose last sample is the oldest.

        While nothing happens (`quiet`), only those without a sample, to save CPU time.
        """
        if now - self._sampled_at < SAMPLE_S:
            return
        self._sampled_at = now
        self._bytes = {pid: size for pid, size in self._bytes.items() if pid in workers}
        known = list(self._bytes)
        pid = next((pid for pid in workers if pid not in known), None)
        if pid is None and known and not quiet:
            pid = known[0]
        if pid is not None:
            self._bytes.pop(pid, None)
            self._bytes[pid] = size = private_bytes(pid)
            self._note(workers[pid], size)

    def _note(self, worker: Sampled, size: int) -> None:
        for engine in worker.engines:
            key = engine, worker.threads > 1
            self._heaviest[key] = max(size, self._heaviest.get(key, 0))


def predicted_bytes(in_use: Collection[str], by_engine: Mapping[str, int], otherwise: int) -> int:
    """Bytes that one more worker takes: of the heaviest engine in use; `otherwise` where none of
    them is known.
    """
    return max((by_engine[engine] for engine in in_use if engine in by_engine), default=otherwise)
