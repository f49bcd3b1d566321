"""The Python API: speech from a supervisor that runs on this machine.

`Client` is for plain code and one thread, `AsyncClient` for asyncio. Both are thin shells on
`calls` and `job`, which carry out the calls; `protocol` knows the messages and does no I/O, `link`
moves them, `discovery` finds the supervisor. Needs no engine and no model.
"""

from __future__ import annotations

from supervisor.client.aio import AsyncClient, AsyncJob
from supervisor.client.audio import Audio, Progress, Timings
from supervisor.client.errors import (
    BadRequest,
    Busy,
    JobCancelled,
    JobFailed,
    NoSupervisor,
    ProtocolError,
    Refused,
    SupervisorError,
    SupervisorGone,
    SupervisorStarting,
    WaitTimeout,
)
from supervisor.client.events import AsyncEvents, Events
from supervisor.client.sync import Client, Job
from supervisor.wire.client import Event
from supervisor.wire.events import AllocationChanged, EventsLost, JobChanged, WorkerChanged

__all__ = [
    "AllocationChanged",
    "AsyncClient",
    "AsyncEvents",
    "AsyncJob",
    "Audio",
    "BadRequest",
    "Busy",
    "Client",
    "Event",
    "Events",
    "EventsLost",
    "Job",
    "JobCancelled",
    "JobChanged",
    "JobFailed",
    "NoSupervisor",
    "Progress",
    "ProtocolError",
    "Refused",
    "SupervisorError",
    "SupervisorGone",
    "SupervisorStarting",
    "Timings",
    "WaitTimeout",
    "WorkerChanged",
]
