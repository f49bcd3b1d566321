"""Charts in block characters, without colour or a library: columns, and a simulated run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervisor.simulate.run import Run

_BLOCKS = " ▁▂▃▄▅▆▇█"


def block(eighths: float, row: int = 0) -> str:
    """Character in a row of a column of that height; row 0 is the lowest, a row has 8 eighths."""
    return _BLOCKS[min(8, max(0, round(eighths) - row * 8))]


def draw(run: Run, width: int = 72, height: int = 4) -> str:
    """Utilization, cores and queue over time, each as a band of `height` lines."""
    steps = run.steps
    bands = (
        ("utilization %", [step.utilization for step in steps], 100.0),
        ("cores", [float(step.cores) for step in steps], None),
        ("queue", [float(step.waiting) for step in steps], None),
    )
    lines: list[str] = []
    for title, values, top in bands:
        lines += _band(title, values, top, width, height)
    lines.append(f"{'':9}0 s{f'{run.seconds:.0f} s':>{width - 3}}")
    return "\n".join(lines)


def _band(
    title: str, values: Sequence[float], top: float | None, width: int, height: int
) -> list[str]:
    columns = _shrink(values, width)
    highest = max(columns, default=0.0) if top is None else top
    scaled = [column / highest * height * 8 if highest else 0.0 for column in columns]
    lines = [f"{'':9}{title}"]
    for row in reversed(range(height)):
        label = f"{highest:.0f}" if row == height - 1 else "0" if row == 0 else ""
        cells = (block(value, row) for value in scaled)
        lines.append(f"{label:>7} ┤{''.join(cells)}")
    return lines


def _shrink(values: Sequence[float], width: int) -> list[float]:
    """Means over `width` equal stretches; fewer values stay as they are."""
    count = len(values)
    if count <= width:
        return list(values)
    edges = [column * count // width for column in range(width + 1)]
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(edges)]
