"""What `supervisor top` knows: status documents one after the other, as one growing picture.

Reads documents and remembers; drawing is `top_view`'s, asking and recording `top`'s.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

HISTORY = 240
"""Samples kept: as many as the widest screen shows."""


class Seen(msgspec.Struct, frozen=True):
    """One decision of the allocator; `now` is in its own monotonic seconds.

    `utilization` is in percent of `before`, the cores held when it was measured; None
    where nothing could be measured.
    """

    now: float
    before: int
    after: int
    utilization: float | None
    reason: str


class Snapshot(msgspec.Struct, frozen=True):
    """The pool at one moment: what `--json` prints.

    t: Unix seconds. utilization: percent of `cores`, the mean over the samples that were
    new; None if there was none. low: where the pool begins to give cores back. usable:
    cores that the pool may hold. queue: segments that wait, running: those that are spoken.
    """

    t: float
    state: str
    pid: int
    version: str
    utilization: float | None
    average: float | None
    target: float
    low: float
    cores: int
    allocated: int
    usable: int
    total: int
    queue: int
    running: int
    jobs: dict[str, int]
    workers: list[dict[str, Any]]
    decisions: list[Seen]
    problem: str | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The line that `--record` writes and `supervisor simulate --trace` reads."""
        return {
            "t": round(self.t, 3),
            "utilization": self.utilization,
            "cores": self.cores,
            "queue": self.queue,
            "running": self.running,
            "average": self.average,
            "workers": len(self.workers),
        }


class Picture:
    """Every sample seen so far, from as many documents as came."""

    def __init__(self) -> None:
        self.seen: deque[Seen] = deque(maxlen=HISTORY)
        """Oldest first."""

    def take(self, t: float, document: dict[str, Any]) -> Snapshot:
        """Read one status document, made at Unix time `t`."""
        allocation = document["allocation"]
        stats = allocation["allocation_stats"]
        decisions = msgspec.convert(stats["decisions"], list[Seen])
        new = self._remember(decisions)
        measured = [s.utilization for s in new if s.utilization is not None]
        supervisor, jobs = document["supervisor"], document["jobs"]
        thresholds, current = stats["thresholds"], stats["current_allocation"]
        system = allocation["system_info"]
        return Snapshot(
            t=t,
            state=supervisor["state"],
            pid=supervisor["pid"],
            version=supervisor["version"],
            utilization=round(sum(measured) / len(measured), 2) if measured else None,
            average=stats["average_utilization"],
            target=thresholds["cpu_target"],
            low=thresholds["scale_down_threshold"],
            cores=new[-1].before if new else current["decided_cores"],
            allocated=current["allocated_cores"],
            usable=system["effective_cpus"]["usable_count"],
            total=system["total_cpu_cores"],
            queue=jobs["segments_waiting"],
            running=jobs["segments_running"],
            jobs=jobs,
            workers=document["workers"],
            decisions=decisions,
            problem=_problem(document),
        )

    def _remember(self, decisions: list[Seen]) -> list[Seen]:
        """Keep what is new; a clock that went back is another supervisor's."""
        last = self.seen[-1].now if self.seen else None
        if last is not None and decisions and decisions[-1].now < last:
            self.seen.clear()
            last = None
        new = [decision for decision in decisions if last is None or decision.now > last]
        self.seen.extend(new)
        return new if last is not None else new[-1:]


def _problem(document: dict[str, Any]) -> str | None:
    """The first thing that an operator should mend."""
    if error := document["supervisor"].get("configuration_error"):
        return f"settings not applied: {error}"
    if error := document["allocation"]["leases"]["error"]:
        return str(error)
    errors = document["allocation"]["system_info"]["monitor_errors"]
    return f"monitor: {errors[0]}" if errors else None
