"""Durable jobs of the supervisor on this host: handed in, asked about, listened to, forgotten.

Each job that is handed in or listened to has a connection of its own (`gateway.connecting`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from supervisor.client import AsyncJob, BadRequest, JobFailed
from supervisor.client.audio import BYTES_PER_SAMPLE
from supervisor.gateway.connecting import new_client
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ErrorDetail, from_supervisor
from supervisor.gateway.jobs.records import JobDocument, JobState, Label, SpeechJobRequest, label_of
from supervisor.gateway.speech.asking import Order
from supervisor.speech import LeftOut

_STATES: Final[dict[str, JobState]] = {
    "queued": "queued",
    "running": "running",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
    "quarantined": "failed",
}


class Found(NamedTuple):
    """A job and the gateway's note at it."""

    document: JobDocument
    label: Label


class HandedIn(NamedTuple):
    """A job that was handed in, or was known by its key."""

    found: Found
    left_out: tuple[LeftOut, ...]


async def hand_in(
    wanted: SpeechJobRequest, order: Order, label: Label, key: str | None
) -> HandedIn:
    """Hand in a durable job. Raises SupervisorError for a refusal."""
    voice, engine, pace, terms = order
    terms["durable"], terms["key"], terms["deadline"] = True, key, wanted.deadline
    terms["label"] = label.encoded()
    client = new_client()
    try:
        job = await client.submit(wanted.input, voice, engine, pace.speed, wanted.seed, **terms)
        return HandedIn(_found(await client.jobs(job.id)), job.left_out)
    finally:
        await client.close()


async def find(context: Context, id: str) -> Found | None:
    """A durable job of the supervisor's; None if there is none. Raises SupervisorError."""
    try:
        job = await context.client.jobs(id)
    except BadRequest:
        return None
    return _found(job) if job["durable"] else None


async def forget(context: Context, id: str) -> None:
    """Stop a job, and forget it with its audio. Raises SupervisorError."""
    await context.client.cancel(id, forget=True)


@asynccontextmanager
async def listening(id: str) -> AsyncIterator[AsyncJob]:
    """A job's audio from its beginning, within the block. Raises SupervisorError."""
    client = new_client()
    try:
        yield await client.attach(id)
    finally:
        await client.close()


def _found(job: dict[str, Any]) -> Found:
    label = label_of(job["label"])
    state = _STATES[job["state"]]
    segments, spoken = job["segments"], job["segments_spoken"]
    rate = job["sample_rate"] * BYTES_PER_SAMPLE * label.tempo
    document = JobDocument(
        id=job["job"],
        state=state,
        request_class=job["class"],
        model=job["engine"],
        voice=job["voice"],
        response_format=label.format,
        progress=1.0 if state == "done" else min(1.0, spoken / max(1, segments)),
        segments=segments,
        segments_spoken=spoken,
        position=job["position"],
        audio_s=round(job["audio_bytes"] / rate, 3),
        age_s=round(job["age_s"], 3),
        waited_s=round(job["waited_s"], 3),
        work_left_s=round(job["predicted_work_s"], 3),
        deadline_in_s=job["deadline_in_s"],
        error=_fault(job),
    )
    return Found(document, label)


def _fault(job: dict[str, Any]) -> ErrorDetail | None:
    """Why a job ended without audio."""
    if job["code"] is None:
        return None
    return from_supervisor(JobFailed(job["message"] or job["state"], code=job["code"])).detail
