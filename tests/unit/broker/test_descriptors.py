"""Descriptors of clients are looked at by number, and a number may change its meaning."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from supervisor.broker.sockets.descriptors import hang_up, tcp_bytes_received


def _open() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_number_that_became_something_else_costs_no_descriptor() -> None:
    """A client left, and its number went to a process descriptor: it was left open once a look."""
    descriptor = os.pidfd_open(os.getpid())
    before = _open()
    assert tcp_bytes_received(descriptor) is None
    hang_up(descriptor)
    assert _open() == before
    os.close(descriptor)
    hang_up(descriptor)
    assert tcp_bytes_received(descriptor) is None
    assert _open() == before - 1


def test_nobody_hangs_up_on_a_worker() -> None:
    """A channel to a worker is a socket of the same family; it has no address."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        hang_up(ours.fileno())
        ours.send(b"still there")
        assert theirs.recv(64) == b"still there"


def test_a_client_is_hung_up_on(tmp_path: Path) -> None:
    """The accepted end has the address of the listener, and the client sees the end."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        client.connect(str(tmp_path / "socket"))
        accepted, _address = listener.accept()
        with accepted:
            before = _open()
            hang_up(accepted.fileno())
            assert client.recv(1) == b""
            assert _open() == before


def test_bytes_are_counted_on_tcp_alone() -> None:
    """What one peer has sent so far shows on the accepted end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        accepted, _address = listener.accept()
        with accepted:
            client.sendall(b"x" * 1000)
            accepted.recv(1000, socket.MSG_WAITALL)
            assert tcp_bytes_received(accepted.fileno()) == 1000
