"""Seasons: the load that each minute of the day, and of the week, usually brings.

Two tables of cores, one by the minute of the day and one by the minute of the week, as a clock on
the wall shows them. Each minute that has passed moves its places towards what it brought. Which
table is believed is decided by how they did of late: a service that is used alike on all days is
known after one day, one that rests at weekends after a week or two.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Final

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
"""Minutes."""

MOST_LOAD: Final = 4096.0
"""Cores; more is not believed."""

UNDER: Final = 3.0
"""What a core too few weighs against a core too many: sentences wait for the one."""

_DAY_STEP: Final = 0.3
_WEEK_STEP: Final = 0.5
"""Part of a difference that is taken over. Of a week there are fewer to learn from."""

_RECENT: Final = 1 / (2 * DAY)
"""Part of one minute in what counts as of late: two days."""


def loss(forecast: float, load: float) -> float:
    """What a forecast cost, in cores; more if it was too low."""
    return UNDER * (load - forecast) if load > forecast else forecast - load


class Seasons:
    """The two tables. A minute is one of the week: 0 is Monday, 00:00."""

    def __init__(self) -> None:
        self.day = array("f", [math.nan]) * DAY
        self.week = array("f", [math.nan]) * WEEK
        self.day_loss = 0.0
        self.week_loss = 0.0
        """Losses of late, a minute, where both tables had something to say."""

    def expected(self, minute: int) -> float | None:
        """Cores of load in this minute; None where it was never seen."""
        by_day, by_week = self.day[minute % DAY], self.week[minute]
        if math.isnan(by_week):
            return None if math.isnan(by_day) else by_day
        if math.isnan(by_day):
            return by_week
        return by_week if self.week_loss < self.day_loss else by_day

    def learn(self, minute: int, load: float) -> None:
        """Take what a minute brought."""
        load = min(load, MOST_LOAD)
        by_day, by_week = self.day[minute % DAY], self.week[minute]
        if not (math.isnan(by_day) or math.isnan(by_week)):
            self.day_loss += (loss(by_day, load) - self.day_loss) * _RECENT
            self.week_loss += (loss(by_week, load) - self.week_loss) * _RECENT
        self.day[minute % DAY] = _moved(by_day, load, _DAY_STEP)
        self.week[minute] = _moved(by_week, load, _WEEK_STEP)

    def restore(self, day: Sequence[float | None], week: Sequence[float | None]) -> None:
        """Take the tables of `DAY` and `WEEK` places."""
        self.day = array("f", [math.nan if load is None else load for load in day])
        self.week = array("f", [math.nan if load is None else load for load in week])


def _moved(before: float, load: float, step: float) -> float:
    return load if math.isnan(before) else before + (load - before) * step
