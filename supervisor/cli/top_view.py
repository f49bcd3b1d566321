"""View of `supervisor top`: one snapshot of the pool, drawn with rich."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from supervisor.cli.charts import block
from supervisor.cli.top_snapshot import DecisionRecord, Snapshot
from supervisor.cli.workers_table import workers_table
from supervisor.telling.notes import Note
from supervisor.telling.reasons import explain
from supervisor.wording import counted

_CHART_ROWS = 8
_LABEL = 7
_DECISIONS = 8
_MARGIN = 12
"""Columns of the words that lines begin with."""
_NARROW = 50
"""Columns below which nothing stands beside them."""
_TONES: Final = {"": "", "warn": "yellow", "bad": "bold red"}


def draw(snapshot: Snapshot, seen: Sequence[DecisionRecord], width: int) -> RenderableType:
    """The whole view, for a screen of `width` columns."""
    parts: list[RenderableType] = [_headline(snapshot)]
    parts.append(Text(snapshot.why))
    if snapshot.problem is not None:
        parts.append(Text(snapshot.problem, style="bold red"))
    columns = max(10, width - _LABEL - 2)
    recent = list(seen)[-columns:]
    parts += [
        Text(),
        _lines(width, ("utilization", _utilization(snapshot))),
        chart([s.utilization for s in recent], snapshot.target, snapshot.low),
        Text(),
        _lines(width, ("cores", _cores(snapshot))),
        _steps([s.after for s in recent], snapshot.usable),
        Text(),
        workers_table(snapshot.workers),
        _lines(width, ("queue", _queue(snapshot)), *map(_note, snapshot.notes)),
        Text(),
        _decisions(seen, width),
    ]
    return Group(*parts)


def chart(values: Sequence[float | None], target: float, low: float) -> Text:
    """Utilization over time as columns; a line each where cores are added and given back.

    A column is red above the target, blue below `low`, green between them; a sample
    that could not be measured is a gap.
    """
    text = Text()
    target_row, low_row = (_row(percent) for percent in (target, low))
    for row in reversed(range(_CHART_ROWS)):
        label = {target_row: f"{target:.0f}", low_row: f"{low:.0f}"}.get(row, "")
        if not label and row in {0, _CHART_ROWS - 1}:
            label = "0" if row == 0 else "100"
        text.append(f"{label:>{_LABEL - 2}} ┤")
        for value in values:
            text.append(*_cell(value, row, target, low, lined=row in {target_row, low_row}))
        if row:
            text.append("\n")
    return text


def _row(percent: float) -> int:
    return min(_CHART_ROWS - 1, int(percent / 100.0 * _CHART_ROWS))


def _cell(
    value: float | None, row: int, target: float, low: float, *, lined: bool
) -> tuple[str, str]:
    eighths = 0.0 if value is None else min(value, 100.0) / 100.0 * _CHART_ROWS * 8
    shown = block(eighths, row)
    if value is None or shown == " ":
        return ("╌", "dim") if lined else (" ", "")
    return shown, "red" if value > target else "blue" if value < low else "green"


def _steps(cores: Sequence[int], most: int) -> Text:
    """Cores over time in one line of blocks."""
    highest = max([most, *cores])
    blocks = "".join(block(max(1.0, count / highest * 8)) for count in cores)
    return Text(f"{'':{_LABEL}}{blocks}", style="cyan")


def _headline(snapshot: Snapshot) -> Text:
    style = "bold green" if snapshot.state == "running" else "bold yellow"
    text = Text(f"supervisor {snapshot.version}, pid {snapshot.pid}, ")
    text.append(snapshot.state, style)
    return text


def _utilization(snapshot: Snapshot) -> Text:
    average = (
        "not known yet" if snapshot.average is None else f"{snapshot.average:.0f} % on average"
    )
    return Text(
        f"{average}; target {snapshot.target:g} %, cores are given back below {snapshot.low:g} %"
    )


def _cores(snapshot: Snapshot) -> Text:
    text = Text("■" * snapshot.allocated, "cyan")
    text.append("□" * max(0, snapshot.usable - snapshot.allocated), "dim")
    told = (
        f"{snapshot.allocated} leased of {snapshot.usable} usable, {snapshot.total} in the machine"
    )
    return Text.assemble(text, f"  {told}")


def _queue(snapshot: Snapshot) -> Text:
    jobs = snapshot.jobs
    so_far = {str(name): count for name, count in jobs.ended.items()} | {"retried": jobs.retried}
    counts = ", ".join(f"{count} {name}" for name, count in so_far.items() if count)
    return Text(
        f"{counted(snapshot.queue, 'segment waits', 'segments wait')}, "
        f"{counted(snapshot.running, 'is', 'are')} spoken; "
        f"{counted(jobs.queued, 'job waits', 'jobs wait')}, "
        f"{counted(jobs.running, 'runs', 'run')}" + (f"; so far {counts}" if counts else "")
    )


def _note(note: Note) -> tuple[str, Text]:
    return note.about, Text(note.text, _TONES[note.tone])


def _lines(width: int, *lines: tuple[str, Text]) -> RenderableType:
    """What each is about beside its text, or, where it is narrow, before it."""
    if width < _NARROW:
        return Group(*(Text.assemble(f"{about}: ", text) for about, text in lines))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=_MARGIN)
    grid.add_column()
    for about, text in lines:
        grid.add_row(about, text)
    return grid


def _decisions(seen: Sequence[DecisionRecord], width: int) -> RenderableType:
    """The last decisions, those with one reason in a row as one line."""
    rows = []
    runs = [list(run) for _, run in groupby(seen, key=_kind)]
    for run in reversed(runs[-_DECISIONS:]):
        last = run[-1]
        change = last.after != last.before
        cores = counted(last.after, "core")
        what = f"{last.before} → {cores}" if change else cores
        lasted = f"{seen[-1].now - run[0].now:.0f} s ago" if change else counted(len(run), "sample")
        why = explain(last.kind, last.figures, last.reason, last.profile)
        rows.append((Text(what, "bold" if change else ""), why, lasted))
    if width < _NARROW:
        return Group(*(Text.assemble(what, f": {why}, {lasted}") for what, why, lasted in rows))
    table = Table("decision", "why", "for", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for row in rows:
        table.add_row(*row)
    return table


def _kind(seen: DecisionRecord) -> tuple[object, ...]:
    """Key of decisions that differ in their figures only; a change stands by itself."""
    change = seen.now if seen.after != seen.before else None
    return seen.before, seen.after, seen.kind, change
