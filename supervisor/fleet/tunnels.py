"""Conversations of clients at other hosts with this host's supervisor, and their bounds.

An agent that was started anew knows none of those before: it says so, and their clients go on
elsewhere at once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import zmq

from supervisor.client.dealer import Dealer
from supervisor.client.discovery import find_endpoint
from supervisor.client.errors import SupervisorError
from supervisor.client.live.packets import begins, deserves_answer, gone
from supervisor.fleet.gate import Gate
from supervisor.fleet.talk import Talk
from supervisor.fleet.users import user_of
from supervisor.logs import get_logger
from supervisor.nats.connection import Message, Subscription, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet.names import DECLINED, talk_subjects

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent
    from supervisor.fleet.bids import Bids

MOST: Final = 256
"""Conversations at once. Each is a connection to the supervisor, which has room for 1,000."""

MOST_OF_TENANT: Final = 128
MOST_OF_USER: Final = 32

_PENDING_BYTES: Final = 16 << 20
"""Bytes of packets that wait to be looked at; what comes then is dropped, and asked for again."""

_REF_BYTES: Final = 256

log = get_logger(__name__)


class _Name(NamedTuple):
    """Whose conversation it is, and which."""

    tenant: str
    id: str


class Tunnels:
    """All conversations of this host."""

    def __init__(self, agent: Agent, bids: Bids) -> None:
        self._agent = agent
        self._bids = bids
        self._talks: dict[_Name, Talk] = {}
        self._users: dict[_Name, str] = {}
        self._subscription: Subscription | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        """One for all of them: each has threads of its own."""

    async def start(self) -> None:
        """As `agent.Part`."""
        self._context = zmq.Context()
        self._subscription = await self._agent.connection.subscribe(
            talk_subjects(self._agent.host), self._on_packet, pending_bytes=_PENDING_BYTES
        )

    async def stop(self) -> None:
        """As `agent.Part`."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await unsubscribe(subscription)
        talks = list(self._talks.values())
        for talk in talks:
            talk.end("this host leaves the fleet")
        for talk in talks:
            await talk.ended()
        if self._context is not None:
            self._context.destroy(0)

    async def _on_packet(self, message: Message) -> None:
        *_, tenant, id = message.subject.split(".")
        if id == DECLINED:
            self._bids.declined(message.data[:_REF_BYTES].decode(errors="replace"))
            return
        name = _Name(tenant, id)
        talk = self._talks.get(name)
        if talk is None:
            talk = await self._begun(name, message)
            if talk is None:
                return
        elif message.reply:
            talk.reply = message.reply
        try:
            talk.receive(message.data)
        except Exception:  # A fault of ours ends one conversation, and is no silence.
            log.exception("fleet: a conversation is given up")
            talk.end("the agent failed; see its log")

    async def _begun(self, name: _Name, message: Message) -> Talk | None:
        """A new conversation; None, and the reason to the requester, where there is to be none."""
        if not message.reply or not deserves_answer(message.data):
            return None
        if not begins(message.data):
            reason = "this host knows nothing of the conversation"
        elif (reason := self._no_room(name, message.reply)) == "":
            try:
                return self._begin(name, message.reply)
            except SupervisorError as error:
                reason = str(error)
        try:
            await self._agent.connection.publish(message.reply, gone(reason))
        except FleetError as error:
            log.debug("fleet: cannot answer: %s", error)
        return None

    def _no_room(self, name: _Name, reply: str) -> str:
        if not self._accepts():
            return "this host speaks for no other now (it leaves, or fleet.accept_live is false)"
        user, users = user_of(reply), Counter(self._users.values())
        tenants = Counter(known.tenant for known in self._talks)
        if (
            len(self._talks) >= MOST
            or tenants[name.tenant] >= MOST_OF_TENANT
            or (user and users[user] >= MOST_OF_USER)
        ):
            return "this host holds as many conversations as it may"
        return ""

    def _accepts(self) -> bool:
        agent = self._agent
        return agent.settings.fleet.accept_live and not agent.machine.room.leaving

    def _begin(self, name: _Name, reply: str) -> Talk:
        """Connect to the supervisor. Raises SupervisorError."""
        user = user_of(reply)

        def over() -> None:
            self._talks.pop(name, None)
            self._users.pop(name, None)

        talk = Talk(
            self._agent.connection,
            Dealer(find_endpoint(), context=self._context),
            Gate(name.tenant, user),
            reply,
            self._bids.used,
            self._accepts,
            over,
        )
        self._talks[name], self._users[name] = talk, user
        return talk
