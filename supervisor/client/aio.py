"""`AsyncClient`: the API for asyncio, on one event loop.

As `sync`, with `await`; what moves the messages is `served`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, Unpack

from supervisor.audio.samples import Samples
from supervisor.client.audio import Audio, Progress, samples_of
from supervisor.client.credentials import read_credentials
from supervisor.client.discovery import find_endpoint
from supervisor.client.errors import NoSupervisor, SupervisorError, WaitTimeout
from supervisor.client.job import JobView
from supervisor.client.link import CONNECT_TIMEOUT_S
from supervisor.client.records import JobRecord
from supervisor.client.resuming import RESUME_S, Request, Resumption, Terms
from supervisor.client.served import ServedLink
from supervisor.client.waiting import PATIENCE_S, Backoff, Deadline
from supervisor.wire.client import DEFAULT_CREDIT, Accepted, Welcome
from supervisor.wire.codec import Body


class AsyncJob(JobView):
    """An accepted job. Iterate over it for chunks, or await `result` for the whole.

    Leaving it in an `async with` block cancels it unless it has ended or is durable.
    """

    def __init__(
        self,
        client: AsyncClient,
        link: ServedLink,
        record: JobRecord,
        accepted: Accepted,
        request: Request | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(record, accepted, Resumption(request))
        self._client = client
        self._link = link
        self._timeout = timeout

    @property
    def progress(self) -> Progress:
        """How far the job is. It stands still when nobody takes its audio."""
        return self._record.progress

    async def chunks(self, timeout: float | None = None) -> AsyncIterator[Samples]:  # noqa: ASYNC109
        """Pieces of audio in order, float32 [n], as they are ready.

        `timeout` is the longest wait for the next one, in seconds. Raises
        WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        self._begin_stream()
        while (body := await self._next(Deadline(timeout))) is not None:
            yield samples_of(body)

    async def result(self, timeout: float | None = None) -> Audio:  # noqa: ASYNC109
        """Wait for the whole audio. A WaitTimeout leaves the job as it is: call again.

        Raises WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        self._begin_result()
        if self._audio is None:
            deadline = Deadline(timeout)
            while (body := await self._next(deadline)) is not None:
                self._pcm += body
            self._audio = self._whole()
        return self._audio

    def cancel(self) -> None:
        """Stop the job. Does nothing to one that has ended."""
        self._link.conversation.cancel(self._record)
        self._link.flush()

    def __aiter__(self) -> AsyncIterator[Samples]:
        return self.chunks(self._timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if not self._resumption.durable:
            self.cancel()

    async def _next(self, deadline: Deadline) -> Body | None:
        """The next piece of audio, None after the last; over the loss of a supervisor."""
        while True:
            record = self._record
            if not await self._link.wait(record, lambda: self._record.readable, deadline):
                raise WaitTimeout(f"job {self.id} has no more audio yet")
            body = self._link.conversation.take(record)
            self._link.flush()
            if body is not None or record.error is None:
                return body
            await self._go_on(record.error, deadline)

    async def _go_on(self, error: SupervisorError, deadline: Deadline) -> None:
        """Find the job at the next supervisor, or raise `error`: that of the loss."""
        if not self._resumption.possible(error):
            raise error
        limit = deadline.within(self._client.resume)
        backoff = Backoff(limit.remaining())
        while True:
            try:
                link = await self._client.connected(limit)
                record = self._resumption.ask(link.conversation, self._record)
                accepted = await self._client.answer(link, record, limit)
            except NoSupervisor:
                found: SupervisorError | None = None
            else:
                if accepted is not None:
                    self._resumption.accepted()
                    self._link, self._record, self._accepted = link, record, accepted
                    return
                found = record.error
            if found is not None and not self._resumption.is_passing(found):
                raise error if found.code == "not_found" else found
            await asyncio.sleep(backoff.pause_or_raise(error))


class AsyncClient:
    """Speech from the supervisor at `endpoint`, by default the one of this user.

    Connects at the first use, and again after a supervisor was lost. `name` is for
    the supervisor's logs. `credit` is how many bytes of each job's audio may wait
    here to be taken; `patience` for how many seconds a retryable refusal is tried
    again by a call without a timeout, 0 never. Any number of tasks of one event loop
    may use it. Use it with `async with`, or `close` it. Every call may raise
    NoSupervisor or SupervisorGone. `server_key` and `key_file`: see `Client`.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        name: str = "",
        credit: int = DEFAULT_CREDIT,
        patience: float = PATIENCE_S,
        resume: float = RESUME_S,
        server_key: str | None = None,
        key_file: str | Path | None = None,
    ) -> None:
        self.resume = resume
        self._credentials = read_credentials(server_key, key_file)
        self._endpoint = endpoint
        self._name = name
        self._credit = credit
        self._patience = patience
        self._link: ServedLink | None = None
        self._connecting = asyncio.Lock()

    async def synthesize(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        **terms: Unpack[Terms],
    ) -> Audio:
        """Speak a text and return all of it; see `Client.synthesize`."""
        deadline = Deadline(timeout)
        async with await self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
            return await job.result(deadline.remaining())

    @asynccontextmanager
    async def stream(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        **terms: Unpack[Terms],
    ) -> AsyncIterator[AsyncJob]:
        """Speak a text and iterate over its chunks as they are ready; see `Client.stream`."""
        async with await self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
            yield job

    async def submit(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        **terms: Unpack[Terms],
    ) -> AsyncJob:
        """Hand in a text and return once it is accepted; see `Client.submit`."""
        deadline = Deadline(timeout)
        backoff = Backoff(self._patience if timeout is None else timeout)
        began = time.monotonic()
        request = Request(text=text, voice=voice, engine=engine, speed=speed, seed=seed, **terms)
        while True:
            link = await self.connected(deadline)
            record = request.submit(link.conversation, time.monotonic() - began)
            accepted = await self.answer(link, record, deadline)
            if accepted is not None:
                return AsyncJob(self, link, record, accepted, request, timeout)
            if record.error is not None:
                await asyncio.sleep(backoff.pause(record.error))

    async def attach(self, job: str, timeout: float | None = None) -> AsyncJob:  # noqa: ASYNC109
        """Take over the audio of a job by its id; see `Client.attach`."""
        deadline = Deadline(timeout)
        link = await self.connected(deadline)
        record = link.conversation.attach(job, time.monotonic())
        accepted = await self.answer(link, record, deadline)
        if accepted is None:
            raise record.error or WaitTimeout(f"no answer about job {job}")
        return AsyncJob(self, link, record, accepted)

    async def status(
        self,
        timeout: float | None = 10.0,  # noqa: ASYNC109
        *,
        events: bool = False,
    ) -> dict[str, Any]:
        """The status document, as `supervisor status --json` prints it; with `events` there is
        that, as `supervisor replay` reads it, for clients of the supervisor's own user.
        """
        deadline = Deadline(timeout)
        link = await self.connected(deadline)
        answer = link.conversation.status(events=events)
        link.pump()
        if not await link.wait(answer, lambda: answer.settled, deadline):
            raise WaitTimeout("the supervisor has not reported its status in time")
        if answer.value is None:
            raise answer.error or NoSupervisor("no answer")
        return answer.value.status

    async def jobs(
        self,
        job: str | None = None,
        *,
        limit: int = 100,
        timeout: float | None = 10.0,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """The jobs of this user, or one of them with its story; see `supervisor jobs`.

        Raises BadRequest (`not_found`).
        """
        deadline = Deadline(timeout)
        link = await self.connected(deadline)
        answer = link.conversation.jobs(job, limit)
        link.flush()
        if not await link.wait(answer, lambda: answer.settled, deadline):
            raise WaitTimeout("the supervisor has not reported its jobs in time")
        if answer.value is None:
            raise answer.error or NoSupervisor("no answer")
        return answer.value.status

    async def cancel(self, job: str, timeout: float | None = 10.0) -> None:  # noqa: ASYNC109
        """Stop a job by its id. Raises BadRequest (`not_found`)."""
        link = await self.connected(Deadline(timeout))
        link.conversation.cancel_job(job)
        await self.jobs(job, timeout=timeout)

    async def welcome(self) -> Welcome:
        """What the supervisor said of itself: epoch, version, engines, limits."""
        greeting = (await self.connected(Deadline(None))).conversation.welcome
        if greeting.value is None:
            raise greeting.error or NoSupervisor("no answer")
        return greeting.value

    async def engines(self) -> dict[str, Any]:
        """Engines by name; see `Client.engines`."""
        return (await self.welcome()).engines

    async def close(self) -> None:
        """Say goodbye; jobs of this client that still run are cancelled. Idempotent."""
        link, self._link = self._link, None
        if link is not None:
            await link.finish()

    async def __aenter__(self) -> Self:
        await self.connected(Deadline(None))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def connected(self, deadline: Deadline) -> ServedLink:
        """The link in use, or a new one that has been welcomed."""
        async with self._connecting:
            if self._link is not None and not self._link.lost:
                return self._link
            await self.close()
            link = ServedLink(
                self._endpoint or find_endpoint(), self._name, self._credit, self._credentials
            )
            greeting = link.conversation.welcome
            limit = deadline.within(CONNECT_TIMEOUT_S)
            try:
                if not await link.wait(greeting, lambda: greeting.settled, limit):
                    raise NoSupervisor(f"the supervisor at {link.endpoint} does not answer")
                if greeting.error is not None:
                    raise greeting.error
            except BaseException:
                await link.finish()
                raise
            self._link = link
            return link

    @staticmethod
    async def answer(link: ServedLink, record: JobRecord, deadline: Deadline) -> Accepted | None:
        """ACCEPTED, or None when `record.error` says why not. A request given up is cancelled."""
        link.pump()
        try:
            if not await link.wait(record, lambda: record.answered, deadline):
                raise WaitTimeout("the supervisor has not answered in time")
        except BaseException:
            link.conversation.cancel(record)
            link.flush()
            raise
        return record.accepted if record.error is None else None
