"""The calls of a client without a supervisor of its own: each request goes to the host that can
start it soonest.

One link a host, made when it first wins a bid. What is said of one supervisor alone (its status,
its list of jobs, its events) is asked of that host, not of a fleet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from supervisor.client.calls import AcceptedJob, Calls, Watch
from supervisor.client.deadlines import PATIENCE_S, Deadline
from supervisor.client.durable.peer import Peer
from supervisor.client.errors import (
    BadRequest,
    NoSupervisor,
    Refused,
    SupervisorError,
    WaitTimeout,
)
from supervisor.client.link import Link
from supervisor.client.live.bids import Bidding
from supervisor.client.live.link import HostLink
from supervisor.client.live.port import Port
from supervisor.client.live.tunnel import Tunnel
from supervisor.client.protocol import Conversation
from supervisor.client.records import Answer
from supervisor.client.request import Request
from supervisor.nats.connection import Connection
from supervisor.wire.client import DEFAULT_CREDIT, Report
from supervisor.wire.fleet.live import Answer as Offer
from supervisor.wire.fleet.live import Bid
from supervisor.wire.fleet.made_by import made_at
from supervisor.wire.fleet.names import (
    ANY_ENGINE,
    DEFAULT_TENANT,
    as_token,
    is_job_name,
    random_id,
    talk_subject,
)

ANSWER_S: Final = 1.0
"""Time for a bid of any host, for one who has no other choice."""

KNOWN_S: Final = 10.0
"""Time for which a host that began a request at once is asked for the next one first."""

IDLE_S: Final = 30.0
"""Time without a request after which a link is closed."""

_CHARS_A_SEGMENT: Final = 200


class FleetCalls(Calls):
    """Calls to a fleet, as `tenant`. `name` and `credit` are as in a client's."""

    elsewhere = True

    def __init__(
        self,
        port: Port,
        tenant: str = DEFAULT_TENANT,
        *,
        name: str = "",
        credit: int = DEFAULT_CREDIT,
        patience: float = PATIENCE_S,
    ) -> None:
        super().__init__(patience)
        self.port = port
        self._tenant = tenant
        self._name = name
        self._credit = credit
        self._links: dict[str, HostLink] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._bidding: Bidding | None = None
        self.own_host: str | None = None
        """The host that is asked for nothing: who is there asks its supervisor directly."""
        self._known: HostLink | None = None
        """The host that began the last request at once: it is asked for the next without a bid."""
        self._queue: HostLink | None = None
        """To the queue of durable jobs."""

    async def connected(self, deadline: Deadline) -> Link:
        """The link to the queue of durable jobs, whose WELCOME is that of all hosts together."""
        async with self._opening.setdefault("", asyncio.Lock()):
            if self._queue is None or self._queue.lost:
                link = self.port.make_link("", self._name, self._credit)
                link.endpoint = "the fleet's queue"

                async def opening(connection: Connection) -> None:
                    await link.open(lambda listener: Peer(connection, self._tenant, listener))

                await self.port.do(opening)
                await self._welcomed(link, deadline)
                self._queue = link
            return self._queue

    async def link_for(self, request: Request | None, deadline: Deadline) -> Link:
        """A link to the host that can start this soonest; for None, to any. A durable request goes
        to the queue.
        """
        if request is not None and request.durable:
            return await self.connected(deadline)
        return await self._link_to_best(request, None, deadline)

    async def link_to_resume(self, request: Request | None, lost: Link, deadline: Deadline) -> Link:
        """As `Calls.link_to_resume`: a host whose speech is the same goes on."""
        if isinstance(lost, HostLink) and not lost.host:
            return await self.connected(deadline)
        return await self._link_to_best(request, maker_of(lost, request), deadline)

    async def _link_to_best(
        self, request: Request | None, made_by: str | None, deadline: Deadline
    ) -> Link:
        best = await self.best(request, made_by=made_by)
        if best is None:
            raise self._nobody(request, made_by)
        return await self.link_to(best, deadline)

    @staticmethod
    def _nobody(request: Request | None, made_by: str | None = None) -> NoSupervisor:
        engine = "" if request is None or request.engine is None else f" {request.engine!r}"
        what = f"the engine{engine}" if engine else "an engine"
        same = " as the lost one did" if made_by is not None else ""
        return NoSupervisor(
            f"no host of the fleet that speaks {what}{same} answers; see `supervisor fleet status`",
            code="fleet_unavailable",
        )

    async def best(
        self,
        request: Request | None,
        *,
        below_s: float | None = None,
        made_by: str | None = None,
        patience_s: float = ANSWER_S,
    ) -> Offer | None:
        """The best bid for a request, None where no host bids. With `below_s`, of those that can
        start before that, and with `made_by` of those whose speech is that. Raises SupervisorError.
        """
        for bid in _bids(request, below_s, made_by):
            for engine in _tokens(request):
                found = await self._ask(engine, bid, patience_s)
                if found is not None or below_s is not None:
                    return found
        return None

    async def link_to(self, host: Offer, deadline: Deadline) -> HostLink:
        """The link to a host, once WELCOME has come. Raises NoSupervisor."""
        async with self._opening.setdefault(host.host, asyncio.Lock()):
            link = self._links.get(host.host)
            if link is None or link.lost:
                link = self.port.make_link(host.host, self._name, self._credit)
                await self._open(link)
                await self._welcomed(link, deadline)
                self._links[host.host] = link
            link.used_at = time.monotonic()
        await self._close_idle()
        return link

    async def submit(self, request: Request, deadline: Deadline) -> AcceptedJob:
        """As `Calls.submit`. A durable request has a key for all attempts to hand it in."""
        if request.durable:
            request = request.keyed(random_id())
        return await super().submit(request, deadline)

    async def _begun(self, request: Request, began: float, deadline: Deadline) -> AcceptedJob:
        if request.durable:
            return await super()._begun(request, began, deadline)
        taken = await self.taken(request, began, deadline)
        if taken is None:
            raise self._nobody(request)
        return taken

    async def taken(
        self,
        request: Request,
        began: float,
        deadline: Deadline,
        *,
        below_s: float | None = None,
        patience_s: float = ANSWER_S,
    ) -> AcceptedJob | None:
        """The request at the host that begins it soonest; with `below_s` at one that begins it
        before that. None where there is none. Raises SupervisorError.
        """
        held = await self._at_known(request, began, deadline)
        if held is not None:
            starts_s = held.accepted.starts_s
            if starts_s == 0:
                return held
            if below_s is not None and starts_s >= below_s:
                self.drop(held)
                held = None
            else:
                below_s = starts_s
        best = await self.best(request, below_s=below_s, patience_s=patience_s)
        if best is None or (below_s is not None and best.start_s >= below_s):
            return held
        try:
            taken = await self._at(await self.link_to(best, deadline), request, began, deadline)
        except SupervisorError:
            if held is not None:
                return held
            raise
        if taken.accepted.starts_s == 0 and isinstance(taken.link, HostLink):
            self._known = taken.link
        if held is None:
            return taken
        return chosen(taken, held)

    async def _at_known(
        self, request: Request, began: float, deadline: Deadline
    ) -> AcceptedJob | None:
        """The request at the host that began the last one at once; None where it cannot be."""
        known, self._known = self._known, None
        if known is None or known.lost or time.monotonic() - known.used_at > KNOWN_S:
            return None
        try:
            held = await self._at(known, request, began, deadline.within(ANSWER_S))
        except SupervisorError:
            return None  # Another may have what this host has not; if not, it says so.
        known.used_at = time.monotonic()
        if held.accepted.starts_s == 0:
            self._known = known
        return held

    @staticmethod
    def drop(job: AcceptedJob) -> None:
        """Have a job not spoken."""
        job.link.conversation.cancel(job.record)
        job.link.flush()

    async def _pause(self, seconds: float) -> None:
        await self.port.pause(seconds)

    async def attach(self, job: str, deadline: Deadline) -> AcceptedJob:
        """Take over the audio of a durable job, or of one that this client holds."""
        if is_job_name(job):
            queue = await self.connected(deadline)
            record = queue.conversation.attach(job, time.monotonic())
            return await self.answer(queue, record, deadline)
        for link in self._links.values():
            if link.conversation.holds(job):
                record = link.conversation.attach(job, time.monotonic())
                return await self.answer(link, record, deadline)
        raise _unknown(job)

    async def cancel(
        self,
        job: str,
        deadline: Deadline,
        *,
        forget: bool = False,
    ) -> None:
        """Stop a durable job, or one that this client holds."""
        if is_job_name(job):
            queue = await self.connected(deadline)
            queue.conversation.cancel_job(job, forget=forget)
            try:
                found = await self.jobs(job, 1, deadline)
            except BadRequest:
                if forget:
                    return
                raise
            if forget or found["state"] in {"queued", "running"}:
                raise NoSupervisor(
                    f"no host has answered to cancel {job}: it may still be spoken",
                    code="fleet_unavailable",
                )
            return
        for link in self._links.values():
            if link.conversation.holds(job):
                link.conversation.cancel_job(job, forget=forget)
                link.flush()
                return
        raise _unknown(job)

    async def watch(
        self,
        kinds: tuple[str, ...],  # noqa: ARG002 (nobody tells of any)
        deadline: Deadline,  # noqa: ARG002
    ) -> Watch:
        """Refused: events are those of one supervisor."""
        raise _of_one_host("events")

    async def jobs(self, job: str | None, limit: int, deadline: Deadline) -> dict[str, Any]:
        """How a durable job stands; of a fleet there is no list."""
        queue = await self.connected(deadline)
        answer = queue.conversation.jobs(job, limit)
        if not await queue.wait(answer, lambda: answer.settled, deadline):
            raise WaitTimeout("the fleet has not reported its jobs in time")
        return answer.result().status

    async def close(self) -> None:
        """As `Calls.close`."""
        links, self._links = list(self._links.values()), {}
        if self._queue is not None:
            links.append(self._queue)
            self._queue = None
        for link in links:
            await link.finish()
        self._bidding = None
        await self.port.close()

    async def _report(
        self,
        ask: Callable[[Conversation], Answer[Report]],  # noqa: ARG002 (nobody answers it)
        what: str,
        deadline: Deadline,  # noqa: ARG002
    ) -> dict[str, Any]:
        raise _of_one_host(what)

    async def _ask(self, engine: str, bid: Bid, patience_s: float) -> Offer | None:
        async def ask(connection: Connection) -> Offer | None:
            if self._bidding is None or self._bidding.connection is not connection:
                self._bidding = Bidding(connection, self._tenant)
            return await self._bidding.ask(engine, bid, patience_s, self.own_host)

        return await self.port.do(ask)

    async def _open(self, link: HostLink) -> None:
        subject = talk_subject(link.host, self._tenant, random_id())

        async def opening(connection: Connection) -> None:
            await link.open(lambda listener: Tunnel(connection, subject, listener))

        await self.port.do(opening)

    async def _close_idle(self) -> None:
        now = time.monotonic()
        for host, link in list(self._links.items()):
            if link.lost or (not link.awaiting and now - link.used_at > IDLE_S):
                del self._links[host]
                await link.finish()


def _tokens(request: Request | None) -> tuple[str, ...]:
    """Where to ask: hosts that speak the engine, and if there are none any that can say so."""
    if request is None or request.engine is None:
        return (ANY_ENGINE,)
    return as_token(request.engine), ANY_ENGINE


def _bids(request: Request | None, below_s: float | None, made_by: str | None) -> tuple[Bid, ...]:
    """What to ask: first hosts that have the voice, then any that can say what is wrong with it."""
    if request is None:
        return (Bid(segments=0),)
    segments = 1 + len(request.text) // _CHARS_A_SEGMENT
    any_host = Bid(segments=segments, below_s=below_s, made_by=made_by)
    if request.voice is None and request.language is None:
        return (any_host,)
    return replace(any_host, voice=request.voice, language=request.language), any_host


def maker_of(link: Link, request: Request | None) -> str | None:
    """What speaks, or spoke, this request at the other end of a link."""
    welcome = link.conversation.welcome.value
    return None if welcome is None else made_at(welcome, request.engine if request else None)


def chosen(new: AcceptedJob, old: AcceptedJob) -> AcceptedJob:
    """Which of two jobs of one request is to be heard; the other one is dropped."""
    keep_old = old.record.readable or new.accepted.starts_s >= old.accepted.starts_s
    winner, loser = (old, new) if keep_old else (new, old)
    FleetCalls.drop(loser)
    return winner


def _unknown(job: str) -> BadRequest:
    return BadRequest(f"this client holds no job {job[:100]!r}", code="not_found")


def _of_one_host(what: str) -> Refused:
    return Refused(
        f"a fleet has no {what} of its own: ask a host, or see `supervisor fleet status`",
        code="not_found",
    )
