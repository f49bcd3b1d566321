"""Time course for the page: at most one point for each pixel, and its sums."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from supervisor.gateway.page.recorder import Sample

POINTS = 400
"""Points that are drawn at most."""


class Point(NamedTuple):
    """`time_s` from the beginning; utilization in percent."""

    time_s: float
    utilization: float
    cores: int


def thinned(points: Sequence[Point]) -> dict[str, list[float]]:
    """At most POINTS of them: mean utilization and highest core count of neighbours."""
    size = -(-len(points) // POINTS) or 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return {
        "time_s": [round(group[0].time_s, 2) for group in groups],
        "utilization": [round(statistics.fmean(p.utilization for p in g), 1) for g in groups],
        "cores": [max(point.cores for point in group) for group in groups],
    }


def recorded(samples: Sequence[Sample]) -> dict[str, Any]:
    """The recorded hour as points, and its sums."""
    start = samples[0].time_s if samples else 0.0
    points = [Point(s.time_s - start, s.utilization, s.cores) for s in samples]
    return {
        "seconds": round(points[-1].time_s, 1) if points else 0.0,
        "points": thinned(points),
        "summary": summary(
            points,
            changes=sum(a.cores != b.cores for a, b in pairwise(samples)),
            core_seconds=core_seconds(samples),
            waits=[sample.backlog_s for sample in samples],
        ),
    }


def summary(
    points: Sequence[Point], *, changes: int, core_seconds: float, waits: Sequence[float]
) -> dict[str, Any]:
    """The sums of a time course; `waits` in seconds."""
    return {
        "changes": changes,
        "peak_cores": max((point.cores for point in points), default=0),
        "core_seconds": round(core_seconds, 1),
        "mean_utilization": mean(point.utilization for point in points),
        "longest_wait_s": round(max(waits, default=0.0), 2),
    }


def core_seconds(samples: Sequence[Sample]) -> float:
    """Leased cores × time."""
    return sum(b.leased * (b.time_s - a.time_s) for a, b in pairwise(samples))


def mean(values: Iterable[float]) -> float | None:
    """The mean to one digit; None without values."""
    found = list(values)
    return round(statistics.fmean(found), 1) if found else None
