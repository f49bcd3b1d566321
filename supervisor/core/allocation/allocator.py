"""The allocator: the number of cores, by one target utilization with hysteresis and cooldown.

    a sharp rise of the load is foretold       → as many cores as it needs
    a segment has waited for OLD_BACKLOG_S     → as many cores as the waiting work needs
    average > cpu_target                       → more cores
    average < cpu_target × hysteresis_factor   → fewer cores, unless work waits
    otherwise                                  → stay

Utilization is the CPU time that the workers wanted, not what they got: a pool that other
processes keep from its cores is busy, and says `starved_by_others` where that decides.

`DynamicCPUAllocator` takes samples and settings, and returns resizes. It leaves what bounds
the number to `limits`, the choice of cores to `placement`, the split into workers to `shape`,
and measuring, logging and carrying out to the shell.

Why a constant load settles. Let N cores be in force and D = N × average the work
seen. Growth needs average > target, that is D > N × target. A shrink to M needs the
utilization it leads to, D ÷ M, to stay within `shrink_limit`, which is below target.

- Exact samples: after a shrink the utilization is at most the limit, so no growth
  follows; after a growth from N, returning to N would lead back to more than the
  target, so it is refused. The count moves in one direction only and is bounded.
- Saturated at 100 %: D is less than the true load then, so growth never exceeds what
  its own rule asks, and nothing shrinks, because the average is not low. While a
  queue is worked off, `backlog` tells the load from the saturation, and a pool that
  is large enough for the load waits instead of growing into the queue.
- Load in whole workers: workers that are kept fed do the same work per second on any
  sufficient number of cores, and a wide worker that scales badly does less on fewer.
  Either way D ÷ M is the utilization to come, or more than it.
- Noise: the limit lies inside the hysteresis band, the shrink must fit the highest
  average of the whole scale-down wait, and that wait grows after each removal that
  was regretted (`scale_down`). Noise without bound can still move the count, ever
  more rarely.
- A queue moves the count up only, to what the work that arrives takes at the target;
  it is the same work that the utilization shows once the queue is gone.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import NamedTuple

from supervisor.core.allocation.backlog import Backlog, SegmentWork
from supervisor.core.allocation.bounds import Bounds, static_cores
from supervisor.core.allocation.limits import Limits
from supervisor.core.allocation.memory_states import MemoryPolicy
from supervisor.core.allocation.policy import (
    Command,
    Configured,
    Decision,
    Event,
    Kind,
    Policy,
    Resize,
    Sampled,
)
from supervisor.core.allocation.scale_down import ScaleDown, shrink_limit

HISTORY = 50
"""Decisions kept for the diagnostics."""

MIN_FRESH = 3
"""Samples since the last change that a decision on an average needs."""

OLD_BACKLOG_S = 1.0
"""Age of a waiting segment from which the pool no longer waits for an average."""

STARVED_PERCENT = 20.0
"""Percent of the wanted CPU time that others had, from which the pool counts as starved: any
neighbour takes less, and a core contended by one other process loses half."""

_NO_WORKER_IDLE = 0.01
"""Mean number of idle workers that counts as none: moments between two segments make up less."""

_SCALE_DOWN_COOLDOWNS = 3
"""Cooldowns for which fewer cores must have been enough."""

_ENOUGH = 1.02
"""A pool waits for its queue to empty when it has so many times the cores that the load takes.

The load read from a queue is a few percent off; a core too many is held for long, but
a core too few comes as a late change.
"""

_DEFAULT_MEMORY = MemoryPolicy()

_SETTINGS: dict[Kind, tuple[str, ...]] = {
    "bound_max_cores": ("max_cores",),
    "bound_min_cores": ("min_cores",),
    "disabled": ("max_cores", "min_cores", "enabled"),
}
"""The settings that decide, by the kind of decision."""


class Choice(NamedTuple):
    """Number of cores, and why: a kind of reason and its figures."""

    cores: int
    kind: Kind
    figures: tuple[float, ...] = ()


class DynamicCPUAllocator:
    """The policy as a state machine. `usable` is the number of cores known at the start.

    It starts, before any event, with `cores` at min_cores, or at the static size
    where allocation is disabled.
    """

    def __init__(self, policy: Policy, usable: int, memory: MemoryPolicy = _DEFAULT_MEMORY) -> None:
        self.policy = policy
        self.limits = Limits(policy, usable, memory)
        self.history: deque[Decision] = deque(maxlen=HISTORY)
        self.decision_counts: Counter[Kind] = Counter()
        """Decisions so far by the kind of their reason."""
        self.utilization_history: deque[float] = deque(maxlen=policy.history_window)
        self._fresh: deque[float] = deque(maxlen=policy.history_window)
        self._fresh_starved: deque[float] = deque(maxlen=policy.history_window)
        self._backlog = Backlog()
        self._work = SegmentWork()
        self._load_by_length = 0.0
        self._working_off = False
        self._was_building = False
        self._unsettled = False
        self._foretold = False
        """Whether the cores that came last did so for a forecast; then they go at once, too."""
        self._scale_down = ScaleDown(_base_wait(policy))
        self._changed_at: float | None = None
        self._now: float | None = None
        self._sampled_at: float | None = None
        self._looked = False
        bounds = self.bounds
        self.cores = bounds.lower if policy.enabled else static_cores(policy, bounds)
        self.wanted = self.cores
        """Cores that the policy asks for, whatever other supervisors hold, as of now."""

    # -- what the diagnostics read --------------------------------------------------------

    @property
    def bounds(self) -> Bounds:
        """The bounds in force, which limit won and what could not be honoured."""
        return self.limits.bounds

    @property
    def average(self) -> float | None:
        """Mean utilization in percent of the samples since the last change."""
        return sum(self._fresh) / len(self._fresh) if self._fresh else None

    @property
    def starved_percent(self) -> float | None:
        """Percent of the wanted CPU time that other processes had, 0–100, over the same samples."""
        average = self.average
        if average is None:
            return None
        return min(100.0, 100.0 * self._average_starved / average) if average > 0 else 0.0

    @property
    def _average_starved(self) -> float:
        """Percent of the cores, as the average is."""
        return sum(self._fresh_starved) / max(1, len(self._fresh_starved))

    @property
    def cooldown_remaining(self) -> float:
        """Seconds until a change on utilization is possible again, as of the last event."""
        if self._changed_at is None or self._now is None:
            return 0.0
        return max(0.0, self._changed_at + self.policy.allocation_cooldown - self._now)

    @property
    def scale_down_wait(self) -> float:
        """Seconds over which the load must have been low enough for fewer cores."""
        return self._scale_down.wait(self.cores - 1)

    # -- events ---------------------------------------------------------------------------

    def handle(self, event: Event) -> list[Command]:
        """Take one event; return at most one resize. Every event leaves a Decision."""
        self._advance(event.now)
        if isinstance(event, Configured):
            self._configure(event.policy)
            self.limits.configure(event.policy, event.memory)
            choice = self._at_once(self.bounds) or Choice(self.cores, "configured")
            return self._conclude(event.now, choice, None, None)
        used = self._observe(event)
        self.wanted = self._wish(event)
        return self._conclude(event.now, self._decide(event, used), event, used)

    def _advance(self, now: float) -> None:
        """Move the time on. A clock that steps back starts every wait anew: none is cut short."""
        if self._now is not None and now < self._now:
            self._forget()
            self._scale_down.restart()
            self.limits.restart()
            self._sampled_at = None
            if self._changed_at is not None:
                self._changed_at = now
        self._now = now

    def _forget(self) -> None:
        self._fresh.clear()
        self._fresh_starved.clear()
        self._backlog.restart()
        self._working_off = False

    def _configure(self, policy: Policy) -> None:
        self._fresh = deque(self._fresh, maxlen=policy.history_window)
        self._fresh_starved = deque(self._fresh_starved, maxlen=policy.history_window)
        self.utilization_history = deque(self.utilization_history, maxlen=policy.history_window)
        self._scale_down.rebase(_base_wait(policy))
        self.policy = policy

    def _observe(self, sample: Sampled) -> float | None:
        """Take the measurements; return the utilization in percent of the decided cores, if any."""
        self.limits.observe(sample, self.cores)
        if sample.utilization is None or not math.isfinite(sample.utilization):
            return None
        pause = self.policy.history_window * self.policy.monitoring_interval
        elapsed = 0.0 if self._sampled_at is None else sample.now - self._sampled_at
        if elapsed > pause:
            self._forget()  # the machine slept, or the monitor failed for long
            elapsed = 0.0
        self._sampled_at = sample.now
        leased = self.cores if sample.leased is None else sample.leased
        used = max(0.0, sample.utilization) * leased / self.cores
        self.utilization_history.append(used)
        self._unsettled = sample.building or self._was_building
        self._was_building = sample.building
        self._load_by_length = self._work.load(sample.waiting, sample.backlog_s)
        if self._unsettled:
            return used
        self._fresh.append(used)
        self._fresh_starved.append(min(used, _finite(sample.starved) * leased / self.cores))
        busy = used * self.cores / 100.0
        if elapsed > 0:
            self._work.observe(busy * elapsed, sample.finished)
        self._backlog.observe(sample.now, sample.backlog_s, busy, sample.demand)
        if self._working_off and sample.backlog_s <= 0:
            self._forget()  # the samples of a queue being worked off say nothing of the load
        average = self._settled_average()
        if average is not None:
            self._scale_down.observe(sample.now, self._need(average))
        return used

    def _settled_average(self) -> float | None:
        """The average, once there are enough fresh samples for a decision.

        To a tenth of a percent, as the reasons show it: less is noise of the measurement.
        """
        average = self.average
        if average is None or len(self._fresh) < self._least_samples:
            return None
        return round(average, 1)

    @property
    def _least_samples(self) -> int:
        return min(MIN_FRESH, self.policy.history_window)

    def _need(self, average: float) -> float:
        """Cores on which the measured work gives the highest utilization that a shrink allows."""
        return self.cores * average / shrink_limit(self.policy)

    # -- the decision ---------------------------------------------------------------------

    def _decide(self, sample: Sampled, used: float | None) -> Choice:
        """Return the choice of the first rule that applies."""
        bounds = self.bounds
        return (
            self._yielding(bounds)
            or self._at_once(bounds)
            or self._too_hot()
            or self._unmeasured(used)
            or self._backlogged(sample, bounds)
            or self._rebuilding()
            or self._averaged(sample, bounds)
        )

    def _at_once(self, bounds: Bounds) -> Choice | None:
        """Moves that wait for no cooldown: to the static size, and into the hard bounds."""
        over = self.cores > bounds.hard
        if not self.policy.enabled and not (over and self.limits.gives_back(bounds)):
            return Choice(self.limits.static(self.cores), "disabled")
        if over:
            return self._bounded(bounds.hard_winner, bounds.hard, bounds)
        if self.cores < bounds.lower:
            foretold = bounds.lower_winner == "forecast"
            return Choice(
                bounds.lower, "forecast" if foretold else "bound_min_cores", (bounds.lower,)
            )
        return None

    def _bounded(self, limit: str, cores: int, bounds: Bounds) -> Choice:
        """The choice of as many cores as a limit leaves, with its reason."""
        return Choice(cores, *self.limits.reason(limit, cores, bounds))

    def _yielding(self, bounds: Bounds) -> Choice | None:
        """Give one core back to another supervisor, which is below its share. At once where that
        has none at all, and then the next change need not wait either.
        """
        shared = self.limits.shared
        if shared is None or shared.yield_to is None or not 1 < self.cores <= bounds.hard:
            return None
        if self.cooldown_remaining > 0 and not shared.at_once:
            return self._cooling_down()
        return Choice(self.cores - 1, "yield_to", (shared.yield_to,))

    def _too_hot(self) -> Choice | None:
        bounds = self.limits.own()
        if self.cores <= bounds.upper:
            return None
        if self.cooldown_remaining > 0:
            return self._cooling_down()
        return Choice(bounds.upper, "thermal_cap", (bounds.upper,))

    def _unmeasured(self, used: float | None) -> Choice | None:
        """Stay without a measurement; the first sample has none to be compared with."""
        first, self._looked = not self._looked, True
        if used is not None:
            return None
        return Choice(self.cores, "first_sample" if first else "monitor_failed")

    def _backlogged(self, sample: Sampled, bounds: Bounds) -> Choice | None:
        """Grow to the load that the queue shows, once segments have waited for long.

        Never shrinks. The estimate by the age of the queue's head, too high at first, counts
        up to as many cores as there are segments.
        """
        target = self._called_for(sample, bounds)
        if target <= self.cores:
            return None
        if self.cooldown_remaining > 0:
            return self._cooling_down()
        return Choice(target, "backlog", (sample.backlog_s,))

    def _called_for(self, sample: Sampled, bounds: Bounds) -> int:
        """Cores that the load takes that an old queue shows; 0 where it is not old."""
        if sample.backlog_s < OLD_BACKLOG_S:
            return 0
        load = max(min(self._backlog.load(), sample.demand), self._load_by_length)
        return math.ceil(min(100.0 * load / self.policy.cpu_target, bounds.upper))

    def _wish(self, sample: Sampled) -> int:
        """Cores that the policy would have by this sample, if no other supervisor had any."""
        bounds = self.limits.own(sample.alone)
        if not self.policy.enabled:
            return static_cores(self.policy, bounds)
        average = None if self._unsettled else self._settled_average()
        if average is None:
            wish = min(self.cores, self.wanted)
        elif average > self.policy.cpu_target:
            wish = self._more(average)
        elif average < self.policy.scale_down_threshold and self._work_waits(sample) is None:
            wish = self._scale_down.fewest(bounds.lower, self.cores)
        else:
            wish = self.cores
        wish = max(wish, self._called_for(sample, bounds))
        return min(max(wish, bounds.lower), bounds.upper)

    def _rebuilding(self) -> Choice | None:
        """Stay while sessions are built, and in the swap after: that is no load."""
        return Choice(self.cores, "sessions_building") if self._unsettled else None

    def _averaged(self, sample: Sampled, bounds: Bounds) -> Choice:
        average = self._settled_average()
        if average is None:
            return self._stay("fresh_samples", len(self._fresh), self._least_samples)
        if average > self.policy.cpu_target:
            return self._grow(average, bounds)
        if average < self.policy.scale_down_threshold:
            return self._work_waits(sample) or self._shrink(average, bounds)
        return self._stay("optimal_range", average)

    def _grow(self, average: float, bounds: Bounds) -> Choice:
        starved = self._starved()
        if self.cores >= bounds.upper:
            if starved is not None:
                return self._stay("starved_by_others", starved)
            return self._bounded(bounds.winner, bounds.upper, bounds)
        if self.cooldown_remaining > 0:
            return self._cooling_down()
        backlog, target = self._backlog, self.policy.cpu_target
        if backlog.draining and 100.0 * backlog.load() * _ENOUGH <= self.cores * target:
            self._working_off = True
            return self._stay("draining_backlog", backlog.age)
        wanted = min(self._more(average), bounds.upper)
        if starved is not None and average - self._average_starved <= target:
            return Choice(wanted, "starved_by_others", (starved,))
        return Choice(wanted, "high_utilization", (average,))

    def _more(self, average: float) -> int:
        """Cores to grow to at this average, which is above the target."""
        if self.policy.aggressive_mode:
            return math.ceil(self.cores * average / self.policy.cpu_target)
        return self.cores + 1

    def _starved(self) -> float | None:
        """Percent that other processes took, of a starved pool; None for any other."""
        percent = self.starved_percent
        if percent is None or percent < STARVED_PERCENT:
            return None
        return percent

    def _work_waits(self, sample: Sampled) -> Choice | None:
        """Stay at a low average while work waits and no worker was idle."""
        idle = sample.idle is None or sample.idle >= _NO_WORKER_IDLE
        if idle or sample.backlog_s <= 0:
            return None
        return self._stay("work_waiting", sample.backlog_s)

    def _shrink(self, average: float, bounds: Bounds) -> Choice:
        if self.cores <= bounds.lower or self._need(average) > self.cores - 1:
            return self._stay("optimal_range", average)
        if self.cooldown_remaining > 0:
            return self._cooling_down()
        at_once = self.policy.aggressive_mode or self._foretold
        least = bounds.lower if at_once else self.cores - 1
        wanted = self._scale_down.fewest(least, self.cores)
        if wanted == self.cores:
            return self._stay("scale_down_wait", self.scale_down_wait)
        return Choice(wanted, "low_utilization", (average,))

    def _cooling_down(self) -> Choice:
        return self._stay("cooldown", self.cooldown_remaining)

    def _stay(self, kind: Kind, *figures: float) -> Choice:
        return Choice(self.cores, kind, figures)

    def _profile(self, kind: Kind) -> str:
        """The profile that has set what decided; empty for none."""
        profiles = self.policy.profiles
        return next((profiles[name] for name in _SETTINGS.get(kind, ()) if name in profiles), "")

    def _conclude(
        self, now: float, choice: Choice, sample: Sampled | None, used: float | None
    ) -> list[Command]:
        target, kind, figures = choice
        decision = Decision(
            now=now,
            before=self.cores,
            after=target,
            utilization=used,
            average=self.average,
            kind=kind,
            figures=figures,
            inputs=sample,
            profile=self._profile(kind),
        )
        self.history.append(decision)
        self.decision_counts[kind] += 1
        if target == self.cores:
            return []
        if target > self.cores:
            self._foretold = kind == "forecast"
            if not self._foretold:
                self._scale_down.regretted(target)
        elif kind == "low_utilization" or (kind == "yield_to" and self.wanted <= target):
            self._scale_down.removed(now, target)
        self.cores = target
        shared = self.limits.shared
        # The queue is not kept waiting by what was to go before it.
        if kind != "forecast" and not (
            shared is not None and kind == "yield_to" and shared.at_once
        ):
            self._changed_at = now
        self._forget()
        # Cores that came for a queue are full until it is gone, whatever the load.
        self._working_off = kind == "backlog"
        return [Resize(decision)]


def _finite(value: float) -> float:
    return max(0.0, value) if math.isfinite(value) else 0.0


def _base_wait(policy: Policy) -> float:
    """Shortest scale-down wait: a few cooldowns, and as long as the average looks back."""
    window = max(policy.history_window, MIN_FRESH) * policy.monitoring_interval
    return max(_SCALE_DOWN_COOLDOWNS * policy.allocation_cooldown, window)
