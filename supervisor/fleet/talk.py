"""One conversation of a requester at another host with this host's supervisor.

A connection to the supervisor of its own, so that what the requester asked for ends with him. What
he does not confirm stays with the supervisor; what he floods, or a silence, ends the conversation.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from supervisor.client.dealer import Dealer
from supervisor.client.errors import SupervisorError
from supervisor.client.live.packets import Packets
from supervisor.fleet.gate import Gate
from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.wire.client import Bye
from supervisor.wire.codec import Frames, encode

TICK_S: Final = 0.5
_BATCH: Final = 64
"""Messages that are moved before others have their turn."""

_WAITING_MESSAGES: Final = 256
_WAITING_BYTES: Final = 8 << 20
"""What the supervisor may leave lying of a requester's messages, before he counts as flooding."""


class Talk:
    """A conversation: packets of the requester's to the supervisor by `dealer`, and back.

    Answers go to `reply`. `asks` is called for each request for speech, `over` once, when it has
    ended; `accepts` says whether there may be any.
    """

    def __init__(
        self,
        connection: Connection,
        dealer: Dealer,
        gate: Gate,
        reply: str,
        asks: Callable[[], None],
        accepts: Callable[[], bool],
        over: Callable[[], None],
    ) -> None:
        self.reply = reply
        self._connection = connection
        self._gate = gate
        self._on_asks = asks
        self._accepts = accepts
        self._on_over = over
        self._loop = asyncio.get_running_loop()
        self._packets = Packets(time.monotonic())
        self._asked: deque[Frames] = deque()
        self._asked_bytes = 0
        self._wake = asyncio.Event()
        self._dealer = dealer
        self._watched = self._dealer.descriptors
        self._open = True
        for descriptor in self._watched:
            self._loop.add_reader(descriptor, self._pump)
        self._task = self._loop.create_task(self._carry())

    def receive(self, packet: bytes) -> None:
        """Take in a packet of the requester."""
        was_full = self._packets.full
        for frames in self._packets.receive(packet, time.monotonic()):
            passed = self._gate.ask(frames, accepts=self._accepts())
            if passed.answer is not None:
                self._send(passed.answer)
            if passed.asks:
                self._on_asks()
            if passed.on is not None:
                self._asked.append(passed.on)
                self._asked_bytes += sum(map(len, passed.on))
        if self._asked or (was_full and not self._packets.full):
            self._pump()
        if len(self._asked) > _WAITING_MESSAGES or self._asked_bytes > _WAITING_BYTES:
            self._packets.end("the requester sends more than the supervisor takes")
        if self._packets.outbox or self._packets.over:
            self._wake.set()

    def end(self, reason: str) -> None:
        """End it, and tell the requester why, soon."""
        self._packets.end(reason)
        self._wake.set()

    async def ended(self) -> None:
        """Wait until it has ended."""
        with suppress(asyncio.CancelledError):
            await self._task

    def _send(self, frames: Frames) -> None:
        self._packets.send(frames, time.monotonic())

    def _pump(self) -> None:
        """Move what can be moved between requester and supervisor."""
        if not self._open:
            return
        for _ in range(_BATCH):
            if not self._forward() and not self._fetch():
                if not self._packets.full and (error := self._dealer.loss()) is not None:
                    self._packets.end(str(error))
                break
        else:
            self._loop.call_soon(self._pump)
        if self._packets.outbox or self._packets.over:
            self._wake.set()

    def _forward(self) -> bool:
        if not self._asked or not self._dealer.send(self._asked[0]):
            return False
        self._asked_bytes -= sum(map(len, self._asked.popleft()))
        return True

    def _fetch(self) -> bool:
        if self._packets.full or self._packets.over:
            return False
        frames = self._dealer.receive()
        if frames is None:
            return False
        self._gate.answered(frames)
        self._send(frames)
        return True

    async def _carry(self) -> None:
        """Publish what is to be published, and look at the clock, until all is over."""
        next_tick = self._loop.time() + TICK_S
        try:
            while not self._packets.over:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_tick):
                        await self._wake.wait()
                self._wake.clear()
                if self._loop.time() >= next_tick:
                    next_tick = self._loop.time() + TICK_S
                    self._packets.tick(time.monotonic())
                with suppress(FleetError):  # What is not sent now is asked for again.
                    await self._publish()
            with suppress(FleetError):
                await self._publish()
        finally:
            self._shut()
            self._on_over()

    async def _publish(self) -> None:
        outbox = self._packets.outbox
        while outbox:
            await self._connection.publish(self.reply, outbox.popleft())

    def _shut(self) -> None:
        self._open = False
        for descriptor in self._watched:
            self._loop.remove_reader(descriptor)
        with suppress(SupervisorError):
            self._dealer.send(encode(Bye()))
        self._dealer.close()
