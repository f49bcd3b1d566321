"""Workloads: when segments arrive and how long they are.

A load is given in cores: core-seconds of one-threaded work that arrive per second.
`parse` reads the form of the command line:

    constant:load=3                    even arrivals
    step:load=12,at=60                 nothing, then `load` cores from second `at` on
    poisson:load=3                     random arrivals
    burst:segments=200,every=300       all at once, again and again
    diurnal:low=1,high=12,period=3600  random arrivals, a sine between low and high

Traces are `trace`'s subject.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from supervisor.core.jobs.request import DEFAULT_PRIORITY
from supervisor.simulate.scenario import EngineModel

_FORMS: dict[str, dict[str, float]] = {
    "constant": {"load": math.nan},
    "step": {"load": math.nan, "at": 60.0},
    "poisson": {"load": math.nan},
    "burst": {"segments": 200.0, "every": 300.0},
    "diurnal": {"low": 1.0, "high": math.nan, "period": 3600.0},
}
"""Parameters of each form and their defaults; NaN: has to be given."""


class WorkloadError(ValueError):
    """A workload or trace cannot be used; the message is one line that says why."""


class Arrival(NamedTuple):
    """Arrival of a segment. `client`: its name, empty for a client of its own.

    `deadline_s` counts from the arrival; None for none.
    """

    time_s: float
    characters: float
    client: str = ""
    priority: int = DEFAULT_PRIORITY
    deadline_s: float | None = None


@dataclass(frozen=True)
class Workload:
    """`arrivals` in order of time; `changes_at` is when the load last takes a new level."""

    name: str
    seconds: float
    arrivals: Callable[[], Iterator[Arrival]]
    changes_at: float = 0.0


@dataclass(frozen=True)
class SegmentSource:
    """Segments of one size on an engine: turns cores of load into arrivals."""

    engine: EngineModel
    characters: float = 80.0
    seed: int = 1

    @property
    def work_s(self) -> float:
        """Core-seconds of one segment on one thread."""
        return self.characters * self.engine.seconds_per_character

    def even(self, load: Callable[[float], float], seconds: float) -> Iterator[Arrival]:
        """Arrivals whenever the load has summed up to one, found in steps of a tenth of one."""
        now, due = 0.0, 0.0
        while now < seconds:
            offered = load(now)
            step = min(1.0, 0.1 * self.work_s / offered) if offered > 0 else 1.0
            due += offered * step / self.work_s
            now += step
            while due >= 1.0 - 1e-9:
                due -= 1.0
                yield Arrival(now, self.characters)

    def random(
        self, load: Callable[[float], float], highest: float, seconds: float
    ) -> Iterator[Arrival]:
        """A Poisson process of that load, by thinning one of the highest load (Lewis, Shedler)."""
        chance = random.Random(self.seed)  # noqa: S311  # a repeatable load, not a secret
        now = 0.0
        while highest > 0:
            now += chance.expovariate(highest / self.work_s)
            if now >= seconds:
                return
            if chance.random() * highest < load(now):
                yield Arrival(now, self.characters)

    def bursts(self, segments: int, every: float, seconds: float) -> Iterator[Arrival]:
        """`segments` at once at each multiple of `every` seconds, from the first one on."""
        for number in range(1, math.ceil(seconds / every)):
            for _ in range(segments):
                yield Arrival(number * every, self.characters)


def parse(text: str, segments: SegmentSource, seconds: float) -> Workload:
    """A workload from its form on the command line. Raises WorkloadError."""
    form, _, given = text.partition(":")
    values = _parameters(text, form, given)
    if form == "burst":
        count, every = round(values["segments"]), values["every"]
        if every <= 0:
            raise WorkloadError(f"workload {text!r}: every must be above 0")
        return Workload(text, seconds, lambda: segments.bursts(count, every, seconds))
    load, highest = _load(form, values)
    if form in {"poisson", "diurnal"}:
        return Workload(text, seconds, lambda: segments.random(load, highest, seconds))
    return Workload(text, seconds, lambda: segments.even(load, seconds), values.get("at", 0.0))


def _parameters(text: str, form: str, given: str) -> dict[str, float]:
    if form not in _FORMS:
        raise WorkloadError(f"workload {text!r}: there are {', '.join(_FORMS)}")
    values = dict(_FORMS[form])
    for pair in filter(None, given.split(",")):
        name, _, number = pair.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if name not in values or not math.isfinite(value) or value < 0:
            names = ", ".join(f"{key}=NUMBER" for key in values)
            raise WorkloadError(f"workload {text!r}: {form} takes {names}, not {pair!r}")
        values[name] = value
    missing = [name for name, value in values.items() if math.isnan(value)]
    if missing:
        raise WorkloadError(f"workload {text!r}: give {missing[0]}=NUMBER")
    return values


def _load(form: str, values: dict[str, float]) -> tuple[Callable[[float], float], float]:
    """Load in cores over time, and its highest value."""
    if form == "diurnal":
        low, high, period = values["low"], values["high"], values["period"]
        if period <= 0:
            raise WorkloadError("workload diurnal: period must be above 0")
        middle, swing = (low + high) / 2, (high - low) / 2
        return lambda t: middle - swing * math.cos(2 * math.pi * t / period), max(low, high)
    load, at = values["load"], values.get("at", 0.0)
    return lambda t: load if t >= at else 0.0, load
