"""Shape: the split of the leased cores into workers, and so the threads of each session.

A worker holds as many cores as its session has threads. With `threads_per_worker`
auto the number of workers follows demand: one segment in flight, one worker with
all cores (lowest latency); as many segments as cores, one single-threaded worker
per core (highest throughput); between, an even split over ceil(demand) workers.

The CPUs of a worker are `placement`'s subject; building sessions is the worker's.
Rebuilding costs, so a new split has to pay for itself (the ski-rental problem): the
time of cores in poor use is summed up, and the split changes when it has cost as much as
the rebuild would. That is at most twice the cost of the best choice in hindsight.

Where the speed-up by threads was measured (`speedup`), no worker gets more threads than
are worth having, and a wider one has to pay for itself by its measured gain.
"""

from __future__ import annotations

import math

from supervisor.core.allocation.policy import Policy, ThreadsPerWorker
from supervisor.core.allocation.scale_down import ScaleDown
from supervisor.core.allocation.speedup import Speedup

_SMOOTHING_S = 10.0
"""Time constant of the smoothed demand."""

_MARGIN = 0.25
"""Hysteresis, in segments, around the demand that the split in force is made for."""

_NEARLY = 0.05
"""Segments by which the smoothed demand may be above a whole number and still be that number.

One segment at a time never quite sinks to one, and a load that keeps a whole number of workers
busy is now a hair above it and now below.
"""

FEWER_WORKERS_S = 30.0
"""Least time for which fewer workers must have been enough. More workers are urgent, segments
wait for them; wider ones only make a single segment faster."""


def even_split(cores: int, workers: int) -> tuple[int, ...]:
    """`cores` over `workers` as evenly as whole cores go, the larger ones first."""
    each, more = divmod(cores, workers)
    return (each + 1,) * more + (each,) * (workers - more)


def fixed_split(cores: int, threads: int) -> tuple[int, ...]:
    """Workers of `threads` cores; what remains is one smaller worker, not idle cores."""
    full, rest = divmod(cores, threads)
    return (threads,) * full + ((rest,) if rest else ())


def frozen_split(cores: int, in_force: tuple[int, ...]) -> tuple[int, ...]:
    """Keep thread counts: remove whole workers (the smallest first) or add single-threaded ones.

    A worker that alone is larger than `cores` makes room for single-threaded ones,
    the form that every worker is forked in.
    """
    kept = sorted((threads for threads in in_force if threads <= cores), reverse=True)
    while sum(kept) > cores:
        kept.pop()
    return tuple(kept) + (1,) * (cores - sum(kept))


class WorkerShaper:
    """Decides the thread counts of all workers; starts with a pool that has none."""

    def __init__(self, policy: Policy, threads_per_worker: ThreadsPerWorker) -> None:
        self.demand = 0.0
        """Segments running and waiting, smoothed."""
        self.reason = "start"
        self.speedup: Speedup | None = None
        """What more threads gain on this host, if that was measured; may be set at any time."""
        self.frozen = False
        """Whether thread counts stay as they are, for want of memory; may be set at any time."""
        self._in_force: tuple[int, ...] = ()
        self._loss_s = 0.0
        self._sampled_at: float | None = None
        self._changed_at = -math.inf
        self._fewer = ScaleDown(FEWER_WORKERS_S)
        self.configure(policy, threads_per_worker)

    def configure(self, policy: Policy, threads_per_worker: ThreadsPerWorker) -> None:
        """Take new settings; they hold from the next decision."""
        self._policy = policy
        self._threads = threads_per_worker
        self._fewer.rebase(max(FEWER_WORKERS_S, policy.allocation_cooldown))

    def decide(
        self, now: float, cores: int, demand: float, session_build_s: float
    ) -> tuple[int, ...]:
        """Thread counts, largest first, whose sum is `cores`.

        `demand`: segments running and waiting, those running on average since the last decision,
        for a look at one instant may be in step with the load. `session_build_s`: seconds that
        building a session takes, as measured.
        """
        elapsed = self._advance(now, demand)
        if not self._policy.onnx_integration and (self._in_force or self._threads == "auto"):
            split, self.reason = frozen_split(cores, self._in_force), "onnx_integration_off"
        elif self.frozen and self._in_force and self._threads == "auto":
            split, self.reason = frozen_split(cores, self._in_force), "memory_short"
        elif self._threads != "auto":
            split, self.reason = fixed_split(cores, self._threads), "fixed"
        else:
            split = even_split(cores, self._workers(now, cores, demand, elapsed, session_build_s))
        if split != self._in_force:
            self._in_force, self._changed_at, self._loss_s = split, now, 0.0
        return split

    def _advance(self, now: float, demand: float) -> float:
        """Smooth the demand; seconds since the last decision (0 for a clock that stepped back)."""
        before, self._sampled_at = self._sampled_at, now
        if before is None:
            self.demand = demand
            return 0.0
        if now < before:
            self._changed_at = min(self._changed_at, now)
            self._fewer.restart()
        elapsed = max(0.0, now - before)
        self.demand += (demand - self.demand) * (1.0 - math.exp(-elapsed / _SMOOTHING_S))
        self._fewer.observe(now, self.demand - _NEARLY)
        return elapsed

    def _workers(
        self, now: float, cores: int, demand: float, elapsed: float, session_build_s: float
    ) -> int:
        """Number of workers to split the cores over."""
        present = len(self._in_force)
        least = self._least(cores)
        wanted = min(max(least, math.ceil(self.demand - _NEARLY)), cores)
        if not present:
            self.reason = "start"
            return wanted
        grown = cores - sum(self._in_force)
        if grown:
            # Workers come or go now anyway: follow the demand, by one worker per core at most.
            # Cores that come are there for what waits now, before the smoothed demand knows of it.
            self.reason = "cores_changed"
            low, high = sorted((present, present + grown))
            if grown > 0 and demand > present + _NEARLY:
                wanted = high
            return min(max(1, low, min(wanted, high)), cores)
        if self.demand < present:
            wanted = self._fewer.fewest(min(least, present), present)
            wanted = max(least, wanted)
        elif self.demand <= present + _MARGIN:
            wanted = max(least, present)
        paid = self._has_paid_off(now, present, wanted, elapsed, session_build_s)
        self.reason = f"demand_{self.demand:.1f}"
        if wanted == present or not paid:
            return present
        if wanted > present:
            self._fewer.regretted(wanted)
        else:
            self._fewer.removed(now, wanted)
        return wanted

    def _least(self, cores: int) -> int:
        """Workers on which the cores are not wasted, however low the demand."""
        return 1 if self.speedup is None else math.ceil(cores / self.speedup.useful(cores))

    def _poor_use(self, present: int, wanted: int) -> float:
        """Share of each core's time that another number of workers would make good use of."""
        if self.speedup is None or wanted > present:
            return 1.0 - min(present, wanted) / max(present, wanted)
        cores = sum(self._in_force)
        now, then = (math.ceil(cores / workers) for workers in (present, wanted))
        return 1.0 - self.speedup.of(now) / self.speedup.of(then)

    def _has_paid_off(
        self, now: float, present: int, wanted: int, elapsed: float, session_build_s: float
    ) -> bool:
        """Whether the cores in poor use have cost as much as the rebuild, and the cooldown is over.

        Both are counted per core: the share 1 − fewer ÷ more of them is in poor use
        (or what was measured), and a change keeps each of them busy for `session_build_s`.
        """
        if wanted == present:
            self._loss_s = 0.0
            return False
        self._loss_s += self._poor_use(present, wanted) * elapsed
        cooled = now - self._changed_at >= self._policy.allocation_cooldown
        return cooled and self._loss_s >= session_build_s
