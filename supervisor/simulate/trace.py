"""Loads from files: arrivals, or the recording of a running supervisor.

Two formats are read, told apart by their first character:

CSV with a header line. `time_s` counts from any origin and never falls.
`characters` is one segment's length, a line per segment; `demand` instead is
a load in cores that holds from that time until the next line's:

    time_s,characters          time_s,demand
    0.0,72                     0,0.5
    0.4,180                    60,12

Segments may have up to three columns more, in any order, as a request may: `client` (a name; empty:
a client of its own), `priority` (0 to 9) and `deadline_s` (seconds from then on).

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

from supervisor.core.jobs.request import HIGHEST_PRIORITY
from supervisor.simulate.workload import Arrival, SegmentSource, Workload, WorkloadError

_EXTRA = {"client", "priority", "deadline_s"}


class Level(NamedTuple):
    """A load in cores, from this time on."""

    time_s: float
    load: float


class _Recorded(msgspec.Struct):
    t: float
    utilization: float | None
    cores: int
    queue: float


def read(path: Path, segments: SegmentSource) -> Workload:
    """Read a workload from a file. Raises WorkloadError with the file and line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise WorkloadError(f"{path}: cannot be read: {reason}") from None
    if not text.strip():
        raise WorkloadError(f"{path}: is empty")
    if text.lstrip().startswith("{"):
        return from_levels(path.name, _recorded(path, text, segments), segments)
    return _from_csv(path, text, segments)


def _from_csv(path: Path, text: str, segments: SegmentSource) -> Workload:
    lines = csv.reader(text.splitlines())
    header = [name.strip() for name in next(lines)]
    extra = header[2:]
    known = header[:2] == ["time_s", "characters"] and set(extra) <= _EXTRA
    if header != ["time_s", "demand"] and not (known and len(set(extra)) == len(extra)):
        raise WorkloadError(
            f"{path}: line 1: the header must be time_s,characters or time_s,demand"
        )
    rows: list[Arrival] = []
    for number, line in enumerate(lines, start=2):
        if line:
            row = _row(path, number, line, extra)
            if rows and row.time_s < rows[-1].time_s:
                raise WorkloadError(f"{path}: line {number}: time_s must not fall")
            rows.append(row)
    if not rows:
        raise WorkloadError(f"{path}: holds no line after the header")
    origin = rows[0].time_s
    if header[1] == "demand":
        levels = [Level(row.time_s - origin, row.characters) for row in rows]
        return from_levels(path.name, levels, segments)
    arrivals = [row._replace(time_s=row.time_s - origin) for row in rows]
    last = arrivals[-1]
    seconds = last.time_s + last.characters * segments.engine.seconds_per_character + 1.0
    return Workload(path.name, seconds, lambda: iter(arrivals))


def _row(path: Path, number: int, line: list[str], extra: list[str]) -> Arrival:
    """One line of a CSV file; of a load the cores stand in the place of the characters."""
    try:
        time_s, value = (float(field) for field in line[:2])
    except ValueError:
        raise WorkloadError(f"{path}: line {number}: must hold two numbers") from None
    if not math.isfinite(time_s):
        raise WorkloadError(f"{path}: line {number}: time_s must not fall")
    if not math.isfinite(value) or value < 0:
        raise WorkloadError(f"{path}: line {number}: must not be negative")
    if len(line) != 2 + len(extra):
        raise WorkloadError(f"{path}: line {number}: must hold {2 + len(extra)} columns")
    given = {name: field.strip() for name, field in zip(extra, line[2:], strict=True)}
    row = Arrival(time_s, value, given.get("client", ""))
    try:
        if given.get("priority"):
            row = row._replace(priority=int(given["priority"]))
        if given.get("deadline_s"):
            row = row._replace(deadline_s=float(given["deadline_s"]))
    except ValueError:
        raise WorkloadError(
            f"{path}: line {number}: priority and deadline_s must be numbers"
        ) from None
    if not 0 <= row.priority <= HIGHEST_PRIORITY:
        raise WorkloadError(f"{path}: line {number}: priority must be 0 to {HIGHEST_PRIORITY}")
    if row.deadline_s is not None and not row.deadline_s > 0:
        raise WorkloadError(f"{path}: line {number}: deadline_s must be above 0")
    return row


def _recorded(path: Path, text: str, segments: SegmentSource) -> list[Level]:
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
        levels.append(Level(earlier.t - records[0].t, max(0.0, done + grown)))
    if not levels:
        raise WorkloadError(f"{path}: no line has a utilization")
    return [*levels, Level(records[-1].t - records[0].t, 0.0)]


def from_levels(name: str, levels: list[Level], segments: SegmentSource) -> Workload:
    """Workload of a load that holds from each time until the next one, from time 0 on."""
    times = [level.time_s for level in levels]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # The last level holds as long as the ones before did on average.
    seconds = times[-1] + (sum(gaps) / len(gaps) if gaps else 60.0)

    def load(now: float) -> float:
        index = bisect_right(times, now) - 1
        return levels[index].load if index >= 0 else 0.0

    def arrivals() -> Iterator[Arrival]:
        return segments.even(load, seconds)

    return Workload(name, seconds, arrivals)
