"""CPUUtilizationMonitor: one sample of the host per interval, for the control loop.

It reads and subtracts; it keeps no history and decides nothing. The caller owns the
clock: `sample` is called from the supervisor's event loop, takes well under a
millisecond, and neither blocks nor raises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from supervisor.core.machine import Cpu, Machine
from supervisor.host.cgroups import GroupFinder, Groups
from supervisor.host.limits import Limits, assume_unlimited, read_limits
from supervisor.host.memory import Memory, read_memory
from supervisor.host.meter import UsageMeter
from supervisor.host.pressure import read_memory_pressure, read_pressure
from supervisor.host.roots import Host
from supervisor.host.sample import Sample, Unread, UtilizationSource
from supervisor.host.thermal import Thermometer, ThrottleCounters
from supervisor.host.throttling import QuotaCounters, Throttling, read_quota_counters, rising
from supervisor.host.topology import read_machine
from supervisor.host.usage import Leases

SLOW_INTERVAL = 5.0
"""Seconds between two readings of memory, which makes the kernel collect statistics, and of the
thermal counters, of which there is one per core."""

T = TypeVar("T")


class CPUUtilizationMonitor:
    """Samples one host. `source` may be changed at any time, and so may `memory_interval`, the
    seconds between two readings of memory.
    """

    def __init__(self, host: Host, source: UtilizationSource = "pool") -> None:
        self.source: UtilizationSource = source
        self.memory_interval = SLOW_INTERVAL
        self._host = host
        self._errors: list[Unread] = []
        self._meter = UsageMeter(host)
        self._finder = GroupFinder(host)
        self._groups = Groups()
        self._limits = assume_unlimited()
        self._machine: Machine | None = None
        self._thermometer: Thermometer | None = None
        self._heat_counters: ThrottleCounters | None = None
        self._heat_events: dict[str, int] | None = None
        self._throttled_periods: dict[str, int] | None = None
        self._quotas: dict[str, QuotaCounters] = {}
        self._heat_rising: bool | None = None
        self._memory: Memory | None = None
        self._memory_pressure: float | None = None
        self._memory_at: float | None = None
        self._slow_at: float | None = None
        self._look_around()

    @property
    def machine(self) -> Machine:
        """The CPUs that are online, as of the last sample; as a bare list if sysfs fails."""
        return self._machine or Machine(tuple(Cpu(id=cpu, core=cpu) for cpu in self._limits.online))

    @property
    def limits(self) -> Limits:
        """The limits as of the last sample, or of construction."""
        return self._limits

    def sample(
        self,
        now: float,
        workers: Leases,
        running: float = 0.0,
        busy: Collection[int] | None = None,
    ) -> Sample:
        """Take one sample; `now` in monotonic seconds, `workers` the CPU ids leased to each pid.

        `running`: segments under way on average since the last sample, to estimate what workers
        wanted where the kernel does not count it. `busy`: workers that have a segment now; None:
        perhaps all.
        """
        self._errors.clear()
        self._look_around()
        throttled = self._throttled()
        usage = self._meter.measure(now, workers, self.source, running, throttled, busy)
        self._errors += usage.errors
        if self._slow_at is None or not 0 <= now - self._slow_at < SLOW_INTERVAL:
            self._slow_at = now
            self._look_slowly()
        if self._memory_at is None or not 0 <= now - self._memory_at < self.memory_interval:
            self._memory_at = now
            self._look_at_memory()
        return Sample(
            now=now,
            utilization=usage.utilization,
            starved=usage.starved,
            busy=usage.busy,
            foreign=usage.foreign,
            workers=usage.workers,
            leased=usage.leased,
            limits=self._limits,
            temperature=self._attempt("temperature", self._read_temperature, None),
            throttling=self._throttling(),
            memory=self._memory,
            pressure=self._attempt("pressure", lambda: read_pressure(self._host), None),
            memory_pressure=self._memory_pressure,
            # Last: the parts above add to it.
            errors=tuple(self._errors),
        )

    def read_memory(self) -> Memory | None:
        """Memory now; None where it cannot be read."""
        return self._attempt("memory", self._read_memory, None)

    def close(self) -> None:
        """Close the files that are kept open."""
        self._host.close()

    def _look_around(self) -> None:
        """Read the limits, to see a shrunken cpuset at once; the topology if CPUs came or went."""
        online = self._limits.online
        self._groups = self._attempt("cgroups", self._finder.current, self._groups)
        self._limits = self._attempt("limits", self._read_limits, self._limits)
        if self._machine is None or self._limits.online != online:
            self._machine = self._attempt("topology", lambda: read_machine(self._host), None)
            self._heat_counters = None

    def _look_at_memory(self) -> None:
        self._memory = self._attempt("memory", self._read_memory, self._memory)
        self._memory_pressure = self._attempt("memory pressure", self._read_memory_pressure, None)

    def _look_slowly(self) -> None:
        heat = self._attempt("thermal counters", self._read_heat_events, None) or {}
        self._heat_rising = rising(self._heat_events, heat)
        self._heat_events = heat

    def _read_memory(self) -> Memory:
        return read_memory(self._host, self._groups)

    def _read_memory_pressure(self) -> float | None:
        return read_memory_pressure(self._host, self._groups)

    def _read_limits(self) -> Limits:
        return read_limits(self._host, self._groups)

    def _read_temperature(self) -> float | None:
        if self._thermometer is None:
            self._thermometer = Thermometer(self._host)
        try:
            return self._thermometer.temperature()
        except (OSError, ValueError):
            # A driver that was loaded again has another number: look for it next time.
            self._thermometer = None
            raise

    def _read_heat_events(self) -> dict[str, int]:
        if self._heat_counters is None:
            self._heat_counters = ThrottleCounters(self._host, self.machine)
        return self._heat_counters.read()

    def _read_quota_counters(self) -> dict[str, QuotaCounters]:
        return read_quota_counters(self._host, self._groups)

    def _throttled(self) -> float:
        """Seconds for which a quota stopped this process's groups since the last sample."""
        before, self._quotas = (
            self._quotas,
            self._attempt("cgroup throttling", self._read_quota_counters, {}),
        )
        grown = (
            counters.seconds - before[directory].seconds
            for directory, counters in self._quotas.items()
            if directory in before
        )
        # Groups lie within each other: the one that was stopped longest stopped the pool.
        return max(0.0, *grown, 0.0)

    def _throttling(self) -> Throttling:
        quotas = self._quotas
        periods = {directory: counters.periods for directory, counters in quotas.items()}
        throttling = Throttling(
            thermal_events=sum(self._heat_events.values()) if self._heat_events else None,
            thermal_rising=self._heat_rising,
            cgroup_periods=sum(periods.values()) if periods else None,
            cgroup_seconds=sum(each.seconds for each in quotas.values()) if quotas else None,
            cgroup_rising=rising(self._throttled_periods, periods),
        )
        self._throttled_periods = periods
        return throttling

    def _attempt(self, part: str, read: Callable[[], T], otherwise: T) -> T:
        """Read one part; if that fails, note it for this sample and go on."""
        try:
            return read()
        except (OSError, ValueError, LookupError) as error:
            self._errors.append(Unread(part, str(error)))
            return otherwise
