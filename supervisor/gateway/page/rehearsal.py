"""Simulation of the recorded hour, as a process: a Task on stdin, a Result on stdout.

    python -m supervisor.gateway.page.rehearsal CPU_SECONDS

The load is the work that was done plus the growth of the queue. It is played twice, under the
settings in force and under those on trial: the difference between the first run and the record is
the simulation's error.
"""

from __future__ import annotations

import os
import resource
import sys
from itertools import pairwise
from typing import Any

import msgspec

from supervisor.gateway.page.recorder import Sample
from supervisor.gateway.page.series import Point, summary, thinned
from supervisor.gateway.page.task import Result, Task
from supervisor.simulate.run import Run, simulate
from supervisor.simulate.scenario import ENGINES, EngineModel, MachineModel, Scenario
from supervisor.simulate.trace import Level, from_levels
from supervisor.simulate.workload import SegmentSource, Workload

MOST_SEGMENTS = 12_000
"""An hour with more is played with fewer, longer ones: its load is the same."""

MEMORY_BYTES = 1 << 30


def run(task: Task) -> Result:
    """Simulate the hour under both settings."""
    engine = ENGINES.get(task.engine, EngineModel())
    machine = MachineModel(task.cores)
    workload = load(task.samples, engine)
    played = [
        simulate(Scenario(machine, engine, policy), workload)
        for policy in (task.in_force, task.trial)
    ]
    return Result(*(_shown(each) for each in played))


def load(samples: list[Sample], engine: EngineModel) -> Workload:
    """The recorded load in cores, as arrivals."""
    usual = SegmentSource(engine)
    demands = _demands(samples, usual.work_s)
    work_s = sum(elapsed * demand for _, elapsed, demand in demands)
    characters = max(usual.characters, work_s / engine.seconds_per_character / MOST_SEGMENTS)
    origin = demands[0][0] if demands else 0.0
    levels = [Level(time_s - origin, demand) for time_s, _, demand in demands]
    return from_levels("the recorded hour", levels, SegmentSource(engine, characters))


def _demands(samples: list[Sample], segment_s: float) -> list[tuple[float, float, float]]:
    """Time, length and load in cores of each interval; a segment counts as `segment_s` of work.

    Where the queue shrinks by more than was done (work was cancelled, or its segments were
    shorter than `segment_s`), it had grown by too much before, and that is taken off there: from
    an empty queue to an empty queue the load is the work done.
    """
    found: list[tuple[float, float, float]] = []
    excess_s = 0.0
    for before, after in reversed(list(pairwise(samples))):
        elapsed = after.time_s - before.time_s
        done_s = after.utilization / 100.0 * after.leased * elapsed
        came_s = done_s + (after.queue - before.queue) * segment_s - excess_s
        excess_s = max(0.0, -came_s)
        found.append((before.time_s, elapsed, max(0.0, came_s) / elapsed))
    return found[::-1]


def _shown(played: Run) -> dict[str, Any]:
    points = [Point(step.time_s, step.utilization, step.cores) for step in played.steps]
    return {
        "points": thinned(points),
        "summary": summary(
            points,
            changes=len(played.changes),
            core_seconds=played.core_seconds,
            waits=played.waits,
        ),
    }


def main() -> None:
    """Run at the lowest priority with a CPU limit; read the task, write the result."""
    os.nice(19)
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(run(task)))


if __name__ == "__main__":
    main()
