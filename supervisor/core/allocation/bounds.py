"""Bounds on the number of cores, and the limit that sets each.

All limits meet here, inside the decision, so that a count is never chosen first
and cut down afterwards. `ThermalCap` and `MemoryCap` are the two that move by
themselves: both fall at once and rise slowly, so neither makes the pool flap.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from supervisor.core.allocation.backoff import Backoff
from supervisor.core.allocation.policy import Policy, Sampled

HOT_C = 85.0
COOL_C = 80.0
RECOVERY_S = 10.0
"""How long the machine must stay below COOL_C before the cap rises by one core."""

MEMORY_RISE_S = 30.0
"""How long more memory must stay free before it is built upon."""


Limit = Literal["max_cores", "reserve", "usable", "memory"]
"""The limit that sets the upper bound, heat and the shares of others left aside."""

Floor = Literal["min_cores", "forecast"]
"""What sets the lower bound."""


class Bounds(msgspec.Struct, frozen=True):
    """`lower <= upper`, both at least 1.

    `hard` is the upper bound without the thermal cap: exceeding it is impossible
    rather than unwise, so it does not wait for the cooldown. `winner` names the
    limit that set `upper`: max_cores, reserve (one core is left to the system
    where max_cores is null), usable, memory, thermal, or share (of the cores that other
    supervisors want, too); `hard_winner` that of `hard`, `lower_winner` that of `lower`.
    `notes` says, one line each, which settings could not be honoured.
    """

    lower: int
    upper: int
    hard: int
    winner: Limit | Literal["thermal", "share"]
    hard_winner: Limit
    lower_winner: Floor = "min_cores"
    notes: tuple[str, ...] = ()


def effective_bounds(
    policy: Policy,
    usable: int,
    memory_cap: int | None,
    thermal_cap: int | None,
    forecast: int = 0,
) -> Bounds:
    """Combine settings and machine into bounds of one core at least.

    An explicit min_cores beats the automatic reserve, and thermal protection never
    goes below min_cores: a machine in danger throttles itself. `forecast`, cores that are to
    be there for what is foretold, raises the lower bound as far as the upper one lets it.
    """
    usable = max(1, usable)
    wanted = policy.min_cores or 1
    limits: dict[Limit, int] = {"usable": usable}
    if policy.max_cores is None:
        limits["reserve"] = max(1, usable - 1, min(wanted, usable))
    else:
        limits["max_cores"] = policy.max_cores
    if memory_cap is not None:
        limits["memory"] = memory_cap
    hard_winner = min(limits, key=lambda name: limits[name])
    hard = max(1, limits[hard_winner])
    lower = min(wanted, hard)
    upper = hard
    winner: Limit | Literal["thermal"] = hard_winner
    if thermal_cap is not None and thermal_cap < hard:
        upper, winner = max(lower, thermal_cap), "thermal"
    lower_winner: Floor = "min_cores"
    if min(forecast, upper) > lower:
        lower, lower_winner = min(forecast, upper), "forecast"
    notes = []
    if policy.max_cores is not None and policy.max_cores > usable:
        notes.append(f"max_cores {policy.max_cores} is above the {usable} usable cores")
    if hard < wanted:
        notes.append(f"min_cores {wanted} is above the limit {hard_winner} of {hard}")
    return Bounds(
        lower=lower,
        upper=upper,
        hard=hard,
        winner=winner,
        hard_winner=hard_winner,
        lower_winner=lower_winner,
        notes=tuple(notes),
    )


def within_share(bounds: Bounds, most: int | None) -> Bounds:
    """The bounds of a pool that leaves cores to others: it neither grows beyond `most`, nor holds
    on to min_cores there. What it has beyond, it gives back one by one.
    """
    if most is None or most >= bounds.upper:
        return bounds
    lower = min(bounds.lower, most)
    return msgspec.structs.replace(bounds, lower=lower, upper=most, winner="share")


def static_cores(policy: Policy, bounds: Bounds) -> int:
    """Size of the pool when allocation is switched off: max_cores, or min_cores set alone."""
    if policy.max_cores is None and policy.min_cores is not None:
        return bounds.lower
    return bounds.hard


class ThermalCap:
    """Upper bound by temperature: one core fewer than in use while hot, one more per cool spell.

    Between COOL_C and HOT_C the cap stays. A machine that heats up again soon after
    the cap rose waits longer before the next rise, so that it settles below the
    count that overheats it. An unknown temperature is neither hot nor a reason to wait.
    """

    def __init__(self) -> None:
        self.cap: int | None = None
        self._cool_since: float | None = None
        self._raised_at: float | None = None
        self._recovery = Backoff(RECOVERY_S)

    def update(self, sample: Sampled, cores: int, hard: int) -> None:
        """Take in one sample; `cores` are in use, `hard` is the bound without heat."""
        temperature = sample.temperature
        if temperature is not None and not math.isfinite(temperature):
            temperature = None
        if sample.throttling or (temperature is not None and temperature > HOT_C):
            self._heat(sample.now, cores)
        elif temperature is None or temperature < COOL_C:
            self._cool(sample.now, hard)
        else:
            self._cool_since = None

    def _heat(self, now: float, cores: int) -> None:
        raised, self._raised_at = self._raised_at, None
        if raised is not None and now - raised < 4 * self._recovery.wait:
            self._recovery.lengthen()
        self._cool_since = None
        self.cap = max(1, cores - 1)

    def _cool(self, now: float, hard: int) -> None:
        if self._raised_at is not None and now - self._raised_at >= 4 * self._recovery.wait:
            self._raised_at = None
            self._recovery.shorten()
        if self.cap is None:
            return
        if self._cool_since is None or now < self._cool_since:
            self._cool_since = now
        elif now - self._cool_since >= self._recovery.wait:
            self._cool_since = self._raised_at = now
            self.cap = self.cap + 1 if self.cap + 1 < hard else None


class MemoryCap:
    """Upper bound by memory: the lowest cap of the last MEMORY_RISE_S, so it falls at once."""

    def __init__(self) -> None:
        self.cap: int | None = None
        self._higher_since: float | None = None

    def update(self, now: float, told: int | None) -> None:
        """Take the number of cores whose workers fit into memory now; None: unknown."""
        if self.cap is None or (told is not None and told <= self.cap):
            self.cap, self._higher_since = told, None
        elif self._higher_since is None or now < self._higher_since:
            self._higher_since = now
        elif now - self._higher_since >= MEMORY_RISE_S:
            self.cap, self._higher_since = told, None
