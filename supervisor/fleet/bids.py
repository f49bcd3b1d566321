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
_FIRST_LOOK_S: Final = 0.05
"""The same until the first is known."""

_OUTLOOK_S: Final = 0.5
"""Time for the supervisor to say when: who asks has chosen another by then."""

_MOST_AT_ONCE: Final = 64
"""Bids that are being answered; more of them wait for nothing."""

_REF_CHARS: Final = 128

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
        self._outlook: asyncio.Task[dict[str, Any]] | None = None
        self._promised: deque[tuple[float, str]] = deque()
        """Until when which bids hold room here, the oldest first."""
        self._offered = False
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

    def used(self) -> None:
        """Somebody asks for speech: the oldest promise is none any more. Whose it was does not
        show, nor does it matter for the moment that others last.
        """
        self._forget_past()
        if self._promised:
            self._release(self._promised.popleft()[1])

    def declined(self, ref: str) -> None:
        """What was promised for this bid is not needed."""
        for promise in self._promised:
            if promise[1] == ref:
                self._promised.remove(promise)
                self._release(ref)
                return

    def _release(self, ref: str) -> None:
        self._agent.tell(e.Opened(self._agent.now(), ref))

    def _forget_past(self) -> None:
        now = self._agent.now()
        while self._promised and self._promised[0][0] <= now:
            self._promised.popleft()

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
            await asyncio.sleep(_LOOK_S if spoken else _FIRST_LOOK_S)

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
            outlook = await self._asked()
        except (Unreadable, NewerSchema, SupervisorError, TimeoutError):
            return
        finally:
            self._answering -= 1
        if outlook.get("draining"):
            return
        below_s = math.inf if bid.below_s is None else bid.below_s
        start_s = float(outlook.get("starts_s", 0.0))
        promised = agent.machine.reservations.held(agent.now()) - int(outlook.get("idle", 0))
        if start_s == 0 and bid.segments and not (promised < 0 and self._promise(bid, below_s)):
            start_s = _TURN_S * (1 + max(0, promised))
        if start_s < below_s:
            engine = self._engine(message.subject) or ""
            made_by = agent.made_by.get(engine, "")
            await self._publish(
                message.reply,
                Answer(host=agent.host, epoch=agent.epoch, start_s=start_s, made_by=made_by),
            )

    def _promise(self, bid: Bid, below_s: float) -> bool:
        """Keep room for a bid, if the fleet machine lets us."""
        self._forget_past()
        self._offered = False
        self._agent.tell(e.BidAsked(self._agent.now(), bid.ref[:_REF_CHARS], below_s, 0.0))
        return self._offered

    async def _asked(self) -> dict[str, Any]:
        """The supervisor's outlook; who asks while it is asked gets the same."""
        if self._outlook is None or self._outlook.done():
            self._outlook = self._agent.spawn(self._agent.client.outlook(_OUTLOOK_S))
        return await asyncio.shield(self._outlook)

    def _offer(self, ref: str, _start_s: float) -> None:
        """Room is kept: a command of the fleet machine."""
        self._promised.append((self._agent.now() + HELD_S, ref))
        self._offered = True

    async def _publish(self, reply: str, answer: Answer) -> None:
        try:
            await self._agent.connection.publish(reply, encode(answer))
        except FleetError as error:
            log.debug("fleet: cannot answer a bid: %s", error)

    def _engine(self, subject: str) -> str | None:
        """The engine that a subject means."""
        agent, token = self._agent, subject.rpartition(".")[2]
        if token == ANY_ENGINE:
            return agent.welcome.default_engine if agent.welcome is not None else None
        return next((engine for engine in agent.engines if as_token(engine) == token), None)

    def _speaks(self, subject: str, bid: Bid) -> bool:
        """Whether this host speaks what is asked for, as far as a bid tells."""
        engine = self._engine(subject)
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
