"""Scenario of a simulation: a machine, an engine and the settings under trial.

The load is `workload`'s subject, the run `run`'s.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from supervisor.broker.bounds import bounds
from supervisor.config import Settings
from supervisor.core.allocation.forecast import ForecastPolicy
from supervisor.core.allocation.policy import Policy, ThreadsPerWorker
from supervisor.core.allocation.speedup import Speedup
from supervisor.core.jobs.limits import Bounds
from supervisor.core.machine import Cpu, Machine

DEFAULT_BOUNDS: Bounds = bounds(Settings())
"""Bounds on what may wait, by the default settings."""


class MachineModel(msgspec.Struct, frozen=True):
    """`cores` logical CPUs that the pool may use, in equal sockets, with `smt` threads a core.

    `foreign` is how many cores' worth of time other programs use, on the lowest CPU ids.
    """

    cores: int = 20
    sockets: int = 1
    smt: int = 1
    foreign: float = 0.0

    @property
    def machine(self) -> Machine:
        """The machine for `placement`; CPU n and n + cores ÷ smt are SMT siblings."""
        physical = -(-self.cores // self.smt)
        per_socket = -(-physical // self.sockets)
        cpus = []
        for id_ in range(self.cores):
            socket, core = divmod(id_ % physical, per_socket)
            cpus.append(Cpu(id_, core=core, package=socket, cache=socket, node=socket))
        return Machine(tuple(cpus))

    @property
    def foreign_load(self) -> dict[int, float]:
        """Share of each CPU's time, 0–1, that other programs use."""
        return {id_: min(1.0, max(0.0, self.foreign - id_)) for id_ in range(self.cores)}


class EngineModel(msgspec.Struct, frozen=True):
    """Model of the time that speech takes.

    seconds_per_character: on one thread of one free core.
    parallel: share of that work that more threads divide (Amdahl's law), 0–1.
    session_build_s: to build a session with another number of threads.
    start_s: to fork a worker until it is ready.
    measured: speed-up by threads as it was measured; then it holds instead of `parallel`,
        and the pool under trial knows it.
    declared: what the engine says of itself in place of `parallel`; the pool knows it
        where nothing was measured.
    """

    seconds_per_character: float = 0.024
    parallel: float = 0.9
    session_build_s: float = 0.55
    start_s: float = 0.02
    measured: Mapping[int, float] | None = None
    declared: float | None = None

    @property
    def table(self) -> Speedup | None:
        """Speedup table of the engine, as the pool knows it."""
        if self.measured is not None:
            return Speedup(self.measured)
        return None if self.declared is None else Speedup.of_share(self.declared)

    def speedup(self, threads: int) -> float:
        """Speed of `threads` threads over that of one."""
        if self.measured is not None:
            return Speedup(self.measured).of(threads)
        return 1.0 / (1.0 - self.parallel + self.parallel / threads)


ENGINES = {
    "hibari": EngineModel(0.00045, 0.15, 0.05, declared=0.15),
    "kokoro": EngineModel(),
}
"""Orders of magnitude for the engines, at 15 characters a second; `supervisor simulate` takes
numbers measured on one's own machine instead."""


class Change(msgspec.Struct, frozen=True):
    """Other settings from `time_s` of the run on."""

    time_s: float
    policy: Policy
    threads_per_worker: ThreadsPerWorker = "auto"
    bounds: Bounds = DEFAULT_BOUNDS
    forecast: ForecastPolicy | None = None


class Scenario(msgspec.Struct, frozen=True):
    """A machine, an engine and settings; `changes` of these in order of time.

    forecast: how the load is foretold, from nothing but this run; None: it is not.
    start: Unix seconds of its beginning, for what the clock on the wall shows.
    """

    machine: MachineModel
    engine: EngineModel
    policy: Policy
    threads_per_worker: ThreadsPerWorker = "auto"
    bounds: Bounds = DEFAULT_BOUNDS
    changes: tuple[Change, ...] = ()
    forecast: ForecastPolicy | None = None
    start: float = 0.0
