"""The roads that a durable job can take: to the supervisor of this host, or to the fleet's queue.

On either it is handed in, asked about, listened to and forgotten alike. Each job that is handed in
or listened to has a connection of its own (`gateway.connecting`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from supervisor.client import AsyncClient, AsyncJob, BadRequest, JobFailed
from supervisor.client.audio import BYTES_PER_SAMPLE
from supervisor.gateway.connecting import connection
from supervisor.gateway.errors import ErrorDetail, from_supervisor
from supervisor.gateway.jobs.records import (
    JobDocument,
    JobState,
    Label,
    RoadName,
    SpeechJobRequest,
    label_of,
)
from supervisor.gateway.speech.asking import Order
from supervisor.speech import LeftOut

_STATES: Final[dict[str, JobState]] = {
    "queued": "queued",
    "waiting": "queued",
    "running": "running",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
    "quarantined": "failed",
}


_CLASSES: Final = {"high": "interactive", "normal": "stream"}
"""Those of the fleet, as they are asked for."""


class Found(NamedTuple):
    """A job and the gateway's note at it."""

    document: JobDocument
    label: Label


class HandedIn(NamedTuple):
    """A job that was handed in, or was known by its key."""

    found: Found
    left_out: tuple[LeftOut, ...]


class Road:
    """One of them. `new_client` makes a connection, and `asking` is one that is always there."""

    def __init__(
        self, name: RoadName, new_client: Callable[[], AsyncClient], asking: AsyncClient
    ) -> None:
        self.name: RoadName = name
        self._new_client = new_client
        self._asking = asking

    async def hand_in(
        self, wanted: SpeechJobRequest, order: Order, label: Label, key: str | None
    ) -> HandedIn:
        """Hand in a durable job. Raises SupervisorError for a refusal."""
        voice, engine, pace, terms = order
        terms["durable"], terms["key"], terms["deadline"] = True, key, wanted.deadline
        terms["label"] = label.encoded()
        terms["request_class"] = terms.get("request_class") or "batch"
        if self.name == "fleet":  # Whose the key is: the same on whichever host it is handed in.
            terms["on_behalf"] = label.owner
        async with connection(self._new_client) as client:
            job = await client.submit(wanted.input, voice, engine, pace.speed, wanted.seed, **terms)
            return HandedIn(self._found(await client.jobs(job.id)), job.left_out)

    async def find(self, id: str) -> Found | None:
        """A durable job; None if there is none. Raises SupervisorError."""
        try:
            job = await self._asking.jobs(id)
        except BadRequest:
            return None
        return self._found(job) if job["durable"] else None

    async def forget(self, id: str) -> None:
        """Stop a job, and forget it with its audio. Raises SupervisorError."""
        await self._asking.cancel(id, forget=True)

    @asynccontextmanager
    async def listening(self, id: str) -> AsyncIterator[AsyncJob]:
        """A job's audio from its beginning, within the block. Raises SupervisorError."""
        async with connection(self._new_client) as client:
            yield await client.attach(id)

    def _found(self, job: dict[str, Any]) -> Found:
        label = label_of(job.get("label"))
        return Found(_document(job, label, self.name), label)


def _document(job: dict[str, Any], label: Label, road: RoadName) -> JobDocument:
    state = _STATES[job["state"]]
    rate = (job["sample_rate"] or 1) * BYTES_PER_SAMPLE * label.tempo
    return JobDocument(
        id=job["job"],
        state=state,
        road=road,
        request_class=_CLASSES.get(job["class"], job["class"]),
        model=job["engine"],
        voice=job.get("voice"),
        response_format=label.format,
        progress=1.0 if state == "done" else _progress(job) if job["audio_bytes"] else 0.0,
        segments=job.get("segments"),
        segments_spoken=job["segments_spoken"],
        position=job["position"],
        audio_s=round(job["audio_bytes"] / rate, 3),
        age_s=_rounded(job.get("age_s")),
        waited_s=_rounded(job.get("waited_s")),
        work_left_s=_rounded(job.get("predicted_work_s")),
        deadline_in_s=_rounded(job.get("deadline_in_s")),
        hosts=job.get("hosts", []),
        note=None,
        error=_fault(job),
    )


def _progress(job: dict[str, Any]) -> float:
    """The part that is spoken: of the segments, or in the fleet of the parts."""
    if "parts" in job:
        done, all = job.get("running_segments") or (0, 1)
        part = (job["parts_done"] + done / max(1, all)) / max(1, job["parts"])
    else:
        part = job["segments_spoken"] / max(1, job["segments"])
    return float(min(1.0, part))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _fault(job: dict[str, Any]) -> ErrorDetail | None:
    """Why a job ended without audio."""
    if job["code"] is None:
        return None
    return from_supervisor(JobFailed(job["message"] or job["state"], code=job["code"])).detail
