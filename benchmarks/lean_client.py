"""A client that costs as little as a client can: for benchmarks of the service, not of clients.

Frames are made once and replies are only looked at, never decoded, because on two
cores a client that decodes would take its time from what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import zmq
from zmq.backend import Socket as PlainSocket

from supervisor.wire import client as wire
from supervisor.wire.codec import encode

_MORE = int(zmq.SNDMORE)
_HAS_MORE = int(zmq.RCVMORE)
_SAMPLE_BYTES = 4


class LeanClient:
    """Submits texts and counts what comes back. Raises RuntimeError on an ERROR."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._send = partial(PlainSocket.send, socket)
        self._receive = partial(PlainSocket.recv, socket)
        self._get = partial(PlainSocket.get, socket)
        self.received = 0
        """Bytes of audio since it began."""

    def submit(self, engine: str, text: str) -> None:
        """Send one job with all the credit that it can need."""
        magic, header, body = encode(
            wire.Submit("b", engine=engine, seed=1, credit=1 << 30), text.encode()
        )
        self._send(magic, _MORE)
        self._send(header, _MORE)
        self._send(body, 0)

    def wait_for_end(self) -> int:
        """Read up to the next END of any job; bytes of audio that came on the way."""
        received = 0
        while True:
            self._receive(0)
            header = self._receive(0)
            while self._get(_HAS_MORE):
                received += len(self._receive(0))
            if b"\xa5ERROR" in header:
                raise RuntimeError(f"the supervisor answered {header!r}")
            if b"\xa3END" in header:
                self.received += received
                return received

    def saturate(
        self, engine: str, texts: Sequence[str], in_flight: int, seconds: float, rate: int
    ) -> tuple[float, float]:
        """Keep `in_flight` jobs in flight; audio seconds per second and jobs per second.

        Counted from the moment when the pool is full until the last answer within
        `seconds`, so that neither the start nor the emptying at the end counts.
        """
        for number in range(in_flight):
            self.submit(engine, texts[number % len(texts)])
        for number in range(in_flight):
            self.wait_for_end()
            self.submit(engine, texts[number % len(texts)])
        received, jobs, started = 0, 0, time.perf_counter()
        now = started
        while now - started < seconds:
            received += self.wait_for_end()
            jobs += 1
            self.submit(engine, texts[jobs % len(texts)])
            now = time.perf_counter()
        for _ in range(in_flight):
            self.wait_for_end()
        return received / _SAMPLE_BYTES / rate / (now - started), jobs / (now - started)


@contextmanager
def lean_client(run_directory: Path) -> Iterator[LeanClient]:
    """A client of the supervisor in this run directory."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.connect(f"ipc://{run_directory / 'client.sock'}")
    try:
        yield LeanClient(socket)
    finally:
        socket.close(0)
        context.term()


POOL_OF_TWO = {
    "performance.dynamic_cpu_allocation.min_cores": 2,
    "pool.threads_per_worker": 1,
}
"""Settings of two single-threaded workers on two cores, from the start."""
