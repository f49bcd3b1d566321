"""The pool reacts to its own load only: others take the whole machine, then comes own work.

Default policy on two cores. First as many foreign processes as there are cores burn
CPU for a minute while the pool speaks a short sentence every second: nothing may grow.
Then, without them, more work than one core can take: the time to the second core, in
cooldowns. Own load is measured on fresh supervisors, for each starts at rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from benchmarks.harness import Result, Sample, at_most, measure, say
from benchmarks.service import service
from supervisor.client import Client

HOG_S = 60.0
ROUNDS = 3
GIVE_UP_S = 60.0
CLIENTS = 4
COOLDOWN_S = 5.0
SETTINGS = {
    "performance.dynamic_cpu_allocation.max_cores": 2,
    "performance.dynamic_cpu_allocation.allocation_cooldown": COOLDOWN_S,
}
SENTENCE = "The quick brown fox jumps over the lazy dog. "


@contextmanager
def strangers() -> Iterator[None]:
    """A process per core that does nothing but burn its time."""
    burning = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in os.sched_getaffinity(0)
    ]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def grows(status: dict[str, Any]) -> int:
    """Cores that the pool has beyond the one that it starts with."""
    current = status["allocation"]["allocation_stats"]["current_allocation"]
    return int(current["decided_cores"]) - 1


def under_strangers() -> Sample:
    """A minute of foreign load: how often the pool changed, and what it saw."""
    seen: list[float] = []
    with service(SETTINGS), Client() as client, strangers():
        end = time.monotonic() + HOG_S
        changed = 0
        while time.monotonic() < end:
            client.synthesize(SENTENCE)
            status = client.status()
            changed = max(changed, status["allocation"]["allocation_stats"]["reallocations"])
            busy = status["allocation"]["system_info"]["core_busy_percent"]
            seen.append(sum(busy.values()) / len(busy) if busy else 0.0)
            time.sleep(1.0)
    return {"reallocations": changed, "machine_busy_percent": sum(seen) / len(seen)}


def under_own_load() -> Sample:
    """Seconds from the first request to the second core; GIVE_UP_S where it never comes."""
    enough = threading.Event()

    def speak() -> None:
        with Client() as client:
            while not enough.is_set():
                client.synthesize(SENTENCE * 10)

    with service(SETTINGS), Client() as client, ThreadPoolExecutor(CLIENTS) as clients:
        started = time.monotonic()
        speaking = [clients.submit(speak) for _ in range(CLIENTS)]
        try:
            while not grows(client.status()) and time.monotonic() - started < GIVE_UP_S:
                time.sleep(0.05)
            took = time.monotonic() - started
        finally:
            enough.set()
        for each in speaking:
            each.result()
    return {"second_core_s": took}


def run() -> Result:
    """Measure both."""
    hog = under_strangers()
    say(f"strangers: {dict(hog)}")
    own = []
    for number in range(ROUNDS):
        own.append(under_own_load())
        say(f"own load {number + 1}/{ROUNDS}: {dict(own[-1])}")
    slowest = max(measure(own, "second_core_s"))
    return Result(
        title="Reacts to its own load only",
        arms={"strangers": [hog], "own_load": own},
        claims=[
            at_most(
                "changes of the allocation in 60 s of foreign load on every core",
                hog["reallocations"],
                0,
                "changes",
                "a busy loop per core, and a sentence of our own every second",
            ),
            at_most(
                "own saturation to the second core, slowest of three",
                slowest / COOLDOWN_S,
                2,
                "cooldowns",
                "default policy, from rest",
            ),
        ],
    )
