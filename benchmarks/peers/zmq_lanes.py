"""Requests for speech over the pool's own wire: one socket, as many jobs at once as lanes."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import msgspec
import zmq
from zmq.backend import Socket as PlainSocket

from benchmarks.peers.lanes import Answer
from supervisor.wire import client as wire
from supervisor.wire.codec import encode

BYTES_PER_S = 4 * 24_000
"""float32 mono PCM."""

_MORE, _HAS_MORE = int(zmq.SNDMORE), int(zmq.RCVMORE)
_DONTWAIT = int(zmq.DONTWAIT)
_decode = msgspec.msgpack.Decoder(wire.Reply).decode


class ZmqLanes:
    """Lanes to the supervisor in this run directory."""

    def __init__(self, run_directory: Path) -> None:
        self._context = zmq.Context()
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.RECONNECT_IVL, 5)
        socket.connect(f"ipc://{run_directory / 'client.sock'}")
        self._socket = socket
        self._send = partial(PlainSocket.send, socket)
        self._receive = partial(PlainSocket.recv, socket)
        self._get = partial(PlainSocket.get, socket)
        self._lanes: dict[str, int] = {}
        self._first: dict[str, float] = {}

    def send(self, lane: int, text: str) -> None:
        """Submit one job with all the credit that it can need.

        Without a seed, as over HTTP: one with a seed is spoken by a single thread, so that it
        comes out the same to the sample.
        """
        submit = wire.Submit(str(lane), credit=1 << 30)
        magic, header, body = encode(submit, text.encode())
        self._send(magic, _MORE)
        self._send(header, _MORE)
        self._send(body, 0)

    def answers(self, timeout: float) -> list[Answer]:
        """Requests that have ended."""
        ended: list[Answer] = []
        deadline = time.perf_counter() + timeout
        while True:
            try:
                self._receive(_DONTWAIT)  # the magic
            except zmq.Again:
                left = deadline - time.perf_counter()
                if ended or left <= 0:
                    return ended
                self._socket.poll(max(1, round(left * 1000)))
                continue
            message = _decode(self._receive(0))
            body = False
            while self._get(_HAS_MORE):
                self._receive(0)
                body = True
            if (answer := self._take(message, body=body)) is not None:
                ended.append(answer)

    def close(self) -> None:
        """Hang up."""
        self._socket.close(0)
        self._context.term()

    def _take(self, message: wire.Reply, *, body: bool) -> Answer | None:
        """Note what a message says; the answer if it ends a job."""
        if isinstance(message, wire.Accepted):
            self._lanes[message.job] = int(message.id)
            return None
        now = time.perf_counter()
        if isinstance(message, wire.Chunk | wire.End) and body:
            self._first.setdefault(message.job, now)
        if isinstance(message, wire.End):
            first = self._first.pop(message.job, now)
            return Answer(self._lanes.pop(message.job), first, now, message.bytes / BYTES_PER_S)
        if isinstance(message, wire.Error):
            self._first.pop(message.job or "", None)
            lane = self._lanes.pop(message.job) if message.job else int(message.id or 0)
            return Answer(lane, now, now, 0.0, f"{message.code}: {message.message}")
        return None
