"""Snapshots of the pool for `supervisor top`, from one status after another.

This module only reads documents and remembers samples; `top_view` draws, `top` asks and records.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from supervisor.telling.notes import Note, notes
from supervisor.telling.pool import trouble, why
from supervisor.wire.decisions import new_decisions
from supervisor.wire.status import AllocationDecision, JobCounts, Status, WorkerStatus

HISTORY = 240
"""Samples kept: as many as the widest screen shows."""


class DecisionRecord(msgspec.Struct, frozen=True):
    """One decision of the allocator; `now` is in its own monotonic seconds.

    `utilization` is in percent of `before`, the cores held when it was measured; None
    where nothing could be measured. `kind` is the reason without its `figures`; `profile` is the
    time profile that has set the bound, "" for none.
    """

    now: float
    before: int
    after: int
    utilization: float | None
    reason: str
    kind: str
    figures: tuple[float, ...] = ()
    profile: str = ""


def _record(decision: AllocationDecision) -> DecisionRecord:
    return DecisionRecord(
        now=decision.now,
        before=decision.before,
        after=decision.after,
        utilization=decision.utilization,
        reason=decision.reason,
        kind=decision.kind,
        figures=decision.figures,
        profile=decision.profile,
    )


class Snapshot(msgspec.Struct, frozen=True):
    """The pool at one moment: what `--json` prints.

    t: Unix seconds. utilization: percent of `cores`, the mean over the samples that were
    new; None if there was none. low: where the pool begins to give cores back. usable:
    cores that the pool may hold. queue: segments that wait, running: those that are spoken.
    why: what goes on, in a sentence; notes: what else there is to know.
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
    jobs: JobCounts
    workers: list[WorkerStatus]
    decisions: list[DecisionRecord]
    why: str
    notes: list[Note] = []
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


class History:
    """History of samples over all documents so far."""

    def __init__(self) -> None:
        self.seen: deque[DecisionRecord] = deque(maxlen=HISTORY)
        """Oldest first."""

    def take(self, t: float, status: Status) -> Snapshot:
        """Add one status, made at Unix time `t`; returns the snapshot."""
        stats, system = status.allocation.allocation_stats, status.allocation.system_info
        new = self._remember(stats.decisions)
        measured = [s.utilization for s in new if s.utilization is not None]
        current = stats.current_allocation
        return Snapshot(
            t=t,
            state=status.supervisor.state,
            pid=status.supervisor.pid,
            version=status.supervisor.version,
            utilization=round(sum(measured) / len(measured), 2) if measured else None,
            average=stats.average_utilization,
            target=stats.thresholds.cpu_target,
            low=stats.thresholds.scale_down_threshold,
            cores=new[-1].before if new else current.decided_cores,
            allocated=current.allocated_cores,
            usable=system.effective_cpus.usable_count,
            total=system.total_cpu_cores,
            queue=status.jobs.segments_waiting,
            running=status.jobs.segments_running,
            jobs=status.jobs,
            workers=status.workers,
            decisions=[_record(decision) for decision in stats.decisions],
            why=why(status),
            notes=notes(status, t),
            problem=_problem(status),
        )

    def _remember(self, decisions: list[AllocationDecision]) -> list[DecisionRecord]:
        """Add the new samples; of a supervisor that was not known only the last counts as new."""
        restarted, found = new_decisions(decisions, self.seen[-1].now if self.seen else None)
        if restarted:
            self.seen.clear()
        known = bool(self.seen)
        new = [_record(decision) for decision in found]
        self.seen.extend(new)
        return new if known else new[-1:]


def _problem(status: Status) -> str | None:
    """The first problem for an operator to solve."""
    if problem := trouble(status):
        return problem
    errors = status.allocation.system_info.monitor_errors
    return f"monitor: {errors[0]}" if errors else None
