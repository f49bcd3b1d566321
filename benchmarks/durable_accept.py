"""Latency of a durable job's ACCEPTED over a plain one's: from SUBMIT to ACCEPTED, one at a time.

The journal is in the temporary directory, so `full` measures that disk's own flush.
"""

from __future__ import annotations

import time

import zmq

from benchmarks.harness import Result, Sample, alternate, at_most, measure, median, percentile
from benchmarks.service import service
from supervisor.client.discovery import find_endpoint
from supervisor.wire import client as wire
from supervisor.wire.codec import decode_reply, encode

ROUNDS = 300
SETTINGS = {"engines.default": "noop", "engines.preload": '["noop"]'}


class Peer:
    """A bare connection: nothing of the Python client is measured."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(find_endpoint())

    def plain(self) -> Sample:
        """One plain job."""
        return {"ms": self._accepted_ms(durable=False)}

    def durable(self) -> Sample:
        """One durable job."""
        return {"ms": self._accepted_ms(durable=True)}

    def _accepted_ms(self, *, durable: bool) -> float:
        """Milliseconds from SUBMIT to ACCEPTED; the job is waited for, but not counted."""
        frames = encode(wire.Submit("a", durable=durable), b"Hello there.")
        started = time.perf_counter()
        self._socket.send_multipart(frames)
        accepted = self._receive()
        taken = time.perf_counter() - started
        if not isinstance(accepted, wire.Accepted):
            raise TypeError(f"not accepted: {accepted}")
        while not isinstance(self._receive(), wire.End):
            pass
        return taken * 1e3

    def close(self) -> None:
        """Leave."""
        self._socket.close(0)
        self._context.term()

    def _receive(self) -> wire.Message:
        while True:
            message = decode_reply(self._socket.recv_multipart()).message
            if not isinstance(message, wire.Pong):
                return message


def run() -> Result:
    """Both syncs, each against plain jobs of the same supervisor."""
    arms: dict[str, list[Sample]] = {}
    for sync in ("normal", "full"):
        with service({**SETTINGS, "journal.sync": sync}):
            peer = Peer()
            arms |= alternate(
                {
                    f"plain, beside {sync}": peer.plain,
                    f"durable, {sync}": peer.durable,
                },
                ROUNDS,
                warmup=20,
            )
            peer.close()
    values = {name: measure(samples, "ms") for name, samples in arms.items()}
    over = {
        sync: median(values[f"durable, {sync}"]) - median(values[f"plain, beside {sync}"])
        for sync in ("normal", "full")
    }
    return Result(
        title="A durable job is accepted hardly later than a plain one",
        arms=arms,
        claims=[
            at_most("durable accept over plain, p50", over["normal"], 1.0, "ms"),
            at_most("durable accept, p99", percentile(values["durable, normal"], 99), 10.0, "ms"),
            at_most(
                "durable accept over plain with journal.sync full, p50", over["full"], 10, "ms"
            ),
        ],
    )
