"""The three ways to abort or exhaust a libzmq server are closed, and good clients are served
meanwhile: connections without end, messages without end, and handles that can be foretold.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from supervisor.broker.sockets.connections import FEW, UNSEEN, files_for, raise_file_limit
from supervisor.wire import client as wire
from tests.fixtures.processes import rss_mb
from tests.fuzz.hostile import GREETING, MORE, greet, open_raw, ready, zmtp_frame
from tests.supervised import Supervised, Wire, eventually, free_port

LIMIT = 40


@pytest.fixture(scope="module")
def guarded() -> Iterator[Supervised]:
    """A supervisor that takes few connections, under a limit of files that many would break."""
    settings = {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "broker.max_connections": LIMIT,
    }
    with Supervised(settings) as supervised:
        soft = files_for(LIMIT)
        resource.prlimit(supervised.pid, resource.RLIMIT_NOFILE, (soft, soft))
        yield supervised
        assert supervised.stop() == 0, supervised.output


def serves(guarded: Supervised, seconds: float = 1.0) -> bool:
    """Whether a job of somebody new is taken within this time, and spoken."""
    with guarded.wire() as peer:
        peer.send(wire.Submit("a"), b"Hello.")
        taken = peer.socket.poll(int(seconds * 1000))
        return bool(taken) and isinstance(peer.outcome()[0], wire.End)


FLOOD = """
import socket, sys
address, kept = sys.argv[1], []
for _ in range(int(sys.argv[2])):
    if address.isdecimal():
        s = socket.create_connection(("127.0.0.1", int(address)))
    else:
        s = socket.socket(socket.AF_UNIX)
        s.connect(address)
    kept.append(s)
print("connected", flush=True)
sys.stdin.read()
"""


def flood(address: str, count: int) -> subprocess.Popen[bytes]:
    """So many connections to a path, or to a port of this machine, until its input ends."""
    command = [sys.executable, "-c", FLOOD, address, str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_thousands_of_connections_break_nothing(guarded: Supervised) -> None:
    """More than there may be open files, from two processes: the one that was there goes on,
    and there is room again when they have left.
    """
    path = str(guarded.run_dir / "client.sock")
    with guarded.wire() as early:
        early.send(wire.Submit("a"), b"Hello.")
        assert isinstance(early.outcome()[0], wire.End)
        floods = [flood(path, 3000) for _ in range(2)]
        for number in range(50):
            early.send(wire.Submit(str(number)), b"Hello.")
            assert isinstance(early.outcome()[0], wire.End)
        for each in floods:
            assert each.stdout is not None
            assert each.stdout.readline() == b"connected\n"
        early.send(wire.Ping())
        early.send(wire.Submit("z"), b"Hello.")
        assert isinstance(early.outcome()[0], wire.End)
        for each in floods:
            each.communicate()
    eventually(lambda: serves(guarded), "room for another one")
    assert "connections are open, more are refused" in guarded.output


def test_ipc_and_tcp_are_flooded_at_once() -> None:
    """Where few files may be open both sockets together have room, and libzmq does not abort:
    each has connections of its own, and others that it accepts before we see them.
    """
    port = free_port()
    settings = {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "broker.tcp": f"127.0.0.1:{port}",
        "broker.insecure_tcp": True,
    }
    supervised = Supervised(settings)
    limited = f'ulimit -n {files_for(FEW, 2)} && exec "$0" "$@"'
    supervised.program = ["sh", "-c", limited, *supervised.program]
    with supervised, supervised.wire() as local, Wire(f"tcp://127.0.0.1:{port}") as remote:
        path = str(supervised.run_dir / "client.sock")
        peers = (local, remote)
        for peer in peers:
            peer.send(wire.Submit("a"), b"Hello.")
            assert isinstance(peer.outcome()[0], wire.End)
        floods = [flood(address, 1500) for address in (path, str(port), path, str(port))]
        for each in floods:
            assert each.stdout is not None
            assert each.stdout.readline() == b"connected\n"
        for peer in peers:
            peer.send(wire.Submit("b"), b"Hello.")
            assert isinstance(peer.outcome()[0], wire.End)
        for each in floods:
            each.communicate()
        assert supervised.output.count(f"{FEW} connections are open, more are refused") >= 2
        assert supervised.stop() == 0, supervised.output


def test_half_a_handshake_holds_its_place_for_seconds_only(guarded: Supervised) -> None:
    """Whoever fills all places and says nothing loses them, and others get in."""
    with ExitStack() as stack:
        for number in range(LIMIT):
            raw = stack.enter_context(open_raw(guarded.run_dir / "client.sock"))
            raw.sendall((GREETING + ready())[: number % 70])
        eventually(lambda: serves(guarded), "room for another one")


@pytest.mark.parametrize("size", [0, 60_000])
def test_a_message_that_never_ends_is_hung_up_on(guarded: Supervised, size: int) -> None:
    """Empty frames and large ones: its sender is cut off, nobody else, and memory comes back."""
    before = rss_mb(guarded.pid)
    endless = zmtp_frame(bytes(size), MORE) * (1 + 30_000 // (size + 2))
    with guarded.wire() as good:
        good.send(wire.Submit("a"), b"Hello.")
        assert isinstance(good.outcome()[0], wire.End)
        cut = threading.Event()

        def flood() -> None:
            with open_raw(guarded.run_dir / "client.sock", 30) as raw:
                greet(raw)
                try:
                    while True:
                        raw.sendall(endless)
                except (BrokenPipeError, ConnectionResetError):
                    cut.set()

        thread = threading.Thread(target=flood)
        thread.start()
        while not cut.is_set():
            good.send(wire.Submit("b"), b"Hello.")
            assert isinstance(good.outcome(10)[0], wire.End)
        thread.join()
    assert "sends a message without an end" in guarded.output
    eventually(lambda: rss_mb(guarded.pid) - before < 20, "memory as before")


def test_a_frame_beyond_every_text_costs_the_connection_alone(guarded: Supervised) -> None:
    """Its length is refused before a byte of it is stored."""
    before = rss_mb(guarded.pid)
    with open_raw(guarded.run_dir / "client.sock") as raw:
        greet(raw)
        raw.sendall(b"\x02" + (1 << 40).to_bytes(8, "big"))
        assert raw.recv(1) == b""
    assert serves(guarded, 20.0)
    eventually(lambda: rss_mb(guarded.pid) - before < 20, "memory as before")


def test_a_handle_cannot_be_foretold() -> None:
    """libzmq numbers its connections from rand(3): unseeded, each start would give the same, and
    a peer that names itself like the next one would abort the process.
    """
    code = (
        "import asyncio, tempfile, zmq\n"
        "from supervisor.broker.sockets.peers import LocalPeers\n"
        "from supervisor.broker.sockets.router import Router\n"
        "async def story():\n"
        "    got = asyncio.get_running_loop().create_future()\n"
        "    with tempfile.TemporaryDirectory() as d:\n"
        "        r = Router(asyncio.get_running_loop(), f'ipc://{d}/s',"
        " lambda c, o, f: got.set_result(c), lambda c: None, LocalPeers())\n"
        "        c = zmq.Context(); s = c.socket(zmq.DEALER); s.connect(f'ipc://{d}/s')\n"
        "        s.send(b'x'); print((await got).hex()); s.close(0); c.term(); r.close()\n"
        "asyncio.run(story())\n"
    )
    handles = {subprocess.check_output([sys.executable, "-c", code]) for _ in range(3)}
    assert len(handles) == 3


def test_the_limit_of_files_is_respected_at_the_start() -> None:
    """Where there is no room for clients at all it says so in one line, and what to do."""
    code = (
        "import resource, sys; n = int(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))\n"
        "from supervisor.broker.sockets.connections import TooFewFiles, raise_file_limit\n"
        "try: print(raise_file_limit(1000, int(sys.argv[2])))\n"
        "except TooFewFiles as error: print(error)\n"
    )

    def room(files: int, sockets: int = 1) -> str:
        command = [sys.executable, "-c", code, str(files), str(sockets)]
        return subprocess.check_output(command, text=True).strip()

    assert room(4096) == "1000"
    assert room(UNSEEN + 256 + 70) == "70"
    assert room(2 * (UNSEEN + 70) + 256, 2) == "70"
    assert "ulimit -Hn" in room(1024)
    assert f"ulimit -Hn {files_for(FEW, 2)}" in room(UNSEEN + 256 + 70, 2)
    assert raise_file_limit(1) == 1
