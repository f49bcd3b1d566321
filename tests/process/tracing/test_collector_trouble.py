"""A collector that is gone, or does not answer, costs traces and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from supervisor.client import Client
from supervisor.wire import client as wire
from tests.fixtures.collector import Collector, collector, take
from tests.process.tracing.conftest import Traced
from tests.supervised import eventually


def speak(supervised: Traced, jobs: int) -> None:
    """So many jobs, handed in together; each is done."""
    with supervised.wire() as peer:
        for number in range(jobs):
            peer.send(wire.Submit(str(number), voice="tone"), b"Yes.")
        ends = [peer.outcome()[0] for _ in range(jobs)]
    assert all(isinstance(end, wire.End) for end in ends), ends[:3]


def complaints(supervised: Traced) -> list[str]:
    """What the log says of tracing."""
    return [line for line in supervised.output.splitlines() if "tracing:" in line]


@pytest.fixture
def silent() -> Iterator[tuple[Collector, threading.Event]]:
    """A collector that takes requests and answers none before the event."""
    with collector() as listening:
        go = threading.Event()

        def wait(handler: BaseHTTPRequestHandler) -> None:
            go.wait(60)
            take(handler)

        listening.answer = wait
        yield listening, go
        go.set()


def test_a_collector_that_is_gone_hurts_nobody() -> None:
    """Jobs are done, the loss is said once and counted, and the end is not put off."""
    with Traced("http://127.0.0.1:1/v1/traces") as supervised:
        with Client(supervised.endpoint) as client:
            client.synthesize("Hello there.")
        problem = eventually(lambda: supervised.status()["tracing"]["problem"], "it is noticed")
        assert "Connection refused" in problem
        for _ in range(3):
            lost = supervised.status()["tracing"]["lost_spans"]
            speak(supervised, 20)
            eventually(
                lambda lost=lost: supervised.status()["tracing"]["lost_spans"] > lost,  # type: ignore[misc]
                "it is counted",
            )
        assert supervised.status()["jobs"]["done"] == 61
        assert supervised.stop() == 0
        (said,) = complaints(supervised)
        assert "no answer from the collector (Connection refused); jobs go on" in said
        assert "Traceback" not in supervised.output


def test_a_collector_that_does_not_answer_fills_a_bounded_queue(
    silent: tuple[Collector, threading.Event],
) -> None:
    """What finds no room is lost while jobs go on as ever; a drain waits no longer than it may."""
    listening, _go = silent
    with Traced(listening.url) as supervised:
        speak(supervised, 1)
        eventually(lambda: listening.paths, "the first batch is on its way")
        for _ in range(3):
            speak(supervised, 500)
        said = supervised.status()["tracing"]
        assert said["lost_spans"] >= 5 * 1_500 - 4_096 - 128
        assert supervised.status()["jobs"]["done"] == 1_501
        assert supervised.stop() == 0
        assert len(complaints(supervised)) == 1


def test_a_collector_that_answers_again_gets_what_comes(
    silent: tuple[Collector, threading.Event],
) -> None:
    """What had waited arrives, and what comes after."""
    listening, go = silent
    with Traced(listening.url) as supervised:
        speak(supervised, 1)
        eventually(lambda: listening.paths, "the first batch is on its way")
        speak(supervised, 100)
        listening.answer = take
        go.set()
        eventually(lambda: supervised.status()["tracing"]["exported_spans"] >= 500, "they are sent")
        assert supervised.stop() == 0
