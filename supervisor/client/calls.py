"""The flow of every call, for both clients: connect, ask, wait for the answer, try again.

Flows are coroutines that wait by their link alone. `AsyncClient` awaits them, over an
`AsyncLink`; `Client` runs them over a `BlockingLink`, where a wait blocks the thread.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

from supervisor.client.credentials import Credentials
from supervisor.client.deadlines import PATIENCE_S, Backoff, Deadline
from supervisor.client.discovery import find_endpoint
from supervisor.client.errors import NoSupervisor, SupervisorError, WaitTimeout
from supervisor.client.link import CONNECT_TIMEOUT_S, Link
from supervisor.client.protocol import Conversation
from supervisor.client.records import Answer, JobRecord, WatchRecord
from supervisor.client.request import Request
from supervisor.client.socket_link import SocketLink
from supervisor.wire.client import DEFAULT_CREDIT, Accepted, Report, Welcome


class AcceptedJob(NamedTuple):
    """An accepted job: its link, its record, and the ACCEPTED message."""

    link: Link
    record: JobRecord
    accepted: Accepted


class Watch(NamedTuple):
    """What one watches: its link, and its record."""

    link: Link
    record: WatchRecord


class Calls(ABC):
    """The calls of one client, whatever carries them. `patience`: for how many seconds a retryable
    refusal is tried again by a call without a timeout.
    """

    elsewhere = False
    """Whether a request goes to another supervisor where one drains or is lost."""

    def __init__(self, patience: float = PATIENCE_S) -> None:
        self._patience = patience

    @property
    def degraded(self) -> str:
        """Why only a part of what should be there can be asked, in one line; empty if all is."""
        return ""

    @abstractmethod
    async def connected(self, deadline: Deadline) -> Link:
        """A link, once WELCOME has come. Raises NoSupervisor."""

    @abstractmethod
    async def link_for(self, request: Request | None, deadline: Deadline) -> Link:
        """A link to a supervisor that may speak this request, or that has the job of one that was
        attached to (None). Raises NoSupervisor.
        """

    async def link_to_resume(
        self,
        request: Request | None,
        lost: Link,  # noqa: ARG002 (there is but one supervisor)
        deadline: Deadline,
    ) -> Link:
        """A link to a supervisor that may go on with this request, as the one of `lost` spoke it.
        Raises NoSupervisor.
        """
        return await self.link_for(request, deadline)

    @abstractmethod
    async def watch(self, kinds: tuple[str, ...], deadline: Deadline) -> Watch:
        """Watch events over a link of their own: they wait for nobody, and nothing for them."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect, if there is a connection."""

    @abstractmethod
    async def _pause(self, seconds: float) -> None:
        """Sleep."""

    @staticmethod
    async def _welcomed(link: Link, deadline: Deadline) -> None:
        """Wait for WELCOME on a new link, which is closed without it. Raises NoSupervisor."""
        welcome = link.conversation.welcome
        limit = deadline.within(CONNECT_TIMEOUT_S)
        try:
            if not await link.wait(welcome, lambda: welcome.settled, limit):
                raise NoSupervisor(f"the supervisor at {link.endpoint} does not answer")
            welcome.result()
        except BaseException:
            await link.finish()
            raise

    async def submit(self, request: Request, deadline: Deadline) -> AcceptedJob:
        """Submit a request, again after retryable refusals, until it is accepted.

        Raises what the last refusal raises, or WaitTimeout.
        """
        left = deadline.seconds()
        backoff = Backoff(self._patience if left is None else left, elsewhere=self.elsewhere)
        began = time.monotonic()
        while True:
            try:
                return await self._begun(request, began, deadline)
            except SupervisorError as error:
                pause = backoff.pause(error)
            await self._pause(pause)

    async def _begun(self, request: Request, began: float, deadline: Deadline) -> AcceptedJob:
        """Submit a request of a call that `began` then, once."""
        return await self._at(await self.link_for(request, deadline), request, began, deadline)

    async def _at(
        self, link: Link, request: Request, began: float, deadline: Deadline
    ) -> AcceptedJob:
        """Submit a request by this link."""
        record = request.submit(link.conversation, time.monotonic() - began)
        return await self.answer(link, record, deadline)

    async def attach(self, job: str, deadline: Deadline) -> AcceptedJob:
        """Take over the audio of a job."""
        link = await self.connected(deadline)
        record = link.conversation.attach(job, time.monotonic())
        return await self.answer(link, record, deadline)

    @staticmethod
    async def answer(link: Link, record: JobRecord, deadline: Deadline) -> AcceptedJob:
        """Wait until the job is accepted. Raises the refusal, or WaitTimeout; a request whose
        wait is given up is cancelled.
        """
        try:
            if not await link.wait(record, lambda: record.answered, deadline):
                raise WaitTimeout("the supervisor has not answered in time")
        except BaseException:
            link.conversation.cancel(record)
            link.flush()
            raise
        if record.accepted is None or record.error is not None:
            raise record.error or NoSupervisor("no answer")
        return AcceptedJob(link, record, record.accepted)

    async def status(self, deadline: Deadline, *, events: bool) -> dict[str, Any]:
        """The status document."""
        return await self._report(lambda talk: talk.status(events=events), "status", deadline)

    async def jobs(self, job: str | None, limit: int, deadline: Deadline) -> dict[str, Any]:
        """The list of jobs, or one with its story."""
        return await self._report(lambda talk: talk.jobs(job, limit), "jobs", deadline)

    async def outlook(self, deadline: Deadline) -> dict[str, Any]:
        """How soon a sentence would be begun."""
        return await self._report(lambda talk: talk.outlook(), "outlook", deadline)

    async def clear_cache(self, deadline: Deadline) -> dict[str, Any]:
        """What was in the cache, which is empty now."""
        return await self._report(lambda talk: talk.clear_cache(), "clear_cache", deadline)

    async def cancel(self, job: str, deadline: Deadline, *, forget: bool = False) -> None:
        """Stop a job by its id; return once the supervisor has received the order."""
        if forget:
            await self.jobs(job, 1, deadline)  # It is not known any more afterwards.
        link = await self.connected(deadline)
        link.conversation.cancel_job(job, forget=forget)
        await self.jobs(None if forget else job, 1, deadline)

    async def welcome(self) -> Welcome:
        """The supervisor's WELCOME."""
        return (await self.connected(Deadline(None))).conversation.welcome.result()

    async def _report(
        self, ask: Callable[[Conversation], Answer[Report]], what: str, deadline: Deadline
    ) -> dict[str, Any]:
        link = await self.connected(deadline)
        answer = ask(link.conversation)
        if not await link.wait(answer, lambda: answer.settled, deadline):
            raise WaitTimeout(f"the supervisor has not reported its {what} in time")
        return answer.result().status


class SocketCalls(Calls):
    """The calls to one supervisor, over one link of the given kind at a time."""

    def __init__(
        self,
        kind: type[SocketLink],
        endpoint: str | None,
        name: str,
        credentials: Credentials | None,
        *,
        credit: int = DEFAULT_CREDIT,
        patience: float = PATIENCE_S,
    ) -> None:
        super().__init__(patience)
        self._kind = kind
        self._endpoint = endpoint
        self._name = name
        self._credentials = credentials
        self._credit = credit
        self._link: Link | None = None
        self._connecting = asyncio.Lock()  # never found taken where waits block

    async def connected(self, deadline: Deadline) -> Link:
        """The link in use, or a new one."""
        async with self._connecting:
            if self._link is not None and not self._link.lost:
                return self._link
            await self._disconnect()
            self._link = await self._open(deadline)
            return self._link

    async def link_for(
        self,
        request: Request | None,  # noqa: ARG002 (there is but one supervisor)
        deadline: Deadline,
    ) -> Link:
        """As `Calls.link_for`."""
        return await self.connected(deadline)

    async def _pause(self, seconds: float) -> None:
        await self._kind.pause(seconds)

    async def _open(self, deadline: Deadline) -> Link:
        """A new link, once WELCOME has come. Raises NoSupervisor."""
        endpoint = self._endpoint or find_endpoint()
        link = self._kind(endpoint, self._name, self._credit, self._credentials)
        await self._welcomed(link, deadline)
        return link

    async def watch(self, kinds: tuple[str, ...], deadline: Deadline) -> Watch:
        """As `Calls.watch`."""
        link = await self._open(deadline)
        record = link.conversation.watch(kinds)
        try:
            if not await link.wait(record, lambda: record.answered, deadline):
                raise WaitTimeout("the supervisor has not answered in time")
            if record.error is not None:
                raise record.error
        except BaseException:
            await link.finish()
            raise
        return Watch(link, record)

    async def close(self) -> None:
        """As `Calls.close`."""
        await self._disconnect()

    async def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.finish()
