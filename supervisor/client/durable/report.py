"""How a durable job of a fleet stands, as a document: the answer to JOBS."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from supervisor.client.durable.queue import Queue, each
from supervisor.wire.fleet.jobs import Outcome, manifest
from supervisor.wire.fleet.names import JobName

_READS: Final = 3
_AGAIN_S: Final = 0.1


async def of(queue: Queue, name: JobName) -> dict[str, Any] | None:
    """The document of a job, None where there is none. Raises FleetError.

    `state` is waiting, running, done, failed, cancelled or expired. `position` is how many jobs at
    most wait before it, where that is known, and `host` who speaks it. Times are in seconds.
    """
    parts = name.each()
    for attempt in range(_READS):
        outcomes = await each(parts, queue.outcome)
        document = _settled(name, outcomes)
        if document["state"] != "unfinished":
            return document
        found = await _unfinished(
            queue, [p for p, o in zip(parts, outcomes, strict=True) if o is None]
        )
        if found is not None:
            return document | found
        if attempt < _READS - 1:  # It ended between the two questions.
            await asyncio.sleep(_AGAIN_S)
    return None


def _settled(name: JobName, outcomes: list[Outcome | None]) -> dict[str, Any]:
    """What the outcomes of its parts say of a job."""
    whole = manifest(name, outcomes)
    settled = [outcome for outcome in outcomes if outcome is not None]
    bad = whole.bad
    first = settled[0] if settled else None
    return {
        "job": str(name),
        "state": whole.state,
        "durable": True,
        "class": name.klass,
        "engine": name.engine,
        "parts": len(outcomes),
        "parts_done": whole.settled,
        "segments_spoken": sum(outcome.segments for outcome in settled),
        "audio_bytes": sum(outcome.bytes for outcome in settled),
        "sample_rate": first.sample_rate if first is not None else None,
        "seed": first.seed if first is not None else None,
        "synthesis_s": sum(outcome.synthesis_s for outcome in settled),
        "hosts": sorted({outcome.host for outcome in settled if outcome.host}),
        "code": None if bad is None else bad.code or bad.kind,
        "message": None if bad is None else bad.message or None,
        "finished_ms": max((outcome.finished_ms for outcome in settled), default=None),
        "position": None,
        "owner": first.owner if first is not None else "",
    }


async def _unfinished(queue: Queue, parts: list[JobName]) -> dict[str, Any] | None:
    """Whether the first part without an outcome waits or runs; None where there is no such job."""
    waiting = await queue.waiting(parts[0])
    if waiting is None:
        return None
    job = waiting.job
    found: dict[str, Any] = {
        "state": "waiting",
        "sample_rate": job.sample_rate,
        "seed": job.submit.seed,
        "voice": job.submit.voice,
        "submitted_ms": job.submitted_ms,
        "deadline_ms": job.deadline_ms,
        "owner": job.owner,
    }
    answer = await queue.state(parts[0])
    if answer is not None and answer.state == "running":
        return found | {
            "state": "running",
            "host": answer.host,
            "running_segments": [answer.segments_done, answer.segments],
        }
    backlog = await queue.backlog()
    if backlog is not None and backlog.first_seq:
        found["position"] = max(0, waiting.sequence - backlog.first_seq)
    return found
