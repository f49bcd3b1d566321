"""A link that moves messages only while its caller waits: for plain code, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from supervisor.client.deadlines import Deadline
from supervisor.client.link import TICK_S
from supervisor.client.records import Pending
from supervisor.client.socket_link import SocketLink

T = TypeVar("T")


class BlockingLink(SocketLink):
    """A connection whose waits block the thread."""

    async def wait(
        self,
        pending: Pending,  # noqa: ARG002 (nothing changes it but the pumping below)
        arrived: Callable[[], bool],
        deadline: Deadline,
    ) -> bool:
        """As `Link.wait`; moves messages meanwhile."""
        return wait_in_thread(self, arrived, deadline)

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Link.pause`."""
        time.sleep(seconds)  # noqa: ASYNC251 (no event loop runs this)

    async def finish(self) -> None:
        """As `Link.finish`."""
        self.close()


class Polled(Protocol):
    """A link whose messages move only while somebody pumps it."""

    def pump(self) -> bool:
        """As `Link.pump`."""

    def tick(self) -> None:
        """As `Link.tick`."""

    def poll(self, seconds: float) -> None:
        """Wait until `pump` has something to do, for `seconds` at most."""


def wait_in_thread(link: Polled, arrived: Callable[[], bool], deadline: Deadline) -> bool:
    """As `Link.wait`, by moving messages until it has arrived."""
    while True:
        link.pump()
        link.tick()
        if arrived():
            return True
        remaining = deadline.remaining()
        if remaining <= 0.0:
            return False
        link.poll(min(remaining, TICK_S))


def run(flow: Coroutine[None, None, T]) -> T:
    """Run a flow over blocking links to its end: it is never suspended."""
    try:
        flow.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a flow over a blocking link was suspended")
