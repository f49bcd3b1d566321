"""The other end of a conversation about durable jobs: it stands for a supervisor, in this process.

It speaks docs/PROTOCOL.md with the client's `Conversation`, as far as that is about durable jobs,
and JetStream with the servers. So calls, handles of jobs and both clients are the same on every
road.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from supervisor import __version__
from supervisor.client.durable import report
from supervisor.client.durable.feed import Feed
from supervisor.client.durable.orders import Order, Place, named, order, parts_of
from supervisor.client.durable.queue import Known, Queue, Waiting
from supervisor.client.live.tunnel import Listener
from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.wire import client as wire
from supervisor.wire.codec import Body, Frames, WireError, decode_request, encode
from supervisor.wire.fleet.jobs import Config, Outcome, segments_expected
from supervisor.wire.fleet.names import JobName, NameRefused, parse_name

MAX_TEXT_BYTES: Final = 2 << 20
"""As of a supervisor, unless the hosts say otherwise."""

_CLOSE_S: Final = 1.0
_SAMPLE_RATE: Final = 24_000
"""Where nobody tells another one."""
_UNAVAILABLE_MS: Final = 2_000


class RefusedError(Exception):
    """A request that is refused; the fields are those of ERROR."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.retry_after_ms = retry_after_ms


class Peer:
    """Carries the frames of one link to the fleet's queue, as `tunnel.Tunnel` does to a host."""

    def __init__(self, connection: Connection, tenant: str, listener: Listener) -> None:
        self._queue = Queue(connection, tenant)
        self._tenant = tenant
        self._listener = listener
        self._feeds: dict[str, tuple[Feed, asyncio.Task[None]]] = {}
        self._cancelling: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to carry."""

    def send(self, frames: Frames) -> None:
        """Take a message of the client's."""
        try:
            message, body, _json = decode_request(frames)
        except WireError as error:
            self._tell(wire.Error(error.code, str(error)))
            return
        match message:
            case wire.Hello():
                self._spawn(self._answered(self._welcome(), ""))
            case wire.Submit():
                self._spawn(self._answered(self._submit(message, bytes(body)), message.id))
            case wire.Attach():
                self._spawn(self._answered(self._attach(message), message.id))
            case wire.Credit() if (listening := self._feeds.get(message.job)) is not None:
                listening[0].grant(message.bytes)
            case wire.Cancel():
                job = message.job
                cancelling = self._spawn(self._cancel(job, forget=message.forget))
                self._cancelling[job] = cancelling
                cancelling.add_done_callback(lambda _: self._cancelling.pop(job, None))
            case wire.Jobs():
                self._spawn(self._answered(self._jobs(message), message.id))
            case wire.Ping():
                self._tell(wire.Pong())
            case wire.Credit() | wire.Bye():
                pass
            case _:
                self._tell(_error(_only_durable(), getattr(message, "id", "") or None))

    async def close(self) -> None:
        """Stop listening; the jobs go on. What is being cancelled is, first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await asyncio.gather(*self._cancelling.values(), return_exceptions=True)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- requests -----------------------------------------------------------------------

    async def _answered(self, answering: Coroutine[Any, Any, None], id: str) -> None:
        """Answer a request; where that fails, with ERROR."""
        try:
            await answering
        except RefusedError as refused:
            self._tell(_error(refused, id or None))
        except FleetError as error:
            self._tell(_error(await self._as_refused(error), id or None))

    async def _as_refused(self, error: FleetError) -> RefusedError:
        if error.code == "full":
            after = round(1000 * await self._queue.busy_s())
            return RefusedError("busy", "the fleet's queue is full", retry_after_ms=after)
        if error.transient:
            return RefusedError(
                "fleet_unavailable",
                f"the fleet's queue does not answer: {error}",
                retry_after_ms=_UNAVAILABLE_MS,
            )
        code = "forbidden" if error.code == "forbidden" else "fleet_unavailable"
        return RefusedError(code, str(error))

    async def _welcome(self) -> None:
        default, engines, limits = await self._queue.engines()
        self._tell(
            wire.Welcome(
                epoch=secrets.token_hex(6),
                version=__version__,
                default_engine=default,
                engines=engines,
                limits=limits or {"max_text_bytes": MAX_TEXT_BYTES},
            )
        )

    async def _submit(self, submit: wire.Submit, body: bytes) -> None:
        if submit.open:
            raise RefusedError(
                "out_of_range",
                "a durable text of a fleet is handed in whole: without `open`, or not durable",
                field="open",
            )
        if not submit.durable or submit.key is None:
            raise _only_durable()
        text = str(body, "utf-8")
        if not text.strip():
            raise RefusedError("empty_text", "the text is empty", field="text")
        config = await self._queue.config()
        place = await self._place(submit, body, config)
        try:
            name = named(submit, place, config)
        except NameRefused as error:
            raise RefusedError("unknown_engine", str(error), field="engine") from None
        seed = secrets.randbits(63) if submit.seed is None else submit.seed
        asked = _ordered(submit, body, name, place, config, seed)
        digest = asked.jobs[0].request
        known = await self._queue.find(name) or await self._handed_in(asked)
        name = asked.name
        if known is not None:
            if known.request not in {"", digest}:  # One that was cancelled may not tell.
                what = f"the key belongs to job {known.name}, another request"
                raise RefusedError("conflict", what)
            name, seed = known.name, await self._seed_of(known.name, seed)
            if name.parts and not await self._queue.is_whole(name):
                asked = _ordered(submit, body, name, place, config, seed, parts=name.parts)
                await self._queue.complete(asked)
        accepted = wire.Accepted(
            id=submit.id,
            job=str(name),
            segments=segments_expected(len(body)),
            sample_rate=place.sample_rate,
            seed=seed,
            estimated=True,
        )
        self._listen(accepted, 0, submit.credit, digest)

    async def _handed_in(self, asked: Order) -> Known | None:
        """Hand it in; what was there already under its name."""
        if not await self._queue.hand_in(asked):
            return None
        known = await self._queue.find(asked.name)
        if known is None:  # The servers remember the name of one that was forgotten since.
            await self._queue.hand_in(asked, again=True)
        return known

    async def _seed_of(self, name: JobName, otherwise: int) -> int:
        found = await self._queue.first(name)
        if found is None:
            return otherwise
        return found.seed if isinstance(found, Outcome) else found.job.submit.seed or 0

    async def _place(self, submit: wire.Submit, body: bytes, config: Config) -> Place:
        if submit.engine is not None:
            _set_up(submit.engine, config)
        engine = await self._queue.engine(submit.engine)
        if engine is None:
            what = "an engine" if submit.engine is None else f"the engine {submit.engine[:64]!r}"
            raise RefusedError(
                "engine_unavailable",
                f"no host of the fleet that speaks {what} answers; see `supervisor fleet status`",
                field=None if submit.engine is None else "engine",
                retry_after_ms=_UNAVAILABLE_MS,
            )
        _set_up(engine.name, config)
        parts = parts_of(len(body), submit, config)
        return Place(
            made_by=await self._queue.maker(engine.name) if parts else None,
            engine=engine.name,
            sample_rate=_sample_rate(engine.described, submit.voice),
            tenant=self._tenant,
            owner=submit.on_behalf or "",
        )

    async def _attach(self, attach: wire.Attach) -> None:
        name = self._named(attach.job)
        found = await self._queue.first(name)
        if found is None:
            raise _unknown(attach.job)
        if isinstance(found, Waiting):
            job = found.job
            rate, seed = job.sample_rate, job.submit.seed or 0
            segments = segments_expected(job.text_bytes)
        else:
            rate, seed, segments = found.sample_rate, found.seed, found.segments
        accepted = wire.Accepted(
            id=attach.id,
            job=str(name),
            segments=max(1, segments),
            sample_rate=rate or _SAMPLE_RATE,  # Of one that failed there is none.
            seed=seed,
            estimated=True,
        )
        self._listen(accepted, attach.offset, attach.credit, None)

    async def _jobs(self, jobs: wire.Jobs) -> None:
        if jobs.job is None:
            raise RefusedError(
                "not_found", "a fleet keeps no list of jobs: name one by its id", field="job"
            )
        name = self._named(jobs.job)
        cancelling = self._cancelling.get(jobs.job)
        if cancelling is not None:
            await asyncio.wait({cancelling})
        document = await report.of(self._queue, name)
        if document is None:
            raise _unknown(jobs.job)
        self._tell(wire.Report(jobs.id, document))

    async def _cancel(self, job: str, *, forget: bool = False) -> None:
        listening = self._feeds.pop(job, None)
        if listening is not None:
            listening[1].cancel()
        with suppress(RefusedError, FleetError):
            name = self._named(job)
            if await self._queue.first(name) is not None:
                await (self._queue.forget if forget else self._queue.cancel)(name)

    def _named(self, job: str) -> JobName:
        """The name of a job of this tenant: nobody else's is found here. Raises RefusedError."""
        try:
            name = parse_name(job)
        except NameRefused:
            raise _unknown(job) from None
        if name.tenant != self._tenant:
            raise _unknown(job)
        return name

    # -- answers ------------------------------------------------------------------------

    def _listen(
        self, accepted: wire.Accepted, offset: int, credit: int, request: str | None
    ) -> None:
        job = accepted.job
        before = self._feeds.pop(job, None)
        if before is not None:
            before[1].cancel()
        self._tell(accepted)
        feed = Feed(
            self._queue,
            parse_name(job),
            self._tell,
            offset=offset,
            credit=credit,
            request=request,
        )
        self._feeds[job] = feed, self._spawn(feed.run())
        self._feeds[job][1].add_done_callback(lambda task: self._heard(job, task))

    def _heard(self, job: str, task: asyncio.Task[None]) -> None:
        """Forget who was told the end."""
        if (listening := self._feeds.get(job)) is not None and listening[1] is task:
            del self._feeds[job]

    def _tell(self, message: wire.Message, body: Body | None = None) -> None:
        self._listener.arrived([encode(message, body)])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        """Forget a task. A fault of ours ends the link: nobody waits for an answer that is none."""
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._listener.ended(f"a fault of ours: {fault!r}")


def _ordered(
    submit: wire.Submit,
    body: bytes,
    name: JobName,
    place: Place,
    config: Config,
    seed: int,
    parts: int | None = None,
) -> Order:
    now_ms = round(time.time() * 1000)
    return order(
        submit, body, name=name, place=place, config=config, seed=seed, now_ms=now_ms, parts=parts
    )


def _set_up(engine: str, config: Config) -> None:
    """Raises RefusedError for an engine whose jobs no host would be given."""
    if engine not in config.engines:
        there = ", ".join(config.engines)
        what = f"the fleet is not set up for {engine[:64]!r}; there are: {there}"
        raise RefusedError("unknown_engine", what, field="engine")


def _sample_rate(described: dict[str, Any], voice: str | None) -> int:
    rates = described.get("sample_rates") or {}
    rate = rates.get(voice, described.get("sample_rate"))
    return rate if isinstance(rate, int) and rate > 0 else _SAMPLE_RATE


def _error(refused: RefusedError, id: str | None) -> wire.Error:
    return wire.Error(
        refused.code,
        str(refused),
        id=id,
        retryable=refused.retry_after_ms is not None,
        retry_after_ms=refused.retry_after_ms,
        field=refused.field,
    )


def _unknown(job: str) -> RefusedError:
    return RefusedError("not_found", f"there is no job {job[:200]!r} in this fleet")


def _only_durable() -> RefusedError:
    return RefusedError("bad_message", "the fleet's queue takes whole durable jobs, with a key")
