"""What a client asks the servers of a fleet: to keep a job, what became of one, where one waits.

Nothing here needs a right to list or remove: each request names what it is about in its subject,
and the subject names the tenant.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple, TypeVar

from supervisor.client.durable.orders import Order
from supervisor.nats import audio
from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import Connection, Message, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import store
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.headers import MESSAGE_ID, headers_of, read_headers
from supervisor.wire.fleet.jobs import Config, Job, Outcome, Words
from supervisor.wire.fleet.live import Backlog, Control, ControlAnswer, Heartbeat
from supervisor.wire.fleet.names import CLASSES, JobName

WITHIN_S: Final = 12.0
"""How long a job is offered to the servers: an election takes up to nine seconds."""
_AT_ONCE: Final = 32
"""Requests of one job that are on their way at once."""
_HOSTS_S: Final = 1.0
_ALL_HOSTS_S: Final = 0.3
_REMEMBERED_S: Final = 30.0
_STATE_S: Final = 0.5
_CANCEL_S: Final = 5.0
_READS: Final = 3
_AGAIN_S: Final = 0.1
_BUSY_S: Final = 5.0
_MOST_BUSY_S: Final = 600.0

T = TypeVar("T")
S = TypeVar("S")


class Engine(NamedTuple):
    """An engine of the fleet, as a host's WELCOME describes it."""

    name: str
    described: dict[str, Any]


class Known(NamedTuple):
    """A job that was there already, and the digest of its request, empty where that is unknown."""

    name: JobName
    request: str


class Waiting(NamedTuple):
    """A job's message in the queue, and its number there."""

    job: Job
    sequence: int


class _Known:
    """What was heard of a fleet lately, and when it was asked."""

    def __init__(self) -> None:
        self.config: tuple[float, Config] | None = None
        self.hosts: dict[str, Heartbeat] = {}
        self.asked_at = self.all_asked_at = float("-inf")


_fleets: dict[tuple[tuple[str, ...], str | None], _Known] = {}


def _known_of(connection: Connection) -> _Known:
    """What this process knows of the fleet of a connection. A gateway has a connection for each job
    that is handed in, and a question to all hosts is answered by all.
    """
    servers = connection.servers
    return _fleets.setdefault((servers.urls, servers.credentials), _Known())


class Queue:
    """The fleet's queue, as one tenant sees it. Everything raises FleetError."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self.connection = connection
        self.tenant = tenant
        self._outcomes = Bucket(connection, names.OUTCOMES)
        self._shared = Bucket(connection, names.FLEET)
        self._known = _known_of(connection)

    # -- the fleet ----------------------------------------------------------------------

    async def config(self) -> Config:
        """What the whole fleet shares; as it was, while no server says how it is."""
        now = time.monotonic()
        known = self._known.config
        if known is not None and now - known[0] <= _REMEMBERED_S:
            return known[1]
        try:
            entry = await _patient(lambda: self._shared.get_near(names.CONFIG))
        except FleetError as error:
            if known is not None and error.transient:
                return known[1]
            if error.code == "no_stream":
                raise _not_set_up(self.connection) from None
            raise
        if entry is None:
            raise _not_set_up(self.connection)
        self._known.config = now, _decoded(entry.value, Config)
        return self._known.config[1]

    async def engine(self, wanted: str | None) -> Engine | None:
        """The engine of this name, or the default one; None where no host speaks it."""
        found = self._engine(wanted)
        if found is None or time.monotonic() - self._known.asked_at > _REMEMBERED_S:
            await self._ask_hosts(lambda: self._engine(wanted) is not None)
            found = self._engine(wanted)
        return found

    async def engines(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The default engine, what is known of all, and the limits of texts."""
        await self.engine(None)
        engines: dict[str, Any] = {}
        for host in self._known.hosts.values():
            engines = {**host.engines, **engines}
        first = next(iter(self._known.hosts.values()), None)
        return ("", {}, {}) if first is None else (first.default_engine, engines, first.limits)

    async def maker(self, engine: str) -> str | None:
        """The speech fingerprint of the hosts that do most of this engine's work: the parts of one
        text are spoken by hosts of one, and are not joined of two that sound unlike.
        """
        if time.monotonic() - self._known.all_asked_at > _REMEMBERED_S:
            await self._ask_hosts(lambda: False, _ALL_HOSTS_S)
            self._known.all_asked_at = time.monotonic()
        slots: Counter[str] = Counter()
        for host in self._known.hosts.values():
            if (made_by := host.made_by.get(engine)) is not None:
                slots[made_by] += max(1, host.slots)
        return max(slots, key=lambda made_by: (slots[made_by], made_by)) if slots else None

    def _engine(self, wanted: str | None) -> Engine | None:
        for host in self._known.hosts.values():
            name = wanted or host.default_engine
            if name in host.engines:
                return Engine(name, host.engines[name])
        return None

    async def _ask_hosts(self, enough: Callable[[], bool], within: float = _HOSTS_S) -> None:
        """Ask all hosts how they are, until what is known is enough, for `within` seconds at most:
        who has not answered by then is not there.
        """
        self._known.asked_at = time.monotonic()
        heard: set[str] = set()
        settled = asyncio.Event()

        async def answered(message: Message) -> None:
            if (message.headers or {}).get("Status") is not None:
                self._known.hosts = {}
                settled.set()
                return
            with suppress(codec.Unreadable, codec.NewerSchema):
                heartbeat = codec.decode(message.data, Heartbeat)
                heard.add(heartbeat.host)
                self._known.hosts[heartbeat.host] = heartbeat
                if enough():
                    settled.set()

        inbox = self.connection.new_inbox()
        subscription = await self.connection.subscribe(inbox, answered)
        try:
            await self.connection.publish(names.WHO, b"", reply=inbox)
            async with asyncio.timeout(within):
                await settled.wait()
        except TimeoutError:
            self._known.hosts = {
                name: host for name, host in self._known.hosts.items() if name in heard
            }
        finally:
            await unsubscribe(subscription)

    async def backlog(self) -> Backlog | None:
        """What waits in all, as far as this user may know it."""
        try:
            entry = await self._shared.get_near(names.BACKLOG)
            return None if entry is None else _decoded(entry.value, Backlog)
        except FleetError:
            return None

    async def busy_s(self) -> float:
        """After how many seconds a full queue may have room."""
        backlog = await self.backlog()
        if backlog is None or backlog.speed <= 0:
            return _BUSY_S
        # A tenth of it is done by then: enough room for whoever asks again.
        return min(_MOST_BUSY_S, max(1.0, sum(backlog.seconds.values()) / backlog.speed / 10))

    # -- handing in ---------------------------------------------------------------------

    async def hand_in(self, order: Order, *, again: bool = False) -> bool:
        """Have the queue keep all messages of an order; whether some were there already. With
        `again` also those whose names the servers remember, though they are gone. The last one
        comes when all others are kept: where it is, all are (`is_whole`).
        """
        if order.pieces:
            await each(list(enumerate(order.pieces)), lambda piece: self._lay(order, *piece))
        *most, last = zip(order.name.each(), order.jobs, strict=True)
        known = await each(most, lambda one: self._keep(*one, again=again))
        return await self._keep(*last, again=again) or any(known)

    async def is_whole(self, name: JobName) -> bool:
        """Whether all parts of a job were handed in."""
        return not await self.is_missing(name.each()[-1])

    async def complete(self, order: Order) -> None:
        """Hand in what is missing of an order."""
        if order.pieces:
            await each(list(enumerate(order.pieces)), lambda piece: self._lay(order, *piece))
        parts = order.name.each()
        missing = await each(parts, self.is_missing)
        for name, job, gone in zip(parts, order.jobs, missing, strict=True):
            if gone:
                await self._keep(name, job, again=True)

    async def is_missing(self, part: JobName) -> bool:
        """Whether a part neither waits nor runs, nor has an outcome."""
        return await self.waiting(part) is None and await self.outcome(part) is None

    async def _lay(self, order: Order, number: int, piece: bytes) -> None:
        subject = names.text_subject(self.tenant, order.text_of, number)
        await store(self.connection, subject, piece, None, WITHIN_S)

    async def _keep(self, name: JobName, job: Job, *, again: bool) -> bool:
        """Have one message kept; whether one of its name was there."""
        payload, headers = codec.encode(job), headers_of(job)
        if again:
            headers[MESSAGE_ID] += f".{names.random_id()}"
        try:
            stored = await store(self.connection, name.subject, payload, headers, WITHIN_S)
        except FleetError as error:
            if error.code != "duplicate":
                raise
            return True
        return stored.duplicate

    async def find(self, name: JobName) -> Known | None:
        """A job of this id that waits, runs or has ended, in one piece or in parts, whatever its
        class.
        """
        parts = name._replace(parts=1).part(0)
        outcomes = await asyncio.gather(self.outcome(name), self.outcome(parts))
        for outcome in outcomes:
            if outcome is not None:
                count = outcome.part[1] if outcome is outcomes[1] and outcome.part else 0
                return Known(name._replace(parts=count), outcome.request)
        places = [whole._replace(klass=klass) for whole in (name, parts) for klass in CLASSES]
        for place, waiting in zip(
            places, await asyncio.gather(*map(self.waiting, places)), strict=True
        ):
            if waiting is not None:
                count = waiting.job.part[1] if place.id == parts.id and waiting.job.part else 0
                return Known(name._replace(klass=place.klass, parts=count), waiting.job.request)
        return None

    # -- asking -------------------------------------------------------------------------

    async def first(self, name: JobName) -> Outcome | Waiting | None:
        """What is there of the first part of a job, or of one in one piece: its outcome, or its
        message. None for what is no job of as many parts as the name says, which anybody may claim.
        """
        part = name.part(0) if name.parts else name
        found: Outcome | Waiting | None = await self.outcome(part)
        if found is None:
            found = await self.waiting(part) or await self.outcome(part)  # It may end meanwhile.
        if found is None or not name.parts:
            return found
        which = found.part if isinstance(found, Outcome) else found.job.part
        # Who cancels a job may not know of how many parts it was.
        known = which == (0, name.parts) or (which is None and isinstance(found, Outcome))
        return found if known else None

    async def outcome(self, name: JobName) -> Outcome | None:
        """What became of a job in one piece, or of a part; None while it waits or runs."""
        entry = await _patient(lambda: self._outcomes.get_near(name.key))
        if entry is None:
            return None
        outcome = _decoded(entry.value, Outcome)
        if (outcome.id, outcome.tenant) != (name.id, name.tenant):
            raise FleetError("refused", f"the outcome of {name} is not its own")
        return outcome

    async def waiting(self, name: JobName) -> Waiting | None:
        """The message of a job in one piece, or of a part; None once it has its outcome."""

        async def ask() -> Message:
            return await self.connection.request(f"$JS.API.DIRECT.GET.{names.JOBS}.{name.subject}")

        answer = await _patient(ask)
        headers = answer.headers or {}
        status = headers.get("Status")
        if status == "404":
            return None
        if status is not None:
            raise FleetError("refused", f"{name}: {headers.get('Description', status)}")
        sequence = headers.get("Nats-Sequence", "0")
        if read_headers(headers).schema > codec.SCHEMA:
            raise FleetError("refused", f"{name} is of a newer version: upgrade this client")
        return Waiting(_decoded(answer.data, Job), int(sequence) if sequence.isdigit() else 0)

    async def state(self, name: JobName) -> ControlAnswer | None:
        """How far a job is, by the host that has it; None where no host has."""
        return await self._control(name, "state", _STATE_S)

    async def cancel(self, name: JobName) -> ControlAnswer | None:
        """Have a job cancelled; None where no host has answered."""
        return await self._control(name, "cancel", _CANCEL_S)

    async def forget(self, name: JobName) -> ControlAnswer | None:
        """Have a job cancelled, and what became of it removed."""
        return await self._control(name, "forget", _CANCEL_S)

    async def _control(
        self, name: JobName, what: Literal["cancel", "forget", "state"], patience: float
    ) -> ControlAnswer | None:
        control = codec.encode(Control(what=what, name=str(name)))
        try:
            answer = await self.connection.request(name.control, control, patience=patience)
            return codec.decode(answer.data, ControlAnswer)
        except FleetError as error:
            if error.transient:
                return None
            raise
        except (codec.Unreadable, codec.NewerSchema):
            return None

    # -- hearing ------------------------------------------------------------------------

    async def audio(self, outcome: Outcome, at: int) -> bytes:
        """The audio of a job that is done, from byte `at` on to the end of the piece with it."""
        number = at // names.PIECE_BYTES
        begin = number * names.PIECE_BYTES
        subject = f"{self._below(outcome)}.{number}"
        body = await audio.piece(self.connection, names.AUDIO, subject)
        if len(body) != min(names.PIECE_BYTES, outcome.bytes - begin):
            raise FleetError("not_found", f"piece {number} of {subject} is not what was written")
        return body[at - begin :] if at > begin else body

    async def words(self, outcome: Outcome) -> Words:
        """The words of a job that is done, with their times."""
        subject = f"{self._below(outcome)}.words"
        packed = b"".join(
            [
                await audio.piece(self.connection, names.AUDIO, f"{subject}.{number}")
                for number in range(outcome.word_pieces)
            ]
        )
        return _decoded(packed, Words) if packed else Words()

    def _below(self, outcome: Outcome) -> str:
        try:
            return names.audio_subject(self.tenant, outcome.object or "", 0)[: -len(".0")]
        except names.NameRefused as error:
            raise FleetError("refused", f"the outcome of {outcome.id}: {error}") from None


def _not_set_up(connection: Connection) -> FleetError:
    what = f"no fleet is set up at {connection.where}: run `supervisor fleet setup`"
    return FleetError("refused", what)


async def each(all_of: Sequence[S], do: Callable[[S], Awaitable[T]]) -> list[T]:
    """Do it with each, some at once; the answers in order. Raises the first failure."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(what: S) -> T:
        async with free:
            return await do(what)

    tasks = [asyncio.ensure_future(one(what)) for what in all_of]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def _patient(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again what a lost answer, or an election, has kept."""
    for _ in range(_READS - 1):
        try:
            return await ask()
        except FleetError as error:
            if not error.transient:
                raise
        await asyncio.sleep(_AGAIN_S)
    return await ask()


R = TypeVar("R", bound=codec.Record)


def _decoded(data: bytes, kind: type[R]) -> R:
    try:
        return codec.decode(data, kind)
    except (codec.Unreadable, codec.NewerSchema) as error:
        raise FleetError("refused", str(error)) from None
