"""Rival rules for the number of cores, to measure ours against on the same traces.

Each takes the samples that our allocator takes and answers in the same form. They
are written from their published descriptions, with their own defaults.
"""

from __future__ import annotations

import math
from collections import deque

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.backoff import Backoff
from supervisor.core.allocation.bounds import Bounds
from supervisor.core.allocation.policy import Command, Decision, Policy, Resize, Sampled
from supervisor.core.allocation.scale_down import ScaleDown


class OriginalRule:
    """The policy as its original describes and does it.

    A plain average over the window, old samples of another count included; one core
    a step; the same cooldown; bounds by cutting the result. `host_cores`: the
    original measures the whole host, so what the pool uses, and `foreign` cores more,
    count against that many cores. None: measured over the pool's cores, as ours is.
    """

    def __init__(self, policy: Policy, usable: int, host_cores: int | None, foreign: float) -> None:
        self.cores = policy.min_cores or 1
        self._policy = policy
        self._upper = policy.max_cores or max(1, usable - 1)
        self._host_cores = host_cores
        self._foreign = foreign
        self._window: deque[float] = deque(maxlen=policy.history_window)
        self._changed_at = -math.inf

    def handle(self, event: Sampled, /) -> list[Command]:
        """Decide on one sample."""
        self._window.append(self._measured(event))
        average = sum(self._window) / len(self._window)
        if event.now - self._changed_at < self._policy.allocation_cooldown:
            return []
        step = 0
        if average > self._policy.cpu_target:
            step = 1
        elif average < self._policy.scale_down_threshold:
            step = -1
        wanted = min(max(self.cores + step, self._policy.min_cores or 1), self._upper)
        if wanted == self.cores:
            return []
        self._changed_at = event.now
        return [self._resize(event, wanted, average)]

    def _measured(self, event: Sampled) -> float:
        used = _used(event)
        if self._host_cores is None:
            return used
        leased = self.cores if event.leased is None else event.leased
        return min(100.0, (used * leased + 100.0 * self._foreign) / self._host_cores)

    def _resize(self, event: Sampled, wanted: int, average: float) -> Resize:
        before, self.cores = self.cores, wanted
        decision = Decision(
            now=event.now,
            before=before,
            after=wanted,
            utilization=event.utilization,
            average=average,
            kind="original",
        )
        return Resize(decision)


class HorizontalRule:
    """The Kubernetes horizontal pod autoscaler on CPU utilization, with its defaults.

    Every 15 s: desired = ceil(cores × utilization ÷ target), nothing within 10 % of
    the target; up by at most the larger of doubling and four; down to the highest
    count desired in the last 300 s.
    """

    SYNC_S = 15.0
    TOLERANCE = 0.1
    STABILIZATION_S = 300.0

    def __init__(self, policy: Policy, usable: int) -> None:
        self.cores = policy.min_cores or 1
        self._target = policy.cpu_target
        self._lower = policy.min_cores or 1
        self._upper = policy.max_cores or max(1, usable - 1)
        self._since_sync: list[float] = []
        self._synced_at = 0.0
        self._desired: deque[tuple[float, int]] = deque()

    def handle(self, event: Sampled, /) -> list[Command]:
        """Decide on one sample; most are only averaged until the next sync."""
        self._since_sync.append(_used(event))
        if event.now - self._synced_at < self.SYNC_S:
            return []
        self._synced_at = event.now
        average = sum(self._since_sync) / len(self._since_sync)
        self._since_sync.clear()
        ratio = average / self._target
        desired = self.cores
        if abs(ratio - 1.0) > self.TOLERANCE:
            desired = math.ceil(self.cores * ratio)
        desired = min(max(desired, self._lower), self._upper)
        self._desired.append((event.now, desired))
        while self._desired[0][0] <= event.now - self.STABILIZATION_S:
            self._desired.popleft()
        if desired < self.cores:
            wanted = min(self.cores, max(count for _, count in self._desired))
        else:
            wanted = min(desired, max(2 * self.cores, self.cores + 4))
        if wanted == self.cores:
            return []
        before, self.cores = self.cores, wanted
        decision = Decision(
            now=event.now,
            before=before,
            after=wanted,
            utilization=event.utilization,
            average=average,
            kind="horizontal",
        )
        return [Resize(decision)]


class AverageRule(DynamicCPUAllocator):
    """Our rule without the queue: one core a step, by the average alone, as the default once was.

    What a regretted removal teaches holds for every count, not only for the one that was left.
    """

    def __init__(self, policy: Policy, usable: int) -> None:
        super().__init__(policy, usable)
        self._scale_down = _OneWait(self._scale_down.wait(0))

    def _backlogged(self, sample: Sampled, bounds: Bounds) -> None:
        """Never add cores for the queue."""


class _OneWait(ScaleDown):
    """A wait for all counts; it doubles when the last removal is regretted."""

    def __init__(self, base_wait: float) -> None:
        super().__init__(base_wait)
        self._last: float | None = None
        self._learned = Backoff(base_wait)

    def wait(self, fewer: int) -> float:  # noqa: ARG002 (one for all)
        return self._learned.wait

    def observe(self, now: float, need: float) -> None:
        if self._last is not None and now - self._last > self._soon(0):
            self._learned.shorten()
            self._last = None
        self._falling.append((now, need))
        while self._falling[0][0] < now - self._learned.wait:
            self._falling.popleft()

    def removed(self, now: float, fewer: int) -> None:  # noqa: ARG002
        self._last = now

    def regretted(self, more: int) -> None:  # noqa: ARG002
        if self._last is not None:
            self._learned.lengthen()
            self._last = None

    def fewest(self, least: int, present: int) -> int:
        need = math.ceil(max((need for _, need in self._falling), default=0.0))
        return max(least, need) if need < present else present


def _used(event: Sampled) -> float:
    """The CPU time that the pool used, in percent; rivals do not see what it had to wait for."""
    return max(0.0, (event.utilization or 0.0) - event.starved)
