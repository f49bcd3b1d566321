"""tcp: nobody without an allowed key comes in, and nobody reaches a job of another key."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import zmq

from supervisor.broker.sockets.keys import Keys, new_pair
from supervisor.client import Client, NoSupervisor
from supervisor.wire import client as wire
from supervisor.wire.codec import encode
from supervisor.wire.events import JobChanged
from supervisor.wire.keyfile import KeyPair, write_key_file
from tests.fuzz.hostile import GREETING, MORE, greet, ready, zmtp_frame
from tests.supervised import Supervised, Wire, eventually, free_port

FRIENDS = [new_pair(), new_pair()]
STRANGER = new_pair()


class Guarded(Supervised):
    """A supervisor with tcp open to `FRIENDS`."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        port = free_port()
        super().__init__(
            {
                "engines.default": "noop",
                "engines.preload": ["noop"],
                "broker.tcp": f"127.0.0.1:{port}",
                **(settings or {}),
            }
        )
        self.port = port
        self.tcp = f"tcp://127.0.0.1:{port}"
        self.keys = Keys(Path(self.environ["SUPERVISOR_STATE_DIR"]))
        self.pair = self.keys.make_server()
        for number, friend in enumerate(FRIENDS):
            self.keys.allow(friend.public, f"friend {number}")

    def remote(self, own: KeyPair) -> Wire:
        """A peer on tcp with these keys."""
        peer = Wire.__new__(Wire)
        peer.context = zmq.Context()
        peer.socket = peer.context.socket(zmq.DEALER)
        peer.socket.setsockopt(zmq.LINGER, 0)
        use_keys(peer.socket, own, self.pair.public)
        peer.socket.connect(self.tcp)
        return peer


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """One for all tests here."""
    with Guarded() as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def served(peer: Wire) -> bool:
    """Whether it is answered; it has all the time that a busy machine takes."""
    peer.send(wire.Ping())
    return bool(peer.socket.poll(20_000) and peer.socket.recv_multipart())


def unheard(peer: Wire, friend: Wire) -> bool:
    """Whether nothing is answered, while a friend who asked later is, several times."""
    peer.send(wire.Ping())
    for _ in range(10):
        assert served(friend)
    return not peer.socket.poll(0)


def turned_away(guarded: Guarded, own: KeyPair | None, server: bytes | None = None) -> bool:
    """Whether a peer with these keys, or with none, is hung up on and hears nothing."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.setsockopt(zmq.LINGER, 0)
        if own is not None:
            use_keys(peer, own, server or guarded.pair.public)
        with peer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            peer.connect(guarded.tcp)
            peer.send_multipart(encode(wire.Ping()))
            ended = monitor.poll(20_000)
            peer.disable_monitor()
        return bool(ended) and not peer.poll(0)


def use_keys(peer: zmq.Socket[bytes], own: KeyPair, server: bytes) -> None:
    """Before it connects."""
    peer.setsockopt(zmq.CURVE_SERVERKEY, server)
    peer.setsockopt(zmq.CURVE_PUBLICKEY, own.public)
    peer.setsockopt(zmq.CURVE_SECRETKEY, own.secret)


def test_an_allowed_key_is_served(guarded: Guarded, tmp_path: Path) -> None:
    """The Python client over tcp, with its keys from a file."""
    file = tmp_path / "client.key"
    write_key_file(file, FRIENDS[0])
    with Client(guarded.tcp, server_key=guarded.pair.public.hex(), key_file=file) as client:
        assert len(client.synthesize("Hello.").samples) > 0


def test_a_stranger_is_told_so(guarded: Guarded, tmp_path: Path) -> None:
    """A key that is not allowed ends in one line that says what to do, not in a timeout."""
    file = tmp_path / "client.key"
    write_key_file(file, STRANGER)
    client = Client(guarded.tcp, server_key=guarded.pair.public.hex(), key_file=file)
    with pytest.raises(NoSupervisor, match="supervisor keys allow"):
        client.status()
    client.close()


def test_nobody_else_comes_in(guarded: Guarded) -> None:
    """Not without CURVE, not with another server's key, not with a key of the handshake's own."""
    assert turned_away(guarded, None)
    assert turned_away(guarded, STRANGER)
    assert turned_away(guarded, FRIENDS[0], STRANGER.public)
    with guarded.remote(FRIENDS[0]) as friend:
        friend.send(wire.Submit("a"), b"Hello.")
        assert isinstance(friend.outcome()[0], wire.End)


def test_a_raw_peer_that_skips_curve_is_hung_up_on(guarded: Guarded) -> None:
    """Claiming NULL and a user id of its own gets no message through."""
    with socket.create_connection(("127.0.0.1", guarded.port), 10) as raw:
        raw.sendall(GREETING + ready({"User-Id": "root"}) + zmtp_frame(b"a", MORE))
        with suppress(ConnectionResetError):
            while raw.recv(4096):
                pass
    assert guarded.process is not None
    assert guarded.process.poll() is None


def test_strangers_in_every_place_keep_no_friend_out() -> None:
    """Who has said nothing makes room for the next, the oldest first, and no handshake has to
    run into its time limit for that. Those who have spoken stay.
    """
    places = 20
    with Guarded({"broker.max_connections": places}) as guarded, ExitStack() as stack:
        friend = stack.enter_context(guarded.remote(FRIENDS[0]))
        assert served(friend)
        strangers = [
            stack.enter_context(socket.create_connection(("127.0.0.1", guarded.port), 10))
            for _ in range(2 * places)
        ]
        for _ in range(3):
            other = stack.enter_context(guarded.remote(FRIENDS[1]))
            assert served(other)
            fresh = strangers[-(places // 2) :]
            assert not any(gone(each) for each in fresh), "they are younger"
        eventually(lambda: all(map(gone, strangers[:places])), "the end of the oldest")
        assert served(friend)
        assert "connections are open, more are refused" in guarded.output


def gone(raw: socket.socket) -> bool:
    """Whether the other side has hung up."""
    raw.settimeout(0)
    try:
        while raw.recv(4096):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


def test_only_its_owner_reaches_a_job(guarded: Guarded) -> None:
    """To another key, and to the local user, it does not exist; to its owner it does."""
    with guarded.remote(FRIENDS[0]) as mine, guarded.remote(FRIENDS[1]) as other:
        mine.send(wire.Submit("a", credit=0), b"Hello.")
        accepted, _ = mine.receive()
        assert isinstance(accepted, wire.Accepted)
        with guarded.wire() as local, guarded.remote(FRIENDS[0]) as again:
            for peer in (other, local):
                for message in (wire.Cancel(accepted.job), wire.Attach("1", accepted.job)):
                    peer.send(message)
                    answer, _ = peer.receive()
                    assert isinstance(answer, wire.Error)
                    assert answer.code == "not_found"
            again.send(wire.Attach("1", accepted.job))
            assert isinstance(again.receive()[0], wire.Accepted)
            assert isinstance(again.outcome()[0], wire.End)


def test_nobody_else_hears_of_a_job(guarded: Guarded) -> None:
    """Another key that watches hears of its own jobs, and the local user of none of either."""
    with (
        guarded.remote(FRIENDS[0]) as mine,
        guarded.remote(FRIENDS[1]) as other,
        guarded.wire() as local,
    ):
        for watcher in (other, local):
            watcher.send(wire.Watch("w", ("jobs",)))
            assert isinstance(watcher.receive()[0], wire.Watching)
        for peer in (mine, other, local):
            peer.send(wire.Submit("a", credit=0), b"Hello.")
            while not isinstance(peer.receive()[0], wire.Accepted):
                pass
        for watcher in (other, local):
            watcher.send(wire.Jobs("list"))
            heard, listed = set(), None
            while listed is None:
                message, _ = watcher.receive()
                if isinstance(message, wire.Report):
                    listed = {job["job"] for job in message.status["jobs"]}
                elif isinstance(message, wire.Event):
                    assert isinstance(message.about, JobChanged)
                    heard.add(message.about.job)
            assert heard
            assert heard <= listed


def test_a_key_is_one_client_over_all_its_connections() -> None:
    """More connections are no way around a client's bounds; another key, and each process of the
    local user, has bounds of its own.
    """
    with Guarded({"broker.max_jobs_per_client": 2}) as guarded, ExitStack() as stack:

        def answer(peer: Wire) -> wire.Message:
            peer.send(wire.Submit("a", credit=0), b"Hello.")
            return peer.receive()[0]

        for _ in range(2):
            peer = stack.enter_context(guarded.remote(FRIENDS[0]))
            assert isinstance(answer(peer), wire.Accepted)
        for _ in range(2):
            refused = answer(stack.enter_context(guarded.remote(FRIENDS[0])))
            assert isinstance(refused, wire.Error)
            assert refused.code == "busy"
        assert isinstance(answer(stack.enter_context(guarded.remote(FRIENDS[1]))), wire.Accepted)
        for _ in range(2):
            local = stack.enter_context(guarded.wire())
            assert isinstance(answer(local), wire.Accepted)
            assert isinstance(answer(local), wire.Accepted)


def test_a_revoked_key_is_out_at_sighup_and_a_new_one_in(guarded: Guarded) -> None:
    """Those who are connected already are not heard any more; nobody else notices."""
    with guarded.remote(FRIENDS[1]) as revoked, guarded.remote(FRIENDS[0]) as friend:
        for peer in (revoked, friend):
            peer.send(wire.Submit("a", credit=0), b"Hello.")
            assert isinstance(peer.receive()[0], wire.Accepted)
        guarded.keys.revoke("friend 1")
        guarded.keys.allow(STRANGER.public, "new")
        assert guarded.process is not None
        guarded.process.send_signal(signal.SIGHUP)
        eventually(lambda: "2 keys are allowed" in guarded.output, "the reload")
        assert unheard(revoked, friend)
        assert turned_away(guarded, FRIENDS[1])
        with guarded.remote(STRANGER) as new:
            assert served(new)
        assert served(friend)
        eventually(lambda: guarded.status()["jobs"]["cancelled"] >= 1, "the end of its job")
    guarded.keys.revoke("new")
    guarded.keys.allow(FRIENDS[1].public, "friend 1")
    guarded.process.send_signal(signal.SIGHUP)


def test_a_list_that_cannot_be_trusted_changes_nothing(guarded: Guarded) -> None:
    """Loosened by hand, it is left alone at SIGHUP, and said so."""
    path = guarded.keys.directory / "allowed"
    path.chmod(0o644)
    assert guarded.process is not None
    guarded.process.send_signal(signal.SIGHUP)
    eventually(lambda: "the keys stay as they were" in guarded.output, "the warning")
    path.chmod(0o600)
    with guarded.remote(FRIENDS[0]) as friend:
        assert served(friend)


# -- starting ---------------------------------------------------------------------------------


def refusal(supervised: Supervised, *options: str) -> str:
    """The one line of a start that ends with exit code 2."""
    ended = subprocess.run(
        [sys.executable, "-m", "supervisor", "start", *options, "--set", "http.enabled=false"],
        env=supervised.environ,
        cwd=supervised.directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


@pytest.fixture
def bare() -> Iterator[Supervised]:
    """Directories for a supervisor, and no keys."""
    supervised = Supervised()
    yield supervised
    supervised.close()


def test_tcp_without_keys_refuses_to_start(bare: Supervised) -> None:
    """No key of its own, nobody allowed, a key that others could read, a port that is taken:
    each in one line, and with what to do.
    """
    address = "broker.tcp=127.0.0.1:0"
    keys = Keys(Path(bare.environ["SUPERVISOR_STATE_DIR"]))
    assert "supervisor keygen" in refusal(bare, "--set", address)
    keys.make_server()
    assert "supervisor keys allow" in refusal(bare, "--set", address)
    keys.allow(FRIENDS[0].public, "")
    (keys.directory / "server.key").chmod(0o640)
    assert "chmod 600" in refusal(bare, "--set", address)
    (keys.directory / "server.key").chmod(0o600)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "in use" in refusal(bare, "--set", f"broker.tcp=127.0.0.1:{port}")


def test_insecure_tcp_stays_on_this_machine(bare: Supervised) -> None:
    """Beyond loopback it is an error of configuration."""
    for address in ("0.0.0.0:9", "192.0.2.1:9", "*:9", "[::]:9"):
        assert "127.0.0.1" in refusal(bare, "--insecure-tcp", "--set", f"broker.tcp={address}")
    assert "tcp" in refusal(bare, "--insecure-tcp")


def test_insecure_tcp_is_loud_and_guarded() -> None:
    """It serves whoever comes, and its log says so. A message without an end that is slow
    enough not to show in memory is hung up on: the kernel has counted its bytes.
    """
    port = free_port()
    settings = {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "broker.tcp": f"127.0.0.1:{port}",
        "broker.insecure_tcp": True,
    }
    with Supervised(settings) as supervised, Wire(f"tcp://127.0.0.1:{port}") as peer:
        peer.send(wire.Submit("a"), b"Hello.")
        assert isinstance(peer.outcome()[0], wire.End)
        assert "is open without keys" in supervised.output
        with socket.create_connection(("127.0.0.1", port), 10) as raw:
            greet(raw)
            with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012
                for _ in range(2000):
                    raw.sendall(zmtp_frame(bytes(16_384), MORE))
                    assert not peer.socket.poll(10)
        peer.send(wire.Submit("b"), b"Hello.")
        assert isinstance(peer.outcome()[0], wire.End)
        assert "sends a message without an end" in supervised.output
