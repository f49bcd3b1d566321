"""Ten times the load that the pool can serve: memory, deadlines, and what the refused are told.

Capacity is measured first, with as many jobs in flight as are allowed; then requests come at ten
times that rate, whatever becomes of them, each with a deadline. OVERLOAD_S in the environment
shortens it; the note then says so.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import zmq

from benchmarks.harness import Result, Sample, at_least, at_most, measure, median, say
from benchmarks.lean_client import lean_client
from benchmarks.service import service
from benchmarks.texts import SENTENCES
from supervisor.wire import client as wire
from supervisor.wire.codec import decode_reply, encode

OVERLOAD_S = float(os.environ.get("OVERLOAD_S", "60"))
CAPACITY_S = 5.0
SETTLE_S = 5.0
"""Until queue and buffers are as full as they get; memory is flat from then on, or it is not."""
FACTOR = 10
CLIENTS = 16
DEADLINE_S = 5.0
LOOK_S = 0.5
SETTINGS = {
    "performance.dynamic_cpu_allocation.enabled": False,
    "performance.dynamic_cpu_allocation.max_cores": 1,
    "pool.threads_per_worker": 1,
}
"""One worker on one core: the other one is for the clients."""


class Crowd:
    """Clients that ask at a given rate, and do not wait for answers; use it as a context."""

    def __init__(self, run_directory: Path) -> None:
        self.answers: Counter[str] = Counter()
        """`accepted`, `done`, `late`; `busy` with a time to come back, `blunt` without; others."""
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._sockets = [self._connect(run_directory) for _ in range(CLIENTS)]
        self._deadlines: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._count = 0

    def _connect(self, run_directory: Path) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.DEALER)
        socket.connect(f"ipc://{run_directory / 'client.sock'}")
        self._poller.register(socket, zmq.POLLIN)
        return socket

    def ask(self) -> None:
        """One request more, from the next client in turn."""
        id = str(self._count)
        message = wire.Submit(id, credit=1 << 30, deadline_ms=int(DEADLINE_S * 1000))
        self._asked[id] = time.monotonic() + DEADLINE_S
        text = SENTENCES[self._count % len(SENTENCES)].encode()
        self._sockets[self._count % CLIENTS].send_multipart(encode(message, text))
        self._count += 1

    def listen(self, seconds: float) -> None:
        """Take answers for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for socket, _events in self._poller.poll(max(1, int(left * 1000))):
                self._take(decode_reply(socket.recv_multipart()).message)

    def finish(self) -> None:
        """Wait for every answer that is owed."""
        end = time.monotonic() + 4 * DEADLINE_S
        while (self._asked or self._deadlines) and time.monotonic() < end:
            self.listen(0.1)
        self.answers["unanswered"] += len(self._asked) + len(self._deadlines)

    def _take(self, message: wire.Message) -> None:
        match message:
            case wire.Accepted():
                self.answers["accepted"] += 1
                self._deadlines[message.job] = self._asked.pop(message.id)
            case wire.End():
                late = time.monotonic() > self._deadlines.pop(message.job)
                self.answers["late" if late else "done"] += 1
            case wire.Error(id=str() as id):
                self._asked.pop(id, None)
                blunt = message.code != "busy" or not message.retry_after_ms
                self.answers["blunt" if blunt else "busy"] += 1
            case wire.Error(job=str() as job):
                self._deadlines.pop(job, None)
                self.answers["late" if message.code == "expired" else message.code] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._context.destroy(0)


def run() -> Result:
    """Measure what can be served, then ask for ten times as much."""
    with service(SETTINGS) as running:
        with lean_client(running.run_dir) as client:
            _audio, capacity = client.saturate("hibari", SENTENCES, 8, CAPACITY_S, 24_000)
        say(f"capacity: {capacity:.1f} jobs/s")
        with Crowd(running.run_dir) as crowd:
            memory = _overload(crowd, psutil.Process(running.pid), capacity * FACTOR)
            crowd.finish()
    answers = crowd.answers
    say(f"answers: {dict(answers)}")
    refused = answers["busy"] + answers["blunt"]
    rss = measure([look for look in memory if look["at_s"] >= SETTLE_S], "rss_mb")
    calm = median(rss[: max(1, len(rss) // 4)])
    asked = refused + answers["accepted"]
    return Result(
        title="Overload is refused, and what was accepted keeps its deadline",
        arms={
            "overload": memory,
            "answers": [{name: float(count) for name, count in sorted(answers.items())}],
        },
        claims=[
            at_most("growth of memory under overload", max(rss) - calm, 10, "MB"),
            at_least(
                "accepted jobs that kept their deadline",
                100.0 * answers["done"] / max(1, answers["accepted"]),
                99.9,
                "%",
                f"{answers['accepted']} of {asked} requests, each with {DEADLINE_S:g} s",
            ),
            at_least(
                "refusals that say when to come back",
                100.0 * answers["busy"] / max(1, refused),
                100,
                "%",
                f"{refused} refusals",
            ),
            at_most("requests that were never answered", answers["unanswered"], 0, "requests"),
        ],
        notes=[
            f"Asked for {asked / OVERLOAD_S:.0f} jobs/s; {capacity:.1f} jobs/s were its capacity.",
            *([] if OVERLOAD_S >= 60 else [f"Overloaded for {OVERLOAD_S:g} s instead of 60 s."]),
        ],
    )


def _overload(crowd: Crowd, supervisor: psutil.Process, rate: float) -> list[Sample]:
    """Ask at this rate, and look at the supervisor's memory now and then."""
    started = time.monotonic()
    asked, looks = 0, list[Sample]()
    while (now := time.monotonic() - started) < OVERLOAD_S:
        while asked < now * rate:
            crowd.ask()
            asked += 1
        if now >= len(looks) * LOOK_S:
            looks.append({"at_s": now, "rss_mb": supervisor.memory_info().rss / 1e6})
        crowd.listen(0.005)
    return looks
