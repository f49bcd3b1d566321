"""Durable jobs handed in and taken out by a test itself, over a connection of its own."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable

from supervisor.nats import audio
from supervisor.nats.buckets import Bucket, subjects
from supervisor.nats.connection import Connection
from supervisor.nats.jetstream import store
from supervisor.wire.client import Submit
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import decode, encode
from supervisor.wire.fleet.headers import headers_of
from supervisor.wire.fleet.jobs import Job, Outcome


def job(
    text: str,
    *,
    engine: str = "noop",
    klass: names.FleetClass = "normal",
    tenant: str = "default",
    seed: int = 1,
    allowed_s: float | None = None,
    **submit: object,
) -> tuple[names.JobName, Job]:
    """A job and its name."""
    name = names.job_name(klass, engine, 0, tenant, names.random_id())
    now = round(time.time() * 1000)
    return name, Job(
        id=name.id,
        tenant=tenant,
        submit=Submit(id="", engine=engine, seed=seed, **submit),  # type: ignore[arg-type] # options of SUBMIT
        text=text,
        text_bytes=len(text.encode()),
        submitted_ms=now,
        deadline_ms=None if allowed_s is None else now + round(allowed_s * 1000),
        cost_s=0.1,
    )


async def publish(
    connection: Connection, named: tuple[names.JobName, Job], within: float = 30.0
) -> names.JobName:
    """Hand a job in."""
    name, record = named
    await store(connection, name.subject, encode(record), headers_of(record), within)
    return name


async def outcome(connection: Connection, name: names.JobName, within: float = 30.0) -> Outcome:
    """The outcome of a job, once it is there."""
    return (await outcomes(connection, [name], within))[name.id]


async def outcomes(
    connection: Connection, wanted: Iterable[names.JobName], within: float = 60.0
) -> dict[str, Outcome]:
    """The outcomes of jobs by id, once all are there."""
    bucket = Bucket(connection, names.OUTCOMES)
    left = {name.key: name for name in wanted}
    found: dict[str, Outcome] = {}
    deadline = time.monotonic() + within
    while left:
        for key in await bucket.keys():
            name = left.pop(key, None)
            if name is not None:
                entry = await bucket.get(key)
                assert entry is not None
                found[name.id] = decode(entry.value, Outcome)
        if left:
            assert time.monotonic() < deadline, f"{len(left)} jobs have no outcome: {[*left][:3]}"
            await asyncio.sleep(0.05)
    return found


async def samples(connection: Connection, done: Outcome) -> bytes:
    """The audio of an outcome; its length and digest are as the outcome says."""
    assert done.kind == "done", (done.code, done.message)
    assert done.object is not None
    subject = names.audio_subject(done.tenant, done.object, "*").removesuffix(".*")
    pieces = [piece async for piece in audio.read(connection, names.AUDIO, subject, done.bytes)]
    whole = b"".join(pieces)
    assert len(pieces) == done.pieces
    assert hashlib.sha256(whole).hexdigest() == done.sha256
    return whole


async def audio_objects(connection: Connection) -> set[str]:
    """Names of the audio that is stored, with their tenants."""
    head = f"{names.PREFIX}.audio."
    found = await subjects(connection, names.AUDIO, f"{head}>")
    return {".".join(subject.removeprefix(head).split(".")[:5]) for subject in found}


async def waiting(connection: Connection) -> set[str]:
    """Subjects of jobs that wait or run."""
    return set(await subjects(connection, names.JOBS, f"{names.PREFIX}.job.>"))
