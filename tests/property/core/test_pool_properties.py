"""The pool machine under any order of targets, deaths and delays: cores stay exclusive,
and once the world is quiet the workers are what the target says.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as e
from tests.fixtures.defaults import fresh_pool

CORES = 6


@st.composite
def targets(draw: st.DrawFn) -> tuple[WorkerShape, ...]:
    """Disjoint shapes over some of the cores, as placement would give."""
    cores = draw(st.permutations(range(CORES)))
    shapes = []
    for slot in draw(st.lists(st.integers(0, 4), unique=True, max_size=4)):
        size = draw(st.integers(1, 3))
        if size > len(cores):
            break
        mine, cores = cores[:size], cores[size:]
        threads = draw(st.integers(1, size))
        shapes.append(WorkerShape(slot, tuple(sorted(mine)), threads))
    return tuple(shapes)


class PoolMachine(RuleBasedStateMachine):
    """The world outside the pool: processes that start, obey, refuse and die when they like."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = fresh_pool()
        self.now = 10.0
        self.alive: dict[int, frozenset[int]] = {}
        self.launching: set[int] = set()
        self.reshaping: dict[int, WorkerShape] = {}
        self.shape: dict[int, WorkerShape] = {}
        """What each process really is: its session's threads and the cores it is pinned to."""
        self.retiring: set[int] = set()
        self.dismissed: set[int] = set()
        self.employed: set[int] = set()
        self.slot_of: dict[int, int] = {}
        self.last_epoch = 0

    def tell(self, event: e.Event) -> None:
        for command in self.machine.handle(event):
            match command:
                case e.Launch(epoch=epoch, shape=shape):
                    assert epoch > self.last_epoch, "an epoch was used twice"
                    self.last_epoch = epoch
                    self.slot_of[epoch] = shape.slot
                    self.uses(epoch, shape.cpus)
                    self.shape[epoch] = shape
                    self.launching.add(epoch)
                case e.Employ(epoch=epoch):
                    self.employs(epoch)
                case e.Reshape(epoch=epoch, shape=shape):
                    self.uses(epoch, shape.cpus)
                    self.reshaping[epoch] = shape
                case e.Retire(epoch=epoch):
                    self.retiring.add(epoch)
                case e.Dismiss(epoch=epoch) | e.Kill(epoch=epoch):
                    self.dismissed.add(epoch)

    def uses(self, epoch: int, cpus: tuple[int, ...]) -> None:
        """From now on the process may be on `cpus`; nobody else may, but who it replaces."""
        for other, held in self.alive.items():
            same = self.slot_of[other] == self.slot_of[epoch]
            assert same or held.isdisjoint(cpus), "two workers on one core"
        self.alive[epoch] = self.alive.get(epoch, frozenset()) | set(cpus)

    def employs(self, epoch: int) -> None:
        """From now on it speaks; nobody else may on these cores."""
        assert epoch in self.alive, "employed before it lives"
        assert epoch not in self.launching, "employed before it is ready"
        assert epoch not in self.employed, "employed twice"
        for other in self.employed:
            assert self.alive[other].isdisjoint(self.alive[epoch]), "two workers speak on one core"
        self.employed.add(epoch)

    @rule(shapes=targets())
    def target(self, shapes: tuple[WorkerShape, ...]) -> None:
        self.tell(e.Target(self.now, shapes))

    @rule(data=st.data())
    def ready(self, data: st.DataObject) -> None:
        if self.launching:
            epoch = data.draw(st.sampled_from(sorted(self.launching)))
            self.launching.discard(epoch)
            self.tell(e.Ready(self.now, epoch, 0))

    @rule(data=st.data(), outcome=st.sampled_from(["done", "not built", "not moved"]))
    def reshaped(self, data: st.DataObject, outcome: str) -> None:
        """A failure keeps the session as it was, and the cores that its threads need."""
        if self.reshaping:
            epoch = data.draw(st.sampled_from(sorted(self.reshaping)))
            asked, before = self.reshaping.pop(epoch), self.shape[epoch]
            shape = asked
            if outcome != "done":
                stays = outcome == "not moved" or before.threads > len(asked.cpus)
                cpus = before.cpus if stays else asked.cpus
                shape = WorkerShape(asked.slot, cpus, before.threads)
            self.shape[epoch] = shape
            if epoch not in self.retiring:
                self.alive[epoch] = frozenset(shape.cpus)
            error = None if outcome == "done" else outcome
            self.tell(e.Reshaped(self.now, epoch, shape.threads, 1, error, shape.cpus))

    @rule(data=st.data())
    def freed(self, data: st.DataObject) -> None:
        if self.retiring:
            epoch = data.draw(st.sampled_from(sorted(self.retiring)))
            self.free(epoch)

    def free(self, epoch: int) -> None:
        self.retiring.discard(epoch)
        self.employed.discard(epoch)
        self.tell(e.Freed(self.now, epoch))

    @rule(data=st.data())
    def recycle(self, data: st.DataObject) -> None:
        """One worker is worn, or all are, or one that is gone already."""
        self.tell(e.Recycle(self.now, data.draw(st.none() | st.integers(0, self.last_epoch))))

    @rule(data=st.data(), jitter=st.floats(0, 0.999))
    def dies(self, data: st.DataObject, jitter: float) -> None:
        if self.alive:
            self.kill(data.draw(st.sampled_from(sorted(self.alive))), jitter)

    @rule(data=st.data(), jitter=st.floats(0, 0.999))
    def cannot_start(self, data: st.DataObject, jitter: float) -> None:
        if self.launching:
            self.kill(data.draw(st.sampled_from(sorted(self.launching))), jitter, e.NotStarted)

    def kill(
        self,
        epoch: int,
        jitter: float = 0.5,
        kind: type[e.Exited | e.NotStarted] = e.Exited,
    ) -> None:
        del self.alive[epoch]
        for group in (self.employed, self.launching, self.retiring, self.dismissed):
            group.discard(epoch)
        self.reshaping.pop(epoch, None)
        self.tell(kind(self.now, epoch, "killed", jitter))

    @rule(seconds=st.floats(0.01, 100))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tell(e.Tick(self.now))

    @invariant()
    def holds(self) -> None:
        self.machine.check()
        for cpu, slot in self.machine.core_holders.items():
            assert 0 <= cpu < CORES
            assert slot >= 0
        for epoch, shape in self.shape.items():
            assert shape.threads <= len(self.alive.get(epoch, shape.cpus)), "threads without cores"

    def teardown(self) -> None:
        """When everything obeys from now on, the pool reaches its target and stays there."""
        for _ in range(200):
            self.now += 1.0
            for epoch in list(self.dismissed):
                self.kill(epoch)
            for epoch in list(self.retiring):
                self.free(epoch)
            for epoch in list(self.launching):
                self.launching.discard(epoch)
                self.tell(e.Ready(self.now, epoch, 0))
            for epoch, shape in list(self.reshaping.items()):
                del self.reshaping[epoch]
                self.shape[epoch] = shape
                self.alive[epoch] = frozenset(shape.cpus)
                self.tell(e.Reshaped(self.now, epoch, shape.threads, 1))
            self.tell(e.Tick(self.now))
        refused = {n for n, slot in self.machine.slots.items() if slot.refused is not None}
        for number, shape in self.machine.target.items():
            if number not in refused:
                assert self.machine.slots[number].shape == shape, "the target was never reached"
        assert set(self.machine.slots) == set(self.machine.target)
        assert refused or self.machine.settled
        at_work = {slot.epoch for slot in self.machine.slots.values()}
        assert self.employed == at_work, "somebody waits for work that he never gets"
        assert not any(slot.worn for slot in self.machine.slots.values()), "worn for ever"


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
