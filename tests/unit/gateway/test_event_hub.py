"""The gateway watches once for all its clients, and says honestly what one has missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from supervisor.client import AsyncClient, SupervisorError
from supervisor.gateway.observe import event_hub
from supervisor.gateway.observe.event_hub import EventHub, Stream
from supervisor.wire import client as wire
from supervisor.wire.codec import Body
from supervisor.wire.events import WorkerChanged
from tests.unit.client.scripted_peer import Answer, ScriptedPeer, scripted_peer

BEFORE = 100
"""Number of the last event before anybody watches."""

KEPT = 40
"""Events that the gateway remembers here."""

LAST = BEFORE + 3 * KEPT

WORKER = WorkerChanged(what="started", slot=0, epoch=1, cpus=(0,), intra_op_threads=1)


def answer(message: wire.Message, _body: Body) -> list[Answer]:
    """A supervisor in which much happens as soon as it is watched."""
    if not isinstance(message, wire.Watch):
        return []
    events = [wire.Event(number, 1.0, WORKER) for number in range(BEFORE + 1, LAST + 1)]
    watching = wire.Watching(message.id, message.events, BEFORE)
    return [(each, None) for each in (watching, *events)]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[ScriptedPeer]:
    """That supervisor."""
    with scripted_peer(tmp_path, answer) as peer:
        yield peer


def stream() -> Stream:
    """Of one who is interested in workers."""
    return Stream(frozenset({"workers"}), lambda _job: True)


async def told(one: Stream, until: str) -> list[str]:
    """The ids that come, `lost` and its number for an event without one, up to that one."""
    found: list[str] = []
    pieces: AsyncIterator[bytes] = one.pieces()
    assert await anext(pieces) == b"retry: 2000\n\n"
    while not found or found[-1] != until:
        async with asyncio.timeout(20):
            piece = (await anext(pieces)).decode()
        for block in piece.removesuffix("\n\n").split("\n\n"):
            lines = dict(line.partition(": ")[::2] for line in block.split("\n"))
            found.append(lines.get("id") or lines["data"])
    return found


def ids(first: int) -> list[str]:
    """From this event to the last."""
    return [f"e1-{number}" for number in range(first, LAST + 1)]


UNKNOWN = '{"event":"lost","lost":null}'


async def _watch(peer: ScriptedPeer) -> None:
    hub = EventHub(AsyncClient(peer.endpoint), 1000)
    first = stream()
    await hub.join(first, "a", None)
    assert await told(first, f"e1-{LAST}") == ids(BEFORE + 1)
    oldest = LAST - KEPT + 1
    for last, expected in (
        (f"e1-{LAST - 3}", ids(LAST - 2)),
        (f"e1-{oldest - 1}", ids(oldest)),
        (f"e1-{oldest - 2}", [UNKNOWN, *ids(oldest)]),
        (f"e1-{BEFORE - 1}", [UNKNOWN, *ids(oldest)]),
    ):
        again = stream()
        await hub.join(again, "a", last)
        assert await told(again, f"e1-{LAST}") == expected
        hub.leave(again)
    assert len(peer.wait_for(wire.Watch)) == 1

    late = stream()
    await hub.join(late, "a", "other-3")
    assert await told(late, UNKNOWN) == [UNKNOWN]
    peer.close()
    async with asyncio.timeout(20):
        assert [piece async for piece in first.pieces()] == [b"retry: 2000\n\n"]
    with pytest.raises(SupervisorError):
        await hub.join(stream(), "a", None)
    await hub.close()


def test_one_who_comes_back_is_told_what_he_missed(
    peer: ScriptedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly, where it is remembered; else that it is not known how much. When the supervisor
    ends so do the streams, and nobody can join.
    """
    monkeypatch.setattr(event_hub, "BACKLOG", KEPT)
    asyncio.run(_watch(peer))


async def _linger(peer: ScriptedPeer) -> None:
    hub = EventHub(AsyncClient(peer.endpoint), 1000)
    for _ in range(2):
        one = stream()
        await hub.join(one, "a", None)
        await told(one, f"e1-{LAST}")
        hub.leave(one)
        async with asyncio.timeout(20):
            while hub.watching:  # noqa: ASYNC110 - a state, which sets no event
                await asyncio.sleep(0.001)
    assert len(peer.wait_for(wire.Watch, 2)) == 2
    await hub.close()


def test_nobody_is_watched_for_nobody(peer: ScriptedPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A while after the last client has left; the next one begins anew."""
    monkeypatch.setattr(event_hub, "LINGER_S", 0.0)
    asyncio.run(_linger(peer))


def test_a_quiet_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """By comments, which are no events."""
    monkeypatch.setattr(event_hub, "HEARTBEAT_S", 0.001)

    async def run() -> None:
        pieces = stream().pieces()
        assert [await anext(pieces) for _ in range(3)] == [b"retry: 2000\n\n", b":\n\n", b":\n\n"]

    asyncio.run(run())
