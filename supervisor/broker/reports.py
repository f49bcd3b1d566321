"""Documents in answers: the engines, for HELLO, and jobs, a list of them or one with its story.

They hold the length of a job's text, never the text.
"""

from __future__ import annotations

from itertools import chain, islice, takewhile
from typing import Any

import msgspec

from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import FAILURE_CODES
from supervisor.core.jobs.machine import Jobs
from supervisor.wire.worker import Catalogue

MAX_LISTED = 1_000


def engines_document(catalogue: Catalogue) -> dict[str, Any]:
    """What each engine speaks, by its name, as WELCOME tells it."""
    return {
        engine.name: {
            "default_voice": engine.default_voice,
            "voices": {voice.name: voice.language for voice in engine.voices},
            "sample_rates": {
                voice.name: voice.sample_rate
                for voice in engine.voices
                if voice.sample_rate != engine.sample_rate
            },
            "languages": {
                voice.name: voice.languages for voice in engine.voices if len(voice.languages) > 1
            },
            "sample_rate": engine.sample_rate,
            "licence": engine.licence,
            "min_speed": engine.min_speed,
            "max_speed": engine.max_speed,
            "unavailable": engine.unavailable,
            "mixes": engine.mixes,
            "offered": engine.offered,
        }
        for engine in catalogue.engines
    }


def jobs_document(jobs: Jobs, owner: str, limit: int, now: float) -> dict[str, Any]:
    """The owner's jobs: those without an outcome first, then the latest that ended."""
    known = chain(jobs.jobs.values(), jobs.retained.ended())
    mine = (job for job in known if job.owner == owner)
    listed = [_row(job, now) for job in islice(mine, max(0, min(limit, MAX_LISTED)))]
    return {"jobs": listed, "more": next(mine, None) is not None}


def job_document(job: Job, jobs: Jobs, now: float) -> dict[str, Any]:
    """One job of these, with every event that is kept of it; `at_s` counts from its acceptance.

    `position`: how many of its class came before it and wait, too, where it waits.
    """
    request = job.request
    return {
        **_row(job, now),
        **msgspec.structs.asdict(request.speech),
        "sample_rate": request.sample_rate,
        "characters": job.chars,
        "key": request.key,
        "label": request.label,
        "position": _position(job, jobs) if job.state == "queued" else None,
        "code": job.code or FAILURE_CODES.get(job.state),
        "message": job.message or None,
        "attached": job.client is not None,
        "synthesis_s": job.synthesis_s,
        "audio_bytes": job.audio.end,
        "kept_from_byte": job.kept_from,
        "released_bytes": job.audio.released,
        "story": [
            {"at_s": at - job.accepted_at, "event": what, "details": details}
            for at, what, *details in job.story
        ],
    }


def _position(job: Job, jobs: Jobs) -> int:
    before = takewhile(lambda other: other is not job, jobs.jobs.values())
    return sum(
        other.state == "queued" and other.request_class == job.request_class for other in before
    )


def _row(job: Job, now: float) -> dict[str, Any]:
    """A job's entry in a list. Ages and times are in seconds."""
    request, end = job.request, job.ended_at
    return {
        "job": job.id,
        "state": job.state,
        "durable": request.durable,
        "class": job.request_class,
        "priority": request.priority,
        "engine": request.speech.engine,
        "voice": request.speech.voice,
        "segments": job.segments_expected,
        "segments_spoken": job.segments_spoken,
        "retried": job.retried,
        "age_s": now - job.accepted_at,
        "waited_s": (job.started_at or end or now) - job.accepted_at,
        "ran_s": None if job.started_at is None else (end or now) - job.started_at,
        "deadline_in_s": None if request.deadline is None else request.deadline - now,
        "predicted_work_s": job.work.seconds,
    }
