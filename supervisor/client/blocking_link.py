"""A link that moves messages only while its caller waits: for plain code, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import TypeVar

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
        while True:
            self.pump()
            self.tick()
            if arrived():
                return True
            remaining = deadline.remaining()
            if remaining <= 0.0:
                return False
            self.poll(min(remaining, TICK_S))

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Link.pause`."""
        time.sleep(seconds)  # noqa: ASYNC251 (no event loop runs this)

    async def finish(self) -> None:
        """As `Link.finish`."""
        self.close()


def run(flow: Coroutine[None, None, T]) -> T:
    """Run a flow over blocking links to its end: it is never suspended."""
    try:
        flow.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a flow over a blocking link was suspended")
