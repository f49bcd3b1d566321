"""Asks hosts how soon they could start, and takes the one that can soonest."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from supervisor.nats.connection import Connection, Message
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode, encode
from supervisor.wire.fleet.live import Answer, Bid
from supervisor.wire.fleet.names import DECLINED, NameRefused, bid_subject, talk_subject, token

BID_S: Final = 0.02
"""Time for bids, unless a host says that it can start at once."""

_NOBODY: Final = "503"
_MOST_ANSWERS: Final = 10_000


class Bidding:
    """The bids that this process asks for, on one connection."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self.connection = connection
        self._tenant = tenant
        self._inbox = connection.new_inbox()
        self._number = 0
        self._open: dict[str, _Asked] = {}
        self._listening: asyncio.Future[None] | None = None

    async def ask(
        self, engine: str, bid: Bid, patience_s: float = BID_S, without: str | None = None
    ) -> Answer | None:
        """The best bid of those that speak the engine (a token); None where nobody bids.

        The first that can start at once, else the least start after `BID_S`, else whoever answers
        within `patience_s`. The host `without` does not count. Raises FleetError.
        """
        await self._listen()
        self._number += 1
        name = f"{self._number:x}"
        asked = self._open[name] = _Asked(without)
        bid = replace(bid, ref=f"{self._inbox}.{name}")
        try:
            await self.connection.publish(bid_subject(engine), encode(bid), reply=bid.ref)
            for seconds in (BID_S, patience_s - BID_S):
                if asked.best is None or asked.best.start_s > 0:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, seconds)):
                            await asked.settled.wait()
                if asked.best is not None or asked.nobody:
                    break
                asked.settled.clear()
                asked.impatient = True
            return asked.best
        finally:
            del self._open[name]
            for host in asked.holding:
                if asked.best is None or host != asked.best.host:
                    await self._decline(host, name)

    async def _listen(self) -> None:
        if self._listening is None:
            self._listening = asyncio.ensure_future(self._subscribe())
        try:
            await asyncio.shield(self._listening)
        except BaseException:
            if self._listening.done():
                self._listening = None
            raise

    async def _subscribe(self) -> None:
        await self.connection.subscribe(f"{self._inbox}.*", self._on_answer)

    async def _on_answer(self, message: Message) -> None:
        name = message.subject[len(self._inbox) + 1 :]
        asked = self._open.get(name)
        if message.headers and message.headers.get("Status") == _NOBODY:
            if asked is not None:
                asked.nobody = True
                asked.settled.set()
            return
        try:
            answer = decode(message.data, Answer)
            if asked is not None:
                asked.take(answer)
            elif answer.start_s == 0:
                await self._decline(answer.host, name)
        except (NameRefused, NewerSchema, Unreadable):
            return

    async def _decline(self, host: str, name: str) -> None:
        """Let a host give its promised room to others at once."""
        subject = talk_subject(host, self._tenant, DECLINED)
        with suppress(FleetError):
            await self.connection.publish(subject, f"{self._inbox}.{name}".encode())


class _Asked:
    """One question, and the best answer so far."""

    def __init__(self, without: str | None) -> None:
        self._without = without
        self.best: Answer | None = None
        self.nobody = False
        self.impatient = False
        """Whether any answer settles it."""
        self.settled = asyncio.Event()
        self.holding: list[str] = []
        """Hosts that keep room for it."""
        self._answers = 0

    def take(self, answer: Answer) -> None:
        """Take one answer into account. Raises NameRefused for one of no host."""
        self._answers += 1
        if self._answers > _MOST_ANSWERS or not answer.start_s >= 0:
            return
        token(answer.host)
        if answer.start_s == 0:
            self.holding.append(answer.host)
        if answer.host == self._without:
            return
        if self.best is None or answer.start_s < self.best.start_s:
            self.best = answer
        if answer.start_s == 0 or self.impatient:
            self.settled.set()
