"""What became of a job, written down: audio, outcome, attempts, dead letters.

Each step answers the machine, which says what comes next, and has it tried again where the servers
did not answer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from supervisor.core.fleet import events as e
from supervisor.fleet.held import Held
from supervisor.logs import get_logger
from supervisor.nats import audio
from supervisor.nats.audio import AudioWriter
from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import PATIENCE_S
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode, encode
from supervisor.wire.fleet.jobs import DeadLetter, Outcome, Words

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

ATTEMPTS: Final = "attempts"
"""Keys `attempts.<tenant>.<id>` of the bucket `fleet`: attempts that ended with a supervisor."""

_ATTEMPTS_KEPT_S: Final = 86_400.0
_FENCE_S: Final = 10.0
"""For so long an outcome is offered again at once: a new leader may come any moment."""
_TRIES: Final = 5

log = get_logger(__name__)


class Results:
    """Results of this agent's jobs."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._outcomes = Bucket(agent.connection, names.OUTCOMES)
        self._dead = Bucket(agent.connection, names.DEAD)
        self._fleet = Bucket(agent.connection, names.FLEET)

    # -- audio --------------------------------------------------------------------------

    def put_audio(self, command: e.PutAudio) -> None:
        """Store what is left of the audio."""
        self._agent.spawn(self._put_audio(self._agent.held[command.lease], command.attempt))

    async def _put_audio(self, held: Held, attempt: str) -> None:
        agent = self._agent
        try:
            if held.writer is not None:
                held.written = await held.writer.finish()
                held.writer = None
            if held.words and not held.words_written:
                words = f"{names.PREFIX}.audio.{attempt}.words"
                writer = AudioWriter(agent.connection, words, PATIENCE_S)
                await writer.write(encode(Words(words=tuple(held.words))))
                held.words_written = (await writer.finish()).pieces
        except FleetError as error:
            log.warning("fleet: audio of job %s is not stored yet: %s", held.name.id, error)
            agent.tell(e.AudioPut(agent.now(), held.lease, ok=False))
        else:
            agent.tell(e.AudioPut(agent.now(), held.lease, ok=True))

    def drop_audio(self, command: e.DropAudio) -> None:
        """Remove the audio of an attempt that lost."""
        self._agent.spawn(self._drop_audio(command.attempt))

    async def _drop_audio(self, attempt: str) -> None:
        try:
            await audio.remove(self._agent.connection, f"{names.PREFIX}.audio.{attempt}")
        except FleetError as error:
            log.info("fleet: audio that nobody wants is left to the janitor: %s", error)

    # -- outcomes -----------------------------------------------------------------------

    def create_outcome(self, command: e.CreateOutcome) -> None:
        """Write the outcome, unless there is one."""
        self._agent.spawn(self._create_outcome(command))

    async def _create_outcome(self, command: e.CreateOutcome) -> None:
        agent = self._agent
        held = agent.held[command.lease]
        answer: e.FenceAnswer = "unknown"
        try:
            outcome = encode(self._outcome(held, command))
            await self._outcomes.create(held.name.key, outcome, _FENCE_S)
            answer = "won"
        except FleetError as error:
            if error.code == "exists":
                answer = "exists"
            else:
                log.info("fleet: outcome of job %s: %s", held.name.id, error)
        agent.tell(e.OutcomeAnswered(agent.now(), command.lease, answer))

    def _outcome(self, held: Held, command: e.CreateOutcome) -> Outcome:
        agent, job = self._agent, held.job
        number = int(command.attempt.rpartition(".")[2])
        outcome = Outcome(
            id=held.name.id,
            kind=command.state,
            tenant=held.name.tenant,
            owner=job.owner,
            request=job.request,
            host=agent.host,
            epoch=agent.epoch,
            attempt=number,
            submitted_ms=job.submitted_ms,
            finished_ms=round(agent.broker_time() * 1000),
            voice=job.submit.voice,
            label=job.submit.label,
            part=job.part,
            code=command.code if command.state != "done" else "",
            message=command.message,
        )
        end, written = held.end, held.written
        if command.state != "done" or end is None or written is None:
            return outcome
        return msgspec.structs.replace(
            outcome,
            object=names.audio_object(held.name.id, agent.host, agent.epoch, number),
            pieces=written.pieces,
            bytes=written.size,
            sha256=written.sha256,
            sample_rate=held.sample_rate,
            seed=held.seed,
            segments=end.segments,
            first_segment=held.first_segment,
            queued_s=end.queued_s,
            synthesis_s=end.synthesis_s,
            retried=end.retried,
            cached=end.cached,
            left_out=end.left_out,
            word_pieces=held.words_written,
            made_by=agent.made_by.get(held.name.engine, ""),
        )

    def read_outcome(self, command: e.ReadOutcome) -> None:
        """Read whose outcome it is."""
        self._agent.spawn(self._read_outcome(command))

    async def _read_outcome(self, command: e.ReadOutcome) -> None:
        agent = self._agent
        attempt, ok = None, True
        try:
            entry = await self._outcomes.get(command.job)
            if entry is not None:
                attempt = _attempt_of(command.job, entry.value)
        except FleetError as error:
            log.info("fleet: outcome of a job: %s", error)
            ok = False
        agent.tell(e.OutcomeRead(agent.now(), command.lease, attempt, ok=ok))

    # -- failures -----------------------------------------------------------------------

    def count_attempt(self, command: e.CountAttempt) -> None:
        """Count an attempt that ended with a worker."""
        self._agent.spawn(self._count_attempt(command))

    async def _count_attempt(self, command: e.CountAttempt) -> None:
        agent = self._agent
        attempts: int | None = None
        try:
            attempts = await self._counted(f"{ATTEMPTS}.{command.job}")
        except FleetError as error:
            log.info("fleet: attempts at a job: %s", error)
        agent.tell(e.AttemptCounted(agent.now(), command.lease, attempts))

    async def _counted(self, key: str) -> int | None:
        for _ in range(_TRIES):
            entry = await self._fleet.get(key)
            count = 1 + (int(entry.value) if entry is not None and entry.value.isdigit() else 0)
            revision = 0 if entry is None else entry.revision
            try:
                await self._fleet.replace(
                    key, str(count).encode(), revision, ttl_s=_ATTEMPTS_KEPT_S
                )
            except FleetError as error:
                if error.code != "exists":
                    raise
            else:
                return count
        return None

    def bury(self, command: e.Bury) -> None:
        """Keep a failed job for the operators."""
        self._agent.spawn(self._bury(command))

    async def _bury(self, command: e.Bury) -> None:
        agent = self._agent
        held = agent.held[command.lease]
        letter = DeadLetter(
            name=str(held.name),
            job=held.job,
            code=command.code,
            message=command.message,
            host=agent.host,
            at_ms=round(time.time() * 1000),
        )
        ok = True
        try:
            await self._dead.put(held.name.key, encode(letter))
        except FleetError as error:
            log.warning("fleet: job %s is no dead letter yet: %s", held.name.id, error)
            ok = False
        agent.tell(e.Buried(agent.now(), command.lease, ok))


def _attempt_of(job: str, value: bytes) -> str:
    """Name of the attempt that wrote an outcome; one that cannot be read is nobody's of us."""
    try:
        outcome = decode(value, Outcome)
    except (NewerSchema, Unreadable):
        return ""
    return f"{job}.{outcome.host}.{outcome.epoch}.{outcome.attempt}"
