"""A host of a fleet that a test plays itself: it says what it speaks, and settles jobs as told."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from supervisor.nats.audio import AudioWriter
from supervisor.nats.buckets import Bucket, purge
from supervisor.nats.connection import Connection, Message
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import decode, encode
from supervisor.wire.fleet.jobs import Job, Outcome
from supervisor.wire.fleet.live import Heartbeat
from supervisor.wire.fleet.names import JobName

ENGINES: Mapping[str, Any] = {
    "noop": {"default_voice": "tone", "voices": ["tone"], "sample_rate": 24_000}
}


class ScriptedHost:
    """Answers who asks for hosts, over this connection; `open` it."""

    def __init__(self, connection: Connection, engines: Mapping[str, Any] = ENGINES) -> None:
        self.connection = connection
        self.engines = dict(engines)
        self.outcomes = Bucket(connection, names.OUTCOMES)

    async def open(self) -> None:
        await self.connection.subscribe(names.WHO, self._who)
        await self.connection.flush()

    async def _who(self, message: Message) -> None:
        heartbeat = Heartbeat(
            host="h1", epoch="e", slots=1, engines=self.engines, default_engine="noop"
        )
        await self.connection.publish(message.reply, encode(heartbeat))

    async def settle(self, name: JobName, pcm: bytes, **told: Any) -> Outcome:
        """Store audio and outcome of a job, or of a part, and take it off the queue."""
        found = await self.connection.request(f"$JS.API.DIRECT.GET.{names.JOBS}.{name.subject}")
        job = decode(found.data, Job)
        thing = names.audio_object(name.id, "h1", "e", 1)
        writer = AudioWriter(
            self.connection, names.audio_subject(name.tenant, thing, 0)[: -len(".0")], 5.0
        )
        await writer.write(pcm)
        written = await writer.finish()
        outcome = Outcome(
            id=name.id,
            kind="done",
            tenant=name.tenant,
            request=job.request,
            host="h1",
            epoch="e",
            attempt=1,
            finished_ms=round(time.time() * 1000),
            object=thing,
            pieces=written.pieces,
            bytes=written.size,
            sha256=hashlib.sha256(pcm).hexdigest(),
            sample_rate=24_000,
            seed=job.submit.seed or 0,
            part=job.part,
            segments=1,
        )
        return await self.write(name, msgspec.structs.replace(outcome, **told))

    async def write(self, name: JobName, outcome: Outcome) -> Outcome:
        """Write an outcome and take the job off the queue."""
        await self.outcomes.create(name.key, encode(outcome))
        await purge(self.connection, names.JOBS, name.subject)
        return outcome
