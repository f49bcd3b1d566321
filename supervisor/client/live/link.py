"""Links over NATS: the conversation of docs/PROTOCOL.md with a supervisor of another host.

`LiveLink` is for asyncio. With `BlockingLiveLink` the tunnel runs on a thread of its own, which
answers for a caller who is busy; the conversation moves only while the caller waits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Final

from supervisor.client.async_link import wait_on_loop
from supervisor.client.blocking_link import wait_in_thread
from supervisor.client.deadlines import Deadline
from supervisor.client.errors import JobCancelled, SupervisorGone
from supervisor.client.link import Link
from supervisor.client.live.tunnel import Carrier, Carry
from supervisor.client.records import Pending
from supervisor.wire.codec import Frames

MAX_CREDIT: Final = 2 << 20
"""Most bytes of a job's audio that may be on their way to a client at another host."""

_CLOSE_S: Final = 2.0


class HostLink(Link):
    """A connection to the supervisor of a host. `host` is its name."""

    def __init__(self, host: str, name: str, credit: int) -> None:
        super().__init__(f"host {host}", name, min(credit, MAX_CREDIT))
        self.host: str = host
        self.used_at = time.monotonic()

    @property
    def awaiting(self) -> bool:
        """Whether an answer is awaited."""
        return self.conversation.pending

    @abstractmethod
    async def open(self, carry: Carry) -> None:
        """Begin to carry; on the loop of the connection. Raises FleetError."""

    def _end(self, reason: str) -> None:
        if not self.lost:
            self.lost = True
            self.conversation.fail(SupervisorGone(f"{self.endpoint} is lost: {reason}"))

    def _closed(self) -> None:
        if not self.lost:
            self.lost = True
            self.conversation.fail(JobCancelled("the client was closed", code="cancelled"))


class LiveLink(HostLink):
    """A connection whose messages move while the running loop runs."""

    _tunnel: Carrier | None = None

    async def open(self, carry: Carry) -> None:
        """As `HostLink.open`."""
        self._tunnel = carry(self)
        await self._tunnel.open()

    async def wait(self, pending: Pending, arrived: Callable[[], bool], deadline: Deadline) -> bool:
        """As `Link.wait`."""
        return await wait_on_loop(self, pending, arrived, deadline)

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Link.pause`."""
        await asyncio.sleep(seconds)

    def pump(self) -> bool:
        """As `Link.pump`; what comes is taken in as it comes."""
        outbox = self.conversation.outbox
        while outbox and self._tunnel is not None and not self.lost:
            self._tunnel.send(outbox.popleft())
        if self.conversation.over:
            self._end("the conversation is over")
        return False

    async def finish(self) -> None:
        """As `Link.finish`."""
        if not self.lost:
            self.conversation.bye()
            self.pump()
        self._closed()
        if self._tunnel is not None:
            await self._tunnel.close()

    def arrived(self, messages: list[Frames]) -> None:
        """Take in messages, from the tunnel."""
        now = time.monotonic()
        for frames in messages:
            if not self.conversation.over:
                self.conversation.receive(frames, now)
        self.flush()

    def ended(self, reason: str) -> None:
        """Hear from the tunnel that nothing more comes."""
        self._end(reason)


class BlockingLiveLink(HostLink):
    """A connection whose waits block the thread; `loop` is that of the tunnel."""

    def __init__(self, host: str, name: str, credit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(host, name, credit)
        self._loop = loop
        self._tunnel: Carrier | None = None
        self._arrived: deque[Frames] = deque()
        self._ended: str | None = None
        self._news = threading.Event()

    async def open(self, carry: Carry) -> None:
        """As `HostLink.open`."""
        self._tunnel = carry(_FromThread(self))
        await self._tunnel.open()

    async def wait(
        self,
        pending: Pending,  # noqa: ARG002 (nothing changes it but the pumping)
        arrived: Callable[[], bool],
        deadline: Deadline,
    ) -> bool:
        """As `Link.wait`; moves messages meanwhile."""
        return wait_in_thread(self, arrived, deadline)

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Link.pause`."""
        time.sleep(seconds)  # noqa: ASYNC251 (no event loop runs this)

    def poll(self, seconds: float) -> None:
        """Wait until `pump` has something to do, for `seconds` at most."""
        self._news.wait(seconds)

    def pump(self) -> bool:
        """As `Link.pump`."""
        self._news.clear()
        now = time.monotonic()
        while self._arrived and not self.conversation.over:
            self.conversation.receive(self._arrived.popleft(), now)
        outbox = self.conversation.outbox
        while outbox and self._tunnel is not None and not self.lost:
            self._loop.call_soon_threadsafe(self._tunnel.send, outbox.popleft())
        if self.conversation.over:
            self._end("the conversation is over")
        elif self._ended is not None and not self._arrived:
            self._end(self._ended)
        return False

    async def finish(self) -> None:
        """As `Link.finish`."""
        if not self.lost:
            self.conversation.bye()
            self.pump()
        self._closed()
        if self._tunnel is not None:
            closing = asyncio.run_coroutine_threadsafe(self._tunnel.close(), self._loop)
            closing.result(_CLOSE_S)

    def take(self, messages: list[Frames]) -> None:
        """Take over messages, on the tunnel's thread."""
        self._arrived.extend(messages)
        self._news.set()

    def take_end(self, reason: str) -> None:
        """Take over the end, on the tunnel's thread."""
        self._ended = reason
        self._news.set()


class _FromThread:
    """What the tunnel of a blocking link calls, on its own thread."""

    def __init__(self, link: BlockingLiveLink) -> None:
        self._link = link
        self.arrived = link.take
        self.ended = link.take_end

    @property
    def awaiting(self) -> bool:
        return self._link.awaiting

    def tick(self) -> None:
        """Nothing: the caller looks at the clock when it waits."""
