"""Course of the last day for the page: how soon sound came, how much was spoken, how full it was.

Taken from the status that the recorder asks for anyway. A status holds sums since the supervisor's
start, so what is kept is the difference between two of them.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from supervisor.gateway.page.recorder import Sample
from supervisor.gateway.page.series import POINTS
from supervisor.telling.distributions import difference, quantile
from supervisor.wire.status import Distribution, Status

T = TypeVar("T")

SPACING_S = 10.0
"""Between two ticks: the recorder's questions."""

KEPT_S = 86_400.0
"""With SPACING_S that is 8640 ticks at most."""

MOST_PROFILES = 200
"""Times of profiles that are kept."""


class Tick(NamedTuple):
    """What happened in the `length_s` seconds before `at_s` (this process' monotonic seconds).

    utilization: percent; waiting: segments, at its end. first_s, slow_s: mean and 95th percentile
    of the seconds to the first audio, None where no job began to sound. pace: seconds of speech
    that are made in a second of work, None where none was. segments: spoken in that time.
    foreseen: cores that the load was to need then; None where nothing was foretold.
    """

    at_s: float
    length_s: float
    utilization: float | None
    cores: int
    waiting: int
    segments: int
    first_s: float | None
    slow_s: float | None
    pace: float | None
    foreseen: int | None = None


class Load(NamedTuple):
    """How full it was at `at_s`, of a tick or a sample."""

    at_s: float
    utilization: float | None
    cores: int
    waiting: int


class InForce(NamedTuple):
    """A time in which a time profile was in force, in this process' monotonic seconds."""

    name: str
    from_s: float
    to_s: float


class History:
    """Keeps the ticks of the last KEPT_S seconds, and when profiles were in force in them."""

    def __init__(self) -> None:
        self._ticks: deque[Tick] = deque()
        self._profiles: deque[InForce] = deque(maxlen=MOST_PROFILES)
        self._last: tuple[float, Status] | None = None

    @property
    def ticks(self) -> list[Tick]:
        """Oldest first."""
        return list(self._ticks)

    @property
    def profiles(self) -> list[InForce]:
        """Those that ended first come first."""
        return list(self._profiles)

    def take(self, status: Status, at_s: float) -> None:
        """Keep a tick, if SPACING_S have gone by since the last one."""
        for name in status.allocation.profiles.active:
            self._note_profile(name, at_s)
        if self._last is None:
            self._last = at_s, status
            return
        before_s, before = self._last
        if at_s - before_s < SPACING_S * 0.9:
            return
        self._last = at_s, status
        if before.supervisor.epoch == status.supervisor.epoch:
            self._ticks.append(_tick(before, status, at_s, at_s - before_s))
        while self._ticks and self._ticks[0].at_s < at_s - KEPT_S:
            self._ticks.popleft()

    def _note_profile(self, name: str, at_s: float) -> None:
        """Add to the time of this profile, or begin another one where it was not in force."""
        from_s = at_s
        for known in self._profiles:
            if known.name == name and at_s - known.to_s < 2.5 * SPACING_S:
                from_s = known.from_s
                self._profiles.remove(known)
                break
        self._profiles.append(InForce(name, from_s, at_s))


def _tick(before: Status, status: Status, at_s: float, length_s: float) -> Tick:
    first_s = _risen_mean(status.timings.first_audio_s, before.timings.first_audio_s)
    factor = _risen_mean(status.timings.real_time_factor, before.timings.real_time_factor)
    first = difference(status.timings.first_audio_s, before.timings.first_audio_s)
    return Tick(
        at_s=at_s,
        length_s=length_s,
        utilization=status.allocation.allocation_stats.average_utilization,
        cores=status.allocation.allocation_stats.current_allocation.allocated_cores,
        waiting=status.jobs.segments_waiting,
        segments=max(0, status.jobs.spoken - before.jobs.spoken),
        first_s=first_s,
        slow_s=quantile(first, 0.95),
        pace=1.0 / factor if factor else None,
        foreseen=status.allocation.forecast.cores,
    )


def _risen_mean(now: Distribution, before: Distribution) -> float | None:
    count = now.count - before.count
    return (now.sum - before.sum) / count if count > 0 else None


def course(
    ticks: Sequence[Tick],
    samples: Sequence[Sample],
    profiles: Iterable[InForce] = (),
    *,
    now_s: float,
    sampled_at_s: float | None,
    seconds: float,
) -> dict[str, Any]:
    """The last `seconds` for drawing: lists of the same length, `ago_s` from old to new.

    `load` is of the samples as far as these reach back, of the ticks before. `now_s` is this
    process' time, and `sampled_at_s` that at which the last sample was taken.
    """
    recent = [tick for tick in ticks if tick.at_s >= now_s - seconds]
    load = [Load(tick.at_s, tick.utilization, tick.cores, tick.waiting) for tick in recent]
    if samples and sampled_at_s is not None and seconds <= 3600.0:
        offset = sampled_at_s - samples[-1].time_s
        near = [Load(s.time_s + offset, s.utilization, s.cores, s.queue) for s in samples]
        near = [each for each in near if each.at_s >= now_s - seconds]
        load = [each for each in load if not near or each.at_s < near[0].at_s] + near
    return {
        "seconds": seconds,
        "load": _load(load, now_s),
        "speech": _speech(recent, now_s),
        "foreseen": _foreseen(recent, now_s),
        "profiles": [
            {"name": each.name, "from_s": round(now_s - each.from_s, 1), "to_s": now_s - each.to_s}
            for each in profiles
            if each.to_s >= now_s - seconds
        ],
    }


def _load(points: Sequence[Load], now_s: float) -> dict[str, list[Any]]:
    groups = _groups(points)
    return {
        "ago_s": [round(now_s - group[-1].at_s, 1) for group in groups],
        "utilization": [_mean(point.utilization for point in group) for group in groups],
        "cores": [max(point.cores for point in group) for group in groups],
        "waiting": [max(point.waiting for point in group) for group in groups],
    }


def _speech(ticks: Sequence[Tick], now_s: float) -> dict[str, list[Any]]:
    groups = _groups(ticks)
    return {
        "ago_s": [round(now_s - group[-1].at_s, 1) for group in groups],
        "first_s": [_mean((tick.first_s for tick in group), 3) for group in groups],
        "slow_s": [
            max((round(t.slow_s, 3) for t in group if t.slow_s is not None), default=None)
            for group in groups
        ],
        "pace": [_mean(tick.pace for tick in group) for group in groups],
        "segments_per_minute": [
            round(60.0 * sum(t.segments for t in group) / sum(t.length_s for t in group), 1)
            for group in groups
        ],
    }


def _foreseen(ticks: Sequence[Tick], now_s: float) -> dict[str, list[Any]]:
    """Cores that were foretold; empty where nothing was, as with prediction off."""
    groups = _groups(ticks) if any(tick.foreseen is not None for tick in ticks) else []
    return {
        "ago_s": [round(now_s - group[-1].at_s, 1) for group in groups],
        "cores": [
            max((t.foreseen for t in group if t.foreseen is not None), default=None)
            for group in groups
        ],
    }


def _mean(values: Iterable[float | None], digits: int = 1) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.fmean(known), digits) if known else None


def _groups(points: Sequence[T]) -> list[Sequence[T]]:
    """Neighbours together, so that there are POINTS at most."""
    size = -(-len(points) // POINTS) or 1
    return [points[start : start + size] for start in range(0, len(points), size)]
