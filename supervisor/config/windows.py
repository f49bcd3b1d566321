"""Windows of time: whether an instant is inside, by what the clock on the wall shows then.

A window is asked, it does not ring: so an hour that the wall clock skips begins with the first
instant that exists, one that it repeats counts twice, and a clock that jumps, a machine that slept
and a restart need no rule of their own. Instants are Unix seconds. Every edge is at a whole minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import merge
from itertools import pairwise
from typing import NamedTuple

MINUTE_S = 60
DAY_S = 86_400.0
DAY_MINUTES = 24 * 60
EVERY_MINUTE = frozenset(range(60))

_DAY = timedelta(days=1)
_LOOKS_S = DAY_S / 2
"""No date of any zone is so short."""
_WEEK_S = 8 * DAY_S
_YEAR_S = 400 * DAY_S


class Window(NamedTuple):
    """Times on the days of one zone.

    days: of the week, 0 is Monday; over midnight, the day that it begins on.
    start, end: minutes of the day; an `end` that is not above `start` is on the next day.
    zone: None for the machine's own.
    dates: first and last of each range; none: every date.
    minutes: of each hour.
    lead: minutes by which it is active before it begins.
    """

    days: frozenset[int] = frozenset(range(7))
    start: int = 0
    end: int = DAY_MINUTES
    zone: tzinfo | None = None
    dates: tuple[tuple[date, date], ...] = ()
    minutes: frozenset[int] = EVERY_MINUTE
    lead: int = 0

    def inside(self, at: float) -> bool:
        """Whether the wall clock is in the window."""
        local = datetime.fromtimestamp(at, self.zone)
        minute, today = local.hour * 60 + local.minute, local.date()
        if local.minute not in self.minutes:
            return False
        if self.start < self.end:
            return self.start <= minute < self.end and self._on(today)
        if minute >= self.start and self._on(today):
            return True
        return minute < self.end and self._on(today - _DAY)

    def active(self, at: float) -> bool:
        """Whether it is inside, or will be within the lead."""
        minute = at // MINUTE_S * MINUTE_S
        return any(self.inside(minute + n * MINUTE_S) for n in range(self.lead + 1))

    def ahead(self, at: float) -> float:
        """Seconds by which its clock is ahead of UTC."""
        return datetime.fromtimestamp(at, self.zone).replace(tzinfo=UTC).timestamp() - at

    def edge_after(self, at: float, within: float) -> float | None:
        """The first minute after `at` at which `active` changes, if it is within `within` s."""
        active, now, last = self.active(at), at // MINUTE_S * MINUTE_S, at + within
        turning = self._turning_minutes()
        while now < last:
            then = self._look_next(now, turning)
            if then is None:
                return None
            if self.active(then) != active:
                edge = self._edge_between(now, then)
                return edge if edge <= last else None
            now = then
        return None

    def spans(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Begin and end of each time that it is active, cut to those of the question."""
        now, active = start, self.active(start)
        while now < end:
            edge = self.edge_after(now, end - now) or end
            if active:
                yield now, edge
            now, active = edge, not active

    def dated(self, at: float) -> bool:
        """Whether it may begin on the date that it is then, if that is one of its days."""
        return self._dated(datetime.fromtimestamp(at, self.zone).date())

    def _dated(self, day: date) -> bool:
        return not self.dates or any(first <= day <= last for first, last in self.dates)

    def _on(self, day: date) -> bool:
        """Whether it may begin on that day."""
        return day.weekday() in self.days and self._dated(day)

    def _turning_minutes(self) -> list[int]:
        """Minutes of an hour in which it may begin or end; the zone changes at full hours."""
        minutes = {0, self.start % 60, self.end % 60}
        minutes |= {m for m in range(60) if (m in self.minutes) != ((m - 1) % 60 in self.minutes)}
        return sorted(minutes | {(m - self.lead) % 60 for m in minutes})

    def _look_next(self, now: float, turning: list[int]) -> float | None:
        """The next minute to look at; None where no date of it is left."""
        local = datetime.fromtimestamp(now, self.zone)
        steps = ((minute - local.minute - 1) % 60 + 1 for minute in turning)
        then = now + min(steps) * MINUTE_S
        if not self.dates:
            return then
        yesterday = local.date() - _DAY
        to_come = [first for first, last in self.dates if last >= yesterday]
        if not to_come:
            return None
        day_before = datetime.combine(min(to_come) - _DAY, time.min, self.zone).timestamp()
        return max(then, day_before // MINUTE_S * MINUTE_S)

    def _edge_between(self, before: float, after: float) -> float:
        """The minute after `before` and up to `after` at which it changes, for there is one."""
        was = self.active(before)
        while after - before > MINUTE_S:
            middle = (before + after) // 2 // MINUTE_S * MINUTE_S
            if self.active(middle) == was:
                before = middle
            else:
                after = middle
        return after


def minute_of_week(minute: int, zone: tzinfo | None = None) -> int:
    """The minute of the week, 0 is Monday 00:00, that the wall clock shows at a Unix minute."""
    local = datetime.fromtimestamp(minute * MINUTE_S, zone)
    return (local.weekday() * 24 + local.hour) * 60 + local.minute


def meet(one: Window, other: Window, at: float) -> bool:
    """Whether both are active at once, some time in the year from `at` on."""
    return any(_meet_within(one, other, *stretch) for stretch in _telling(one, other, at))


def _telling(one: Window, other: Window, at: float) -> Iterator[tuple[float, float]]:
    """Begin and end of stretches that tell of the whole year.

    Every week is as the last one, until the clocks of the two zones are further apart or nearer
    than before, or dates of one begin or end.
    """
    told, end = at, at + _YEAR_S
    before: tuple[float, bool, bool] | None = None
    for look in range(int(_YEAR_S // _LOOKS_S)):
        now = at + look * _LOOKS_S
        state = one.ahead(now) - other.ahead(now), one.dated(now), other.dated(now)
        if state != before:
            begin, told = max(told, now - DAY_S), min(end, now + _WEEK_S)
            yield begin, told
        before = state


def _meet_within(one: Window, other: Window, start: float, end: float) -> bool:
    """Whether both are active at once between these."""
    spans = merge(one.spans(start, end), other.spans(start, end))
    return any(later < end for (_, end), (later, _) in pairwise(spans))
