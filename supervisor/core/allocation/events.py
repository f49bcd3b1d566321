"""Events and commands of the allocation machine. Times are monotonic seconds.

Those about the number of cores are in `policy`.
"""

from __future__ import annotations

import msgspec

from supervisor.core.allocation.memory_states import Cause, MemoryPolicy, MemoryState
from supervisor.core.allocation.policy import (
    Configured,
    Policy,
    Resize,
    Sampled,
    ThreadsPerWorker,
)
from supervisor.core.allocation.shares import Claim
from supervisor.core.machine import Machine, WorkerShape


class Began(msgspec.Struct, frozen=True):
    """The allocation starts. `usable`: cores that could be leased then."""

    policy: Policy
    threads_per_worker: ThreadsPerWorker
    usable: int
    machine: Machine
    memory: MemoryPolicy = MemoryPolicy()


# -- events -----------------------------------------------------------------------------


class MachineChanged(msgspec.Struct, frozen=True):
    """CPUs of the machine came or went."""

    now: float
    machine: Machine


class GainExpected(msgspec.Struct, frozen=True):
    """Speed-up by number of threads, as `Speedup` takes it; None where it is not known.
    `session_build_s`: seconds of a session build, as long as none was measured.

    No worker is wanted before the first of these: another shape would be built anew at once.
    """

    now: float
    speedup: dict[int, float] | None
    session_build_s: float | None


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """CPUs that workers can be placed on, and the load to be served.

    usable: ids of the CPUs that we may use at all.
    excluded: those leased by others.
    cores: how many could be leased now.
    foreign: share of each CPU's time that processes other than ours use, 0–1, in the order in
        which the machine names the CPUs; empty: not measured yet.
    busy: slots that run a segment.
    demand: segments running, on average since the last look, and waiting now.
    session_build_s: seconds of a session build, as measured; None: not measured yet.
    """

    usable: tuple[int, ...]
    excluded: tuple[int, ...]
    cores: int
    foreign: tuple[float, ...]
    busy: tuple[int, ...]
    demand: float
    session_build_s: float | None


class Looked(msgspec.Struct, frozen=True):
    """One look at pool and machine; with a sample where it was time for one.

    own: our claim, as it was before this look. claims: those of other supervisors that share cores
    with us; with none, nothing is shared.
    """

    now: float
    sample: Sampled | None
    ground: Ground
    own: Claim | None = None
    claims: tuple[Claim, ...] = ()


class LeaseRefused(msgspec.Struct, frozen=True):
    """Not all of the cores that were asked for last could be leased: `excluded` are others'."""

    now: float
    excluded: tuple[int, ...]


Event = Configured | MachineChanged | GainExpected | Looked | LeaseRefused


# -- commands ---------------------------------------------------------------------------


class Lease(msgspec.Struct, frozen=True):
    """Lease these cores, and no others but those in use; then these workers are wanted.

    Answered with `LeaseRefused` where that cannot be.
    """

    shapes: tuple[WorkerShape, ...]


class MemoryChanged(msgspec.Struct, frozen=True):
    """Memory is in another state: `available` bytes were left."""

    before: MemoryState
    after: MemoryState
    cause: Cause
    available: int


class TrimWorkers(msgspec.Struct, frozen=True):
    """Have every worker give free pages of its heap back to the system."""


Command = Resize | Lease | MemoryChanged | TrimWorkers
