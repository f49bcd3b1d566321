"""The limits in force: what settings, machine, heat, memory and other supervisors leave of cores.

How each moves is told by its own room (`bounds`, `memory_states`, `shares`); here they are kept
together, as of the last sample, for the decision that the load makes within them.
"""

from __future__ import annotations

from supervisor.core.allocation.bounds import (
    Bounds,
    MemoryCap,
    ThermalCap,
    effective_bounds,
    static_cores,
    within_share,
)
from supervisor.core.allocation.memory_states import MemoryPolicy, MemoryWatch
from supervisor.core.allocation.policy import Kind, Policy, Sampled
from supervisor.core.allocation.shares import Shared

_KINDS: dict[str, Kind] = {
    "max_cores": "bound_max_cores",
    "memory": "bound_memory",
    "reserve": "bound_reserve",
    "share": "bound_share",
    "thermal": "thermal_cap",
    "usable": "bound_usable",
}
"""The kind of decision by the limit that made it."""


class Limits:
    """What bounds the cores. `usable` is the number of cores known at the start."""

    def __init__(self, policy: Policy, usable: int, memory: MemoryPolicy) -> None:
        self.memory = MemoryWatch()
        self.shared: Shared | None = None
        """Our part beside other supervisors; set before each sample. None: there are none."""
        self.forecast = 0
        """Cores that are to be there for what is foretold, as of the last sample."""
        self._policy = policy
        self._memory_policy = memory
        self._usable = usable
        self._thermal = ThermalCap()
        self._room = MemoryCap()
        self._anew = False
        """Whether the next sample is the first under other settings of memory."""

    @property
    def bounds(self) -> Bounds:
        """The bounds in force, which limit won and what could not be honoured."""
        return within_share(self._bounds(self._usable, self.forecast), self._most)

    def own(self, usable: int | None = None) -> Bounds:
        """The bounds by our own settings and the machine, whatever others want and a forecast
        says; with another number of usable cores, if one is given.
        """
        return self._bounds(self._usable if usable is None else usable)

    def _bounds(self, cores: int, forecast: int = 0) -> Bounds:
        cap = self._thermal.cap if self._policy.thermal_protection else None
        caps = [room for room in (self._room.cap, self.memory.cap) if room is not None]
        return effective_bounds(self._policy, cores, min(caps, default=None), cap, forecast)

    @property
    def _most(self) -> int | None:
        return None if self.shared is None else self.shared.most

    def configure(self, policy: Policy, memory: MemoryPolicy) -> None:
        """Take other settings; they hold at once."""
        self._policy = policy
        if memory != self._memory_policy:
            # What took its time under the old reserve is judged anew under this one.
            self._memory_policy, self._anew = memory, True
            self.memory.begin_anew()

    def observe(self, sample: Sampled, cores: int) -> None:
        """Take in one sample; `cores` are in force."""
        self._usable = sample.usable
        self.forecast = sample.forecast if self._policy.enabled else 0
        if self._anew:
            self._room, self._anew = MemoryCap(), False
        self._room.update(sample.now, sample.memory_cap)
        if sample.memory is not None:
            self.memory.update(sample.now, self._memory_policy, sample.memory, cores)
        if self._policy.thermal_protection:
            self._thermal.update(sample, cores, self.bounds.hard)
        else:
            self._thermal = ThermalCap()

    def restart(self) -> None:
        """Begin every wait anew: the clock stepped back. The caps see that for themselves."""
        self.memory.restart()

    def static(self, cores: int) -> int:
        """The static size, where `cores` are in force; while others lack cores it is not grown
        into.
        """
        size = static_cores(self._policy, self.own())
        return size if self._most is None else min(size, max(cores, self._most))

    def gives_back(self, bounds: Bounds) -> bool:
        """Whether it is for the memory's state that these bounds leave no more cores."""
        return bounds.hard_winner == "memory" and self.memory.cap == bounds.hard

    def reason(self, limit: str, cores: int, bounds: Bounds) -> tuple[Kind, tuple[float, ...]]:
        """Kind and figures of a decision for as many cores as this limit of the bounds leaves."""
        if limit == "memory" and self.gives_back(bounds):
            kind, figure = self.memory.reason
            return kind, (figure,)
        return _KINDS[limit], (cores,)
