"""Jobs at the own supervisor: handed in, their audio taken into the store as it comes, stopped.

A job is a plain one of this client's. When the supervisor is lost the client hands it in again at
the next one, and the audio goes on where it was; the lease goes on too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from supervisor.client.aio import AsyncJob
from supervisor.client.errors import JobCancelled, NoSupervisor, SupervisorError
from supervisor.core.fleet import events as e
from supervisor.fleet.held import Held
from supervisor.logs import get_logger
from supervisor.nats.audio import AudioWriter, read
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.jobs import Job

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

_OWN: Final = frozenset(
    {"id", "credit", "progress", "durable", "key", "on_behalf", "deadline_ms", "open"}
)
"""Fields of SUBMIT that are this client's, whatever the job's say."""

log = get_logger(__name__)


class Speaking:
    """Jobs that the own supervisor speaks for the fleet."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def speak(self, command: e.Speak) -> None:
        """Hand a job to the supervisor."""
        held = self._agent.held[command.lease]
        attempt = self._agent.machine.leases.all[command.lease].attempt
        held.task = self._agent.spawn(self._speak(held, attempt))

    def stop(self, command: e.Stop) -> None:
        """Have it ended."""
        held = self._agent.held.get(command.lease)
        if held is not None:
            self.close(held)

    def close(self, held: Held) -> None:
        """End what runs for a job, and remove what it stored unless that is its result."""
        if held.task is not None:
            held.task.cancel()
            held.task = None

    async def _speak(self, held: Held, attempt: str) -> None:
        agent = self._agent
        try:
            await self._spoken(held, attempt)
        except SupervisorError as error:
            event = _failure(agent.now(), held, error)
            if not isinstance(event, e.Failed):
                log.info("fleet: job %s is not spoken here: %s", held.name.id, error)
        except FleetError as error:
            log.warning("fleet: job %s: %s", held.name.id, error)
            event = e.Refused(agent.now(), held.lease)
        else:
            held.task = None
            agent.tell(e.Spoken(agent.now(), held.lease))
            return
        held.task = None
        agent.tell(event)

    async def _spoken(self, held: Held, attempt: str) -> None:
        """Speak it, and store all but the last piece of its audio. Raises what is in the way."""
        agent, job = self._agent, held.job
        text = await self._text(job)
        asked = {
            name: getattr(job.submit, name)
            for name in job.submit.__struct_fields__
            if name not in _OWN
        }
        left_s = None if held.until is None else held.until - agent.now()
        handle = await agent.client.submit(
            text, deadline=left_s, on_behalf=_client(job), **_terms(asked)
        )
        held.given = True
        writer = AudioWriter(agent.connection, f"{names.PREFIX}.audio.{attempt}", math.inf)
        held.writer = writer
        try:
            async with handle:
                await self._take(held, handle, writer)
        except BaseException:
            held.writer = None
            agent.spawn(_abandon(writer))
            raise

    async def _take(self, held: Held, handle: AsyncJob, writer: AudioWriter) -> None:
        async for body in handle.pcm():
            await writer.write(body)
            held.words += handle.new_words()
            if not held.began:
                held.began = True
                self._agent.tell(e.Begun(self._agent.now(), held.lease))
        held.words += handle.new_words()
        held.end, held.seed, held.sample_rate = handle.end, handle.seed, handle.sample_rate
        held.first_segment = handle.first_segment

    async def _text(self, job: Job) -> str:
        """The text of a job, from the store if it is long. Raises SupervisorError, FleetError."""
        if job.text is not None:
            return job.text
        if not job.text_pieces or job.text_bytes > _MOST_TEXT_BYTES:
            raise SupervisorError("the job cannot be read", code="bad_message")
        subject = names.text_subject(job.tenant, job.text_of or job.id, "*").removesuffix(".*")
        text = bytearray()
        try:
            async for piece in read(self._agent.connection, names.AUDIO, subject, job.text_bytes):
                text += piece
        except FleetError as error:
            if error.code != "not_found":
                raise
            raise SupervisorError("its text is gone", code="result_lost") from None
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise SupervisorError("its text is not UTF-8", code="bad_text") from None


_MOST_TEXT_BYTES: Final = 64 << 20


def _terms(asked: dict[str, Any]) -> Any:  # noqa: ANN401 (the options of `submit`)
    return asked


def _client(job: Job) -> str:
    """Whom the supervisor charges it to: each owner of each tenant is a client of its own."""
    return f"fleet:{job.tenant}:{job.owner}"[:128]


def _failure(now: float, held: Held, error: SupervisorError) -> e.Failed | e.Refused | e.Died:
    """What an error of the supervisor means for the job: it is never to be, or not here and now.

    One that the supervisor cancelled by itself, as at the end of its drain, is for another host;
    one with which it was lost for longer than the client resumes jobs may be the reason for that.
    """
    if isinstance(error, NoSupervisor) and held.given:
        return e.Died(now, held.lease, "the supervisors that had it were lost")
    if error.retryable or isinstance(error, JobCancelled | NoSupervisor):
        return e.Refused(now, held.lease)
    return e.Failed(now, held.lease, error.code, str(error))


async def _abandon(writer: AudioWriter) -> None:
    try:
        await writer.abandon()
    except FleetError as error:
        log.info("fleet: audio that nobody wants is left to the janitor: %s", error)
