"""What an event costs the supervisor that somebody watches: CPU time of all its threads, user and
kernel, sending included.

Jobs of an engine that does nothing are spoken one at a time, each of which is three events that
travel alone: the dearest case. Arms differ in who watches. What a job costs while nobody does is
taken off, round by round. The queues of one who never reads are full before anything is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import zmq

from benchmarks.harness import Arm, Result, Sample, alternate, at_most, measure, median, say
from benchmarks.lean_client import POOL_OF_TWO, LeanClient, lean_client
from benchmarks.service import service
from supervisor.broker.watchers import MOST
from supervisor.client import Client
from supervisor.testing import PrivateSupervisor
from supervisor.wire.client import Watch
from supervisor.wire.codec import encode

JOBS: Final = 300
"""Jobs of a sample: their events fit into the socket of one who is only read after it."""
EVENTS: Final = 3 * JOBS
ROUNDS: Final = 15
TARGET_MS: Final = 0.1
SETTLE_S: Final = 0.1
TEXT: Final = "Hello."


class Watcher:
    """A socket that watches jobs, or nothing. Its receive queue holds `queue` messages; with one
    alone it never reads.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, queue: int) -> None:
        self.reads = queue > 1
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, queue)
        self.socket.connect(endpoint)

    def watch(self, *kinds: str) -> None:
        """Watch these from now on."""
        self.socket.send_multipart(encode(Watch("w", kinds)))

    def read(self) -> None:
        """Take what is there, unless it is one who never does."""
        while self.reads and self.socket.poll(0):
            self.socket.recv_multipart()


def run() -> Result:
    """The same jobs with nobody, one, all, and one who never reads watching, in turns."""
    settings = {**POOL_OF_TWO, "engines.default": "noop", "engines.preload": ["noop"]}
    with ExitStack() as stack:
        running = stack.enter_context(service(settings))
        client = stack.enter_context(lean_client(running.run_dir))
        watchers = stack.enter_context(_watchers(running.endpoint, MOST - 1, 2 * EVENTS))
        (stuck,) = stack.enter_context(_watchers(running.endpoint, 1, 1))
        _fill(running, client, stuck)
        one = partial(_sample, running.pid, client)
        groups: dict[str, list[Watcher]] = {
            "nobody": [],
            "one who reads": watchers[:1],
            "one who never reads": [stuck],
            f"each of {MOST - 1} who read": watchers,
        }
        arms: dict[str, Arm] = {name: partial(one, group) for name, group in groups.items()}
        samples = alternate(arms, ROUNDS)
    alone = measure(samples["nobody"], "cpu_ms")
    how = f"beside {JOBS} jobs with nobody watching, median of {ROUNDS} rounds"
    claims = []
    for name, group in list(groups.items())[1:]:
        more = [
            (watched - unwatched) / EVENTS / len(group)
            for watched, unwatched in zip(measure(samples[name], "cpu_ms"), alone, strict=True)
        ]
        claims.append(at_most(f"an event for {name}", median(more), TARGET_MS, "ms CPU", how))
    return Result(
        title="An event costs next to nothing, and nobody waits for one who watches",
        arms=samples,
        claims=claims,
        compared_with="nobody",
    )


@contextmanager
def _watchers(endpoint: str, count: int, queue: int) -> Iterator[list[Watcher]]:
    """So many connections, which watch nothing yet."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 2 * MOST)
    watchers = [Watcher(context, endpoint, queue) for _ in range(count)]
    try:
        yield watchers
    finally:
        for watcher in watchers:
            watcher.socket.close(0)
        context.term()


def _fill(running: PrivateSupervisor, client: LeanClient, stuck: Watcher) -> None:
    """Let so much happen that one who does not read can take nothing more."""
    stuck.watch("jobs")
    with Client(running.endpoint) as asking:
        while not asking.status()["watchers"]["lost"]:
            _speak(client)
    stuck.watch()
    say("the queues of the one who never reads are full")


def _sample(pid: int, client: LeanClient, watchers: list[Watcher]) -> Sample:
    for watcher in watchers:
        watcher.watch("jobs")
    time.sleep(SETTLE_S)
    before, began = _cpu_ns(pid), time.perf_counter()
    _speak(client)
    took = time.perf_counter() - began
    spent = _cpu_ns(pid) - before
    for watcher in watchers:
        watcher.watch()
        watcher.read()
    return {"cpu_ms": spent / 1e6, "jobs_per_s": JOBS / took}


def _speak(client: LeanClient) -> None:
    for _ in range(JOBS):
        client.submit("noop", TEXT)
        client.wait_for_end()


def _cpu_ns(pid: int) -> int:
    """CPU time of all threads of a process, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
