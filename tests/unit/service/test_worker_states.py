"""The state that the status has for a worker, and whether one in that state takes work.

The real machines of the pool and of the jobs, wired as the supervisor wires them; what a
worker really gets is what the job machine gives to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, get_args

import pytest

from supervisor.core.jobs import events as j
from supervisor.core.jobs.machine import Jobs
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as p
from supervisor.core.pool.machine import Pool
from supervisor.core.pool.restarts import RestartPolicy
from supervisor.core.pool.slot import Slot, SlotState
from supervisor.service.status import worker_state
from supervisor.wire.status import TAKES_WORK, WORKER_STATES, WorkerState
from tests.fixtures.defaults import fresh_jobs, fresh_pool
from tests.fixtures.virtual_pool import PLENTY, book

NARROW, WIDE = WorkerShape(0, (0,), 1), WorkerShape(0, (0, 1), 2)


class Rig:
    """Both machines. `slot` is the one that a story ends with; `condemned`: epochs being ended."""

    def __init__(self) -> None:
        self.pool = fresh_pool(
            RestartPolicy(intensity=4, window_s=60.0, base_s=1.0, parked_s=100.0)
        )
        self.jobs = fresh_jobs(PLENTY)
        self.condemned: set[int] = set()
        self.runs: deque[j.RunSegment] = deque()
        self.given: list[int] = []
        """Workers in the order in which they got segments."""
        self.submitted = 0
        self.tell(p.Target(0.0, (NARROW,)))

    def tell(self, event: Any) -> None:
        """Hand an event to its machine, and carry out what it answers."""
        machine: Jobs | Pool = self.pool if type(event) in get_args(p.Event) else self.jobs
        for command in machine.handle(event):
            match command:
                case p.Employ(epoch=epoch):
                    self.tell(j.WorkerReady(0.0, epoch))
                case p.Retire(epoch=epoch):
                    self.tell(j.WorkerRetired(0.0, epoch))
                case j.WorkerFree(worker=epoch):
                    self.tell(p.Freed(0.0, epoch))
                case j.CutText(job=job):
                    self.tell(j.CutTurn(0.0, job))
                case j.RunSegment():
                    self.runs.append(command)
                    self.given.append(command.worker)

    def ready(self) -> Slot:
        """The newest worker is ready; its slot."""
        slot = self.pool.workers[-1]
        self.tell(p.Ready(0.0, slot.epoch, 0))
        return slot

    def submit(self) -> None:
        """One more job, of one segment."""
        self.submitted += 1
        job = f"job{self.submitted}"
        self.tell(
            j.Submitted(
                now=0.0,
                job=job,
                owner="o",
                client=b"c",
                request=book([1], 1),
                credit=1 << 40,
                reference=job,
                flow=job,
            )
        )

    def speak(self) -> None:
        """The oldest running segment is spoken."""
        run = self.runs.popleft()
        self.tell(
            j.SegmentSpoken(
                now=0.0,
                worker=run.worker,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                pieces=(b"pcm!",),
                synthesis_s=1.0,
            )
        )

    def lose(self, slot: Slot) -> None:
        """Its process ends."""
        self.runs = deque(run for run in self.runs if run.worker != slot.epoch)
        self.tell(j.WorkerLost(0.0, slot.epoch, "killed"))
        self.tell(p.Exited(0.0, slot.epoch, "killed", 0.5))

    def state(self, slot: Slot) -> WorkerState:
        """As the status has it."""
        idle, condemned = self.jobs.is_idle(slot.epoch), slot.epoch in self.condemned
        return worker_state(slot, idle=idle, condemned=condemned)

    def takes_work(self, slot: Slot) -> bool:
        """Whether this worker gets any of the jobs that are handed in now, while no process
        starts, changes or ends: everybody speaks until there is nothing left.
        """
        self.given.clear()
        for _ in range(3):
            self.submit()
        while self.runs:
            self.speak()
        return slot.epoch in self.given


def starting(rig: Rig) -> Slot:
    """Launched, and not heard of."""
    return rig.pool.slots[0]


def idle(rig: Rig) -> Slot:
    """Ready, with nothing to do."""
    return rig.ready()


def busy(rig: Rig) -> Slot:
    """Ready, with a segment."""
    slot = rig.ready()
    rig.submit()
    return slot


def reshaping(rig: Rig) -> Slot:
    """Told to take another shape in the middle of a segment."""
    slot = busy(rig)
    rig.tell(p.Target(0.0, (WIDE,)))
    return slot


def replaced(rig: Rig) -> tuple[Slot, Slot]:
    """The worker that speaks its last segment, and the one that replaces it."""
    old = busy(rig)
    rig.tell(p.Recycle(0.0, old.epoch))
    return old, rig.ready()


def retiring(rig: Rig) -> Slot:
    """The old one of the two."""
    return replaced(rig)[0]


def standby(rig: Rig) -> Slot:
    """The new one of the two."""
    return replaced(rig)[1]


def standby_reshaping(rig: Rig) -> Slot:
    """Another shape is wanted before it has spoken at all."""
    slot = standby(rig)
    rig.tell(p.Target(0.0, (WIDE,)))
    return slot


def leaving(rig: Rig) -> Slot:
    """Not wanted any more, with nothing to finish."""
    slot = idle(rig)
    rig.tell(p.Target(0.0, ()))
    return slot


def ending(rig: Rig) -> Slot:
    """As `Workers` does with one that hangs."""
    slot = busy(rig)
    rig.tell(j.WorkerRetired(0.0, slot.epoch))
    rig.condemned.add(slot.epoch)
    return slot


def ending_in_a_reshape(rig: Rig) -> Slot:
    """It hangs where it builds its session."""
    slot = reshaping(rig)
    rig.tell(j.WorkerRetired(0.0, slot.epoch))
    rig.condemned.add(slot.epoch)
    return slot


def backoff(rig: Rig) -> Slot:
    """The first restart comes at once, the second one waits."""
    slot = idle(rig)
    rig.lose(slot)
    rig.lose(slot)
    return slot


def fatal(rig: Rig) -> Slot:
    """Its process ends as often as it starts."""
    slot = rig.pool.slots[0]
    for second in range(0, 50, 10):
        rig.lose(slot)
        rig.tell(p.Tick(second + 10.0))
    return slot


STORIES: dict[Callable[[Rig], Slot], WorkerState] = {
    starting: "starting",
    idle: "idle",
    busy: "busy",
    reshaping: "reshaping",
    standby_reshaping: "reshaping",
    standby: "standby",
    retiring: "retiring",
    leaving: "leaving",
    ending: "ending",
    ending_in_a_reshape: "ending",
    backoff: "backoff",
    fatal: "fatal",
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_worker_takes_work_in_just_those_states(story: Callable[[Rig], Slot]) -> None:
    """What the status says of it is what the job machine then does."""
    rig = Rig()
    slot = story(rig)
    state = rig.state(slot)
    assert state == STORIES[story]
    assert rig.takes_work(slot) == (state in TAKES_WORK)


def test_every_state_has_its_story() -> None:
    """None was forgotten, here or in the rule; a slot's own states are all among them."""
    assert set(STORIES.values()) == set(WORKER_STATES)
    assert set(WORKER_STATES) >= TAKES_WORK
    assert set(get_args(SlotState)) - {"ready"} < set(WORKER_STATES)
