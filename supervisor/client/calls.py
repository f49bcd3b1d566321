"""The flow of every call: connect, ask, wait for the answer, try again. Once, for both clients.

Flows are coroutines that wait by their link alone. `AsyncClient` awaits them, over a
`served.ServedLink`; `Client` runs them over a `polled.PolledLink`, where a wait blocks the thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from supervisor.client.credentials import Credentials
from supervisor.client.deadlines import PATIENCE_S, Backoff, Deadline
from supervisor.client.discovery import find_endpoint
from supervisor.client.errors import NoSupervisor, SupervisorError, WaitTimeout
from supervisor.client.link import CONNECT_TIMEOUT_S, Link
from supervisor.client.protocol import Conversation
from supervisor.client.records import Answer, JobRecord
from supervisor.client.request import Request
from supervisor.wire.client import DEFAULT_CREDIT, Accepted, Report, Welcome


class Held(NamedTuple):
    """A job that was accepted: over which link, and what has come of it."""

    link: Link
    record: JobRecord
    accepted: Accepted


class Calls:
    """What one client asks, over one connection of the given kind at a time."""

    def __init__(
        self,
        kind: type[Link],
        endpoint: str | None,
        name: str,
        credentials: Credentials | None,
        *,
        credit: int = DEFAULT_CREDIT,
        patience: float = PATIENCE_S,
    ) -> None:
        self._kind = kind
        self._endpoint = endpoint
        self._name = name
        self._credentials = credentials
        self._credit = credit
        self._patience = patience
        self._link: Link | None = None
        self._connecting = asyncio.Lock()  # never found taken where waits block

    async def connected(self, deadline: Deadline) -> Link:
        """The link in use, or a new one that has been welcomed."""
        async with self._connecting:
            if self._link is not None and not self._link.lost:
                return self._link
            await self.close()
            endpoint = self._endpoint or find_endpoint()
            link = self._kind(endpoint, self._name, self._credit, self._credentials)
            greeting = link.conversation.welcome
            limit = deadline.within(CONNECT_TIMEOUT_S)
            try:
                if not await link.wait(greeting, lambda: greeting.settled, limit):
                    raise NoSupervisor(f"the supervisor at {endpoint} does not answer")
                greeting.result()
            except BaseException:
                await link.finish()
                raise
            self._link = link
            return link

    async def submit(self, request: Request, deadline: Deadline) -> Held:
        """Hand a request in until it is accepted, or refused for good."""
        left = deadline.seconds()
        backoff = Backoff(self._patience if left is None else left)
        began = time.monotonic()
        while True:
            link = await self.connected(deadline)
            record = request.submit(link.conversation, time.monotonic() - began)
            try:
                return await self.answer(link, record, deadline)
            except SupervisorError as error:
                pause = backoff.pause(error)
            await link.pause(pause)

    async def attach(self, job: str, deadline: Deadline) -> Held:
        """Take over the audio of a job."""
        link = await self.connected(deadline)
        record = link.conversation.attach(job, time.monotonic())
        return await self.answer(link, record, deadline)

    @staticmethod
    async def answer(link: Link, record: JobRecord, deadline: Deadline) -> Held:
        """The job, once it is accepted. Raises why it is not; a request given up is cancelled."""
        try:
            if not await link.wait(record, lambda: record.answered, deadline):
                raise WaitTimeout("the supervisor has not answered in time")
        except BaseException:
            link.conversation.cancel(record)
            link.flush()
            raise
        if record.accepted is None or record.error is not None:
            raise record.error or NoSupervisor("no answer")
        return Held(link, record, record.accepted)

    async def status(self, deadline: Deadline, *, events: bool) -> dict[str, Any]:
        """The status document."""
        return await self._report(lambda talk: talk.status(events=events), "status", deadline)

    async def jobs(self, job: str | None, limit: int, deadline: Deadline) -> dict[str, Any]:
        """The list of jobs, or one with its story."""
        return await self._report(lambda talk: talk.jobs(job, limit), "jobs", deadline)

    async def cancel(self, job: str, deadline: Deadline) -> None:
        """Stop a job by its id; returns once the supervisor has heard of it."""
        link = await self.connected(deadline)
        link.conversation.cancel_job(job)
        await self.jobs(job, 1, deadline)

    async def welcome(self) -> Welcome:
        """What the supervisor said of itself."""
        return (await self.connected(Deadline(None))).conversation.welcome.result()

    async def close(self) -> None:
        """Say goodbye, if there is a connection."""
        link, self._link = self._link, None
        if link is not None:
            await link.finish()

    async def _report(
        self, ask: Callable[[Conversation], Answer[Report]], what: str, deadline: Deadline
    ) -> dict[str, Any]:
        link = await self.connected(deadline)
        answer = ask(link.conversation)
        if not await link.wait(answer, lambda: answer.settled, deadline):
            raise WaitTimeout(f"the supervisor has not reported its {what} in time")
        return answer.result().status
