"""Placement: the CPUs of each worker.

`Placer.place` takes the thread counts that `shape` wants and the placement in
force, and moves as little as it can: a slot keeps its number, its thread count and
its CPUs where any slot may. New CPUs are chosen in this order:
whole physical cores before SMT siblings, one cache or NUMA domain before two,
performance cores before efficiency cores, least used by others first; a
worker's CPUs lie in one domain where they fit. A CPU in force is swapped for a
better one only when that is much better and has been for a while, one at a time.

Leasing CPUs, pinning threads and draining workers are the shell's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from supervisor.core.allocation.cpu_cost import CpuCosts, Domain
from supervisor.core.machine import Machine, WorkerShape

SIGNIFICANT = 0.3
"""How much cheaper a free CPU must be to move: as much as 30 % of one CPU's time."""

LASTING_S = 10.0
"""How long it must have been so. Also the time constant of the foreign load's smoothing."""

_LOOKED_AT = 4
"""Worst CPUs in force that are compared with the free ones."""


class Placer:
    """Chooses CPUs. Its state: the foreign load of each CPU, and since when a move would pay."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._foreign: dict[int, float] = {}
        self._seen_at: float | None = None
        self._better_since: float | None = None

    def place(
        self,
        now: float,
        threads: Sequence[int],
        *,
        usable: Collection[int],
        foreign: Mapping[int, float] | None = None,
        excluded: Collection[int] = (),
        in_force: Sequence[WorkerShape] = (),
        busy: Collection[int] = (),
    ) -> tuple[WorkerShape, ...]:
        """One shape per entry of `threads`, sorted by slot, on disjoint CPUs.

        usable: ids of CPUs that we may use at all.
        foreign: share of each CPU's time that processes other than ours use, 0–1.
        excluded: ids of CPUs leased by others.
        in_force: the last placement; its slots are kept where possible.
        busy: slots that run a segment; where slots must go, idle ones go first.

        Where fewer CPUs are left than threads asked for, the largest workers shrink
        until they fit; with none left the result is empty.
        """
        self._smooth(now, foreign or {})
        costs = CpuCosts(self.machine, usable, self._foreign, excluded)
        wanted = _fit(threads, len(costs.free))
        cpus = _still_held(in_force, costs)
        counts = _match(wanted, _most_wanted_first(in_force, cpus, busy, costs), busy)
        _give_back(counts, cpus, costs)
        for slot in sorted(counts, key=lambda slot: (-counts[slot], slot)):
            missing = counts[slot] - len(cpus[slot])
            if missing > 0:
                found = _find(missing, cpus[slot], sum(wanted), costs)
                costs.take(found)
                cpus[slot] |= set(found)
        self._improve(now, cpus, costs)
        return tuple(
            WorkerShape(slot, tuple(sorted(cpus[slot])), counts[slot]) for slot in sorted(counts)
        )

    def _smooth(self, now: float, foreign: Mapping[int, float]) -> None:
        elapsed = math.inf if self._seen_at is None else max(0.0, now - self._seen_at)
        if self._seen_at is not None and now < self._seen_at:
            self._better_since = None
        weight = 1.0 - math.exp(-elapsed / LASTING_S)
        self._seen_at = now
        for id_, load in foreign.items():
            before = self._foreign.get(id_, load)
            self._foreign[id_] = before + (load - before) * weight

    def _improve(self, now: float, cpus: dict[int, set[int]], costs: CpuCosts) -> None:
        """Swap one CPU in force for a free one that has been much better for long enough."""
        swap = _best_swap(cpus, costs)
        if swap is None:
            self._better_since = None
        elif self._better_since is None:
            self._better_since = now
        elif now - self._better_since >= LASTING_S:
            slot, worse, better = swap
            costs.release([worse])
            costs.take([better])
            cpus[slot] = (cpus[slot] - {worse}) | {better}
            self._better_since = None


def _fit(threads: Sequence[int], available: int) -> list[int]:
    """Thread counts, largest first, that fit; the largest give way one by one."""
    fitting = sorted((count for count in threads if count > 0), reverse=True)
    excess = sum(fitting) - available
    while excess > 0:
        last_of_largest = fitting.count(fitting[0]) - 1
        fitting[last_of_largest] -= 1
        excess -= 1
        if fitting[last_of_largest] == 0:
            fitting.pop(last_of_largest)
    return fitting


def _still_held(in_force: Sequence[WorkerShape], costs: CpuCosts) -> dict[int, set[int]]:
    """Slot → those of its CPUs that may still be used, now taken."""
    cpus: dict[int, set[int]] = {}
    for worker in in_force:
        cpus[worker.slot] = {id_ for id_ in worker.cpus if id_ in costs.free}
        costs.take(cpus[worker.slot])
    return cpus


def _most_wanted_first(
    in_force: Sequence[WorkerShape],
    cpus: dict[int, set[int]],
    busy: Collection[int],
    costs: CpuCosts,
) -> list[WorkerShape]:
    """Workers by their worth, best first: busy, intact, on good CPUs, low slots."""
    pool_home = costs.pool_home

    def order(worker: WorkerShape) -> tuple[bool, int, float, int]:
        held = cpus[worker.slot]
        home = costs.home(held)
        cost = sum(costs.cost(id_, home, pool_home, 1) for id_ in held)
        return worker.slot not in busy, len(worker.cpus) - len(held), cost, worker.slot

    return sorted(in_force, key=order)


def _match(
    wanted: list[int], workers: Sequence[WorkerShape], busy: Collection[int]
) -> dict[int, int]:
    """Slot → thread count: a slot that has that count already, else another one, else a new one."""
    left = Counter(wanted)
    counts: dict[int, int] = {}
    others: list[WorkerShape] = []
    for worker in workers:
        if left[worker.threads] > 0:
            left[worker.threads] -= 1
            counts[worker.slot] = worker.threads
        else:
            others.append(worker)
    rest = sorted(left.elements(), reverse=True)
    for worker in sorted(others, key=lambda worker: (worker.slot not in busy, -worker.threads)):
        if rest:
            counts[worker.slot] = min(rest, key=lambda count: abs(count - worker.threads))
            rest.remove(counts[worker.slot])
    known = {worker.slot for worker in workers}
    fresh = (slot for slot in range(len(known) + len(rest)) if slot not in known)
    counts.update(zip(fresh, rest, strict=False))
    return counts


def _give_back(counts: dict[int, int], cpus: dict[int, set[int]], costs: CpuCosts) -> None:
    """Free the CPUs of slots that go, and the worst ones of slots that hold too many."""
    for slot in [slot for slot in cpus if slot not in counts]:
        costs.release(cpus.pop(slot))
    for slot, count in counts.items():
        held = cpus.setdefault(slot, set())
        while len(held) > count:
            home, pool_home = costs.home(held), costs.pool_home
            worst = max(held, key=lambda id_: (costs.cost(id_, home, pool_home, 1), id_))
            held.remove(worst)
            costs.release([worst])


def _find(count: int, own: set[int], planned: int, costs: CpuCosts) -> list[int]:
    """The best `count` free CPUs for a worker that has `own` already: in one domain if they fit."""
    by_domain: dict[Domain, list[int]] = {}
    for id_ in sorted(costs.free, key=lambda id_: (costs.foreign_load(id_), id_)):
        by_domain.setdefault(costs.domain(id_), []).append(id_)
    regions = [ids for ids in by_domain.values() if len(ids) >= count]
    by_node: dict[tuple[int, int], list[int]] = {}
    for (package, node, _), ids in by_domain.items():
        by_node.setdefault((package, node), []).extend(ids)
    if count > 1:
        regions += [ids for ids in by_node.values() if len(ids) >= count]
        regions.append([id_ for ids in by_domain.values() for id_ in ids])
    picks = [_pick(count, ids, costs) for ids in regions]
    return min(picks, key=lambda ids: _rank(ids, own, planned, by_domain, costs))


def _pick(count: int, ids: list[int], costs: CpuCosts) -> list[int]:
    """The best `count` of these CPUs, which are sorted by foreign load."""
    fast_first = sorted(ids, key=costs.is_slow)
    picked: list[int] = []
    cores: set[tuple[int, int]] = set()
    behind: list[int] = []
    for id_ in fast_first:
        if costs.is_heavy(id_) or costs.is_shared(id_) or costs.core(id_) in cores:
            behind.append(id_)
        elif len(picked) < count:
            picked.append(id_)
            cores.add(costs.core(id_))
        else:
            break
    if len(picked) < count:
        behind.sort(key=lambda id_: (costs.is_heavy(id_), costs.is_slow(id_)))
        picked += behind[: count - len(picked)]
    return picked


_Rank = tuple[int, int, int, int, int, int, float, int]


def _rank(
    ids: list[int],
    own: Iterable[int],
    planned: int,
    by_domain: Mapping[Domain, list[int]],
    costs: CpuCosts,
) -> _Rank:
    """Sort key: the order of preference in the module's docstring."""
    cores = Counter(costs.core(id_) for id_ in ids)
    crowded = sum(
        costs.is_shared(id_) or costs.is_heavy(id_) or cores[costs.core(id_)] > 1 for id_ in ids
    )
    domains = {costs.domain(id_) for id_ in ids}
    whole = domains | {costs.domain(id_) for id_ in own}
    new = [domain for domain in domains if costs.is_new(domain)]
    short = max(0, planned - sum(len(by_domain[domain]) for domain in domains)) if new else 0
    return (
        crowded,
        len(whole),
        len({domain[:2] for domain in whole}),
        len(new),
        short,
        sum(costs.is_slow(id_) for id_ in ids),
        sum(costs.foreign_load(id_) for id_ in ids),
        min(ids),
    )


def _best_swap(cpus: dict[int, set[int]], costs: CpuCosts) -> tuple[int, int, int] | None:
    """The (slot, CPU, free CPU) whose swap gains most, if it gains enough."""
    if not costs.free:
        return None
    pool_home = costs.pool_home
    held = []
    for slot, ids in cpus.items():
        for id_ in ids:
            home = costs.home(ids - {id_}) if len(ids) > 1 else None
            cost = costs.cost(id_, home, pool_home, 1)
            if cost >= SIGNIFICANT:
                held.append((cost, slot, id_, home))
    best: tuple[float, int, int, int] | None = None
    for cost, slot, id_, home in sorted(held, key=lambda found: -found[0])[:_LOOKED_AT]:
        for other in sorted(costs.free):
            own = 1 if costs.core(other) == costs.core(id_) else 0
            gain = cost - costs.cost(other, home, pool_home, own)
            if gain >= SIGNIFICANT and (best is None or gain > best[0]):
                best = (gain, slot, id_, other)
    return None if best is None else best[1:]
