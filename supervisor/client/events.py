"""Events of a supervisor, to be iterated over: of the allocation, of workers, and of jobs.

They come over a connection of their own. Who does not keep up is told how many were lost, in an
event of its own (`EventsLost`), and nobody waits for him.
"""

from __future__ import annotations

from typing import Self

from supervisor.client.blocking_link import run
from supervisor.client.calls import Watch
from supervisor.client.deadlines import Deadline
from supervisor.client.errors import SupervisorError, SupervisorGone, WaitTimeout
from supervisor.wire.client import Event


class _Watched:
    """What both kinds share. `epoch` names the supervisor whose events these are, `number` is that
    of the last event before them.
    """

    def __init__(self, watch: Watch) -> None:
        self._link, self._record = watch
        self._closed = False
        self.epoch = self._link.conversation.welcome.result().epoch
        watching = self._record.watching
        self.number = 0 if watching is None else watching.number

    async def _next(self, deadline: Deadline) -> Event:
        record = self._record
        if self._closed:
            raise SupervisorGone("these events were closed")
        # What is here already goes first: waiting takes in more.
        if not record.readable and not await self._link.wait(
            record, lambda: record.readable, deadline
        ):
            raise WaitTimeout("nothing has happened in time")
        if record.backlog:
            return record.backlog.take()
        raise record.error or SupervisorGone("the connection is closed")

    async def _close(self) -> None:
        self._closed = True
        await self._link.finish()


class Events(_Watched):
    """Events as they come; iterate over it in a `with` block, or `close` it.

    The iteration ends with SupervisorGone when the supervisor does.
    """

    def next(self, timeout: float | None = None) -> Event:
        """Wait for the next event, for `timeout` seconds. Raises WaitTimeout, SupervisorGone."""
        return run(self._next(Deadline(timeout)))

    def close(self) -> None:
        """Watch no more. Idempotent."""
        run(self._close())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        if self._closed:
            raise StopIteration
        return self.next()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncEvents(_Watched):
    """The same on an event loop: `async for`, in an `async with` block."""

    async def next(self, timeout: float | None = None) -> Event:  # noqa: ASYNC109
        """Wait for the next event; see `Events.next`."""
        return await self._next(Deadline(timeout))

    async def close(self) -> None:
        """Watch no more. Idempotent."""
        await self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.next()
        except SupervisorError:
            if self._closed:
                raise StopAsyncIteration from None
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()
