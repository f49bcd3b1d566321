"""The ROUTER socket on a real event loop, with real peers: nobody is forgotten, nobody blocks."""

from __future__ import annotations

import asyncio
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import zmq

from supervisor.broker.sockets import router as module
from supervisor.broker.sockets.peers import LocalPeers
from supervisor.broker.sockets.router import Router
from tests.fuzz.hostile import greet, open_raw, zmtp_frame


class Desk:
    """A router, and what it was told: messages as (client, frames), clients that are gone."""

    def __init__(self, loop: asyncio.AbstractEventLoop, endpoint: str) -> None:
        self.messages: list[tuple[bytes, list[bytes]]] = []
        self.gone: list[bytes] = []
        self.fails_on = b""
        self.router = Router(loop, endpoint, self._take, self.gone.append, LocalPeers())

    def _take(self, client: bytes, _owner: str, frames: list[bytes]) -> None:
        self.messages.append((client, frames))
        if frames == [self.fails_on]:
            assert self.router._socket.poll(5000), "the next message is there, and told of"
            raise ValueError("as a test")


async def until(probe: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(5):
        while not probe():  # noqa: ASYNC110 - what is waited for is a state, and sets no event
            await asyncio.sleep(0.001)


async def greeted(desk: Desk, peer: zmq.Socket[bytes]) -> bytes:
    """The handle of a peer, which says hello."""
    peer.send(b"hello")
    await until(lambda: desk.messages)
    return desk.messages.pop()[0]


@contextmanager
def dealer(endpoint: str) -> Iterator[zmq.Socket[bytes]]:
    """A peer."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVHWM, 1)
        socket.connect(endpoint)
        yield socket


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    """An address of its own for each test."""
    return f"ipc://{tmp_path / 'socket'}"


def test_a_burst_is_read_to_its_end_and_answered_in_order(endpoint: str) -> None:
    """More than one batch, though the descriptor signals only once."""

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop(), endpoint)
        count = 3 * module._BATCH
        with dealer(endpoint) as peer:
            for n in range(count):
                peer.send_multipart([b"%d" % n, b"body"])
            await until(lambda: len(desk.messages) == count)
            client = desk.messages[0][0]
            assert [frames[0] for _client, frames in desk.messages] == [
                b"%d" % n for n in range(count)
            ]
            desk.router.send(client, [b"answer", b""])
            await until(lambda: peer.poll(0))
            assert peer.recv_multipart() == [b"answer", b""]
        desk.router.close()

    asyncio.run(story())


def test_what_is_sent_in_one_round_leaves_in_order_and_also_when_the_socket_closes(
    endpoint: str,
) -> None:
    """The answers to many messages, and a last one that nobody waits for."""

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop(), endpoint)
        with dealer(endpoint) as peer:
            client = await greeted(desk, peer)
            answers = [b"%d" % n for n in range(3 * module._TOGETHER + 1)]
            for answer in answers:
                desk.router.send(client, [answer])
            for answer in answers:
                await until(lambda: peer.poll(0))
                assert peer.recv() == answer
            desk.router.send(client, [b"the last one"])
            desk.router.close()
            assert peer.recv_multipart() == [b"the last one"]

    asyncio.run(story())


def test_others_have_their_turn_between_messages_that_take_long(endpoint: str) -> None:
    """A hundred that take three milliseconds each: whoever waits for the loop waits for a few."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        seen: list[bytes] = []
        turns: list[int] = []
        """How many messages had been taken when the one who waits since the n-th had its turn."""

        def take(client: bytes, _owner: str, _frames: list[bytes]) -> None:
            spent = time.thread_time() + 0.003
            while time.thread_time() < spent:
                pass
            seen.append(client)
            loop.call_soon(lambda: turns.append(len(seen)))

        router = Router(loop, endpoint, take, lambda _client: None, LocalPeers())
        with dealer(endpoint) as peer:
            for _ in range(100):
                peer.send(b"x")
            await until(lambda: len(turns) == 100)
        router.close()
        assert all(taken - since <= 5 for since, taken in enumerate(turns, 1))

    asyncio.run(story())


def test_a_fault_of_ours_with_one_message_leaves_the_next_one_to_be_read(endpoint: str) -> None:
    """The descriptor has no second edge for what already lies there."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        faults: list[str] = []
        loop.set_exception_handler(lambda _loop, context: faults.append(str(context["exception"])))
        desk = Desk(loop, endpoint)
        desk.fails_on = b"bad"
        with dealer(endpoint) as peer:
            peer.send(b"first")
            await until(lambda: desk.messages)
            for message in (b"bad", b"next"):
                peer.send(message)
            await until(lambda: len(desk.messages) == 3)
        assert faults == ["as a test"]
        desk.router.close()

    asyncio.run(story())


def test_a_peer_that_left_is_found_out_by_a_probe(endpoint: str) -> None:
    """Its connection says nothing when it ends; sending to it does."""

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop(), endpoint)
        with dealer(endpoint) as peer:
            client = await greeted(desk, peer)
            desk.router.probe(client, [b"still there?"])
            assert not desk.gone

        def found_out() -> bool:
            desk.router.probe(client, [b"still there?"])
            return bool(desk.gone)

        await until(found_out)
        assert set(desk.gone) == {client}
        desk.router.close()

    asyncio.run(story())


def test_a_slow_peer_gets_everything_and_a_stuck_one_is_given_up(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the socket cannot take waits in an outbox; one that overflows ends the connection."""
    monkeypatch.setattr(module, "_SEND_QUEUE", 2)
    monkeypatch.setattr(module, "_OUTBOX_LIMIT", 300)
    chunk = bytes(64 * 1024)

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop(), endpoint)
        clients: list[bytes] = []
        with dealer(endpoint) as slow, dealer(endpoint) as stuck:
            for peer in (slow, stuck):
                clients.append(await greeted(desk, peer))
                for n in range(200):
                    desk.router.send(clients[-1], [b"%d" % n, chunk])
            assert not desk.gone
            read = []

            def reads() -> bool:
                while slow.poll(0):
                    read.append(int(slow.recv_multipart()[0]))
                return len(read) == 200

            await until(reads)
            assert read == list(range(200))
            while not desk.gone:
                desk.router.send(clients[1], [b"more", chunk])
            assert desk.gone == [clients[1]]
        desk.router.close()

    asyncio.run(story())


def test_a_send_that_cannot_go_out_hides_no_message(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying it looks at what has come, and takes the descriptor's edge with it."""
    monkeypatch.setattr(module, "_SEND_QUEUE", 2)
    chunk = bytes(64 * 1024)

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop(), endpoint)
        with dealer(endpoint) as stuck, dealer(endpoint) as other:
            for peer in (stuck, other):
                peer.send(b"hello")
            await until(lambda: len(desk.messages) == 2)
            client = next(client for client, _frames in desk.messages)
            refused = 0
            while refused < 20:  # What the system has room for goes out a while after it was sent.
                refused = 0 if desk.router._try_send(client, [chunk]) else refused + 1
                await asyncio.sleep(0.002)
            (other if stuck.poll(100) else stuck).send(b"now")
            assert select.select([desk.router._fd], [], [], 5)[0], "it has come"
            time.sleep(0.01)  # noqa: ASYNC251 - sending looks once in 3,000,000 ticks, no sooner
            assert not desk.router._try_send(client, [chunk])
            assert not select.select([desk.router._fd], [], [], 0)[0], "the edge is gone"
            await until(lambda: len(desk.messages) == 3)
        desk.router.close()

    asyncio.run(story())


def test_a_connection_is_noticed_soon(endpoint: str) -> None:
    """Also the first one: libzmq waits for whoever does not look, with all its connections."""

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop(), endpoint)
        await asyncio.sleep(0)
        with dealer(endpoint):
            await until(lambda: desk.router._connections.open)
        await until(lambda: not desk.router._connections.open)
        desk.router.close()

    asyncio.run(story())


def test_who_is_connected_does_not_wait_behind_all_who_come_and_go(endpoint: str) -> None:
    """Two thousand peers that say one thing each and leave, faster than they can be heard."""
    path = Path(endpoint.removeprefix("ipc://"))
    peers = 2000

    def attack() -> None:
        for _ in range(peers):
            with open_raw(path) as raw:
                greet(raw)
                raw.sendall(zmtp_frame(b"bad"))

    async def story() -> None:
        heard: list[bytes] = []

        def take(_client: bytes, _owner: str, frames: list[bytes]) -> None:
            heard.append(frames[0])
            time.sleep(0.0005)

        def answered(since: int) -> bool:
            return b"good" in heard[since:]

        router = Router(
            asyncio.get_running_loop(), endpoint, take, lambda _client: None, LocalPeers()
        )
        with dealer(endpoint) as good:
            good.send(b"good")
            await until(lambda: heard)
            attacker = threading.Thread(target=attack)
            attacker.start()
            waits = []
            while heard.count(b"bad") < peers:
                since = len(heard)
                good.send(b"good")
                await until(partial(answered, since))
                waits.append(heard.index(b"good", since) - since)
            attacker.join()
        router.close()
        assert max(waits) < peers / 2

    asyncio.run(story())
