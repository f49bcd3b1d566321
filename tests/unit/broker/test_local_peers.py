"""Whose message it is on ipc: the kernel says so, and a peer's own word does not count."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import zmq

from supervisor.broker.sockets.peers import LocalPeers
from supervisor.broker.sockets.router import Router
from tests.fuzz.hostile import MORE, greet, open_raw, zmtp_frame
from tests.supervised import eventually

STRANGER = 65534


class Watched(LocalPeers):
    """Notes what it answered."""

    def __init__(self, uids: set[int] | None = None) -> None:
        super().__init__(uids)
        self.answers: list[str | None] = []

    def owner(self, frame: zmq.Frame) -> str | None:
        self.answers.append(super().owner(frame))
        return self.answers[-1]


def serve(path: Path, peers: Watched, answers: int) -> list[tuple[str, list[bytes]]]:
    """What a router on this socket passed on, once it has asked so many times who it is."""
    taken: list[tuple[str, list[bytes]]] = []

    async def story() -> None:
        router = Router(
            asyncio.get_running_loop(),
            f"ipc://{path}",
            lambda _client, owner, frames: taken.append((owner, frames)),
            lambda _client: None,
            peers,
        )
        try:
            await asyncio.to_thread(path.chmod, 0o777)
            async with asyncio.timeout(10):
                while len(peers.answers) < answers:  # noqa: ASYNC110 - a list sets no event
                    await asyncio.sleep(0.005)
        finally:
            router.close()

    asyncio.run(story())
    return taken


@pytest.fixture
def path() -> Iterator[Path]:
    """A socket that everybody could reach; pytest's own directories let nobody else in."""
    with tempfile.TemporaryDirectory(prefix="peers-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "s"


def send_from_child(path: Path, uid: int) -> subprocess.Popen[bytes]:
    """A process of that user that says one thing, and stays."""
    code = (
        "import os, sys, zmq; os.setresuid(*[int(sys.argv[2])] * 3)\n"
        "s = zmq.Context().socket(zmq.DEALER); s.connect(sys.argv[1]); s.send(b'hello')\n"
        "sys.stdin.read()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, f"ipc://{path}", str(uid)], stdin=subprocess.PIPE
    )


def test_our_own_user_owns_what_it_sends(path: Path) -> None:
    """The owner is the uid, and the same for every process of that user."""
    peers = Watched()
    children = [send_from_child(path, os.getuid()) for _ in range(2)]
    taken = serve(path, peers, 2)
    for child in children:
        child.communicate()
    assert taken == [(f"uid:{os.getuid()}", [b"hello"])] * 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
def test_a_process_of_another_user_is_not_heard(path: Path) -> None:
    """Even where the directory lets it connect, nothing of what it says is passed on."""
    peers = Watched()
    child = send_from_child(path, STRANGER)
    taken = serve(path, peers, 1)
    child.communicate()
    assert (taken, peers.answers) == ([], [None])


def test_whoever_is_not_on_the_list_is_not_heard(path: Path) -> None:
    """As above, where there is no root: it is we who are the stranger."""
    peers = Watched({os.getuid() + 1})
    child = send_from_child(path, os.getuid())
    taken = serve(path, peers, 1)
    child.communicate()
    assert (taken, peers.answers) == ([], [None])


def test_a_peer_cannot_say_of_itself_who_it_is(path: Path) -> None:
    """Properties of its handshake do not stand in front of what the kernel says."""
    peers = Watched({os.getuid() + 1})
    claims = {"Peer-Address": f"localhost:{os.getuid() + 1}:0:1", "User-Id": "uid:0"}
    taken: list[tuple[str, list[bytes]]] = []
    loop = asyncio.new_event_loop()
    router = Router(
        loop,
        f"ipc://{path}",
        lambda _client, owner, frames: taken.append((owner, frames)),
        lambda _client: None,
        peers,
    )
    with open_raw(path) as raw:
        greet(raw, claims)
        raw.sendall(zmtp_frame(b"a", MORE) + zmtp_frame(b"b"))

        def asked() -> bool:
            loop.run_until_complete(asyncio.sleep(0.005))
            return bool(peers.answers)

        eventually(asked, "the message")
    router.close()
    loop.close()
    assert (taken, peers.answers) == ([], [None])


def test_what_is_no_credential_is_nobody() -> None:
    """An address that the kernel did not complete, and a frame that came over no connection."""
    peers = LocalPeers({0, 1000})
    assert peers.owner(zmq.Frame(b"")) is None
    frame = MagicMock(spec=zmq.Frame)
    for address in ("", "localhost", "127.0.0.1", "::", "a:-1:0:1", "a:x:0:1", "a:1001:1000:7"):
        frame.get.return_value = address
        assert peers.owner(frame) is None, address
    frame.get.return_value = "localhost:1000:5:7"
    assert peers.owner(frame) == "uid:1000"


def test_the_kernel_speaks_of_who_connected() -> None:
    """The credentials that libzmq notes are SO_PEERCRED, taken when the connection was made."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        credentials = ours.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    assert int.from_bytes(credentials[4:8], sys.byteorder) == os.getuid()
