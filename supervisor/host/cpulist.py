"""Lists of CPU numbers in the kernel's notation, `0-3,8`."""

from __future__ import annotations

from functools import lru_cache

_LARGEST = 1 << 16
"""No kernel has as many CPUs (NR_CPUS is at most 8192): more is garbage, not to be counted up."""


@lru_cache(maxsize=256)
def parse_cpulist(text: bytes) -> tuple[int, ...]:
    """The sorted CPU ids; empty for an empty list. Raises ValueError for anything else."""
    ids: set[int] = set()
    for part in text.strip().split(b","):
        if not part:
            continue
        first, dash, last = part.partition(b"-")
        cpus = range(int(first), int(last if dash else first) + 1)
        if not cpus or cpus[-1] > _LARGEST:
            raise ValueError(f"{part!r} is no range of CPUs")
        ids.update(cpus)
    return tuple(sorted(ids))
