"""How a durable job of a fleet stands, as a document: the answer to JOBS.

It has what a supervisor says of a job of its own, as far as that is known in a fleet, and which
hosts spoke it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import msgspec

from supervisor.client.durable.queue import Queue, Waiting, each
from supervisor.wire.fleet.jobs import Outcome, manifest, segments_expected
from supervisor.wire.fleet.live import ControlAnswer
from supervisor.wire.fleet.names import JobName

_READS: Final = 3
_AGAIN_S: Final = 0.1


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a job: the outcomes of its parts, and of the first part without one its
    message, the answer of the host that speaks it, and how many jobs wait before it.
    """

    outcomes: list[Outcome | None]
    waiting: Waiting | None = None
    running: ControlAnswer | None = None
    position: int | None = None


async def of(queue: Queue, name: JobName) -> dict[str, Any] | None:
    """The document of a job, None where there is none. Raises FleetError."""
    if await queue.first(name) is None:
        return None
    parts = name.each()
    for attempt in range(_READS):
        outcomes = await each(parts, queue.outcome)
        left = [part for part, found in zip(parts, outcomes, strict=True) if found is None]
        whole = manifest(name, outcomes)
        if whole.state != "unfinished":
            return _document(name, _Seen(outcomes=outcomes), whole.state)
        waiting = await queue.waiting(left[0])
        if waiting is not None:
            return await _unfinished(queue, name, left[0], outcomes, waiting)
        if attempt < _READS - 1:  # It ended between the two questions.
            await asyncio.sleep(_AGAIN_S)
    return None


async def _unfinished(
    queue: Queue,
    name: JobName,
    part: JobName,
    outcomes: list[Outcome | None],
    waiting: Waiting,
) -> dict[str, Any]:
    answer = await queue.state(part)
    if answer is not None and answer.host:  # It has left the queue, be it for a host's own.
        return _document(name, _Seen(outcomes=outcomes, waiting=waiting, running=answer), "running")
    backlog = await queue.backlog()
    position = None
    if backlog is not None and backlog.first_seq:
        position = max(0, waiting.sequence - backlog.first_seq)
    seen = _Seen(outcomes=outcomes, waiting=waiting, position=position)
    return _document(name, seen, "running" if any(outcomes) else "queued")


def _document(name: JobName, seen: _Seen, state: str) -> dict[str, Any]:
    now = time.time()
    done = [outcome for outcome in seen.outcomes if outcome is not None]
    left = len(seen.outcomes) - len(done)
    first = done[0] if done else None
    job = None if seen.waiting is None else seen.waiting.job
    submitted = job.submitted_ms if job is not None else first.submitted_ms if first else 0
    age_s = max(0.0, now - submitted / 1000) if submitted else 0.0
    finished = max((outcome.finished_ms for outcome in done), default=0)
    bad = manifest(name, seen.outcomes).bad
    spoken = sum(outcome.segments for outcome in done)
    expected = 0 if job is None else segments_expected(job.text_bytes) * left // len(seen.outcomes)
    running = seen.running
    return {
        "job": str(name),
        "state": state,
        "durable": True,
        "class": name.klass,
        "engine": name.engine,
        "voice": job.submit.voice if job is not None else first.voice if first else None,
        "label": job.submit.label if job is not None else first.label if first else None,
        "owner": job.owner if job is not None else first.owner if first else "",
        "parts": len(seen.outcomes),
        "parts_done": len(done),
        "segments": spoken + expected,
        "segments_spoken": spoken + (running.segments_done if running is not None else 0),
        "position": seen.position,
        "host": running.host if running is not None else None,
        "hosts": sorted({outcome.host for outcome in done if outcome.host}),
        "audio_bytes": sum(outcome.bytes for outcome in done),
        "sample_rate": (first.sample_rate if first else 0) or (job.sample_rate if job else 0),
        "seed": job.submit.seed if job is not None else first.seed if first else None,
        "age_s": age_s,
        "waited_s": age_s if state == "queued" else _waited_s(submitted, first),
        "synthesis_s": sum(outcome.synthesis_s for outcome in done),
        "predicted_work_s": 0.0 if job is None else job.cost_s * left,
        "deadline_in_s": None
        if job is None or job.deadline_ms is None
        else job.deadline_ms / 1000 - now,
        "finished_ms": finished or None,
        "code": None if bad is None else bad.code or bad.kind,
        "message": None if bad is None else bad.message or None,
    }


def _waited_s(submitted_ms: int, first: Outcome | None) -> float:
    """How long the first part that was done had waited, as far as the clocks of hosts agree."""
    if first is None or not submitted_ms:
        return 0.0
    return max(0.0, (first.finished_ms - submitted_ms) / 1000 - first.synthesis_s)
