"""Loads from files: what arrived, or what a running supervisor recorded.

Two formats are read, told apart by their first character:

CSV with a header line of two columns. `time_s` counts from any origin and never
falls. `characters` is one segment's length, a line per segment; `demand` instead is
a load in cores that holds from that time until the next line's:

    time_s,characters          time_s,demand
    0.0,72                     0,0.5
    0.4,180                    60,12

JSON lines, as `supervisor top --record FILE` writes them: `t` (seconds),
`utilization` (percent), `cores`, `queue` (segments waiting). The load is the work
done plus the growth of the queue; further keys are ignored.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from supervisor.simulate.workload import Arrival, Segments, Workload, WorkloadError


class _Level(NamedTuple):
    """A load in cores, from this time on."""

    time_s: float
    load: float


class _Recorded(msgspec.Struct):
    t: float
    utilization: float | None
    cores: int
    queue: float


def read(path: Path, segments: Segments) -> Workload:
    """The workload in a file. Raises WorkloadError with the file and line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise WorkloadError(f"{path}: cannot be read: {reason}") from None
    if not text.strip():
        raise WorkloadError(f"{path}: is empty")
    if text.lstrip().startswith("{"):
        return _from_levels(path, _recorded(path, text, segments), segments)
    return _from_csv(path, text, segments)


def _from_csv(path: Path, text: str, segments: Segments) -> Workload:
    lines = csv.reader(text.splitlines())
    header = [name.strip() for name in next(lines)]
    if header not in (["time_s", "characters"], ["time_s", "demand"]):
        raise WorkloadError(
            f"{path}: line 1: the header must be time_s,characters or time_s,demand"
        )
    rows: list[tuple[float, float]] = []
    for number, line in enumerate(lines, start=2):
        if line:
            rows.append(_row(path, number, line, rows[-1][0] if rows else -math.inf))
    if not rows:
        raise WorkloadError(f"{path}: holds no line after the header")
    origin = rows[0][0]
    if header[1] == "demand":
        levels = [_Level(time_s - origin, load) for time_s, load in rows]
        return _from_levels(path, levels, segments)
    arrivals = [Arrival(time_s - origin, size) for time_s, size in rows]
    last = arrivals[-1]
    seconds = last.time_s + last.characters * segments.engine.seconds_per_character + 1.0
    return Workload(path.name, seconds, lambda: iter(arrivals))


def _row(path: Path, number: int, line: list[str], before: float) -> tuple[float, float]:
    try:
        time_s, value = (float(field) for field in line)
    except ValueError:
        raise WorkloadError(f"{path}: line {number}: must hold two numbers") from None
    if not math.isfinite(time_s) or time_s < before:
        raise WorkloadError(f"{path}: line {number}: time_s must not fall")
    if not math.isfinite(value) or value < 0:
        raise WorkloadError(f"{path}: line {number}: must not be negative")
    return time_s, value


def _recorded(path: Path, text: str, segments: Segments) -> list[_Level]:
    decoder = msgspec.json.Decoder(_Recorded)
    records: list[_Recorded] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise WorkloadError(f"{path}: line {number}: {error}") from None
        if records and record.t < records[-1].t:
            raise WorkloadError(f"{path}: line {number}: t must not fall")
        records.append(record)
    if len(records) < 2:
        raise WorkloadError(f"{path}: two lines at least are needed")
    levels = []
    for earlier, later in pairwise(records):
        elapsed = later.t - earlier.t
        if elapsed <= 0 or later.utilization is None:
            continue
        done = later.utilization * later.cores / 100.0
        grown = (later.queue - earlier.queue) * segments.work_s / elapsed
        levels.append(_Level(earlier.t - records[0].t, max(0.0, done + grown)))
    if not levels:
        raise WorkloadError(f"{path}: no line has a utilization")
    return [*levels, _Level(records[-1].t - records[0].t, 0.0)]


def _from_levels(path: Path, levels: list[_Level], segments: Segments) -> Workload:
    times = [level.time_s for level in levels]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # The last level holds as long as the ones before did on average.
    seconds = times[-1] + (sum(gaps) / len(gaps) if gaps else 60.0)

    def load(now: float) -> float:
        index = bisect_right(times, now) - 1
        return levels[index].load if index >= 0 else 0.0

    def arrivals() -> Iterator[Arrival]:
        return segments.even(load, seconds)

    return Workload(path.name, seconds, arrivals)
