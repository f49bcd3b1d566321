"""CPU time of the decisions, once an interval, on a two-socket machine of 64 CPUs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from benchmarks.harness import Result, Sample, at_most, measure, median
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.placement import Placer
from supervisor.core.allocation.policy import Sampled
from supervisor.core.allocation.shape import WorkerShaper
from supervisor.core.machine import WorkerShape
from supervisor.simulate.scenario import MachineModel
from tests.fixtures.defaults import policy_with

MACHINE = MachineModel(64, sockets=2, smt=2).machine
USABLE = range(64)
FOREIGN = dict.fromkeys(USABLE, 0.02)
ROUNDS = 300


def run() -> Result:
    """Time every decision at rest, and placement also with one worker more."""
    allocator = DynamicCPUAllocator(policy_with(), 64)
    shaper = WorkerShaper(policy_with(), "auto")
    arms = {
        "allocation": _timed(lambda now: allocator.handle(Sampled(now, 60.0, 64))),
        "split": _timed(lambda now: shaper.decide(now, 48, 48.0, 0.5)),
    }
    for workers in (8, 24, 48):
        placer = Placer(MACHINE)
        in_force = _place(placer, workers, (), 0.0)
        for title, count in (("at rest", workers), ("one more", workers + 1)):
            arms[f"placement of {workers}, {title}"] = _timed(
                partial(_place, placer, count, in_force)
            )
    placement = [ms for arm in arms if "placement" in arm for ms in measure(arms[arm], "ms")]
    return Result(
        title="Deciding costs next to nothing",
        arms=arms,
        claims=[
            at_most("placement on 64 CPUs, median", median(placement), 1.0, "ms"),
            at_most("allocation, median", median(measure(arms["allocation"], "ms")), 0.05, "ms"),
        ],
    )


def _place(
    placer: Placer, workers: int, in_force: tuple[WorkerShape, ...], now: float
) -> tuple[WorkerShape, ...]:
    threads = [1] * workers
    return placer.place(now, threads, usable=USABLE, foreign=FOREIGN, in_force=in_force)


def _timed(decide: Callable[[float], object]) -> list[Sample]:
    samples: list[Sample] = []
    for step in range(1, ROUNDS + 1):
        started = time.perf_counter()
        decide(float(step))
        samples.append({"ms": 1000.0 * (time.perf_counter() - started)})
    return samples
