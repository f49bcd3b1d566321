"""Asks hosts how soon they could start, and takes the one that can soonest."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from supervisor.nats.connection import Connection, Message
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode, encode
from supervisor.wire.fleet.live import Answer, Bid
from supervisor.wire.fleet.names import bid_subject

BID_S: Final = 0.02
"""Time for bids, unless a host says that it can start at once."""

_NOBODY: Final = "503"
_MOST_ANSWERS: Final = 10_000


class Bidding:
    """The bids that this process asks for, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._inbox = connection.new_inbox()
        self._number = 0
        self._open: dict[str, _Asked] = {}
        self._listening: asyncio.Future[None] | None = None

    async def ask(self, engine: str, bid: Bid, patience_s: float = BID_S) -> Answer | None:
        """The best bid of those that speak the engine (a token); None where nobody bids.

        The first that can start at once, else the least start after `BID_S`, else whoever answers
        within `patience_s`. Raises FleetError.
        """
        await self._listen()
        self._number += 1
        token = f"{self._number:x}"
        asked = self._open[token] = _Asked()
        try:
            await self.connection.publish(
                bid_subject(engine), encode(bid), reply=f"{self._inbox}.{token}"
            )
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
            del self._open[token]

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
        asked = self._open.get(message.subject[len(self._inbox) + 1 :])
        if asked is None:
            return
        if message.headers and message.headers.get("Status") == _NOBODY:
            asked.nobody = True
            asked.settled.set()
            return
        with suppress(NewerSchema, Unreadable):
            asked.take(decode(message.data, Answer))


class _Asked:
    """One question, and the best answer so far."""

    def __init__(self) -> None:
        self.best: Answer | None = None
        self.nobody = False
        self.impatient = False
        """Whether any answer settles it."""
        self.settled = asyncio.Event()
        self._answers = 0

    def take(self, answer: Answer) -> None:
        """Take one answer into account."""
        self._answers += 1
        if self._answers > _MOST_ANSWERS or not answer.start_s >= 0:
            return
        if self.best is None or answer.start_s < self.best.start_s:
            self.best = answer
        if answer.start_s == 0 or self.impatient:
            self.settled.set()
