"""Memory that falls under load, and a small cgroup: workers go, no job is lost, the core stays.

Two scenes, each with `performance.memory` as it ships and with the watch switched off.

`falls`: hibari, as many workers as two cores take. MemAvailable (a file that is bound over
/proc/meminfo in a mount namespace) goes from 10 GB to 20 MB while both speak books and a sentence
comes every half a second. Counted are the seconds until one worker process is left, jobs that did
not end well, and sentences that were refused.

`cgroup`: Kokoro in a memory cgroup of 512 MB, with four workers wanted or as many as there are
cores, which all have long texts to speak. For each worker that there is no core for, strangers in
the group take 64 MB while they speak. Counted are the kernel's kills, whether the supervisor and
the template are those of the start, and jobs that did not end well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from benchmarks.falling_memory import MemoryGroup, bind_meminfo, can_bind, leave, memory_group
from benchmarks.harness import (
    Arm,
    LeftOut,
    Result,
    Sample,
    alternate,
    at_least,
    at_most,
    measure,
    say,
)
from supervisor.client import Busy, Client, SupervisorError
from supervisor.testing import PrivateSupervisor

ROUNDS = 2
START_S = 120.0
SENTENCE = "The ferry leaves the harbour at nine, and comes back in the evening. "
BOOK = SENTENCE * 100
CHAPTER = SENTENCE * 4
LEFT_MB = 20
PLENTY_MB = 10_000
PROMISED_S = 15.0
GROUP_MB = 512
STRANGER_MB = 24
"""Of one of them, beside the 8 MB of its interpreter."""
STRANGERS_A_WORKER = 2
SPOKEN_S = 18.0
QUIET_S = 6.0
TAKE = "import sys; kept = bytearray(b'x') * ({} << 20); sys.stdin.read()"
WORKERS = 4

SECTION = "performance.dynamic_cpu_allocation"
OFF = {
    "performance.memory.reserve_mb": None,
    "performance.memory.oom_score_adj.worker": None,
    "performance.memory.oom_score_adj.template": None,
}


def static(workers: int, engine: str) -> dict[str, Any]:
    """So many workers of one thread each, of one engine."""
    return {
        f"{SECTION}.min_cores": workers,
        f"{SECTION}.max_cores": workers,
        "pool.threads_per_worker": 1,
        "engines.default": engine,
        "engines.preload": [engine],
        "cache.enabled": False,  # One sentence again and again is to be work.
    }


def run() -> Result:
    """Both scenes, watched and not, in turns."""
    if not can_bind():
        raise LeftOut("no mount namespace can be made here (unshare --map-root-user --mount)")
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        raise LeftOut("two cores are needed: one worker is to go of two")
    workers = min(WORKERS, cores)
    samples = alternate(
        {"falls, watched": partial(falls, {}), "falls, not watched": partial(falls, OFF)},
        ROUNDS,
        warmup=0,
    )
    notes = []
    with memory_group(GROUP_MB) as group:
        grouped = group is not None
    if grouped:
        arms: dict[str, Arm] = {
            "cgroup, watched": partial(confined, {}, workers),
            "cgroup, not watched": partial(confined, OFF, workers),
        }
        samples |= alternate(arms, ROUNDS, warmup=0)
    else:
        notes.append("No memory cgroup can be made here: the second scene is left out.")
    if workers < WORKERS:
        notes.append(
            f"This machine has {cores} cores, so {workers} workers of Kokoro are wanted, "
            f"not {WORKERS}, and strangers take what the others would."
        )
    watched = samples["falls, watched"]
    claims = [
        at_most(
            f"{PLENTY_MB // 1000} GB → {LEFT_MB} MB under load: until one worker is left, worst",
            max(measure(watched, "one_worker_s")),
            PROMISED_S,
            "s",
            "from the write of the file to the end of the last other process",
        ),
        at_most("jobs lost meanwhile", sum(measure(watched, "jobs_lost")), 0, "jobs"),
    ]
    if grouped:
        held = samples["cgroup, watched"]
        claims += [
            at_least(
                f"supervisor and template live on in {GROUP_MB} MB, all rounds",
                min(measure(held, "core_lives")),
                1,
                "",
                f"Kokoro, {workers} workers wanted, all with long texts",
            ),
            at_most("jobs lost there", sum(measure(held, "jobs_lost")), 0, "jobs"),
        ]
    return Result(title="Memory falls under load", arms=samples, claims=claims, notes=notes)


class Reader:
    """A client that has one text spoken again and again, until it is told to stop."""

    def __init__(self, endpoint: str, text: str, pause_s: float = 0.0) -> None:
        self.ended = self.lost = self.refused = 0
        self._endpoint, self._text, self._pause_s = endpoint, text, pause_s
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Speak what was begun to its end, and no more."""
        self._enough.set()

    def stop(self) -> None:
        """The same, and wait for it."""
        self.finish()
        self._thread.join()

    def _read(self) -> None:
        with Client(self._endpoint) as client:
            while not self._enough.wait(self._pause_s):
                try:
                    client.synthesize(self._text)
                    self.ended += 1
                except Busy:
                    self.refused += 1
                    self._enough.wait(0.5)
                except SupervisorError as error:
                    self.lost += 1
                    say(f"a job was lost: {error}")


def falls(settings: Mapping[str, Any]) -> Sample:
    """The first scene, once."""
    with started({**static(2, "hibari"), **settings}) as (supervisor, meminfo):
        leave(meminfo, PLENTY_MB)
        readers = [Reader(supervisor.endpoint, BOOK) for _ in range(2)]
        sentences = Reader(supervisor.endpoint, SENTENCE, pause_s=0.5)
        with supervisor.client() as client:
            workers = wait_for(client, 2, 30.0)
            time.sleep(3.0)  # Under load for a while: both speak.
            for reader in readers:
                reader.finish()  # What is begun is long enough; more would be refused, rightly.
            leave(meminfo, LEFT_MB)
            began = time.monotonic()
            left = wait_for(client, 1, PROMISED_S)
            took = time.monotonic() - began
            memory = client.status()["allocation"]["memory"]["state"]
            for reader in (*readers, sentences):
                reader.stop()
        all_of = (*readers, sentences)
        say(f"{len(workers)} → {len(left)} workers, memory {memory}")
        return {
            "one_worker_s": took,
            "workers_left": len(left),
            "jobs_ended": sum(each.ended for each in all_of),
            "jobs_lost": sum(each.lost for each in all_of),
            "books_refused": sum(each.refused for each in readers),
            "sentences_ended": sentences.ended,
            "sentences_refused": sentences.refused,
        }


@contextmanager
def started(settings: Mapping[str, Any]) -> Iterator[tuple[PrivateSupervisor, Any]]:
    """A supervisor that reads a file for /proc/meminfo."""
    supervisor = PrivateSupervisor(settings, start_timeout_s=START_S)
    meminfo = bind_meminfo(supervisor, PLENTY_MB)
    with supervisor:
        yield supervisor, meminfo
        supervisor.stop(timeout=60.0)


def wait_for(client: Client, count: int, timeout_s: float) -> list[dict[str, Any]]:
    """The workers, once there are so many processes, or after that time."""
    deadline = time.monotonic() + timeout_s
    while True:
        workers: list[dict[str, Any]] = client.status()["workers"]
        found = [each for each in workers if each["pid"]]
        if len(found) == count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def confined(settings: Mapping[str, Any], workers: int) -> Sample:
    """The second scene, once."""
    with memory_group(GROUP_MB) as group:
        if group is None:
            raise LeftOut("no memory cgroup can be made here any more")
        supervisor = PrivateSupervisor(
            {**static(workers, "kokoro"), **settings}, start_timeout_s=START_S
        )
        group.enter(supervisor)
        with supervisor:
            return speak_in(group, supervisor, workers)


@contextmanager
def strangers(group: MemoryGroup) -> Iterator[Callable[[], None]]:
    """Gives a function that has one more process take memory in the group."""
    taking: list[subprocess.Popen[bytes]] = []

    def another() -> None:
        program = [sys.executable, "-S", "-c", TAKE.format(STRANGER_MB)]
        taking.append(subprocess.Popen(group.moved(program), stdin=subprocess.PIPE))

    try:
        yield another
    finally:
        for process in taking:
            process.kill()
            process.communicate()


def speak_in(group: MemoryGroup, supervisor: PrivateSupervisor, workers: int) -> Sample:
    """Long texts for every worker; what became of them, and of the processes."""
    with supervisor.client() as client:
        template = client.status()["supervisor"]["template_pid"]
        readers = [Reader(supervisor.endpoint, CHAPTER) for _ in range(workers + 1)]
        found: list[int] = []
        with strangers(group) as another:
            began, wanted = time.monotonic(), (WORKERS - workers) * STRANGERS_A_WORKER
            while (elapsed := time.monotonic() - began) < SPOKEN_S:
                if wanted and elapsed > QUIET_S and len(found) % 2:
                    another()
                    wanted -= 1
                with suppress(SupervisorError):
                    found.append(sum(bool(each["pid"]) for each in client.status()["workers"]))
                time.sleep(0.5)
            for reader in readers:
                reader.stop()
        lives = False
        with suppress(SupervisorError):
            lives = client.status()["supervisor"]["template_pid"] == template
    return {
        "core_lives": float(lives),
        "kernel_kills": group.kills,
        "jobs_ended": sum(each.ended for each in readers),
        "jobs_lost": sum(each.lost for each in readers),
        "jobs_refused": sum(each.refused for each in readers),
        "most_workers": max(found, default=0),
        "workers_left": found[-1] if found else 0,
        "peak_mb": group.peak_bytes / 1e6,
    }


if __name__ == "__main__":
    print(run())
