"""Cost of a CPU for a worker, given the CPUs that are taken already.

The better CPU is, in order of weight: mostly free of other processes and on a physical core
of its own; beside the worker's other CPUs; in the cache domain of the pool; a performance
core; the one least used by others. `placement` chooses by these costs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from supervisor.core.machine import Cpu, Machine

Domain = tuple[int, int, int]
"""Package, NUMA node and last-level cache: CPUs with the same three share all of them."""

HEAVY = 0.5
"""A CPU that others use for this share of its time is no better than an SMT sibling."""

_SHARED, _APART, _ELSEWHERE, _EFFICIENCY = 16.0, 8.0, 4.0, 2.0
"""Each outweighs all that follow together; foreign load, up to 1.5, comes last."""


class CpuCosts:
    """The machine's CPUs, which of them are free, and which the pool has taken.

    `foreign` is the share of each CPU's time, 0–1, that others use; `excluded` are
    CPUs leased by others, whose SMT siblings count as shared.
    """

    def __init__(
        self,
        machine: Machine,
        usable: Collection[int],
        foreign: Mapping[int, float],
        excluded: Collection[int],
    ) -> None:
        self.cpus = {cpu.id: cpu for cpu in machine.cpus}
        self._siblings: dict[tuple[int, int], list[int]] = defaultdict(list)
        for cpu in machine.cpus:
            self._siblings[cpu.package, cpu.core].append(cpu.id)
        self._foreign = foreign
        self._felt: dict[int, float] = {}
        self._on_core: Counter[tuple[int, int]] = Counter()
        self._in_domain: Counter[Domain] = Counter()
        allowed = set(usable) & set(self.cpus)
        self._on_core.update(_core(self.cpus[id_]) for id_ in excluded if id_ in self.cpus)
        self.free: set[int] = allowed - set(excluded)

    def take(self, ids: Iterable[int]) -> None:
        """Take free CPUs for the pool."""
        for id_ in ids:
            self.free.remove(id_)
            self._on_core[_core(self.cpus[id_])] += 1
            self._in_domain[self.domain(id_)] += 1

    def release(self, ids: Iterable[int]) -> None:
        """Give CPUs of the pool back as free ones."""
        for id_ in ids:
            self.free.add(id_)
            self._on_core[_core(self.cpus[id_])] -= 1
            self._in_domain[self.domain(id_)] -= 1

    def domain(self, id_: int) -> Domain:
        """The package, node and cache of a CPU."""
        cpu = self.cpus[id_]
        return cpu.package, cpu.node, cpu.cache

    def home(self, ids: Iterable[int]) -> Domain | None:
        """The domain of most of these CPUs; of those with as many, the lowest."""
        counts = Counter(self.domain(id_) for id_ in ids)
        return min(counts, key=lambda domain: (-counts[domain], domain), default=None)

    @property
    def pool_home(self) -> Domain | None:
        """The domain of most of the pool's CPUs."""
        counts = self._in_domain
        found = min(counts, key=lambda domain: (-counts[domain], domain), default=None)
        return found if found is not None and counts[found] > 0 else None

    def is_new(self, domain: Domain) -> bool:
        """Whether the pool has no CPU in this domain yet."""
        return self._in_domain[domain] == 0

    def foreign_load(self, id_: int) -> float:
        """Foreign load on a CPU: its own, and half of that of its SMT siblings."""
        if id_ not in self._felt:
            siblings = self._siblings[_core(self.cpus[id_])]
            beside = max((self._foreign.get(s, 0.0) for s in siblings if s != id_), default=0.0)
            self._felt[id_] = self._foreign.get(id_, 0.0) + 0.5 * beside
        return self._felt[id_]

    def is_shared(self, id_: int, *, own: int = 0) -> bool:
        """Whether another worker, or another pool, is on the same physical core.

        `own` is how many of those counted there are to be overlooked.
        """
        return self._on_core[_core(self.cpus[id_])] > own

    def is_heavy(self, id_: int) -> bool:
        """Whether other processes use most of the CPU's time."""
        return self._foreign.get(id_, 0.0) >= HEAVY

    def is_slow(self, id_: int) -> bool:
        """Whether the CPU is an efficiency core."""
        return self.cpus[id_].kind == "efficiency"

    def core(self, id_: int) -> tuple[int, int]:
        """The physical core that a CPU is on."""
        return _core(self.cpus[id_])

    def cost(self, id_: int, home: Domain | None, pool_home: Domain | None, own: int) -> float:
        """Cost of a CPU for a worker whose other CPUs are at `home`; 0 is best.

        `own`: how many of the CPUs counted on its physical core to overlook.
        """
        at = self.domain(id_)
        return (
            _SHARED * (self.is_shared(id_, own=own) + self.is_heavy(id_))
            + _APART * (home is not None and at != home)
            + _ELSEWHERE * (pool_home is not None and at != pool_home)
            + _EFFICIENCY * self.is_slow(id_)
            + min(self.foreign_load(id_), 1.5)
        )


def _core(cpu: Cpu) -> tuple[int, int]:
    return cpu.package, cpu.core
