"""The forecast: what load the coming minutes bring, and how many cores are to be there for it.

It learns from the samples that the allocator sees, minute by minute: the work that was done, and
what the queue grew by. Only a sharp rise is acted on, from `lead_s` before its minute until the end
of it; what rises slowly the allocator follows by itself, and what was not foretold is the queue's
to tell. The cores are a floor within the allocator's bounds, and never a ceiling.

What a minute usually brings is the subject of `seasons`, whether that is to be believed of
`judgement`. Here is no clock: who asks says what time it is, in Unix seconds, and which minute of
the week the clock on the wall shows then (`Calendar`), so that days on which clocks change need no
rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec

from supervisor.core.allocation.backlog import SegmentWork
from supervisor.core.allocation.judgement import Judgement, Standing
from supervisor.core.allocation.policy import Policy, Sampled
from supervisor.core.allocation.seasons import DAY, MOST_LOAD, Seasons

Calendar = Callable[[int], int]
"""Minute of the week, 0 is Monday 00:00, that the wall clock shows at a Unix minute."""

AHEAD: Final = 15
"""Minutes that are told."""

RISE: Final = 2
"""Cores by which a minute must need more than the last one for the forecast to act."""

GAP: Final = 60
"""Minutes without a look after which a forecast is judged anew."""

_MINUTE_S: Final = 60
_FRESH: Final = 2
"""Minutes for which the last load that is known tells of now."""
_ENOUGH_S: Final = 30.0
"""Seconds of a minute that must have been seen."""
_LONGEST_S: Final = 60.0
"""Seconds between two samples of which the later tells."""
_CAME: Final = 0.5
"""Part of a rise that counts as all of it."""
_RECENT: Final = 1 / DAY


class ForecastPolicy(msgspec.Struct, frozen=True):
    """`performance.forecast`, field for field; `acts` where `performance.prediction` says so."""

    acts: bool = False
    lead_s: float = 5.0
    margin: float = 0.5
    learn_days: float = 1.0


class Forecaster:
    """Watches the load, and says what it will be. `at` is always in Unix seconds."""

    def __init__(self, policy: ForecastPolicy, calendar: Calendar) -> None:
        self.policy = policy
        self.seasons = Seasons()
        self.judgement = Judgement()
        self.minutes = 0
        """Minutes that were learned from."""
        self.last_minute: int | None = None
        """The last of them, a Unix minute."""
        self.load: float | None = None
        """What it brought, in cores."""
        self.foretold: float | None = None
        """What had been expected of it."""
        self.error = 0.0
        """Mean difference between forecast and load of late, in cores."""
        self.spent_s = 0.0
        """Core-seconds that were held for what was foretold and not needed."""
        self._calendar = calendar
        self._work = SegmentWork()
        self._minute: int | None = None
        """The one that is going on; the sums below are its."""
        self._seen_s = self._busy_s = self._queued = 0.0
        self._waiting: float | None = None
        self._sampled_at: float | None = None
        self._raised = self._had = 0
        """Cores that came on its account, as long as some of them are not needed, and how many
        there were before; 0: none did."""

    # -- what it says -----------------------------------------------------------------------

    @property
    def knows(self) -> bool:
        """Whether enough was seen for a forecast."""
        return self.minutes >= self.policy.learn_days * DAY

    @property
    def standing(self) -> Standing:
        """Whether it may act, and why not."""
        return self.judgement.standing if self.knows else "learning"

    def ahead(self, at: float, minutes: int = AHEAD) -> list[float | None]:
        """Cores of load in this minute and those after it; None where nothing is known."""
        now = int(at // _MINUTE_S)
        return [self._expected(minute) for minute in range(now, now + minutes)]

    def _expected(self, minute: int) -> float | None:
        return self.seasons.expected(self._calendar(minute)) if self.knows else None

    def cores(self, load: float, policy: Policy) -> int:
        """Cores on which so much load, and the margin, is just at the target."""
        load += self.policy.margin * self.error
        return math.ceil(100.0 * load / policy.cpu_target - 1e-6)

    def floor(self, at: float, policy: Policy) -> int:
        """Cores that a rise calls for which is foretold for now; 0: there is none."""
        now, last = int(at // _MINUTE_S), self.last_minute
        if self.load is None or last is None or not 0 < now - last <= _FRESH:
            return 0
        minutes = range(now, int((at + self.policy.lead_s) // _MINUTE_S) + 1)
        rises = [self._rise(minute, self.load, policy.cpu_target) for minute in minutes]
        return max((self.cores(load, policy) for load in rises if load is not None), default=0)

    def asks(self, at: float, policy: Policy) -> int:
        """The floor that the allocator is to hear of; 0 where it is not to act."""
        return self.floor(at, policy) if self.policy.acts and self.standing == "trusted" else 0

    def _rise(self, minute: int, load: float, target: float) -> float | None:
        """What is expected of a minute that needs more than the one before it usually does, and
        more than this load does; None for any other.

        A rise that is spread over two minutes begins somewhere within the first: cores that come
        with it are there too early or too late, so it is none.
        """
        expected, before = self._expected(minute), self._expected(minute - 1)
        if minute - 1 == self.last_minute and self.foretold is not None:
            before = self.foretold  # By now it has been learned from.
        if expected is None or before is None:
            return None
        more = _needed(expected, target) - max(_needed(before, target), _needed(load, target))
        if more < RISE:
            return None
        earlier, later = self._expected(minute - 2), self._expected(minute + 1)
        steps = (earlier, before), (expected, later)
        spread = any(
            one is not None
            and other is not None
            and _needed(other, target) - _needed(one, target) >= RISE
            for one, other in steps
        )
        return None if spread else expected

    # -- what it is told --------------------------------------------------------------------

    def observe(self, sample: Sampled, at: float, policy: Policy, cores: int) -> None:
        """Take a sample, made at this moment, with the number of cores that is in force."""
        elapsed = 0.0 if self._sampled_at is None else sample.now - self._sampled_at
        self._sampled_at = sample.now
        usual = 0 < elapsed <= max(_LONGEST_S, 2 * policy.monitoring_interval)
        minute = int((at - elapsed / 2 if usual else at) // _MINUTE_S)
        if self._minute is not None and minute != self._minute:
            if minute > self._minute:
                self._conclude(self._minute, policy.cpu_target)
            self._begin(minute)
        elif self._minute is None:
            self._begin(minute)
        waited, self._waiting = self._waiting, sample.waiting
        used = sample.utilization
        if used is None or not math.isfinite(used) or not usual or waited is None:
            return
        leased = cores if sample.leased is None else sample.leased
        busy = min(100.0, max(0.0, used)) * leased / 100.0
        self._account(cores, _needed(busy, policy.cpu_target), elapsed)
        if not sample.building:  # Else it is work too, but not of segments.
            self._work.observe(busy * elapsed, sample.finished)
        self._seen_s += elapsed
        self._busy_s += busy * elapsed
        self._queued += sample.waiting - waited

    def _begin(self, minute: int) -> None:
        self._minute = minute
        self._seen_s = self._busy_s = self._queued = 0.0

    def acted(self, before: int, after: int) -> None:
        """Note that the allocator has taken cores on its account."""
        self._had = before if not self._raised else min(self._had, before)
        self._raised = after

    def _account(self, cores: int, needed: int, seconds: float) -> None:
        """Count the cores that were there for what was foretold, and were not needed."""
        spent = 0.0
        if self._raised and cores > max(needed, self._had):
            spent = (cores - max(needed, self._had)) * seconds
        else:
            self._raised = 0
        self.spent_s += spent
        self.judgement.account(cores * seconds, spent, seconds)

    def _conclude(self, minute: int, target: float) -> None:
        """Judge and learn the minute that has passed."""
        if self._seen_s < _ENOUGH_S:
            return
        load = max(0.0, self._busy_s + self._queued * self._work.mean_s) / self._seen_s
        load = min(load, MOST_LOAD)
        place = self._calendar(minute)
        before, last = self.last_minute, self.load
        if before is not None and not -GAP <= minute - before <= GAP:
            self.judgement.begin_anew()
            last = None
        expected = self._expected(minute)
        if expected is not None and last is not None:
            self.judgement.judge(expected, last, load)
            self.error += (abs(expected - load) - self.error) * _RECENT
            rise = self._rise(minute, last, target)
            if rise is not None:
                self.judgement.saw_rise(came=load - last >= _CAME * (rise - last))
        self.seasons.learn(place, load)
        self.minutes += 1
        self.last_minute, self.load, self.foretold = minute, load, expected


def _needed(load: float, target: float) -> int:
    """Cores on which so much load is just at the target."""
    return max(1, math.ceil(100.0 * load / target - 1e-6))
