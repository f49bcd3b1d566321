"""Memory states: how little is left, and what the pool gives back for it.

    free      there is room for one more worker beside the reserve
    tight     there is not: no worker is added
    short     less than half of the reserve is left, or tasks wait for memory: workers trim their
              heaps, and idle ones go, one at a time
    critical  less than an eighth is left, or the kernel's limit was met: all but one go after
              their segments

A state gets worse at once, and better only after `BETTER_S`, to the worst one seen meanwhile: so
memory that workers gave back is not built upon before it has stayed free. How many more workers
fit is `bounds.MemoryCap`'s subject, measuring the shell's.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import msgspec

MemoryState = Literal["free", "tight", "short", "critical"]
STATES: tuple[MemoryState, ...] = get_args(MemoryState)
"""From best to worst."""

Cause = Literal["available", "pressure", "limit_met"]
"""What made a state: bytes available, tasks that waited, or the kernel's counters."""

BETTER_S = 30.0
"""How long memory must have been better before the state is."""

PRESSED_S = 5.0
"""How long the pressure must be over its bound."""

GIVE_BACK_S = 5.0
"""Time between two workers that go, and between the trim and the first: what it frees shows."""

TRIM_AGAIN_S = 30.0

_LEAST, _MOST = 256_000_000, 1_024_000_000
_SHARE = 0.05
_MOST_SHARE = 0.125


class MemoryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`performance.memory` as far as it decides. reserve: bytes that stay free, "auto" for a part
    of the memory, None for no watch; pressure_percent: bound on the pressure, or None.
    """

    reserve: int | Literal["auto"] | None = "auto"
    pressure_percent: float | None = 10.0
    give_back: bool = True


class MemorySeen(msgspec.Struct, frozen=True, kw_only=True):
    """Memory at a sample, in bytes.

    total: of the machine, or the smallest limit of the cgroups.
    available: what is left of it.
    worker_bytes: what one more worker takes; 0: unknown.
    pressure: percent of the last 10 s in which all tasks waited for memory; None: not reported.
    high, oom: the kernel's counts of limits met, the soft and the hard one.
    widths: cores of each worker.
    idle: workers without a segment.
    """

    total: int
    available: int
    worker_bytes: int = 0
    pressure: float | None = None
    high: int = 0
    oom: int = 0
    widths: tuple[int, ...] = ()
    idle: int = 0


class Level(NamedTuple):
    """A state and what made it."""

    state: MemoryState
    cause: Cause = "available"


def reserve_bytes(policy: MemoryPolicy, total: int) -> int:
    """Bytes to be left free of `total`; 0 where memory is not watched.

    "auto" is a twentieth, from 256 to 1024 MB, and never more than an eighth.
    """
    if policy.reserve is None:
        return 0
    if policy.reserve != "auto":
        return policy.reserve
    return int(min(max(_SHARE * total, _LEAST), _MOST, _MOST_SHARE * total))


class MemoryWatch:
    """The state in force. `cap`: bound on the cores while workers are given back, else None."""

    def __init__(self) -> None:
        self.level = Level("free")
        self.seen: MemorySeen | None = None
        self.cap: int | None = None
        self.trims = False
        """Whether the workers are to trim their heaps now."""
        self._anew = False
        self._better_since: float | None = None
        self._worst_since = Level("free")
        self._pressed_since: float | None = None
        self._gave_at = 0.0
        self._trimmed_at: float | None = None

    @property
    def state(self) -> MemoryState:
        """The state in force."""
        return self.level.state

    @property
    def reason(self) -> tuple[Literal["memory_critical", "memory_pressure", "memory_short"], float]:
        """The kind of a decision that gives back, and its figure: MB available, or percent."""
        seen = self.seen
        if self.level.cause == "pressure" and seen is not None and seen.pressure is not None:
            return "memory_pressure", seen.pressure
        left = 0.0 if seen is None else seen.available / 1e6
        return ("memory_critical" if self.state == "critical" else "memory_short"), left

    def update(self, now: float, policy: MemoryPolicy, seen: MemorySeen, cores: int) -> None:
        """Take one sample; `cores` are in force."""
        before = self.state
        self._settle(now, self._observed(now, policy, seen))
        self.seen = seen
        self._give_back(now, policy, seen, cores, entered=self.state != before)

    def begin_anew(self) -> None:
        """Take the next sample's state as it is: another policy judges it."""
        self._anew = True

    def restart(self) -> None:
        """Forget all times: the clock stepped back."""
        self._better_since = self._pressed_since = self._trimmed_at = None
        self._gave_at = 0.0

    def _observed(self, now: float, policy: MemoryPolicy, seen: MemorySeen) -> Level:
        pressed = self._is_pressed(now, policy, seen)
        if policy.reserve is None:
            return Level("free")
        reserve, left = reserve_bytes(policy, seen.total), seen.available
        last = self.seen
        if last is not None:
            # The soft limit is met by mere page cache, too, which costs nobody anything.
            soft = seen.high > last.high and left < reserve
            if seen.oom > last.oom or soft:
                return Level("critical", "limit_met")
        if left < reserve / 8:
            return Level("critical")
        if left < reserve / 2:
            return Level("short")
        if pressed:
            return Level("short", "pressure")
        return Level("tight") if left < reserve + seen.worker_bytes else Level("free")

    def _is_pressed(self, now: float, policy: MemoryPolicy, seen: MemorySeen) -> bool:
        bound = policy.pressure_percent
        if bound is None or seen.pressure is None or seen.pressure <= bound:
            self._pressed_since = None
            return False
        if self._pressed_since is None:
            self._pressed_since = now
        return now - self._pressed_since >= PRESSED_S

    def _settle(self, now: float, found: Level) -> None:
        if self._anew or _rank(found) >= _rank(self.level):
            self.level, self._better_since, self._anew = found, None, False
        elif self._better_since is None:
            self._better_since, self._worst_since = now, found
        else:
            self._worst_since = max(self._worst_since, found, key=_rank)
            if now - self._better_since >= BETTER_S:
                self.level, self._better_since = self._worst_since, None

    def _give_back(
        self, now: float, policy: MemoryPolicy, seen: MemorySeen, cores: int, *, entered: bool
    ) -> None:
        self.trims = False
        if not policy.give_back or _rank(self.level) < _rank(Level("short")):
            self.cap = self._trimmed_at = None
            return
        if self.cap is None:
            self.cap, self._gave_at = cores, now
        if self._trimmed_at is None or entered or now - self._trimmed_at >= TRIM_AGAIN_S:
            self.trims, self._trimmed_at = True, now
        if len(seen.widths) < 2:
            return
        if self.state == "critical":
            self._lower(now, max(seen.widths))
        elif seen.idle and now - self._gave_at >= GIVE_BACK_S:
            self._lower(now, sum(seen.widths) - min(seen.widths))

    def _lower(self, now: float, cores: int) -> None:
        if self.cap is not None and cores < self.cap:
            self.cap, self._gave_at = cores, now


def _rank(level: Level) -> int:
    return STATES.index(level.state)
