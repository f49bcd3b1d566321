"""Control of durable jobs from anywhere: a job is cancelled, forgotten, or asked how far it is.

Who holds it stops it, and tells how far it is. That it is cancelled is written down by one agent of
all, whoever holds it: by the fence, as every outcome is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from supervisor.core.fleet import events as e
from supervisor.fleet.held import Held
from supervisor.logs import get_logger
from supervisor.nats.buckets import Bucket, purge
from supervisor.nats.connection import Message, Subscription, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode, encode
from supervisor.wire.fleet.jobs import Outcome
from supervisor.wire.fleet.live import Control as Question
from supervisor.wire.fleet.live import ControlAnswer

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

_BYTES_PER_SAMPLE: Final = 4
_GROUP: Final = "agents"
_AT_ONCE: Final = 16
"""Parts of a job that are ended at once."""

log = get_logger(__name__)


class Control:
    """Answers what is asked of jobs."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._outcomes = Bucket(agent.connection, names.OUTCOMES)
        self._subscriptions: list[Subscription] = []

    async def start(self) -> None:
        """As `agent.Part`."""
        connection, subject = self._agent.connection, f"{names.PREFIX}.ctl.*.*"
        self._subscriptions = [
            await connection.subscribe(subject, self._all),
            await connection.subscribe(subject, self._one, queue=_GROUP),
        ]

    async def stop(self) -> None:
        """As `agent.Part`."""
        for subscription in self._subscriptions:
            await unsubscribe(subscription)

    async def _all(self, message: Message) -> None:
        """Every agent: the one that holds the job, or parts of it, heeds it."""
        asked = _read(message)
        if asked is None:
            return
        question, name = asked
        for held in self._held(name):
            if question.what != "state":
                self._agent.tell(e.CancelAsked(self._agent.now(), held.name.key))
            else:
                await self._answer(message, _running(self._agent, held))
                return

    def _held(self, name: names.JobName) -> list[Held]:
        """What we hold of a job, or of its parts."""
        if not name.parts:
            held = self._agent.held.get(self._agent.by_key.get(name.key, 0))
            return [] if held is None else [held]
        return [
            held
            for held in self._agent.held.values()
            if held.name.tenant == name.tenant and held.name.id.startswith(f"{name.id}-")
        ]

    async def _one(self, message: Message) -> None:
        """One agent of all: writes down that the job is cancelled."""
        asked = _read(message)
        if asked is not None and asked[0].what != "state":
            self._agent.spawn(self._end(message, *asked))

    async def _end(self, message: Message, question: Question, name: names.JobName) -> None:
        """End a job. One in parts has ended with the first that is cancelled, and that is answered;
        the others follow, some at once.
        """
        answered = False
        parts = name.each()
        for begin in range(0, len(parts), _AT_ONCE):
            some = parts[begin : begin + _AT_ONCE]
            ended = await asyncio.gather(*(self._end_one(part, question.what) for part in some))
            settled = next((answer for answer in ended if answer.state == "cancelled"), None)
            if not answered and (settled is not None or begin + _AT_ONCE >= len(parts)):
                await self._answer(message, settled or ended[-1])
                answered = True

    async def _end_one(self, name: names.JobName, what: str) -> ControlAnswer:
        agent = self._agent
        outcome = Outcome(
            id=name.id,
            kind="cancelled",
            tenant=name.tenant,
            host=agent.host,
            epoch=agent.epoch,
            finished_ms=round(agent.broker_time() * 1000),
            code="cancelled",
        )
        try:
            try:
                await self._outcomes.create(name.key, encode(outcome))
            except FleetError as error:
                if error.code != "exists":
                    raise
                entry = await self._outcomes.get(name.key)
                if entry is not None:
                    outcome = decode(entry.value, Outcome)
            if outcome.kind == "cancelled":
                await purge(agent.connection, names.JOBS, name.subject)
            if what == "forget":
                await self._forget(name)
        except (FleetError, NewerSchema, Unreadable) as error:
            log.warning("fleet: job %s cannot be cancelled: %s", name.id, error)
            return ControlAnswer(state="unknown", message=str(error))
        return ControlAnswer(state=outcome.kind, host=outcome.host)

    async def _forget(self, name: names.JobName) -> None:
        """Remove what became of a job, and its audio, those of attempts that lost as well."""
        below = f"{names.PREFIX}.audio.{name.tenant}.{name.id}"
        await purge(self._agent.connection, names.AUDIO, f"{below}.>")
        await self._outcomes.delete(name.key)

    async def _answer(self, message: Message, answer: ControlAnswer) -> None:
        if not message.reply:
            return
        try:
            await self._agent.connection.publish(message.reply, encode(answer))
        except FleetError as error:
            log.info("fleet: a question cannot be answered: %s", error)


def _read(message: Message) -> tuple[Question, names.JobName] | None:
    """What is asked, and of which job: the subject says whose, as it is what permissions hold."""
    try:
        question = decode(message.data, Question)
        name = names.parse_name(question.name)
    except (NewerSchema, Unreadable, names.NameRefused):
        return None
    return (question, name) if name.control == message.subject else None


def _running(agent: Agent, held: Held) -> ControlAnswer:
    written = held.writer.size if held.writer is not None else 0
    rate = held.sample_rate
    return ControlAnswer(
        state="running" if held.began else "waiting",
        host=agent.host,
        audio_s=round(written / _BYTES_PER_SAMPLE / rate, 3) if rate else 0.0,
    )
