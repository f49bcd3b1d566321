"""The allocation state machine: samples and settings in, workers on cores to be leased out.

It composes `allocator` (how many cores), `shape` (how they split into workers) and `placement`
(which CPUs). Measuring, leasing and carrying out belong to the shell; a core that could not be
leased comes back as an event, and the machine places again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.allocation import events as e
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.memory_states import MemoryState
from supervisor.core.allocation.placement import Placer
from supervisor.core.allocation.policy import Configured
from supervisor.core.allocation.shape import WorkerShaper
from supervisor.core.allocation.shares import share
from supervisor.core.allocation.speedup import Speedup
from supervisor.core.machine import Machine, WorkerShape

DEFAULT_BUILD_S = 0.5
"""What a session rebuild is taken to cost before one was measured."""

_LEASE_ATTEMPTS = 3


class Allocation:
    """The state machine. `target`: the wanted workers, none before the first `GainExpected`."""

    def __init__(self, began: e.Began) -> None:
        self.began = began
        self.allocator = DynamicCPUAllocator(began.policy, began.usable, began.memory)
        self.shaper = WorkerShaper(began.policy, began.threads_per_worker)
        self.target: tuple[WorkerShape, ...] = ()
        self._placer = Placer(began.machine)
        self._build_s: float | None = None
        """None until it was told what to expect."""
        self._ground: e.Ground | None = None
        self._threads: tuple[int, ...] = ()
        self._in_force: tuple[WorkerShape, ...] = ()
        """The target before the last look."""
        self._attempts = 0
        """How often the cores of that look may still be refused."""
        self._handlers: dict[type, Callable[[Any], list[e.Command]]] = {
            Configured: self._configured,
            e.MachineChanged: self._machine_changed,
            e.GainExpected: self._gain_expected,
            e.Looked: self._looked,
            e.LeaseRefused: self._lease_refused,
        }

    @property
    def machine(self) -> Machine:
        """The CPUs that it knows of."""
        return self._placer.machine

    @property
    def expects(self) -> bool:
        """Whether there was a `GainExpected` yet."""
        return self._build_s is not None

    def handle(self, event: e.Event) -> list[e.Command]:
        """Take one event; return what has to be done because of it, in order."""
        return self._handlers[type(event)](event)

    def _configured(self, event: Configured) -> list[e.Command]:
        self.shaper.configure(event.policy, event.threads_per_worker)
        return [*self.allocator.handle(event)]

    def _machine_changed(self, event: e.MachineChanged) -> list[e.Command]:
        self._placer.machine = event.machine
        return []

    def _gain_expected(self, event: e.GainExpected) -> list[e.Command]:
        self.shaper.speedup = None if event.speedup is None else Speedup(event.speedup)
        build_s = event.session_build_s
        self._build_s = DEFAULT_BUILD_S if build_s is None else build_s
        return []

    def _looked(self, event: e.Looked) -> list[e.Command]:
        commands: list[e.Command] = []
        allocator, before = self.allocator, self.allocator.cores
        own, excluded = event.own, event.ground.excluded
        shared = None if own is None or not event.claims else share(own, event.claims, excluded)
        allocator.limits.shared = shared
        if event.sample is not None:
            memory = allocator.limits.memory.state
            commands += allocator.handle(event.sample)
            if event.sample.memory is not None:
                commands += self._memory_commands(memory)
        if self._build_s is None:
            return commands
        ground = self._ground = event.ground
        measured_s = ground.session_build_s
        build_s = self._build_s if measured_s is None else measured_s
        cores = min(self.allocator.cores, ground.cores)
        shaper = self.shaper
        # A session of other threads is built beside the old one, which takes memory of its own.
        shaper.frozen = allocator.limits.memory.state in {"short", "critical"}
        # A rise that is foretold is of many segments: workers with a core each are to be there.
        demand = max(ground.demand, min(allocator.limits.forecast, cores))
        self._threads = shaper.decide(event.now, cores, demand, build_s) if cores else ()
        self._in_force, self._attempts = self.target, _LEASE_ATTEMPTS
        spare = None if shared is None else shared.spare
        if shared is not None and spare is not None:
            # A yield that waits for its cooldown is not brought about by the placement.
            moves = allocator.cores < before or shared.yield_to is None
            excluded = (*excluded, spare) if moves else excluded
        return [*commands, self._place(event.now, ground, excluded)]

    def _memory_commands(self, before: MemoryState) -> list[e.Command]:
        watch, commands = self.allocator.limits.memory, list[e.Command]()
        if watch.state != before:
            left = 0 if watch.seen is None else watch.seen.available
            commands.append(e.MemoryChanged(before, watch.state, watch.level.cause, left))
        if watch.trims:
            commands.append(e.TrimWorkers())
        return commands

    def _lease_refused(self, event: e.LeaseRefused) -> list[e.Command]:
        if self._ground is None or not self._attempts:
            return []
        self._attempts -= 1
        if self._attempts:
            return [self._place(event.now, self._ground, event.excluded)]
        # Others take cores as fast as we look: keep what is in use, and try again later.
        self.target = self._in_force
        return []

    def _place(self, now: float, ground: e.Ground, excluded: tuple[int, ...]) -> e.Lease:
        self.target = self._placer.place(
            now,
            self._threads,
            usable=ground.usable,
            foreign={
                cpu.id: share for cpu, share in zip(self.machine.cpus, ground.foreign, strict=False)
            },
            excluded=excluded,
            in_force=self._in_force,
            busy=ground.busy,
        )
        return e.Lease(self.target)

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken; tests call it after every event."""
        cpus = [cpu for shape in self.target for cpu in shape.cpus]
        assert len(set(cpus)) == len(cpus), "two workers are to have one core"
        for shape in self.target:
            assert 1 <= shape.threads <= len(shape.cpus), f"slot {shape.slot}: too many threads"
        cores, bounds = self.allocator.cores, self.allocator.bounds
        assert 1 <= cores <= max(bounds.lower, bounds.hard), f"{cores} cores are out of bounds"
