"""Loads of days and weeks, in cores over time, that a forecast is tried on.

Some are made: what returns every hour, night or week, what comes at random, and what stops
returning. Three are real, counts of other services, of which `sets/loads.json` says where they are
from and under which licence; they are scaled so that all but the highest half percent of the values
is within twelve cores. Time counts from a Monday, 00:00 UTC.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from supervisor.config.windows import minute_of_week
from supervisor.core.allocation.forecast import Calendar

Load = Callable[[float], float]

DAY = 86_400.0
START = 1_790_553_600.0
"""2026-09-28T00:00Z, a Monday."""

_SETS = Path(__file__).parent / "sets" / "loads.json"
_USUAL, _MOST = 12.0, 14.0
"""Cores that the scaled values stay within: nearly all of them, and all."""
_BERLIN = ZoneInfo("Europe/Berlin")


class Trace(NamedTuple):
    """`make` gives the load; `start`: Unix seconds; `calendar`: what the wall clock shows."""

    make: Callable[[], Load]
    days: int
    start: float = START
    calendar: Calendar = lambda minute: minute_of_week(minute, UTC)


def _alarms(now: float) -> float:
    """Ten cores for the first two minutes of each hour."""
    return 0.5 + 10.0 * (now % 3600.0 < 120.0)


def _off_the_minute(now: float) -> float:
    """The same, half a minute later."""
    return 0.5 + 10.0 * (30.0 <= now % 3600.0 < 150.0)


def _weekday(now: float) -> bool:
    return int(now // DAY) % 7 < 5


def _weekday_alarms(now: float) -> float:
    return _alarms(now) if _weekday(now) else 0.5


def _holiday(now: float) -> float:
    """Alarms, until nobody is there any more."""
    return 0.5 if now >= 9 * DAY else _alarms(now)


def _diurnal(now: float) -> float:
    return 6.0 - 5.0 * math.cos(2 * math.pi * now / DAY)


def _weekly(now: float) -> float:
    return _diurnal(now) * (1.0 if _weekday(now) else 0.3)


def _drift(now: float) -> float:
    """The day begins six hours later from the fourth day on."""
    return _diurnal(now - (6 * 3600.0 if now > 4 * DAY else 0.0))


def _batch(seconds: float, hour: float) -> float:
    """Twelve cores for three quarters of an hour, at this hour of the day."""
    return 12.0 * (hour * 3600.0 <= seconds % DAY < (hour + 0.75) * 3600.0)


def _nightly(now: float) -> float:
    return 0.5 + _batch(now, 2.0)


def _by_wall_clock(now: float) -> float:
    """A batch at seven by the clock in Berlin, where the clocks change on the fifth day."""
    shown = minute_of_week(int((_AUTUMN + now) // 60), _BERLIN)
    return 0.5 + _batch(60.0 * shown + now % 60.0, 7.0)


_AUTUMN = 1_792_584_000.0 - 43_200.0
"""2026-10-21T00:00Z; the clocks change on Sunday, the 25th."""


def _bursts(days: int, seed: int, least: float = 3.0, most: float = 12.0) -> Load:
    """Bursts at random times, one in ten minutes on average, over half a core."""
    chance = random.Random(seed)  # noqa: S311  # a repeatable load, not a secret
    more, now = [0.0] * int(days * DAY + 600), 0.0
    while now < days * DAY:
        now += chance.expovariate(1 / 600.0)
        cores = chance.uniform(least, most)
        for second in range(int(now), int(now + chance.uniform(30.0, 180.0))):
            if second < len(more):
                more[second] += cores
    return lambda now: min(13.0, 0.5 + more[int(now)])


def _walk() -> Load:
    """A level that moves by a quarter of a core a minute, up or down."""
    chance, level = random.Random(8), 6.0  # noqa: S311  # a repeatable load, not a secret
    levels = []
    for _ in range(8 * 24 * 60 + 1):
        level = min(12.0, max(0.5, level + chance.gauss(0.0, 0.25)))
        levels.append(level)
    return lambda now: levels[int(now // 60)]


def _day() -> Load:
    """All of it in one: a day of people, alarms, a nightly batch, and bursts at random."""
    bursts = _bursts(8, seed=3, least=1.0, most=4.0)

    def load(now: float) -> float:
        people = 1.5 - 1.5 * math.cos(2 * math.pi * (now / DAY - 0.1))
        whole = people + _alarms(now) * 0.6 + _batch(now, 3.0) * 0.5 + bursts(now) - 0.5
        return min(_MOST, whole)

    return load


@cache
def _sets() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_SETS.read_text(encoding="utf-8"))["series"]
    return found


def _real(name: str) -> Load:
    values, step = _sets()[name]["values"], 60.0 * _sets()[name]["minutes"]
    scale = _USUAL / sorted(values)[int(0.995 * len(values))]
    last = len(values) - 1
    return lambda now: min(_MOST, scale * values[min(last, int(now // step))])


TRACES: Mapping[str, Trace] = {
    "alarms": Trace(lambda: _alarms, 6),
    "random bursts": Trace(lambda: _bursts(6, seed=7), 6),
    "day": Trace(lambda: _diurnal, 6),
    "week": Trace(lambda: _weekly, 13),
    "day that shifts": Trace(lambda: _drift, 6),
    "random walk": Trace(_walk, 6),
    "load balancer, real": Trace(lambda: _real("elb"), 10),
    "taxis, real": Trace(lambda: _real("taxi"), 13),
    "messages, real": Trace(lambda: _real("aapl"), 10),
    "a day of all, made": Trace(_day, 6),
    "nightly batch": Trace(lambda: _nightly, 6),
    "alarms off the minute": Trace(lambda: _off_the_minute, 6),
    "alarms on weekdays": Trace(lambda: _weekday_alarms, 13),
    "a holiday begins": Trace(lambda: _holiday, 11),
    "clock change": Trace(
        lambda: _by_wall_clock, 6, _AUTUMN, lambda minute: minute_of_week(minute, _BERLIN)
    ),
}


def segments(load: Load, seed: int, work_s: float = 2.0) -> Iterator[float]:
    """Core-seconds of work that come in each second: whole segments, at random."""
    chance = random.Random(seed)  # noqa: S311  # a repeatable load, not a secret
    second = 0
    while True:
        none, product, count = math.exp(-load(second) / work_s), chance.random(), 0
        while product > none:
            product *= chance.random()
            count += 1
        yield work_s * count
        second += 1
