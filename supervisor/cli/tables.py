"""Tables that fit the terminal: where it is too narrow for all columns, the least of them go.

A cell is never cut: half a job's id names no job.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

_BETWEEN = 2
"""Spaces between two columns."""


class FittingTable:
    """Rows of cells below `columns`; the `least` of these go, in this order, where there is no
    room.
    """

    def __init__(self, columns: Sequence[str], least: Sequence[str] = ()) -> None:
        self._columns = tuple(columns)
        self._least = tuple(least)
        self._rows: list[tuple[Text, ...]] = []

    def add(self, *cells: object) -> None:
        """Add a row, a cell for each column; None is shown as a dash."""
        self._rows.append(tuple(map(_text, cells)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table for the width of this console."""
        shown = self._shown(options.max_width)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        for index in shown:
            table.add_column(self._columns[index], no_wrap=True, overflow="ignore")
        for row in self._rows:
            table.add_row(*(row[index] for index in shown))
        yield table

    def _shown(self, width: int) -> list[int]:
        """Indices of the columns that have room, but at least the first one."""
        shown = list(range(len(self._columns)))
        for name in self._least:
            if self._width(shown) <= width:
                break
            index = self._columns.index(name)
            if index in shown and len(shown) > 1:
                shown.remove(index)
        return shown

    def _width(self, shown: Sequence[int]) -> int:
        widths = (
            max(len(self._columns[index]), *(row[index].cell_len for row in self._rows), 0)
            for index in shown
        )
        return sum(widths) + _BETWEEN * (len(shown) - 1)


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text("–" if cell is None else str(cell))
