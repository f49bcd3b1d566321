"""Overhead of the pool over the engines' own work: two pinned workers against two bare sessions.

Beside the rates it is counted whose CPU time a second of audio takes: what the supervisor and
the client use of the two cores, the workers cannot.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil

from benchmarks.harness import Arm, Claim, Result, Sample, alternate, at_least, measure, median
from benchmarks.lean_client import POOL_OF_TWO, LeanClient, lean_client
from benchmarks.raw_session import sentences_per_second
from benchmarks.service import service
from benchmarks.texts import SENTENCES

ROUNDS = 3
SECONDS = {"hibari": 5.0, "kokoro": 15.0}
RATE = 24_000
IN_FLIGHT = (8, 16)


def run() -> Result:
    """Each engine in turns: the pool full of jobs, one session alone, and two at once."""
    arms: dict[str, list[Sample]] = {}
    claims: list[Claim] = []
    notes: list[str] = []
    for engine, seconds in SECONDS.items():
        settings = {**POOL_OF_TWO, "engines.default": engine, "engines.preload": [engine]}
        with service(settings) as running, lean_client(running.run_dir) as client:
            found = alternate(_arms(engine, seconds, client, running.pid), ROUNDS)
        arms |= {f"{engine}: {name}": samples for name, samples in found.items()}
        claims += _claims(engine, found)
        notes.append(_note(engine, found))
    return Result(title="The pool wastes nothing", arms=arms, claims=claims, notes=notes)


def _arms(engine: str, seconds: float, client: LeanClient, pid: int) -> dict[str, Arm]:
    pools: dict[str, Arm] = {
        _pool(jobs): partial(_loaded, engine, seconds, client, pid, jobs) for jobs in IN_FLIGHT
    }

    def alone() -> Sample:
        return {"sentences_per_s": sentences_per_second(engine, seconds, cpu=0)}

    def both() -> Sample:
        with ThreadPoolExecutor(2) as threads:
            rates = threads.map(partial(sentences_per_second, engine, seconds), (0, 1))
        return {"sentences_per_s": sum(rates)}

    return {**pools, "one session": alone, "two sessions at once": both}


def _pool(jobs: int) -> str:
    return f"pool, {jobs} in flight"


def _loaded(engine: str, seconds: float, client: LeanClient, pid: int, jobs: int) -> Sample:
    """The rate, and milliseconds of CPU time for a second of audio."""
    received, before = client.received, _cpu_s(pid)
    _audio, jobs_per_s = client.saturate(engine, SENTENCES, jobs, seconds, RATE)
    made = (client.received - received) / 4 / RATE
    spent = {name: value - before[name] for name, value in _cpu_s(pid).items()}
    return {
        "sentences_per_s": jobs_per_s,
        **{f"{name}_cpu_ms_per_audio_s": 1000 * value / made for name, value in spent.items()},
    }


def _cpu_s(pid: int) -> dict[str, float]:
    """CPU time so far of the supervisor, of everything it started, and of this process."""
    supervisor = psutil.Process(pid)
    return {
        "supervisor": sum(supervisor.cpu_times()[:2]),
        "workers": sum(sum(one.cpu_times()[:2]) for one in supervisor.children(recursive=True)),
        "client": time.process_time(),
    }


def _claims(engine: str, found: dict[str, list[Sample]]) -> list[Claim]:
    rate = {name: _middle(samples, "sentences_per_s") for name, samples in found.items()}
    how = f"sentences per second, median of {ROUNDS}; sessions of one pinned thread"
    return [
        at_least(
            f"{engine}: pool of two ÷ (2 × one session)",
            rate[_pool(8)] / (2 * rate["one session"]),
            0.95,
            "×",
            how,
        ),
        at_least(
            f"{engine}: pool with 16 jobs ÷ two sessions at once",
            rate[_pool(16)] / rate["two sessions at once"],
            0.97,
            "×",
            how,
        ),
    ]


def _note(engine: str, found: dict[str, list[Sample]]) -> str:
    """Share of the CPU time that went to others than the workers: as much as the pool can lose
    against sessions that have both cores for themselves.
    """
    ms = {
        name: _middle(found[_pool(16)], f"{name}_cpu_ms_per_audio_s")
        for name in ("supervisor", "workers", "client")
    }
    whole = sum(ms.values())
    shares = ", ".join(f"{name} {value:.3g} ms" for name, value in ms.items())
    return (
        f"{engine}: CPU time for a second of audio, 16 in flight: {shares}. The supervisor and "
        f"the client share the workers' two cores, so at most {ms['workers'] / whole:.3f} of "
        "what two bare sessions make can be reached here."
    )


def _middle(samples: list[Sample], name: str) -> float:
    return median(measure(samples, name))
