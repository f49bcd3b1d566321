"""Events and commands of the pool machine. Times are monotonic seconds.

`epoch` names one worker process: it grows with every launch and is never reused.
"""

from __future__ import annotations

import msgspec

from supervisor.core.machine import WorkerShape
from supervisor.core.pool.health import HealthPolicy, Vitals
from supervisor.core.pool.restarts import RestartPolicy


class _Record(msgspec.Struct, frozen=True, gc=False):
    pass


# -- events -----------------------------------------------------------------------------


class Configured(_Record, frozen=True):
    """The settings changed: these policies hold from now on."""

    now: float
    restarts: RestartPolicy
    health: HealthPolicy


class Target(_Record, frozen=True):
    """The workers that are wanted from now on, with disjoint cores."""

    now: float
    shapes: tuple[WorkerShape, ...]


class Ready(_Record, frozen=True):
    """A launched worker can take its first segment."""

    now: float
    epoch: int
    generation: int


class Reshaped(_Record, frozen=True):
    """A worker has its new shape or, with `error`, kept its old session of `threads`.

    `cpus`: the cores that it is on after an error, the old ones where these are what its
    threads need or where it could not move; empty: those that were asked for.
    """

    now: float
    epoch: int
    threads: int
    generation: int
    error: str | None = None
    cpus: tuple[int, ...] = ()


class Freed(_Record, frozen=True):
    """A retired worker runs nothing any more."""

    now: float
    epoch: int


class Recycle(_Record, frozen=True):
    """Replace this worker, or all of them, one after the other.

    The replacement is started first, so that the slot never stands empty.
    """

    now: float
    epoch: int | None = None


class Exited(_Record, frozen=True):
    """A process ended. `jitter` is uniform in [0, 1)."""

    now: float
    epoch: int
    reason: str
    jitter: float


class NotStarted(_Record, frozen=True):
    """A process could not be started for lack of memory, processes or descriptors.

    `jitter` is uniform in [0, 1).
    """

    now: float
    epoch: int
    reason: str
    jitter: float


class Looked(_Record, frozen=True):
    """A health check of every ready worker, by epoch. A worker not among them is gone."""

    now: float
    found: dict[int, Vitals]


class Tick(_Record, frozen=True):
    """Time passed: backoffs and start deadlines are looked at."""

    now: float


class Stop(_Record, frozen=True):
    """The supervisor stops: no worker is wanted any more."""

    now: float


Event = (
    Configured
    | Target
    | Ready
    | Reshaped
    | Freed
    | Recycle
    | Exited
    | NotStarted
    | Looked
    | Tick
    | Stop
)


# -- commands ---------------------------------------------------------------------------

NOT_WANTED = "not wanted any more"
"""Why a worker is killed that was starting when it was taken out of the target."""


class Launch(_Record, frozen=True):
    """Start a worker process of this shape."""

    epoch: int
    shape: WorkerShape


class Employ(_Record, frozen=True):
    """Let a ready worker have segments from now on."""

    epoch: int


class Reshape(_Record, frozen=True):
    """Tell a worker to take this shape."""

    epoch: int
    shape: WorkerShape


class Retire(_Record, frozen=True):
    """Give the worker no new segment; answer with `Freed` when it runs nothing."""

    epoch: int


class Dismiss(_Record, frozen=True):
    """Tell a worker that runs nothing to exit."""

    epoch: int


class Kill(_Record, frozen=True):
    """Kill this worker's process now."""

    epoch: int
    reason: str


class Condemn(_Record, frozen=True):
    """Give a worker that hangs nothing more, and end it."""

    epoch: int
    reason: str


class Park(_Record, frozen=True):
    """Report a parked slot: its workers kept dying, the last of `reason`; none is started in it
    for `seconds`.
    """

    slot: int
    reason: str
    seconds: float


class Hold(_Record, frozen=True):
    """Report a held pool: workers of all slots kept dying, the last of `reason`; none is started
    for `seconds`.
    """

    reason: str
    seconds: float


Command = Launch | Employ | Reshape | Retire | Dismiss | Kill | Condemn | Park | Hold
