"""What a forecaster has learned, as the content of a file: JSON of 100 kB at most.

Reading and writing the file is left to the service. It is a hint and never needed: one that is
torn, of another version or of somebody else's making is refused, with the reason in one line, and
the forecaster begins anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from supervisor.core.allocation.forecast import Forecaster
from supervisor.core.allocation.judgement import Hour
from supervisor.core.allocation.seasons import DAY, MOST_LOAD, WEEK

SCHEMA = 1
"""Grows when a field changes its meaning; what is of another schema is not read."""

MAX_BYTES = 100_000

_Load = Annotated[float, Meta(ge=0, le=MOST_LOAD)]
_Sum = Annotated[float, Meta(ge=0, le=1e12)]
_Count = Annotated[int, Meta(ge=0, le=1 << 40)]


class LearnedError(ValueError):
    """A file that cannot be used; one line."""


class _Learned(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    minutes: _Count
    last_minute: _Count | None
    load: _Load | None
    foretold: _Load | None
    error: _Load
    spent_s: _Sum
    rises: _Count
    came: _Count
    misses: _Count
    recent_spent_s: _Sum
    recent_held_s: _Sum
    day_loss: _Sum
    week_loss: _Sum
    hours: Annotated[list[tuple[_Count, _Sum, _Sum]], Meta(max_length=24)]
    day: Annotated[list[_Load | None], Meta(min_length=DAY, max_length=DAY)]
    week: Annotated[list[_Load | None], Meta(min_length=WEEK, max_length=WEEK)]


class _Versioned(msgspec.Struct):
    schema: int


def encode(forecaster: Forecaster) -> bytes:
    """The file's content."""
    judgement, seasons = forecaster.judgement, forecaster.seasons
    learned = _Learned(
        schema=SCHEMA,
        minutes=forecaster.minutes,
        last_minute=forecaster.last_minute,
        load=forecaster.load,
        foretold=forecaster.foretold,
        error=forecaster.error,
        spent_s=forecaster.spent_s,
        rises=judgement.rises,
        came=judgement.came,
        misses=judgement.misses,
        recent_spent_s=judgement.spent_s,
        recent_held_s=judgement.held_s,
        day_loss=seasons.day_loss,
        week_loss=seasons.week_loss,
        hours=[(hour.minutes, hour.forecast, hour.naive) for hour in judgement.hours],
        day=_rounded(seasons.day),
        week=_rounded(seasons.week),
    )
    return msgspec.json.encode(learned)


def restore(forecaster: Forecaster, data: bytes) -> None:
    """Give a new forecaster what `encode` wrote. Raises LearnedError for anything else."""
    if len(data) > MAX_BYTES:
        raise LearnedError(f"it is longer than {MAX_BYTES} bytes")
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != SCHEMA:
            raise LearnedError(f"its schema is {schema}, this version reads {SCHEMA}")
        learned = msgspec.json.decode(data, type=_Learned)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise LearnedError(f"it is torn or no forecast: {error}") from None
    forecaster.minutes = learned.minutes
    forecaster.last_minute, forecaster.load = learned.last_minute, learned.load
    forecaster.foretold = learned.foretold
    forecaster.error, forecaster.spent_s = learned.error, learned.spent_s
    judgement, seasons = forecaster.judgement, forecaster.seasons
    judgement.rises, judgement.came = learned.rises, learned.came
    judgement.misses = learned.misses
    judgement.spent_s, judgement.held_s = learned.recent_spent_s, learned.recent_held_s
    judgement.hours.extend(Hour(*hour) for hour in learned.hours)
    seasons.restore(learned.day, learned.week)
    seasons.day_loss, seasons.week_loss = learned.day_loss, learned.week_loss


def _rounded(loads: Iterable[float]) -> list[float | None]:
    """To a hundredth of a core, and a tenth from ten cores on: four digits, five of very many."""
    return [None if math.isnan(load) else round(load, 2 if load < 10 else 1) for load in loads]
