"""The control loop: samples once an interval, lets the core allocate cores, and retargets the pool.

It only connects parts: `host` measures, the allocation machine decides workers and cores,
`leases` locks the cores against other supervisors, and the pool machine carries the target out.
Samples and decisions stay readable for the diagnostics.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from supervisor.config import Loaded, Settings
from supervisor.config.watch import Loop, Timer
from supervisor.core.allocation import events as e
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.machine import Allocation
from supervisor.core.allocation.policy import Configured, Policy, Resize, Sampled
from supervisor.core.allocation.shares import Claim
from supervisor.core.allocation.speedup import Speedup
from supervisor.core.machine import Machine, WorkerShape
from supervisor.host.monitor import SLOW_INTERVAL, CPUUtilizationMonitor
from supervisor.host.roots import Host
from supervisor.host.sample import Sample, Unread
from supervisor.logs import get_logger
from supervisor.pool.claims import Claims
from supervisor.pool.leases import CoreLeases
from supervisor.service.forecast import Foresight
from supervisor.service.load import Load
from supervisor.service.memory import MemoryKeeper, memory_policy

OTHERS_INTERVAL_S = 5.0

ALL_LEASED = "every usable core is leased by another supervisor; waiting"

_SHARES = tuple(percent / 100.0 for percent in range(101))
_SECTION = "performance.dynamic_cpu_allocation"

log = get_logger(__name__)


class ControlLoop:
    """The loop. Calls `retarget` with the wanted workers, once `expect` was called and whenever
    they change. Events for the allocation go through `tell`, which carries out its commands.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # one for each part that it connects
        self,
        loop: Loop,
        loaded: Loaded,
        leases: CoreLeases,
        load: Callable[[], Load],
        retarget: Callable[[tuple[WorkerShape, ...]], None],
        tell: Callable[[e.Event], None],
        memory: MemoryKeeper,
        foresight: Foresight,
        host: Host | None = None,
    ) -> None:
        self.leases = leases
        self.sample: Sample | None = None
        self.target: tuple[WorkerShape, ...] = ()
        """Workers whose cores are leased."""
        self.giving_back = False
        """Whether cores are leased that only a worker on its way out may still use. Noted where
        leases change, as it is asked after every event of the supervisor, and would take
        microseconds on a machine of many cores."""
        self.changed_at = time.time()
        """Unix time of the last change of the number of cores."""
        self.reallocations = 0
        self._loop = loop
        self._load = load
        self._retarget = retarget
        self._tell = tell
        self._memory = memory
        self._foresight = foresight
        self.effects: Mapping[type, Callable[[Any], None]] = {
            Resize: self._resize,
            e.Lease: self._lease,
            **memory.effects,
        }
        """The effect of each command of the allocation."""
        self._timer: Timer | None = None
        self._stopped = False
        self._held: frozenset[int] = frozenset()
        """CPUs that any worker process was using at the last look."""
        self._sessions: Mapping[int, int] = {}
        self._finished = 0
        self._reported: set[str] = set()
        policy, settings = make_policy(loaded), loaded.settings
        self.monitor = CPUUtilizationMonitor(host or Host())
        self.monitor.source = settings.performance.dynamic_cpu_allocation.utilization_source
        memory.begin(self.monitor.read_memory())
        self._looked_at = loop.time()
        self._looked_over = self.monitor.limits.cpus
        leases.look(self._looked_over)
        self.claims = Claims(leases.directory)
        self._weight = settings.pool.weight
        self._width = _width(settings)
        threads = settings.pool.threads_per_worker
        began = e.Began(policy, threads, self._usable(), self.monitor.machine, memory.policy)
        self.allocation = Allocation(began)

    def expect(self, speedup: Speedup | None, build_s: float | None) -> None:
        """Set the speed-up by threads and the seconds of a session build, as far as they are known.

        The first target waits for it: workers of another shape would be rebuilt at once.
        """
        first, now = not self.allocation.expects, self._loop.time()
        table = None if speedup is None else speedup.table
        self._tell(e.GainExpected(now, table, build_s))
        if first and self._timer is not None and not self._stopped:
            self._look(now, self._load())

    @property
    def allocator(self) -> DynamicCPUAllocator:
        """The part of the allocation machine that decides the number of cores."""
        return self.allocation.allocator

    @property
    def policy(self) -> Policy:
        """The allocation policy in force."""
        return self.allocator.policy

    @property
    def error(self) -> str | None:
        """The reason why the allocation stands still, in one line; None while it works."""
        if not self._usable():
            return ALL_LEASED
        if self.sample is None or self.sample.utilization is not None:
            return None
        return "; ".join(map(str, self.sample.errors)) or None

    def start(self) -> None:
        """Begin to sample, and set the first target if `expect` was called."""
        self._log_start()
        self._look(self._loop.time(), self._load())
        self._schedule()

    def _log_start(self) -> None:
        """Log the settings at the start, in the words of the seed."""
        policy, bounds = self.policy, self.allocator.bounds
        log.info("CPU Monitor initialized: %d cores available", self.monitor.limits.count)
        if policy.enabled:
            log.info(
                "Dynamic CPU Allocator initialized: cores=%d-%d, aggressive=%s",
                bounds.lower,
                bounds.hard,
                policy.aggressive_mode,
            )
        else:
            log.info("Dynamic CPU Allocator disabled: cores=%d", self.allocator.cores)
        log.info("CPU utilization monitoring started")
        if policy.enabled:
            log.info("Dynamic CPU allocation monitoring initialized")

    def configure(self, loaded: Loaded) -> None:
        """Take new settings; bounds hold at once, the rest with the next sample."""
        if self._stopped:
            return
        policy, settings = make_policy(loaded), loaded.settings
        now = self._loop.time()
        self.monitor.source = settings.performance.dynamic_cpu_allocation.utilization_source
        self._memory.policy = memory_policy(settings)
        self._foresight.configure(settings)
        self._tell(Configured(now, policy, settings.pool.threads_per_worker, self._memory.policy))
        self._weight = settings.pool.weight
        self._width = _width(settings)
        self._look(now, self._load())
        self._schedule()

    def stop(self) -> None:
        """Stop sampling; the workers are left to the drain."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self.monitor.close()
        self.claims.close()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # At whole intervals, together with other timers; never so soon that it says nothing.
        now, interval = self._loop.time(), self.policy.monitoring_interval
        when = (now // interval + 1) * interval
        if when - now < interval / 2:
            when += interval
        self._timer = self._loop.call_at(when, self._interval)

    def _interval(self) -> None:
        """Take one sample, and let the allocation decide."""
        self._schedule()
        now = self._loop.time()
        load = self._load()
        self.sample = self.monitor.sample(now, load.leases, load.running, load.busy)
        self._report(self.sample.errors)
        # What is short is looked at with each sample; while there is plenty, that costs too much.
        plenty = self.allocator.limits.memory.state == "free"
        self.monitor.memory_interval = SLOW_INTERVAL if plenty else 0.0
        self._find_freed_cores(now)
        self._look(now, load, self._sampled(self.sample, load))

    def _find_freed_cores(self, now: float) -> None:
        """Find cores that other supervisors gave up; one that they took shows when it is leased."""
        self.claims.look(now)
        cpus = self.monitor.limits.cpus
        waiting = not self._usable() or self.claims.moved
        if waiting or cpus != self._looked_over or now - self._looked_at >= OTHERS_INTERVAL_S:
            self._looked_at, self._looked_over = now, cpus
            self.leases.look(cpus)

    def _sampled(self, sample: Sample, load: Load) -> Sampled:
        memory = self._memory.look(sample, load)
        sampled = Sampled(
            now=sample.now,
            utilization=sample.utilization,
            starved=self._starved(sample),
            usable=self._usable(),
            leased=sample.leased or None,
            temperature=sample.temperature,
            throttling=bool(sample.throttling.thermal_rising),
            memory_cap=self._memory.cap(load, self._width),
            backlog_s=load.backlog_s,
            demand=load.demand,
            waiting=load.waiting,
            idle=load.idle,
            finished=self._finished_segments(load),
            building=self._sessions_built(load),
            memory=memory,
            alone=self.monitor.limits.count,
        )
        return self._foresight.look(sampled, self.policy, self.allocator.cores)

    def _starved(self, sample: Sample) -> float:
        """Percent of the wanted CPU time that others had; 0 where the source includes theirs."""
        return (sample.starved or 0.0) if self.monitor.source == "pool" else 0.0

    def _finished_segments(self, load: Load) -> int:
        """Number of segments that ended since the last sample."""
        before, self._finished = self._finished, load.finished
        return max(0, load.finished - before)

    def _sessions_built(self, load: Load) -> bool:
        """Whether a session was being built at any time since the last sample."""
        before, self._sessions = self._sessions, load.sessions
        return load.building or any(
            before.get(pid, generation) != generation for pid, generation in load.sessions.items()
        )

    def _usable(self) -> int:
        """Cores that this supervisor could lease now."""
        limits = self.monitor.limits
        return min(limits.count, len(set(limits.cpus) - self.leases.others))

    def _resize(self, command: Resize) -> None:
        decision = command.decision
        self._foresight.decided(decision)
        self.changed_at = time.time()
        self.reallocations += 1
        log.info(
            "%s",
            decision.log_line,
            extra={
                "data": {
                    "event": "allocation_changed",
                    "before": decision.before,
                    "after": decision.after,
                    "utilization": decision.average,
                    "reason": decision.reason,
                }
            },
        )

    def _look(self, now: float, load: Load, sampled: Sampled | None = None) -> None:
        """Tell the allocation what there is now."""
        machine = self.monitor.machine
        if self.allocation.machine != machine:
            self._tell(e.MachineChanged(now, machine))
        self._held = load.held
        ground = e.Ground(
            usable=tuple(self.monitor.limits.cpus),
            excluded=tuple(self.leases.others),
            cores=self._usable(),
            foreign=() if self.sample is None else _shares(machine, self.sample.foreign),
            busy=tuple(load.busy_slots),
            demand=load.running + load.waiting,
            session_build_s=load.session_build_s,
        )
        claims = self.claims.others
        own = self._claim(in_use(self.target)) if claims else None
        self._tell(e.Looked(now, sampled, ground, own, claims))
        self._publish()

    def _claim(self, holds: Collection[int]) -> Claim:
        """What we say of ourselves to the other supervisors of this host."""
        policy, wanted = self.policy, self.allocator.wanted
        reserve = 0 if policy.max_cores is not None else 1
        static = not policy.enabled and not reserve
        return Claim(
            pid=os.getpid(),
            since=self.claims.since,
            weight=self._weight,
            wanted=wanted,
            least=wanted if static else policy.min_cores or 1,
            reserve=reserve,
            may=self.monitor.limits.cpus,
            holds=tuple(sorted(holds)),
        )

    def _publish(self) -> None:
        """Tell the others what we want and hold, once it is clear what that is."""
        if self.allocation.expects and not self._stopped:
            self.claims.publish(self._claim(self.leases.held), self.policy.monitoring_interval)

    def let_go(self, held: Collection[int]) -> None:
        """Give back the leases of workers that are gone; `held` are the CPUs that any has yet."""
        kept = in_use(self.target).union(held)
        if self.leases.held - kept:
            self._held = frozenset(held)
            self._release_except(kept)
            self._publish()

    def _release_except(self, kept: Collection[int]) -> None:
        self.leases.release_except(kept)
        self.giving_back = bool(self.leases.held - in_use(self.target))

    def _lease(self, command: e.Lease) -> None:
        shapes = command.shapes
        wanted = {cpu for shape in shapes for cpu in shape.cpus}
        acquired = self.leases.acquire(wanted)
        if acquired and shapes != self.target:
            self.target = shapes
            self._retarget(shapes)
        self._release_except(in_use(self.target) | self._held)
        if not acquired:
            self._tell(e.LeaseRefused(self._loop.time(), tuple(self.leases.others)))

    def _report(self, errors: tuple[Unread, ...]) -> None:
        """Log parts that cannot be read, each once until it can be read again; the message may
        differ each time.
        """
        troubles = {error.part: str(error) for error in errors}
        if self.leases.error is not None:
            troubles["leases"] = self.leases.error
        elif self.claims.error is not None:
            troubles["claims"] = self.claims.error
        if self.claims.strange is not None:
            troubles["others' claims"] = self.claims.strange
        if not self._usable():
            troubles["cores"] = ALL_LEASED
        for part, said in troubles.items():
            if part not in self._reported:
                log.warning("monitor: %s", said)
        self._reported = set(troubles)


def in_use(shapes: tuple[WorkerShape, ...]) -> frozenset[int]:
    """CPUs of these workers."""
    return frozenset(cpu for shape in shapes for cpu in shape.cpus)


def make_policy(loaded: Loaded) -> Policy:
    """Make the allocator's policy from the settings.

    `min_cores` counts as set where it was chosen: that decides the size of a static
    pool (`enabled` false).
    """
    section = loaded.settings.performance.dynamic_cpu_allocation
    values = section.model_dump(exclude={"utilization_source"})
    if not loaded.chosen(f"{_SECTION}.min_cores"):
        values["min_cores"] = None
    profiles = {name: by for name in values if (by := loaded.profile_of(f"{_SECTION}.{name}"))}
    return Policy(**values, profiles=profiles)


def _shares(machine: Machine, percent: Mapping[int, float]) -> tuple[float, ...]:
    """Shares of CPU time, to the percent: less is noise, and many looks are remembered."""
    return tuple(_SHARES[min(100, max(0, round(percent.get(cpu.id, 0.0))))] for cpu in machine.cpus)


def _width(settings: Settings) -> int:
    """Cores that one more worker brings with it at least."""
    threads = settings.pool.threads_per_worker
    return 1 if threads == "auto" else threads
