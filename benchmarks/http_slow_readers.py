"""500 readers that take nothing for a minute: the gateway's memory, and what others notice.

Flat means two things, and both are claimed: what one more such reader costs is bounded, counted
from before the first of them came, and nothing is added while they stay. Only readers whose
answer has begun count: one that was refused would cost nothing.
"""

from __future__ import annotations

import http.client
import json
import socket
import time

from benchmarks.harness import Result, Sample, at_most, measure, median, say
from benchmarks.http_gateway import HOST, SPEECH, Gateway, gateway, speak
from benchmarks.service import service

READERS = 500
SECONDS = 60.0
SLOW_TEXT = f"{'And so it goes on, word for word, ' * 6}until here. " * 50
"""10 s of the noop engine's tone, 0.5 MB: more than all buffers on the way to a reader."""

GOOD_TEXT = "Somebody in a hurry."
IDLE_MB = 80.0
GROWTH_MB = 5.0
READER_KB = 400.0


def run() -> Result:
    """Good requests before and during; memory from before the readers to the end."""
    settings = {
        "engines.preload": ["hibari", "noop"],
        "performance.dynamic_cpu_allocation.enabled": False,
        "performance.dynamic_cpu_allocation.max_cores": 1,
        # All of them are taken in, however long their texts are predicted to take.
        "admission.max_work_s": 1_000_000.0,
        "admission.max_client_work_s": 1_000_000.0,
    }
    with service(settings), gateway() as running:
        connection = http.client.HTTPConnection(HOST, running.port, timeout=120)
        for path in ("/healthz", "/readyz", "/diagnostics/cpu-allocation"):
            connection.request("GET", path)
            connection.getresponse().read()
        idle = running.rss_mb
        before = [_good(connection, running) for _ in range(40)]
        before = before[10:]  # The first ones load the encoders.
        without = running.rss_mb
        readers = [_slow(running) for _ in range(READERS)]
        for reader in readers:
            _begun(reader)
        say(f"{READERS} answers have begun: {running.rss_mb:.0f} MB")
        _settle(connection, running)
        during: list[Sample] = []
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            during.append(_good(connection, running))
        _check_all_there(connection)
        for reader in readers:
            reader.close()
        connection.close()
    memory = measure(during, "rss_mb")
    ratio = median(measure(during, "full_ms")) / median(measure(before, "full_ms"))
    return Result(
        title="The gateway is bounded",
        arms={"before": before, "with 500 slow readers": during},
        claims=[
            at_most("gateway, idle", idle, IDLE_MB, "MB", "resident, after the diagnostics"),
            at_most(
                "a reader that takes nothing costs",
                (max(memory) - without) / READERS * 1e3,
                READER_KB,
                "kB",
                f"highest resident size less that before they came, over {READERS} readers",
            ),
            at_most(
                "growth while 500 readers take nothing",
                memory[-1] - memory[0],
                GROWTH_MB,
                "MB",
                f"resident, once all answers have begun, over {SECONDS:.0f} s",
            ),
            at_most(
                "a good client's request against before",
                ratio,
                1.5,
                "times",
                "ratio of the medians of the whole answer",
            ),
        ],
    )


def _good(connection: http.client.HTTPConnection, running: Gateway) -> Sample:
    """One good request, after a pause: an idle machine is slower to answer than a busy one."""
    time.sleep(0.5)
    spoken = speak(connection, GOOD_TEXT)
    return {"first_ms": spoken.first_ms, "full_ms": spoken.full_ms, "rss_mb": running.rss_mb}


def _slow(running: Gateway) -> socket.socket:
    """A client that asks for speech and reads nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((HOST, running.port))
    body = json.dumps({"input": SLOW_TEXT, "model": "noop", "response_format": "pcm"}).encode()
    head = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    reader.sendall(head.encode() + body)
    return reader


def _begun(reader: socket.socket) -> None:
    """Wait until its answer has begun. Raises ValueError for a refusal."""
    reader.settimeout(120)
    line = reader.recv(12)
    if line != b"HTTP/1.1 200":
        raise ValueError(f"a slow reader got {line!r}")


def _check_all_there(connection: http.client.HTTPConnection) -> None:
    """None of them was let go for its slowness meanwhile. Raises ValueError."""
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read()
    if b"tts_http_answers_cut_short_total 0.0\n" not in metrics:
        raise ValueError("slow readers were disconnected before the end")


def _settle(connection: http.client.HTTPConnection, running: Gateway) -> None:
    """Wait until memory no longer moves."""
    last = 0.0
    while abs(running.rss_mb - last) > 1.0:
        last = running.rss_mb
        for _ in range(5):
            _good(connection, running)
