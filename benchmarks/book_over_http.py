"""Short requests over HTTP while another client's book is spoken over HTTP: how many are refused,
and how long they take beside the same requests over ZeroMQ.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Result, Sample, alternate, at_most, measure, percentile, say
from benchmarks.service import service
from benchmarks.texts import PARAGRAPH
from supervisor.client import Client, Refused
from tests.supervised import free_port

HOST = "127.0.0.1"
SHORT = "The lamps are lit, and nobody sees it."
BOOK_BYTES = 500_000
ROUNDS = {"hibari": 150, "kokoro": 30}
FACTOR = 1.2


def run() -> Result:
    """Each engine with its book; the two doors take turns."""
    arms: dict[str, list[Sample]] = {}
    claims = []
    for engine, rounds in ROUNDS.items():
        found = _engine(engine, rounds)
        arms |= {f"{engine}, {door}": samples for door, samples in found.items()}
        over_http, over_zmq = (
            percentile(measure(found[door], "answer_ms"), 95) for door in ("HTTP", "ZeroMQ")
        )
        refused = sum(measure(found["HTTP"], "refused"))
        what = f"{rounds} requests each, a book of {BOOK_BYTES // 1000} kB beside them"
        claims += [
            at_most(f"{engine}: refused over HTTP", refused, 0, "requests", what),
            at_most(f"{engine}: p95 over HTTP ÷ over ZeroMQ", over_http / over_zmq, FACTOR, "×",
                    what),
        ]  # fmt: skip
    return Result(title="One book over HTTP is one client of many", arms=arms, claims=claims)


def _engine(engine: str, rounds: int) -> dict[str, list[Sample]]:
    port = free_port()
    settings = {
        "engines.default": engine,
        "engines.preload": [engine],
        "performance.dynamic_cpu_allocation.enabled": False,
        "performance.dynamic_cpu_allocation.max_cores": 2,
        "pool.threads_per_worker": 1,
        "pool.grace_period_s": 0.0,
        "http.enabled": True,
        "http.port": port,
    }
    with service(settings), Client() as client:
        _wait_for(port)
        with _book(port):
            say(f"{engine}: {client.status()['queue']['predicted_work_s']:.0f} s of work wait")

            def over_http() -> Sample:
                started = time.perf_counter()
                refused = float(_ask(port) != http.client.OK)
                return {"answer_ms": (time.perf_counter() - started) * 1e3, "refused": refused}

            def over_zmq() -> Sample:
                started = time.perf_counter()
                refused = 0.0
                try:
                    client.synthesize(SHORT)
                except Refused:
                    refused = 1.0
                return {"answer_ms": (time.perf_counter() - started) * 1e3, "refused": refused}

            return alternate({"HTTP": over_http, "ZeroMQ": over_zmq}, rounds)


@contextmanager
def _book(port: int) -> Iterator[None]:
    """Somebody listens to a book meanwhile, as fast as it comes, from his own connection."""
    text = (f"{PARAGRAPH} " * (BOOK_BYTES // len(PARAGRAPH) + 1))[:BOOK_BYTES]
    begun, over = threading.Event(), threading.Event()

    def listen() -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=600)
        connection.request("POST", "/v1/audio/speech", _body(text))
        answer = connection.getresponse()
        while not over.is_set() and answer.read1(1 << 16):
            begun.set()
        connection.close()

    reader = threading.Thread(target=listen)
    reader.start()
    if not begun.wait(120):
        raise ValueError("no book is spoken")
    try:
        yield
    finally:
        still = reader.is_alive()
        over.set()
        reader.join()
        if not still:
            raise ValueError("the book was over before the requests were")


def _ask(port: int) -> int:
    """One short request on a connection of its own; its status when all audio is there."""
    connection = http.client.HTTPConnection(HOST, port, timeout=600)
    try:
        connection.request("POST", "/v1/audio/speech", _body(SHORT))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _body(text: str) -> bytes:
    return json.dumps({"input": text, "response_format": "pcm"}).encode()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if _ask(port) == http.client.OK:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise ValueError("the gateway does not answer")
        time.sleep(0.1)
