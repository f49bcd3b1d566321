"""Count how often one event changes module inside the core, and the modules it meets.

Run from the project's root: `python -m scripts.switches`. A reader who follows a job has to
change rooms as often; h11, for comparison, changes 17 times for `next_event` and 21 for `send`.
The events are made by `events()`, the only place here that knows the product.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import FrameType

from supervisor.core.jobs import events as e
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs

Act = Callable[[], object]
PART = "/supervisor/core/"


def events() -> Iterator[tuple[str, Act]]:
    """One event after the other, by name, and what tells it to a machine."""
    jobs = fresh_jobs()
    request = JobRequest(
        speech=Speech(engine="hibari", voice="v"), sample_rate=24_000, segments=sentences("Hello.")
    )
    yield "WorkerReady", lambda: jobs.handle(e.WorkerReady(0.0, 1))
    commands: list[e.Command] = []
    submitted = e.Submitted(
        now=1.0, job="j", owner="me", client=b"c", request=request, credit=1 << 20, reference="r"
    )
    yield "Submitted", lambda: commands.extend(jobs.handle(submitted))
    run = next(command for command in commands if isinstance(command, e.RunSegment))
    spoken = e.SegmentSpoken(
        now=2.0,
        worker=run.worker,
        job=run.job,
        segment=run.segment,
        attempt=run.attempt,
        pieces=(b"pcm!" * 100,),
        synthesis_s=0.1,
    )
    yield "SegmentSpoken", lambda: jobs.handle(spoken)


def modules_of(act: Act) -> list[str]:
    """The module of each call that `act` makes inside the core, in order."""
    calls: list[str] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and PART in code.co_filename and not code.co_name.startswith("<"):
            calls.append(code.co_filename.split(PART, 1)[1])

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


def switches(calls: list[str]) -> int:
    """Count the calls that lead to another module than the one before."""
    return sum(one != other for one, other in pairwise(calls))


def main() -> None:
    """Print a line for each event."""
    for name, act in events():
        calls = modules_of(act)
        count = switches(calls)
        print(f"{name:14} {len(calls):3} calls, {len(set(calls)):2} modules, {count:2} switches")


if __name__ == "__main__":
    main()
