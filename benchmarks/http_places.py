"""A good client beside 1,100 connections that ask for nothing, where 1,000 are allowed.

Half of a request's head, a body that comes by the byte, a connection kept alive without a request:
each kind by itself, and who is hung up on comes again a second later. Every good request comes on a
connection of its own; what is measured is its first byte of speech.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Result, Sample, at_most, measure, percentile, say
from benchmarks.http_crowd import FIRST_WORDS
from benchmarks.http_gateway import HOST, Gateway, gateway, speak
from benchmarks.service import service

COUNT = 1100
GOOD = 50
TARGET_MS = 1000.0
ALONE = "nobody else"


def run() -> Result:
    """Good requests alone, and beside each crowd, from the moment that it begins to come."""
    arms: dict[str, list[Sample]] = {}
    settings = {"engines.default": "noop", "engines.preload": ["noop"]}
    with service(settings), gateway() as running:
        _ask(running)
        arms[ALONE] = [_ask(running) for _ in range(GOOD)]
        for kind in FIRST_WORDS:
            with crowd(kind, running.port, COUNT) as process:
                arms[kind] = [_ask(running) for _ in range(GOOD)]
                if process.stdout is None or process.stdout.readline() != b"ready\n":
                    raise ValueError(f"the {kind} did not come")
                arms[kind] += [_ask(running) for _ in range(GOOD)]
            say(f"{COUNT} {kind}: {max(measure(arms[kind], 'first_ms')):.0f} ms at worst")
    return Result(
        title="Nobody is kept out by silence",
        arms=arms,
        claims=[
            at_most(
                f"first audio over HTTP beside {COUNT:,} {kind}, the slowest",
                max(measure(arms[kind], "first_ms")),
                TARGET_MS,
                "ms",
                f"{2 * GOOD} requests on connections of their own, half of them while the crowd "
                f"comes; alone {percentile(measure(arms[ALONE], 'first_ms'), 50):.0f} ms at the "
                "median",
            )
            for kind in FIRST_WORDS
        ],
    )


@contextmanager
def crowd(kind: str, port: int, count: int) -> Iterator[subprocess.Popen[bytes]]:
    """The connections, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.http_crowd", kind, str(port), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _ask(running: Gateway) -> Sample:
    """One good request. Raises ValueError for a refusal."""
    time.sleep(0.02)
    started = time.perf_counter()
    connection = http.client.HTTPConnection(HOST, running.port, timeout=60)
    try:
        connection.connect()
        connected_ms = (time.perf_counter() - started) * 1e3
        spoken = speak(connection, "Somebody in a hurry.")
    finally:
        connection.close()
    return {
        "first_ms": connected_ms + spoken.first_ms,
        "full_ms": connected_ms + spoken.full_ms,
    }
