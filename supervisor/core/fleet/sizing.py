"""Sizing: how many hosts the fleet should have, from what waits and what its hosts do.

Work is measured in predicted seconds of one core, speed in such seconds a second. The hosts wanted
are those that do what is done now at a healthy use of their cores, and beside it get through what
waits in each class in the time that the class may wait.

What waits has hosts added at once, as they come late enough. What is done is averaged over minutes:
cores that are all at work for a moment leave nobody waiting. Hosts go when fewer would have been
enough for a while, and be enough at a lower use than the one at which hosts are added: between the
two a load that only wavers changes nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from supervisor.core.fleet.events import CLASSES, JobClass


class SizingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When hosts are wanted. Times in seconds, uses as parts of all cores.

    drain_s: in which time a class's backlog is to be done, in the order of `CLASSES`.
    use: of the cores, above which hosts are added. low_use: at which fewer must be enough.
    settle_s: for so long before some go. smooth_s: over which use is averaged. step: part of the
    hosts that has to be too many, for some to go.
    """

    drain_s: tuple[float, float, float] = (30.0, 120.0, 1800.0)
    use: float = 0.85
    low_use: float = 0.65
    settle_s: float = 600.0
    smooth_s: float = 600.0
    step: float = 0.1
    least: int = 0
    most: int = 100_000


class HostFigures(msgspec.Struct, frozen=True):
    """A live host, as its heartbeat tells: the predicted seconds of work that it does in a second,
    with all of its cores (`speed`) and now (`busy`).
    """

    speed: float
    busy: float


Because = Literal["idle", "use", "backlog", "settling", "bounds", "unknown"]
"""idle: nothing is to be done. use: hosts are as busy as they should be. backlog: much waits.
settling: fewer would be enough, but not for long yet. bounds: by the least or the most allowed.
unknown: work waits, and no host has told its speed; one is wanted."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts wanted and why; `backlog_s` by class and `speed` of all live hosts.

    wait_s: seconds until the backlog would be done at that speed; None: never.
    """

    hosts: int
    desired: int
    because: Because
    backlog_s: dict[JobClass, float]
    speed: float
    busy: float
    wait_s: float | None


class Sizing:
    """The hosts wanted, from one look to the next."""

    def __init__(self, policy: SizingPolicy | None = None) -> None:
        self.policy = policy or SizingPolicy()
        self.desired: int | None = None
        self._busy = 0.0
        self._speed_of_one = 0.0
        self._looked_at: float | None = None
        self._since = 0.0
        self._enough: deque[tuple[float, int]] = deque()
        """Times and hosts that were enough then; falling in hosts from the first on."""

    def look(
        self, now: float, backlog_s: Mapping[str, float], hosts: Sequence[HostFigures]
    ) -> Size:
        """Take a look at the fleet; return what it should be."""
        speed = sum(host.speed for host in hosts)
        if speed > 0:
            self._speed_of_one = speed / len(hosts)
        self._average(now, sum(min(host.busy, host.speed) for host in hosts))
        waits = {name: max(0.0, backlog_s.get(name, 0.0)) for name in CLASSES}
        desired, because = self._decide(now, waits, len(hosts))
        total = sum(waits.values())
        return Size(
            hosts=len(hosts),
            desired=desired,
            because=because,
            backlog_s=waits,
            speed=speed,
            busy=self._busy,
            wait_s=total / speed if speed > 0 else (None if total else 0.0),
        )

    def _average(self, now: float, busy: float) -> None:
        if self._looked_at is None:
            self._busy, self._since = busy, now
        else:
            passed = max(0.0, now - self._looked_at)
            # At first the mean of all that was seen: the first look is no better than the others.
            known = max(passed, min(self.policy.smooth_s, now - self._since), 1e-9)
            self._busy += (busy - self._busy) * -math.expm1(-passed / known)
        self._looked_at = now

    def _decide(
        self, now: float, waits: Mapping[JobClass, float], hosts: int
    ) -> tuple[int, Because]:
        policy = self.policy
        backlog = sum(waits[name] / s for name, s in zip(CLASSES, policy.drain_s, strict=True))
        needed = self._hosts(backlog + self._busy / policy.use)
        enough = self._hosts(backlog + self._busy / policy.low_use)
        before = hosts if self.desired is None else self.desired
        while self._enough and self._enough[-1][1] <= enough:
            self._enough.pop()
        self._enough.append((now, enough))
        while self._enough[0][0] < now - policy.settle_s:
            self._enough.popleft()
        settled = self._enough[0][1] if now >= self._since + policy.settle_s else before
        fewer = settled <= before - max(1, round(policy.step * before))
        desired = max(needed, settled if fewer else before)
        because: Because = "use" if self._busy > 0 else "idle"
        if desired > self._hosts(self._busy / policy.use):
            because = "backlog" if desired == needed and backlog else "settling"
        if self._speed_of_one <= 0 and any(waits.values()):
            desired, because = max(1, before), "unknown"
        bounded = min(max(desired, policy.least), policy.most)
        self.desired = bounded
        return bounded, because if bounded == desired else "bounds"

    def _hosts(self, speed: float) -> int:
        """Hosts that have this speed."""
        return math.ceil(speed / self._speed_of_one - 1e-9) if self._speed_of_one > 0 else 0
