"""A peer on tcp whose host dies says nothing: that is noticed, and who is only idle is kept."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fixtures import processes
from tests.supervised import Supervised, eventually, free_port

CLIENT = """
import sys
from supervisor.wire import client as protocol
from tests.supervised import Wire
peer = Wire(sys.argv[1])
peer.send(protocol.Submit("a", credit=int(sys.argv[2])), b"Hello. " * int(sys.argv[3]))
print(type(peer.receive(100)[0]).__name__, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[Supervised, str]]:
    """A supervisor with an engine that does nothing, and its address on tcp."""
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "broker.tcp": address,
        "broker.insecure_tcp": True,
    }
    with Supervised(settings) as supervised:
        yield supervised, f"tcp://{address}"
        assert supervised.stop() == 0, supervised.output


@contextmanager
def client(endpoint: str, *, credit: int, sentences: int = 1) -> Iterator[subprocess.Popen[str]]:
    """A process with one plain job, which was accepted."""
    command = [sys.executable, "-c", CLIENT, endpoint, str(credit), str(sentences)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "Accepted\n"
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str]) -> float:
    """Its connection stays, and nobody answers there any more; the time of it."""
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: processes.is_stopped(process.pid), "a process that stands still")
    return time.monotonic()


def cancelled(supervised: Supervised) -> int:
    """Jobs that ended so."""
    return int(supervised.status()["jobs"]["cancelled"])


@pytest.mark.parametrize(
    ("credit", "sentences", "promised_s"), [(0, 1, 5.0), (1 << 40, 200_000, 7.0)]
)
def test_a_peer_that_answers_no_heartbeat_is_gone(
    listening: tuple[Supervised, str], credit: int, sentences: int, promised_s: float
) -> None:
    """Its plain job is cancelled in the promised time, though the connection was never closed: one
    that waits for credit, and one whose audio fills every buffer on the way, and never ends.
    """
    supervised, endpoint = listening
    before = cancelled(supervised)
    with client(endpoint, credit=credit, sentences=sentences) as process:
        since = stop(process)
        eventually(lambda: cancelled(supervised) == before + 1, "the end of its job", 30.0)
        took = time.monotonic() - since
    assert took < promised_s


def test_a_peer_that_only_waits_is_kept(listening: tuple[Supervised, str]) -> None:
    """It says nothing of its own for longer than a silent one is kept; libzmq answers for it."""
    supervised, endpoint = listening
    before = cancelled(supervised)
    with client(endpoint, credit=0) as waiting:
        with client(endpoint, credit=0) as process:
            stop(process)
            eventually(lambda: cancelled(supervised) == before + 1, "the end of its job", 30.0)
        assert waiting.poll() is None
        assert supervised.status()["jobs"]["running"] == 1
        assert cancelled(supervised) == before + 1
    eventually(lambda: cancelled(supervised) == before + 2, "the end of the other")
