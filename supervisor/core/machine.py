"""The machine as the core sees it: logical CPUs and the domains that they share.

Plain records, filled by `supervisor.host` from /proc and /sys and read by `placement`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

CoreKind = Literal["performance", "efficiency", "unknown"]


class Cpu(msgspec.Struct, frozen=True, order=True):
    """One logical CPU, and the domains it shares with others.

    `core` is the physical core (SMT siblings have the same package and core),
    `cache` the last-level-cache domain, `node` the NUMA node. Domains that the
    platform does not report are 0, as if the machine had only one of each.
    """

    id: int
    core: int
    package: int = 0
    cache: int = 0
    node: int = 0
    kind: CoreKind = "unknown"


class Machine(msgspec.Struct, frozen=True):
    """Every logical CPU that exists, whether or not this process may use it."""

    cpus: tuple[Cpu, ...]


class WorkerShape(msgspec.Struct, frozen=True, order=True):
    """The wanted shape of a worker slot: its CPU ids (sorted) and its intra-op thread count.

    `1 <= threads <= len(cpus)`. A slot is a stable number: a worker that is
    replaced keeps its slot, so a target list can be compared with the last one.
    """

    slot: int
    cpus: tuple[int, ...]
    threads: int
