"""Answers who asks which host could start a live request soonest, if this one could before his own.

The supervisor itself says when, each time anew: what was true a second ago decides nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from supervisor.client.errors import SupervisorError
from supervisor.core.fleet import events as e
from supervisor.core.fleet.bidding import HELD_S
from supervisor.fleet.users import user_of
from supervisor.logs import get_logger
from supervisor.nats.connection import Message, Subscription, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode, encode
from supervisor.wire.fleet.live import Answer, Bid
from supervisor.wire.fleet.names import ANY_ENGINE, as_token, bid_subject

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

_LOOK_S: Final = 1.0
"""Time between two looks at which engines are spoken."""

_FORECAST_S: Final = 0.5
"""Time for the supervisor to say when: who asks has chosen another by then."""

_MOST_AT_ONCE: Final = 64
"""Bids that are being answered; more of them wait for nothing."""

_TURN_S: Final = 0.1
"""By how much later one starts for whom no idle worker is left that is not promised yet."""

log = get_logger(__name__)


class Bids:
    """The bids of this host."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._subscriptions: dict[str, Subscription] = {}
        self._task: asyncio.Task[Any] | None = None
        self._answering = 0
        self._forecast: asyncio.Task[dict[str, Any]] | None = None
        self._promised: dict[str, deque[tuple[float, str]]] = {}
        """By user, what he was promised and has not asked for."""
        agent.offer = self._offer

    async def start(self) -> None:
        """As `agent.Part`."""
        self._task = self._agent.spawn(self._keep_listening())

    async def stop(self) -> None:
        """As `agent.Part`."""
        if self._task is not None:
            self._task.cancel()
        for subscription in self._subscriptions.values():
            await unsubscribe(subscription)

    def used(self, user: str) -> None:
        """A user asks for speech: what he was promised first is no promise any more."""
        promised = self._promised.get(user)
        if promised:
            _until, ref = promised.popleft()
            self._agent.tell(e.Opened(self._agent.now(), ref))
        if not promised:
            self._promised.pop(user, None)

    def declined(self, inbox: str) -> None:
        """What was promised in an answer to this inbox is not needed."""
        promised = self._promised.get(user_of(inbox), deque())
        for until, ref in promised:
            if ref.endswith(f" {inbox}"):
                promised.remove((until, ref))
                self._agent.tell(e.Opened(self._agent.now(), ref))
                return

    async def _keep_listening(self) -> None:
        """Listen for bids of the engines that the supervisor speaks."""
        while True:
            agent = self._agent
            spoken = {ANY_ENGINE, *map(as_token, agent.engines)} if agent.engines else set()
            wanted = spoken if agent.settings.fleet.accept_live else set()
            try:
                for engine in wanted - self._subscriptions.keys():
                    self._subscriptions[engine] = await agent.connection.subscribe(
                        bid_subject(engine), self._on_bid
                    )
            except FleetError as error:
                log.debug("fleet: cannot listen for bids yet: %s", error)
            for engine in self._subscriptions.keys() - wanted:
                await unsubscribe(self._subscriptions.pop(engine))
            await asyncio.sleep(_LOOK_S)

    async def _on_bid(self, message: Message) -> None:
        if message.reply and self._answering < _MOST_AT_ONCE:
            self._answering += 1
            self._agent.spawn(self._answer(message))

    async def _answer(self, message: Message) -> None:
        agent = self._agent
        try:
            bid = decode(message.data, Bid)
            if agent.machine.room.leaving or not self._speaks(message.subject, bid):
                return
            forecast = await self._asked()
        except (Unreadable, NewerSchema, SupervisorError, TimeoutError):
            return
        finally:
            self._answering -= 1
        if forecast.get("draining"):
            return
        below_s = math.inf if bid.below_s is None else bid.below_s
        start_s = float(forecast.get("starts_s", 0.0))
        now, ref = agent.now(), f"{message.subject} {message.reply}"
        promised = agent.machine.reservations.held(now) - int(forecast.get("idle", 0))
        if start_s == 0 and bid.segments:
            if promised < 0:
                agent.tell(e.BidAsked(now, ref, below_s, start_s))
                if self._promised.get(user_of(message.reply), [(0.0, "")])[-1][1] == ref:
                    return
            start_s = _TURN_S * (1 + max(0, promised))
        if start_s < below_s:
            self._tell(ref, start_s)

    async def _asked(self) -> dict[str, Any]:
        """The supervisor's forecast; who asks while it is asked gets the same."""
        if self._forecast is None or self._forecast.done():
            self._forecast = self._agent.spawn(self._agent.client.forecast(_FORECAST_S))
        return await asyncio.shield(self._forecast)

    def _offer(self, ref: str, start_s: float) -> None:
        """Bid, and keep the room: a command of the fleet machine."""
        self._remember(user_of(ref.rpartition(" ")[2]), ref)
        self._tell(ref, start_s)

    def _tell(self, ref: str, start_s: float) -> None:
        subject, _, reply = ref.partition(" ")
        agent = self._agent
        engine = self._engine(subject.rpartition(".")[2])
        answer = Answer(
            host=agent.host,
            epoch=agent.epoch,
            start_s=start_s,
            made_by=agent.made_by.get(engine or "", ""),
        )
        agent.spawn(self._publish(reply, answer))

    def _remember(self, user: str, ref: str) -> None:
        now = self._agent.now()
        for name, promised in list(self._promised.items()):
            while promised and promised[0][0] <= now:
                promised.popleft()
            if not promised:
                del self._promised[name]
        self._promised.setdefault(user, deque()).append((now + HELD_S, ref))

    async def _publish(self, reply: str, answer: Answer) -> None:
        try:
            await self._agent.connection.publish(reply, encode(answer))
        except FleetError as error:
            log.debug("fleet: cannot answer a bid: %s", error)

    def _engine(self, token: str) -> str | None:
        """The engine that a subject means."""
        agent = self._agent
        if token == ANY_ENGINE:
            return agent.welcome.default_engine if agent.welcome is not None else None
        return next((engine for engine in agent.engines if as_token(engine) == token), None)

    def _speaks(self, subject: str, bid: Bid) -> bool:
        """Whether this host speaks what is asked for, as far as a bid tells."""
        engine = self._engine(subject.rpartition(".")[2])
        about = self._agent.engines.get(engine or "")
        if engine is None or about is None:
            return False
        if bid.made_by is not None and bid.made_by != self._agent.made_by.get(engine):
            return False
        voices = about.get("voices", {})
        if bid.voice is not None and bid.voice not in voices and not about.get("mixes"):
            return False
        if bid.language is None:
            return True
        asked = bid.language.replace("_", "-").partition("-")[0].lower()
        return any(str(tag).partition("-")[0].lower() == asked for tag in voices.values())
