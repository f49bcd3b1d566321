"""Plot of one run or several, as an image. Needs the extra `simulate` (matplotlib)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from supervisor.simulate.run import Run


def save(runs: Mapping[str, Run], path: Path) -> None:
    """Draw utilization, cores and queue over time into `path`; its suffix names the format.

    Raises ImportError without matplotlib, ValueError for a suffix that it cannot
    write, OSError where the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra that few commands need

    figure = Figure(figsize=(11, 7), layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, sharex=True)
    for name, run in runs.items():
        times = [step.time_s for step in run.steps]
        upper.plot(times, [step.utilization for step in run.steps], linewidth=0.8, label=name)
        middle.step(times, [step.cores for step in run.steps], where="post", label=name)
        lower.plot(times, [step.waiting for step in run.steps], linewidth=0.8, label=name)
    upper.set_ylabel("utilization of leased cores, %")
    upper.set_ylim(0, 105)
    middle.set_ylabel("cores")
    middle.set_ylim(bottom=0)
    lower.set_ylabel("segments waiting")
    lower.set_ylim(bottom=0)
    lower.set_xlabel("time, s")
    if len(runs) > 1:
        middle.legend()
    upper.set_title(", ".join(dict.fromkeys(run.workload for run in runs.values())))
    figure.savefig(path, dpi=120)
