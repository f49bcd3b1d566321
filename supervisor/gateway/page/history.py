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
from supervisor.wire.status import Distribution, Status

T = TypeVar("T")

SPACING_S = 10.0
"""Between two ticks: the recorder's questions."""

KEPT_S = 86_400.0
"""With SPACING_S that is 8640 ticks at most."""


class Tick(NamedTuple):
    """What happened in the `length_s` seconds before `at_s` (this process' monotonic seconds).

    utilization: percent; waiting: segments, at its end. first_s, slow_s: mean and 95th percentile
    of the seconds to the first audio, None where no job began to sound. pace: seconds of speech
    that are made in a second of work, None where none was. segments: spoken in that time.
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


class Load(NamedTuple):
    """How full it was at `at_s`, of a tick or a sample."""

    at_s: float
    utilization: float | None
    cores: int
    waiting: int


class History:
    """Keeps the ticks of the last KEPT_S seconds."""

    def __init__(self) -> None:
        self._ticks: deque[Tick] = deque()
        self._last: tuple[float, Status] | None = None

    @property
    def ticks(self) -> list[Tick]:
        """Oldest first."""
        return list(self._ticks)

    def take(self, status: Status, at_s: float) -> None:
        """Keep a tick, if SPACING_S have gone by since the last one."""
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
    )


def _risen_mean(now: Distribution, before: Distribution) -> float | None:
    count = now.count - before.count
    return (now.sum - before.sum) / count if count > 0 else None


def difference(now: Distribution, before: Distribution) -> list[tuple[float, int]]:
    """Upper bounds with the observations between each and the bound below it, of that time."""
    bounds = sorted((float(text), text) for text in now.buckets)
    risen = [(bound, now.buckets[text] - before.buckets.get(text, 0)) for bound, text in bounds]
    risen.append((float("inf"), now.count - before.count))
    below = [0, *(number for _, number in risen)]
    return [(bound, number - less) for (bound, number), less in zip(risen, below, strict=False)]


def quantile(counts: Sequence[tuple[float, int]], part: float) -> float | None:
    """The value below which `part` of the observations are, evenly spread within a bucket.

    None without any. What is above the highest finite bound counts as that bound.
    """
    wanted = part * sum(number for _, number in counts)
    if wanted <= 0:
        return None
    low = 0.0
    for bound, number in counts:
        if bound == float("inf"):
            return low
        if wanted <= number:
            return low + (bound - low) * wanted / number
        wanted -= number
        low = bound
    return low


def course(
    ticks: Sequence[Tick],
    samples: Sequence[Sample],
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
    return {"seconds": seconds, "load": _load(load, now_s), "speech": _speech(recent, now_s)}


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


def _mean(values: Iterable[float | None], digits: int = 1) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.fmean(known), digits) if known else None


def _groups(points: Sequence[T]) -> list[Sequence[T]]:
    """Neighbours together, so that there are POINTS at most."""
    size = -(-len(points) // POINTS) or 1
    return [points[start : start + size] for start in range(0, len(points), size)]
