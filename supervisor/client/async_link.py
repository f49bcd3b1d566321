"""A link that the running event loop serves.

libzmq's descriptor is edge-triggered: after every wake-up and every send the socket is read until
it is empty, or a message would wait there unnoticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from supervisor.client.credentials import Credentials
from supervisor.client.deadlines import Deadline
from supervisor.client.errors import SupervisorError
from supervisor.client.link import TICK_S, Link
from supervisor.client.records import Pending
from supervisor.client.socket_link import SocketLink


class AsyncLink(SocketLink):
    """A connection whose messages move while the loop runs."""

    def __init__(
        self, endpoint: str, name: str, credit: int, credentials: Credentials | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched: tuple[int, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(endpoint, name, credit, credentials)
        self._watched = self.descriptors
        for descriptor in self._watched:
            self._loop.add_reader(descriptor, self.pump)
        self._on_timer()

    def pump(self) -> bool:
        """As `Link.pump`; the loop moves what is left over."""
        more = super().pump()
        if more:
            self._loop.call_soon(self.pump)
        return more

    async def wait(self, pending: Pending, arrived: Callable[[], bool], deadline: Deadline) -> bool:
        """As `Link.wait`; the loop moves messages meanwhile."""
        return await wait_on_loop(self, pending, arrived, deadline)

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Link.pause`."""
        await asyncio.sleep(seconds)

    async def finish(self) -> None:
        """As `Link.finish`, without holding up the loop."""
        self.disconnect()
        await asyncio.to_thread(self.close)

    def _on_timer(self) -> None:
        self._timer = self._loop.call_later(TICK_S, self._on_timer)
        self.pump()
        self.tick()

    def _shut(self, error: SupervisorError, *, linger: bool = True) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for descriptor in self._watched:
            self._loop.remove_reader(descriptor)
        self._watched = ()
        super()._shut(error, linger=linger)


async def wait_on_loop(
    link: Link, pending: Pending, arrived: Callable[[], bool], deadline: Deadline
) -> bool:
    """As `Link.wait`: the loop moves messages, and a listener of `pending` wakes us."""
    link.flush()
    changed = asyncio.Event()
    pending.listeners.add(changed.set)
    try:
        async with asyncio.timeout(deadline.seconds()):
            while not arrived():
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return False
    finally:
        pending.listeners.discard(changed.set)
    return True
