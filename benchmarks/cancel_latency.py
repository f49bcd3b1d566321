"""Time until a core is free when the job on it is cancelled, or its client vanishes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import zmq

from benchmarks.harness import Result, Sample, alternate, at_most, measure, percentile
from benchmarks.service import service
from benchmarks.texts import PARAGRAPH
from supervisor.testing import PrivateSupervisor
from supervisor.wire import client as wire
from supervisor.wire.codec import decode_reply, encode

ROUNDS = 40
CHARACTERS = 240
SETTINGS = {
    "performance.dynamic_cpu_allocation.enabled": False,
    "performance.dynamic_cpu_allocation.max_cores": 1,
    "pool.threads_per_worker": 1,
    "engines.default": "kokoro",
    "engines.preload": ["kokoro", "noop"],
    "segments.first_max_chars": CHARACTERS,
    "segments.max_chars": CHARACTERS,
}
"""One worker on one core: only when it is free can anybody else be served."""

_DICE = random.Random(1)  # noqa: S311 (moments, not secrets)
_LATEST_S = 2.0
_ANSWER_MS = 60_000


class _Peer:
    """One connection to the supervisor."""

    def __init__(self, running: PrivateSupervisor) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(running.endpoint)

    def send(self, message: wire.Message, text: str = "") -> None:
        self._socket.send_multipart(encode(message, text.encode() if text else None))

    def until(self, kind: type[wire.Message]) -> wire.Message:
        """The next message of this kind. Raises RuntimeError when it does not come."""
        while self._socket.poll(_ANSWER_MS):
            message, _body = decode_reply(self._socket.recv_multipart())
            if isinstance(message, kind):
                return message
        raise RuntimeError(f"no {kind.__name__} within {_ANSWER_MS} ms")

    def close(self) -> None:
        self._socket.close(0)
        self._context.term()


def run() -> Result:
    """Cancel and vanish in turns, each at a random moment of a long segment."""
    with service(SETTINGS) as running:
        other = _Peer(running)
        arms = alternate(
            {
                "cancelled": lambda: _free_after(running, other, _cancel),
                "client closed": lambda: _free_after(running, other, _close),
            },
            ROUNDS,
        )
        other.send(wire.Status())
        report = other.until(wire.Report)
        restarts = report.status["pool"]["restarts"] if isinstance(report, wire.Report) else None
        other.close()
    cancelled = measure(arms["cancelled"], "free_ms")
    closed = measure(arms["client closed"], "free_ms")
    how = f"Kokoro, one core, segment of {CHARACTERS} characters, {ROUNDS} random moments each"
    return Result(
        title="A cancelled job frees its core",
        arms=arms,
        claims=[
            at_most("cancel → another job is done, p50", percentile(cancelled, 50), 500, "ms", how),
            at_most("cancel → another job is done, worst", max(cancelled), 500, "ms", how),
            at_most("client gone → another job is done, worst", max(closed), 1_000, "ms", how),
        ],
        notes=[
            "The other job is one of the no-op engine: about half a millisecond by itself.",
            f"Workers that had to be ended: {restarts}.",
        ],
    )


def _free_after(
    running: PrivateSupervisor, other: _Peer, end: Callable[[_Peer, str], None]
) -> Sample:
    """Begin a long segment, end its job at a random moment, and wait for another client's."""
    peer = _Peer(running)
    text = PARAGRAPH[:CHARACTERS]
    peer.send(wire.Submit("long", seed=1, credit=1 << 30, progress=True), text)
    accepted = peer.until(wire.Accepted)
    job = accepted.job if isinstance(accepted, wire.Accepted) else ""
    peer.until(wire.Started)
    time.sleep(_DICE.uniform(0.01, _LATEST_S))
    other.send(wire.Submit("next", engine="noop", seed=1), "Next.")
    other.until(wire.Accepted)
    started = time.perf_counter()
    end(peer, job)
    other.until(wire.End)
    seconds = time.perf_counter() - started
    if end is _cancel:
        peer.close()
    return {"free_ms": seconds * 1000}


def _cancel(peer: _Peer, job: str) -> None:
    peer.send(wire.Cancel(job))


def _close(peer: _Peer, _job: str) -> None:
    peer.close()
