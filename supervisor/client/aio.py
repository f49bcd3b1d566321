"""`AsyncClient`: the API for asyncio, on one event loop.

As `sync`, with `await`; the event loop moves the messages meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self, Unpack

from supervisor.audio.samples import Samples
from supervisor.client.async_link import AsyncLink
from supervisor.client.audio import Audio, Progress, samples_of
from supervisor.client.calls import Calls, SocketCalls
from supervisor.client.credentials import read_credentials
from supervisor.client.deadlines import PATIENCE_S, Deadline
from supervisor.client.events import AsyncEvents
from supervisor.client.job import JobHandle
from supervisor.client.request import RESUME_S, Request, Terms
from supervisor.client.roads import fleet_calls, is_fleet
from supervisor.wire.client import DEFAULT_CREDIT, Welcome
from supervisor.wire.codec import Body
from supervisor.wire.events import EVENTS
from supervisor.wire.fleet.names import DEFAULT_TENANT


class AsyncJob(JobHandle):
    """An accepted job. Iterate over it for chunks, or await `result` for the whole.

    Leaving it in an `async with` block cancels it unless it has ended or is durable.
    """

    @property
    def progress(self) -> Progress:
        """Progress of the job. It stands still while its audio is not taken."""
        return self._job.record.progress

    async def chunks(self, timeout: float | None = None) -> AsyncIterator[Samples]:  # noqa: ASYNC109
        """Pieces of audio in order, float32 [n], as they are ready.

        `timeout` is the longest wait for the next one, in seconds. Raises
        WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        self._begin_stream()
        while (body := await self._next(Deadline(timeout))) is not None:
            yield samples_of(body)

    async def pcm(self) -> AsyncIterator[Body]:
        """As `chunks`, without a timeout, in bytes: float32 little-endian."""
        self._begin_stream()
        while (body := await self._next(Deadline(None))) is not None:
            yield body

    async def result(self, timeout: float | None = None) -> Audio:  # noqa: ASYNC109
        """Wait for the whole audio. A WaitTimeout leaves the job as it is: call again.

        Raises WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        return await self._collect(Deadline(timeout))

    async def wait_written(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait until all that was written is on disk; see `Job.wait_written`."""
        await self._all_written(Deadline(timeout))

    def __aiter__(self) -> AsyncIterator[Samples]:
        return self.chunks(self._timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._end_block()


async def _write_all(job: AsyncJob, pieces: Iterable[str] | AsyncIterable[str]) -> None:
    """Write pieces as they come; where their source fails, nobody waits for the rest."""
    try:
        if isinstance(pieces, AsyncIterable):
            async for piece in pieces:
                job.write(piece)
        else:
            for piece in pieces:
                job.write(piece)
                await asyncio.sleep(0)
    except BaseException:
        job.cancel()
        raise
    job.end_text()


class AsyncClient:
    """Speech from the supervisor at `endpoint`, by default the one of this user.

    Connects at the first use, and again after a supervisor was lost. `name` is for
    the supervisor's logs. `credit` is how many bytes of each job's audio may wait
    here to be taken; `patience` for how many seconds a retryable refusal is tried
    again by a call without a timeout, 0 never. Any number of tasks of one event loop
    may use it. Use it with `async with`, or `close` it. Every call may raise
    NoSupervisor or SupervisorGone. The other options: see `Client`.
    """

    def __init__(  # noqa: PLR0913 (one place for all that a connection may need)
        self,
        endpoint: str | None = None,
        *,
        name: str = "",
        credit: int = DEFAULT_CREDIT,
        patience: float = PATIENCE_S,
        resume: float = RESUME_S,
        server_key: str | None = None,
        key_file: str | Path | None = None,
        credentials: str | Path | None = None,
        ca: str | Path | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        self.resume = resume
        self._calls: Calls
        if endpoint is not None and is_fleet(endpoint):
            self._calls = fleet_calls(
                endpoint,
                name=name,
                credentials=credentials,
                ca=ca,
                tenant=tenant,
                credit=credit,
                patience=patience,
                blocking=False,
            )
            return
        keys = read_credentials(server_key, key_file)
        self._calls = SocketCalls(AsyncLink, endpoint, name, keys, credit=credit, patience=patience)

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
        text: str | Iterable[str] | AsyncIterable[str],
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        **terms: Unpack[Terms],
    ) -> AsyncIterator[AsyncJob]:
        """Speak a text and iterate over its chunks as they are ready; see `Client.stream`. Pieces
        of a text may come from an asynchronous iterator, too.
        """
        if isinstance(text, str):
            async with await self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
                yield job
            return
        terms["open"] = True
        async with await self.submit("", voice, engine, speed, seed, timeout, **terms) as job:
            writer = asyncio.ensure_future(_write_all(job, text))
            try:
                yield job
            finally:
                writer.cancel()
                with suppress(asyncio.CancelledError):
                    await writer

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
        request = Request(text, voice=voice, engine=engine, speed=speed, seed=seed, **terms)
        accepted = await self._calls.submit(request, Deadline(timeout))
        return AsyncJob(self._calls, accepted, self.resume, request, timeout)

    async def attach(self, job: str, timeout: float | None = None) -> AsyncJob:  # noqa: ASYNC109
        """Take over the audio of a job by its id; see `Client.attach`."""
        return AsyncJob(self._calls, await self._calls.attach(job, Deadline(timeout)), self.resume)

    async def status(
        self,
        timeout: float | None = 10.0,  # noqa: ASYNC109
        *,
        events: bool = False,
    ) -> dict[str, Any]:
        """The status document, as `supervisor status --json` prints it.

        With `events`, and for clients of the supervisor's own user, it has the last events, as
        `supervisor replay` reads them.
        """
        return await self._calls.status(Deadline(timeout), events=events)

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
        return await self._calls.jobs(job, limit, Deadline(timeout))

    async def outlook(self, timeout: float | None = 10.0) -> dict[str, Any]:  # noqa: ASYNC109
        """How soon a sentence would be begun; see `Client.outlook`."""
        return await self._calls.outlook(Deadline(timeout))

    async def clear_cache(self, timeout: float | None = 10.0) -> dict[str, Any]:  # noqa: ASYNC109
        """Forget all cached segments; see `Client.clear_cache`."""
        return await self._calls.clear_cache(Deadline(timeout))

    async def cancel(
        self,
        job: str,
        timeout: float | None = 10.0,  # noqa: ASYNC109
        *,
        forget: bool = False,
    ) -> None:
        """Stop a job by its id; see `Client.cancel`. Raises BadRequest (`not_found`)."""
        await self._calls.cancel(job, Deadline(timeout), forget=forget)

    async def events(
        self,
        *kinds: str,
        timeout: float | None = 10.0,  # noqa: ASYNC109
    ) -> AsyncEvents:
        """Watch what happens; see `Client.events`."""
        return AsyncEvents(await self._calls.watch(kinds or EVENTS, Deadline(timeout)))

    async def welcome(self) -> Welcome:
        """The supervisor's WELCOME: epoch, version, engines, limits."""
        return await self._calls.welcome()

    async def engines(self) -> dict[str, Any]:
        """Engines by name; see `Client.engines`."""
        return (await self.welcome()).engines

    @property
    def degraded(self) -> str:
        """Why the fleet that this client may ask cannot be asked now, in one line; empty if it can,
        or if there is none.
        """
        return self._calls.degraded

    async def close(self) -> None:
        """Disconnect; jobs of this client that still run are cancelled. Idempotent."""
        await self._calls.close()

    async def __aenter__(self) -> Self:
        await self._calls.connected(Deadline(None))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()
