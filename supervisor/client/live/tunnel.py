"""The requester's end of a conversation with another host: frames in and out, over NATS.

A host that died is noticed soon where its agent's process ended (the server answers for it), and
after `packets.SILENT_S` where it only fell silent. While no server is there packets wait, for
`AWAY_S`: a server that restarts costs a pause, and no conversation.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from supervisor.client.live.packets import Packets, asks
from supervisor.nats.connection import Connection, Message, Subscription, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.wire.codec import Frames

TICK_S: Final = 0.25
"""Time between two looks at the clock."""

AWAY_S: Final = 2.5
"""Time without any server that a conversation outlives."""

NOBODY_S: Final = 0.6
"""Time for which an agent may be without a connection of its own, when it has lost one, until it
counts as gone. When a server was lost that all were connected to, `AWAY_S`."""

_CLOSE_S: Final = 1.0
"""Time for the last packets to leave."""

_NOBODY: Final = "503"


class Listener(Protocol):
    """Who talks through a tunnel. All of it is called on the tunnel's loop."""

    @property
    def awaiting(self) -> bool:
        """Whether an answer is awaited."""

    def arrived(self, messages: list[Frames]) -> None:
        """Take in messages."""

    def ended(self, reason: str) -> None:
        """Hear that nothing more comes."""

    def tick(self) -> None:
        """Look at the clock."""


class Carrier(Protocol):
    """Carries the frames of one link; on the loop of a connection."""

    async def open(self) -> None:
        """Begin to carry. Raises FleetError."""

    def send(self, frames: Frames) -> None:
        """Send a message, soon."""

    async def close(self) -> None:
        """Stop carrying. Idempotent."""


Carry = Callable[[Listener], Carrier]
"""Makes a carrier for whom it is to tell what arrives."""


class Tunnel:
    """Carries frames to and from `subject`, until either end is gone; `open` it, and `close` it."""

    def __init__(self, connection: Connection, subject: str, listener: Listener) -> None:
        self._connection = connection
        self._subject = subject
        self._listener = listener
        self._inbox = connection.new_inbox()
        self._packets = Packets(time.monotonic())
        self._nobody_since: float | None = None
        self._found_at = -AWAY_S
        self._wake = asyncio.Event()
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to carry. Raises FleetError."""
        self._subscription = await self._connection.subscribe(self._inbox, self._on_message)
        self._task = asyncio.create_task(self._carry())

    def send(self, frames: Frames) -> None:
        """Send a message, soon."""
        self._packets.send(frames, time.monotonic())
        self._wake.set()

    async def close(self) -> None:
        """Tell the other end that this one leaves, and stop carrying. Idempotent."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self._leave()

    async def _leave(self) -> None:
        self._packets.end("the requester left")
        with suppress(TimeoutError, FleetError):
            async with asyncio.timeout(_CLOSE_S):
                await self._publish()
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await unsubscribe(subscription)

    async def _on_message(self, message: Message) -> None:
        if message.headers and message.headers.get("Status") == _NOBODY:
            self._nobody_since = self._nobody_since or time.monotonic()
            return
        self._nobody_since = None
        arrived = self._packets.receive(message.data, time.monotonic())
        if arrived:
            self._listener.arrived(arrived)
        if self._packets.outbox or self._packets.over:
            self._wake.set()

    async def _carry(self) -> None:
        try:
            await self._carry_on()
        finally:
            self._listener.ended(self._packets.over or "the conversation was given up")
        await self._leave()

    async def _carry_on(self) -> None:
        """Publish what is to be published, and look at the clock, until all is over."""
        loop = asyncio.get_running_loop()
        down_since, reconnects = None, self._connection.reconnects
        next_tick = loop.time() + TICK_S
        while not self._packets.over:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_tick):
                    await self._wake.wait()
            self._wake.clear()
            now = time.monotonic()
            if loop.time() >= next_tick:
                next_tick = loop.time() + TICK_S
                self._listener.tick()
                self._packets.tick(now, awaiting=self._listener.awaiting)
                self._look_for_agent(now)
            if self._connection.up:
                down_since = None
                if reconnects != self._connection.reconnects:
                    reconnects, self._found_at = self._connection.reconnects, now
                    self._packets.ping(now)
                try:
                    await self._publish()
                except FleetError as error:
                    if error.code == "forbidden":
                        self._packets.over = str(error)
            elif down_since is None:
                down_since = now
            elif now - down_since >= AWAY_S:
                self._packets.over = "no NATS server is there"

    def _look_for_agent(self, now: float) -> None:
        """Ask again whether there is an agent, where nobody was, and give it up after a while."""
        if self._nobody_since is None:
            return
        limit = AWAY_S if now - self._found_at < AWAY_S else NOBODY_S
        if now - self._nobody_since >= limit:
            self._packets.over = self._packets.over or "its agent is gone"
        else:
            self._packets.ping(now)

    async def _publish(self) -> None:
        outbox = self._packets.outbox
        while outbox:
            packet = outbox[0]
            reply = self._inbox if asks(packet) else ""
            await self._connection.publish(self._subject, packet, reply=reply)
            outbox.popleft()
