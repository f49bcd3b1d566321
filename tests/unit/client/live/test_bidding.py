"""Which bid is taken, and what becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

from supervisor.client.live.bids import Bidding
from supervisor.wire.fleet.codec import decode, encode
from supervisor.wire.fleet.live import Answer, Bid


class _Servers:
    """A connection on which hosts answer each bid after so many seconds."""

    def __init__(
        self, answers: Sequence[tuple[float, str, float]], *, nobody: bool = False
    ) -> None:
        self._answers, self._nobody = answers, nobody
        self.published: list[tuple[str, bytes]] = []
        self._handler: Callable[[Any], Awaitable[None]] | None = None

    def new_inbox(self) -> str:
        return "_I.me.1"

    async def subscribe(self, _subject: str, handler: Callable[[Any], Awaitable[None]]) -> None:
        self._handler = handler

    async def publish(self, subject: str, payload: bytes, *, reply: str = "") -> None:
        self.published.append((subject, payload))
        if reply:
            assert decode(payload, Bid).ref == reply
            for after_s, host, start_s in self._answers:
                answer = encode(Answer(host=host, epoch="e", start_s=start_s))
                asyncio.get_running_loop().call_later(after_s, self._send, reply, answer, None)
            if self._nobody:
                self._send(reply, b"", {"Status": "503"})

    def _send(self, subject: str, data: bytes, headers: dict[str, str] | None) -> None:
        assert self._handler is not None
        message = SimpleNamespace(subject=subject, data=data, headers=headers)
        asyncio.ensure_future(self._handler(message))  # noqa: RUF006 (it ends at once)

    @property
    def declined(self) -> list[str]:
        """Hosts whose promise was given back."""
        return [s.split(".")[3] for s, _payload in self.published if s.endswith(".declined")]


def _taken(servers: _Servers, patience_s: float = 0.5, without: str | None = None) -> str | None:
    async def ask() -> str | None:
        connection: Any = servers
        best = await Bidding(connection, "t").ask("hibari", Bid(), patience_s, without)
        await asyncio.sleep(0.05)
        return None if best is None else best.host

    return asyncio.run(ask())


def test_the_first_that_begins_at_once_is_taken_and_the_others_are_free() -> None:
    """Also those whose bids come later."""
    servers = _Servers([(0.001, "late", 0.5), (0.002, "now", 0.0), (0.02, "too", 0.0)])
    assert _taken(servers) == "now"
    assert servers.declined == ["too"]


def test_else_the_soonest_is_taken_after_a_moment() -> None:
    """Of those that have answered by then."""
    assert _taken(_Servers([(0.0, "late", 0.5), (0.001, "soon", 0.2)])) == "soon"


def test_who_has_no_other_choice_waits_for_the_first() -> None:
    """As long as his patience lasts; who has one is home by then."""
    slow = [(0.1, "slow", 0.3)]
    assert _taken(_Servers(slow)) == "slow"
    assert _taken(_Servers(slow), patience_s=0.04) is None


def test_where_nobody_listens_nobody_is_waited_for() -> None:
    """The server says so."""
    assert _taken(_Servers([], nobody=True), patience_s=60) is None


def test_the_own_host_and_what_is_no_host_do_not_count() -> None:
    """Its promise is given back all the same."""
    servers = _Servers([(0.0, "me", 0.0), (0.0, "no host!", 0.0), (0.0, "odd", -1.0)])
    assert _taken(servers, patience_s=0.05, without="me") is None
    assert servers.declined == ["me"]
