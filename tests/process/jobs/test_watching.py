"""Watching a real supervisor: what happens is told, and watchers who are slow, many, or killed are
nobody's trouble.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from supervisor.client import (
    AllocationChanged,
    BadRequest,
    Event,
    Events,
    EventsLost,
    JobChanged,
    SupervisorGone,
    WaitTimeout,
    WorkerChanged,
)
from supervisor.wire import client as wire
from supervisor.wire.codec import decode_reply, encode
from supervisor.wire.events import BACKLOG
from tests.fixtures.processes import rss_mb
from tests.supervised import Supervised, Wire, eventually

WATCHER = """
import sys
from supervisor.client import Client
with Client() as client, client.events("jobs") as events:
    print("watching", flush=True)
    for event in events:
        pass
"""


@pytest.fixture(scope="module")
def supervised() -> Iterator[Supervised]:
    """A supervisor with an engine that does nothing."""
    settings = {"engines.default": "noop", "engines.preload": ["noop"]}
    with Supervised(settings) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def watching(supervised: Supervised) -> dict[str, int]:
    """What the status tells of watchers."""
    counts: dict[str, int] = supervised.status()["watchers"]
    return counts


def until(events: Events, *wanted: tuple[type, str]) -> list[Any]:
    """What is told until these kinds have come, with these values of `what`, in this order."""
    told: list[Any] = []
    for kind, what in wanted:
        while not told or type(told[-1]) is not kind or getattr(told[-1], "what", "") != what:
            told.append(events.next(20).about)
    return told


def test_what_happens_is_told_as_it_happens(supervised: Supervised) -> None:
    """A job, a worker that is killed and replaced, and a change of the cores by the settings."""
    with supervised.client() as client, client.events() as events:
        client.synthesize("Hello there.")
        steps = until(events, *((JobChanged, what) for what in ("accepted", "started", "ended")))
        assert len({job.job for job in steps}) == 1
        assert (steps[0].engine, steps[0].segments, steps[-1].outcome) == ("noop", 1, "done")
        assert 0.0 < steps[1].first_audio_s <= steps[2].total_s

        (worker,) = supervised.workers(1)
        os.kill(worker["pid"], signal.SIGKILL)
        wanted = [(WorkerChanged, what) for what in ("lost", "started", "ready")]
        lost, started, ready = [each for each in until(events, *wanted) if each.slot == 0]
        assert (lost.pid, lost.reason) == (worker["pid"], "signal SIGKILL")
        assert started.epoch == ready.epoch > lost.epoch
        assert ready.cpus == tuple(worker["cpus"])

        section = {"dynamic_cpu_allocation": {"min_cores": 2, "max_cores": 2}}
        override = {"performance": section, "pool": {"threads_per_worker": 1}}
        (supervised.directory / "override.json").write_text(json.dumps(override))
        told = until(events, (AllocationChanged, ""), (WorkerChanged, "ready"))
        (change,) = [each for each in told if isinstance(each, AllocationChanged)]
        assert (change.before, change.after) == (1, 2)
        assert change.bound in {"max_cores", "usable"}
        (supervised.directory / "override.json").unlink()
        until(events, (AllocationChanged, ""), (WorkerChanged, "retired"))


def test_names_that_do_not_exist_are_told_with_those_that_do(supervised: Supervised) -> None:
    """In Python and on the command line; nothing is watched then."""
    with supervised.client() as client, pytest.raises(BadRequest, match="allocation, workers"):
        client.events("allocations", "nonsense")
    assert eventually(lambda: watching(supervised)["watching"] == 0, "nobody watches")
    command = [*supervised.program, "events", "nonsense"]
    done = subprocess.run(
        command, env=supervised.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "workers, jobs" in done.stderr


def test_asyncio_watches_too(supervised: Supervised) -> None:
    """An iteration ends when it is closed; it waits no longer than it is told to."""

    async def run() -> list[str]:
        async with supervised.async_client() as client:
            events = await client.events("jobs")
            with pytest.raises(WaitTimeout):
                await events.next(0.01)
            heard = []

            async def listen() -> None:
                async for event in events:
                    assert isinstance(event.about, JobChanged)
                    heard.append(event.about.what)
                    if event.about.what == "ended":
                        done.set()

            done = asyncio.Event()
            listener = asyncio.create_task(listen())
            await client.synthesize("Hello.")
            await done.wait()
            await events.close()
            await listener
            return heard

    assert asyncio.run(run()) == ["accepted", "started", "ended"]


def speak(supervised: Supervised, jobs: int) -> None:
    """So many jobs, many at a time."""
    with supervised.wire() as peer:
        for _ in range(jobs):
            peer.send(wire.Submit("a"), b"Hi.")
        for _ in range(jobs):
            assert isinstance(peer.outcome()[0], wire.End)


def hear(events: Events, jobs: int) -> None:
    """Take all that is told of so many jobs."""
    told = [events.next(20).about for _ in range(3 * jobs)]
    assert all(isinstance(about, JobChanged) for about in told)


def test_a_watcher_who_never_reads_holds_nobody_up(supervised: Supervised) -> None:
    """Jobs are spoken, another hears of each, the supervisor does not grow; and when he reads at
    last he is told of the oldest, and how many he missed.
    """
    with supervised.client() as client, client.events("jobs") as quick, zmq.Context() as context:
        speak(supervised, 100)
        hear(quick, 100)
        before, jobs = rss_mb(supervised.pid), 0
        with context.socket(zmq.DEALER) as slow:
            slow.setsockopt(zmq.LINGER, 0)
            slow.setsockopt(zmq.RCVHWM, 1)
            slow.connect(supervised.endpoint)
            slow.send_multipart(encode(wire.Watch("1", ("jobs",))))
            eventually(lambda: watching(supervised)["watching"] == 2, "two who watch")
            while not watching(supervised)["lost"]:
                speak(supervised, 200)
                hear(quick, 200)
                jobs += 200
            assert rss_mb(supervised.pid) - before < 20
            told: list[Event] = []
            while not told or not isinstance(told[-1].about, EventsLost):
                assert slow.poll(20_000), "events"
                message = decode_reply(slow.recv_multipart()).message
                told += [message] if isinstance(message, Event) else []
            missed = told[-1].about
            assert isinstance(missed, EventsLost)
            assert len(told) > BACKLOG
            assert len(told) - 1 + (missed.lost or 0) == 3 * jobs
    eventually(lambda: watching(supervised)["watching"] == 0, "nobody watches")


def test_one_who_is_killed_is_forgotten(supervised: Supervised) -> None:
    """With the next event at the latest."""
    command = [sys.executable, "-c", WATCHER]
    with subprocess.Popen(
        command, env=supervised.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        assert watching(supervised)["watching"] == 1
        process.kill()
        process.wait(20)

    def forgotten() -> bool:
        speak(supervised, 1)
        return watching(supervised)["watching"] == 0

    eventually(forgotten, "nobody watches")


def test_a_flood_of_requests_is_answered_and_leaves_one_watcher(supervised: Supervised) -> None:
    """Sensible ones and others, on one connection."""
    with supervised.wire() as peer, supervised.wire() as friend:
        for _ in range(200):
            peer.send(wire.Watch("a", ("jobs",)))
            peer.send(wire.Watch("b", ("jobs", "x" * 5000)))
        answers = [_answer(peer) for _ in range(400)]
        assert [type(each) for each in answers] == [wire.Watching, wire.Error] * 200
        refusal = answers[1]
        assert isinstance(refusal, wire.Error)
        assert (refusal.code, refusal.id, refusal.field) == ("out_of_range", "b", "events")
        assert len(refusal.message) < 200
        assert friend.status()["watchers"]["watching"] == 1


def _answer(peer: Wire) -> wire.Message:
    return peer.receive()[0]


def test_it_ends_with_the_supervisor(supervised: Supervised) -> None:
    """In SupervisorGone, after everything that was told. The last test of this one."""
    with supervised.client() as client:
        events = client.events("workers")
        assert supervised.stop() == 0
        with pytest.raises(SupervisorGone):  # noqa: PT012 (the iteration raises it)
            for event in events:
                assert isinstance(event.about, WorkerChanged)
                assert event.about.what == "retired"
        events.close()
        assert list(events) == []
