"""Judgement of a forecast: whether it has been worth more than none, and whether it may act.

Each minute it is held against the plainest forecast there is: that this minute brings what the last
one brought (persistence). It is trusted only while it lost clearly less than that over a day; while
its last rises came; and while the cores that it took for nothing are few.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from supervisor.core.allocation.seasons import DAY, loss

Standing = Literal["learning", "judged", "no_better", "missed", "costly", "trusted"]
"""learning: too little was seen for a forecast. judged: there is one, but none of a whole day.
no_better: than persistence. missed: its last rises did not come. costly: they took too much."""

WORTH: Final = 0.95
"""Share of the loss of persistence from which on a forecast is worth nothing."""

MOST_MISSES: Final = 2
"""Rises in a row that did not come, after which none is acted on until one comes."""

MOST_SPENT: Final = 0.01
"""Share of all core-seconds that may go for what it foretold."""

_HOUR: Final = 60
_HOURS: Final = 24
_ENOUGH: Final = int(0.9 * DAY)
"""Judged minutes that count as a day."""

_DAY_S: Final = 86_400.0


class Hour:
    """Sums of an hour: minutes judged, loss of the forecast, loss of persistence, all in cores."""

    __slots__ = ("forecast", "minutes", "naive")

    def __init__(self, minutes: int = 0, forecast: float = 0.0, naive: float = 0.0) -> None:
        self.minutes = minutes
        self.forecast = forecast
        self.naive = naive


class Judgement:
    """The standing of a forecast. Rises are those that it would have acted on."""

    def __init__(self) -> None:
        self.hours: deque[Hour] = deque(maxlen=_HOURS)
        """Those of the last day, the oldest first."""
        self.rises = 0
        self.came = 0
        self.misses = 0
        """Of the last rises, in a row."""
        self.spent_s = 0.0
        self.held_s = 0.0
        """Core-seconds of late, about a day: those spent for nothing, and all."""

    @property
    def ratio(self) -> float | None:
        """Loss of the forecast ÷ that of persistence, over the last day; None: not known."""
        naive = sum(hour.naive for hour in self.hours)
        return sum(hour.forecast for hour in self.hours) / naive if naive > 0 else None

    @property
    def standing(self) -> Standing:
        """Whether it may act, and why not."""
        minutes = sum(hour.minutes for hour in self.hours)
        if minutes < _ENOUGH:
            return "judged" if minutes else "learning"
        ratio = self.ratio
        if ratio is None or ratio >= WORTH:
            return "no_better"
        if self.misses >= MOST_MISSES:
            return "missed"
        return "costly" if self.spent_s > MOST_SPENT * self.held_s else "trusted"

    def judge(self, forecast: float, naive: float, load: float) -> None:
        """Take one minute: what was foretold, what the last one brought, and what it brought."""
        if not self.hours or self.hours[-1].minutes >= _HOUR:
            self.hours.append(Hour())
        hour = self.hours[-1]
        hour.minutes += 1
        hour.forecast += loss(forecast, load)
        hour.naive += loss(naive, load)

    def saw_rise(self, *, came: bool) -> None:
        """Note that a minute for which a rise was foretold has brought it, or not."""
        self.rises += 1
        self.came += came
        self.misses = 0 if came else self.misses + 1

    def account(self, held_s: float, spent_s: float, seconds: float) -> None:
        """Count core-seconds of that many seconds; what is a day old is forgotten."""
        kept = max(0.0, 1.0 - seconds / _DAY_S)
        self.held_s = self.held_s * kept + held_s
        self.spent_s = self.spent_s * kept + spent_s

    def begin_anew(self) -> None:
        """Forget the day: nobody looked for a while. What was spent stays."""
        self.hours.clear()
