"""Report of a run: the figures that an operator compares."""

from __future__ import annotations

import statistics

import msgspec

from supervisor.simulate.fluid import CountChange
from supervisor.simulate.run import Run

QUIET_S = 60.0
"""Seconds without a change after which the count has settled."""


class Report(msgspec.Struct, frozen=True):
    """Times in seconds; None for a count that never settled, or where there was no segment.

    settling_s: from the load's last change of level to the count's last change before
        it rested for QUIET_S.
    overshoot: cores above the count at rest that were held on the way.
    changes_after_settling: changes of the count after that rest.
    changes: of the count, in the whole run; `splits` of the split of a given count.
    loss_ratio: of the forecast's losses to those of expecting no change, over the last day;
        rises: sharp ones that it foretold, rises_came: those of them that came, foretold_core_s:
        core-seconds that were held for them and not needed. None where nothing was foretold.
    refused: segments that were not let in; expired: those that ended at their deadline.
        `segments`, and the waits, are those that a worker had or that wait still.
    """

    workload: str
    seconds: float
    segments: int
    settling_s: float | None
    overshoot: int | None
    changes_after_settling: int | None
    changes: int
    splits: int
    rebuilds: int
    mean_wait_s: float | None
    p95_wait_s: float | None
    core_seconds: float
    peak_cores: int
    mean_utilization: float
    refused: int
    expired: int
    loss_ratio: float | None = None
    rises: int | None = None
    rises_came: int | None = None
    foretold_core_s: float | None = None


def report(run: Run) -> Report:
    """The report of a run."""
    settled = settling(run.changes, run.changes_at, run.seconds)
    waits = sorted(run.waits)
    steps = run.steps
    peak = max((step.cores for step in steps), default=0)
    overshoot = None
    later = None
    if settled is not None:
        until = run.changes_at + settled + QUIET_S
        way = [step.cores for step in steps if run.changes_at <= step.time_s <= until]
        overshoot = max(way) - way[-1] if way else 0
        later = sum(change.time_s > until for change in run.changes)
    forecaster = run.forecaster
    judgement = None if forecaster is None or not forecaster.knows else forecaster.judgement
    return Report(
        workload=run.workload,
        seconds=run.seconds,
        segments=len(waits),
        settling_s=settled,
        overshoot=overshoot,
        changes_after_settling=later,
        changes=len(run.changes),
        splits=len(run.splits_changed),
        rebuilds=run.rebuilds,
        mean_wait_s=statistics.fmean(waits) if waits else None,
        p95_wait_s=waits[min(len(waits) - 1, int(0.95 * len(waits)))] if waits else None,
        core_seconds=run.core_seconds,
        peak_cores=peak,
        mean_utilization=statistics.fmean(t.utilization for t in steps) if steps else 0.0,
        refused=run.refused,
        expired=run.expired,
        loss_ratio=None if judgement is None else judgement.ratio,
        rises=None if judgement is None else judgement.rises,
        rises_came=None if judgement is None else judgement.came,
        foretold_core_s=None if judgement is None or not forecaster else forecaster.spent_s,
    )


def settling(changes: list[CountChange], since: float, end: float) -> float | None:
    """Seconds from `since` to the change that a rest of QUIET_S follows; None without one."""
    last = since
    for change in changes:
        if change.time_s <= since:
            continue
        if change.time_s - last > QUIET_S:
            return last - since
        last = change.time_s
    return last - since if end - last >= QUIET_S else None
