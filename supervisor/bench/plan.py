"""Plan of the measurements, and the summary of their figures. No clock, no process.

Arms take turns within a round and are compared with the same round's single worker,
because the machine changes while it is measured; the median of the rounds counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from supervisor.core.allocation.host_profile import Crowd

TEXTS = (
    "The train to the coast leaves at half past nine from the platform beside the old tower.",
    "Nobody had expected the harbour to freeze so early; on Monday all the boats stood still.",
    "Please leave your message after the tone.",
)
"""Of the lengths that segments have; each arm speaks all of them in each round."""

CHARACTERS = sum(map(len, TEXTS))


class Round(msgspec.Struct, frozen=True):
    """Seconds for `TEXTS`: of one worker by threads (1 among them), and of each of a crowd."""

    by_threads: dict[int, float]
    crowd: tuple[float, ...]


def thread_counts(cores: int) -> tuple[int, ...]:
    """Powers of two up to the number of cores, and that number itself."""
    powers = (1 << exponent for exponent in range(cores.bit_length()))
    return tuple(sorted({*powers, cores}))


def seconds_per_character(rounds: Sequence[Round]) -> float:
    """Seconds per character of one worker with one thread that speaks alone."""
    return median(each.by_threads[1] for each in rounds) / CHARACTERS


def speedups(rounds: Sequence[Round]) -> dict[int, float]:
    """Speed-up by threads against one thread in the same round, to three digits."""
    return {
        threads: round(median(each.by_threads[1] / each.by_threads[threads] for each in rounds), 3)
        for threads in sorted(rounds[0].by_threads)
    }


def crowd(rounds: Sequence[Round]) -> Crowd:
    """Rate of all workers at once over one alone in the same round."""
    found = [sum(each.by_threads[1] / seconds for seconds in each.crowd) for each in rounds]
    return Crowd(len(rounds[0].crowd), round(median(found), 3))


def crowd_size(cores: int, available_bytes: int | None, worker_bytes: int) -> int:
    """Workers that fit beside the first one: one for each core, if memory allows."""
    if available_bytes is None or worker_bytes <= 0:
        return cores
    return max(1, min(cores, 1 + available_bytes // worker_bytes))
