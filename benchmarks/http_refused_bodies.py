"""Cost of refused bodies: /healthz meanwhile, the gateway's CPU time, and whether all are told.

Eight clients at once and without a key send what is not taken: a body packed a thousandfold,
which took seconds of everybody's time while it was unpacked on the loop; one of 16 MB, announced;
one without an end; one for an address that does not exist. Each sends as fast as it can until it
has its answer.
"""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import psutil

from benchmarks.harness import Result, Sample, at_least, at_most, measure, percentile
from benchmarks.http_gateway import HOST, SPEECH, Gateway, gateway
from benchmarks.service import service

AT_ONCE = 8
ROUNDS = 5
REQUESTS = 10
"""Of each of the clients, one after the other, in a round."""

TARGET_MS = 50.0
BOMB = gzip.compress(b'{"input": "' + b"a" * 200_000_000 + b'"}')
HEAD = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\n"
PIECE = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"

PACKED = "packed, 194 kB"
BY_HEAD = (PACKED, "announced, 16 MB", "to nowhere, 4 MB")
KINDS: dict[str, tuple[bytes, int]] = {
    PACKED: (
        f"{HEAD}Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode() + BOMB,
        415,
    ),
    "announced, 16 MB": (
        f"{HEAD}Content-Length: {16 << 20}\r\n\r\n".encode() + bytes(16 << 20),
        413,
    ),
    "endless": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode() + PIECE * 256, 413),
    "to nowhere, 4 MB": (
        f"POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: {4 << 20}\r\n\r\n".encode()
        + bytes(4 << 20),
        404,
    ),
}


def run() -> Result:
    """Nobody else, then each kind of body."""
    arms: dict[str, list[Sample]] = {"nobody else": [], **{kind: [] for kind in KINDS}}
    with (
        service({"engines.preload": ["noop"]}),
        gateway() as running,
        ProcessPoolExecutor(1, get_context("spawn")) as clients,
    ):
        clients.submit(send_all, running.port, PACKED).result()  # It is started and has read us.
        for _ in range(ROUNDS):
            arms["nobody else"].append(_quiet(running))
            for kind in KINDS:
                arms[kind].append(_attack(running, clients, kind))
    attacks = [sample for kind in KINDS for sample in arms[kind]]
    told = sum(measure(attacks, "told")) / sum(measure(attacks, "sent"))
    how = f"{AT_ONCE} clients at once, each {REQUESTS} times, {ROUNDS} rounds"
    return Result(
        title="A body that is not accepted costs nothing",
        arms=arms,
        claims=[
            at_most(
                "/healthz beside 8 packed bodies at once, the slowest",
                max(measure(arms[PACKED], "health_worst_ms")),
                TARGET_MS,
                "ms",
                how,
            ),
            at_most(
                "a body that is refused by its head costs the gateway",
                max(percentile(measure(arms[kind], "cpu_ms_each"), 50) for kind in BY_HEAD),
                10.0,
                "ms",
                "CPU time of the whole process, /healthz included, for each body: the median of "
                "the dearest kind, of which 8 MB are thrown away so that a client that only sends "
                "is told; an endless one is read up to the bound of 4 MB first",
            ),
            at_least("clients that were told why", told * 100, 100, "%", how),
        ],
    )


def _quiet(running: Gateway) -> Sample:
    stop = threading.Event()
    timer = threading.Timer(1.0, stop.set)
    timer.start()
    times = _probe(running, stop)
    return {"health_p50_ms": percentile(times, 50), "health_worst_ms": max(times)}


def _attack(running: Gateway, clients: ProcessPoolExecutor, kind: str) -> Sample:
    process = psutil.Process(running.pid)
    stop = threading.Event()
    before = sum(process.cpu_times()[:2])
    sending = clients.submit(send_all, running.port, kind)
    sending.add_done_callback(lambda _: stop.set())
    times = _probe(running, stop)
    spent = sum(process.cpu_times()[:2]) - before
    sent = AT_ONCE * REQUESTS
    return {
        "health_p50_ms": percentile(times, 50),
        "health_worst_ms": max(times),
        "cpu_ms_each": spent / sent * 1e3,
        "sent": sent,
        "told": sending.result(),
    }


def send_all(port: int, kind: str) -> int:
    """Count how many were told, of AT_ONCE clients at once with REQUESTS each.

    It runs in a process of its own, so that whoever asks for health waits for the gateway alone.
    """
    request, status = KINDS[kind]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        clients = [threads.submit(_told, port, request, status) for _ in range(AT_ONCE)]
        return sum(client.result() for client in clients)


def _told(port: int, request: bytes, status: int) -> int:
    """Count how often the answer came, of REQUESTS."""
    count = 0
    for _ in range(REQUESTS):
        with socket.create_connection((HOST, port), timeout=30) as connection:
            sender = threading.Thread(target=_send, args=(connection, request))
            sender.start()
            count += connection.recv(12) == f"HTTP/1.1 {status}".encode()
            sender.join()
    return count


def _send(connection: socket.socket, request: bytes) -> None:
    with suppress(ConnectionError):  # It was hung up on, having been told.
        connection.sendall(request)


def _probe(running: Gateway, stop: threading.Event) -> list[float]:
    """Milliseconds of each answer, on one connection."""
    connection = http.client.HTTPConnection(HOST, running.port, timeout=60)
    times = []
    while not stop.is_set():
        started = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        times.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.005)
    connection.close()
    return times
