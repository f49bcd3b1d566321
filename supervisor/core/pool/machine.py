"""The worker-slot state machine: brings the workers that exist to the workers that are wanted.

`Target` lists the wanted slots, with the cores and threads of each. The machine launches,
reshapes and retires workers until that is so, one safe step at a time: a core that one
worker still holds is never given to another, whatever the target says. It restarts workers
that die, with exponential backoff, parks a slot whose workers keep dying, and condemns
workers that hang (`health`).

Segments are left to `core.jobs`, processes to `supervisor.pool`. Random numbers (for
backoff) come in with the events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as e
from supervisor.core.pool.health import Health, HealthPolicy
from supervisor.core.pool.restarts import RestartPolicy, Restarts
from supervisor.core.pool.slot import Slot


class Pool:
    """Every worker slot, and the cores that each one holds."""

    def __init__(self, restarts: RestartPolicy, health: HealthPolicy) -> None:
        self.slots: dict[int, Slot] = {}
        """Live workers and slots that wait to be started, by slot number."""
        self.target: dict[int, WorkerShape] = {}
        self.restarts = Restarts(restarts)
        self._health = Health(health)
        self.stopping = False
        self._epoch = 0
        self._by_epoch: dict[int, Slot] = {}
        self._leaving: dict[int, Slot] = {}
        """Workers (by epoch) that are out of the target but still hold cores."""
        self._successors: dict[int, Slot] = {}
        """Workers that start in order to replace one that works yet, by slot number."""
        self._commands: list[e.Command] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.Configured: self._configured,
            e.Target: self._target,
            e.Ready: self._ready,
            e.Reshaped: self._reshaped,
            e.Freed: self._freed,
            e.Recycle: self._recycle,
            e.Exited: self._exited,
            e.NotStarted: self._not_started,
            e.Looked: self._looked,
            e.Tick: lambda _event: None,
            e.Stop: self._stop,
        }

    def handle(self, event: e.Event) -> list[e.Command]:
        """Take one event; return the commands that follow from it, in order."""
        self._commands = []
        self._handlers[type(event)](event)
        self._reconcile(event.now)
        return self._commands

    # -- queries -------------------------------------------------------------------------

    @property
    def core_holders(self) -> dict[int, int]:
        """Core id -> slot number, for every core that a process holds now."""
        return {cpu: slot.number for slot in self._by_epoch.values() for cpu in slot.held}

    @property
    def settled(self) -> bool:
        """Whether every wanted worker is ready in its wanted shape, and no other exists."""
        return not (self._leaving or self._successors) and all(
            number in self.slots
            and self.slots[number].shape == shape
            and self.slots[number].state == "ready"
            for number, shape in self.target.items()
        )

    @property
    def empty(self) -> bool:
        """Whether no worker process is left."""
        return not self._by_epoch

    @property
    def workers(self) -> list[Slot]:
        """Every slot with a process, and those that wait for one."""
        return sorted(
            [*self.slots.values(), *self._successors.values(), *self._leaving.values()],
            key=lambda s: (s.number, s.epoch),
        )

    def next_wakeup(self) -> float | None:
        """Time of the latest useful `Tick`: a backoff ends, or a start has taken too long."""
        slots = (*self.slots.values(), *self._successors.values())
        return min((slot.wake_at for slot in slots if slot.wake_at is not None), default=None)

    @property
    def fatal(self) -> list[Slot]:
        """Slots that are parked because their workers kept dying."""
        return [slot for slot in self.slots.values() if slot.state == "fatal"]

    # -- events -------------------------------------------------------------------------

    def _configured(self, event: e.Configured) -> None:
        self.restarts.policy = event.restarts
        self._health.policy = event.health

    def _target(self, event: e.Target) -> None:
        if not self.stopping:
            self.target = {shape.slot: shape for shape in event.shapes}

    def _ready(self, event: e.Ready) -> None:
        slot = self._by_epoch.get(event.epoch)
        if slot is None or slot.state != "starting":
            return
        slot.state = "ready"
        slot.wake_at = None
        slot.generation = event.generation
        self.restarts.started(slot.number, event.now)
        self._retry_unstarted(slot)
        if self._successors.get(slot.number) is slot:
            old, self.slots[slot.number] = (
                self.slots[slot.number],
                self._successors.pop(slot.number),
            )
            self._retire(old)
        elif not self._may_speak(slot.predecessor):
            self._employ(slot)

    def _may_speak(self, epoch: int | None) -> bool:
        """Whether this worker was replaced and has not yet finished its last segment."""
        old = None if epoch is None else self._leaving.get(epoch)
        return old is not None and old.state == "retiring"

    def _employ(self, slot: Slot) -> None:
        slot.employed = True
        self._commands.append(e.Employ(slot.epoch))

    def _employ_successor(self, epoch: int) -> None:
        """Employ the successor of a worker that runs nothing any more."""
        for slot in self.slots.values():
            if slot.predecessor == epoch and slot.at_work and not slot.employed:
                self._employ(slot)

    def _reshaped(self, event: e.Reshaped) -> None:
        slot = self._by_epoch.get(event.epoch)
        if slot is None or slot.state != "reshaping":
            return
        slot.state = "ready"
        slot.generation = event.generation
        if event.error is not None:
            self._note_kept_session(slot, event)
        slot.held = frozenset(slot.shape.cpus)

    def _note_kept_session(self, slot: Slot, event: e.Reshaped) -> None:
        """Note a worker that kept its session, and so its cores: no other worker gets these.

        A worker that does not give up cores is replaced: a new process has one thread at first.
        """
        asked = slot.shape.cpus
        cpus = tuple(sorted(slot.held.intersection(event.cpus))) or asked
        if event.threads > len(cpus):
            cpus = tuple(sorted(slot.held))
        slot.shape = WorkerShape(slot.number, cpus, event.threads)
        slot.refused = self.target.get(slot.number)
        slot.worn = slot.worn or cpus != asked

    def _freed(self, event: e.Freed) -> None:
        slot = self._by_epoch.get(event.epoch)
        if slot is not None and slot.state == "retiring":
            slot.state = "leaving"
            self._commands.append(e.Dismiss(slot.epoch))
            self._employ_successor(slot.epoch)

    def _recycle(self, event: e.Recycle) -> None:
        for slot in (*self.slots.values(), *self._successors.values()):
            if event.epoch in {None, slot.epoch}:
                slot.worn = True

    def _retry_unstarted(self, slot: Slot) -> None:
        """Retry at once the slots for which no process could be started: one could be now."""
        slot.unstarted = 0
        for other in self.slots.values():
            if other.unstarted and other.state in {"backoff", "ready"}:
                other.wake_at = None

    def _exited(self, event: e.Exited) -> None:
        slot = self._forget_process(event.epoch)
        if slot is None:
            return
        slot.unstarted = 0
        held = self.restarts.held_until(event.now)
        delay = self.restarts.delay(slot.number, len(self.target), event.now, event.jitter)
        until = self.restarts.held_until(event.now)
        if until is not None and until != held:
            self._commands.append(e.Hold(event.reason, until - event.now))
        self._back_off(slot, event.now + delay, event.reason)

    def _not_started(self, event: e.NotStarted) -> None:
        slot = self._forget_process(event.epoch)
        if slot is None:
            return
        waiting = self.slots.get(slot.number, slot)
        waiting.unstarted += 1
        again_at = event.now + self.restarts.retry(waiting.unstarted, event.jitter)
        self._back_off(slot, again_at, event.reason)

    def _forget_process(self, epoch: int) -> Slot | None:
        """Forget a process that is gone or never came; return the slot that may need another."""
        slot = self._by_epoch.pop(epoch, None)
        if slot is None:
            return None
        was_leaving = self._leaving.pop(epoch, None) is not None
        if was_leaving:
            self._employ_successor(epoch)
        for other in self.workers:
            if other.predecessor == epoch:
                other.predecessor = None
        return None if was_leaving else slot

    def _back_off(self, slot: Slot, again_at: float, reason: str) -> None:
        """Let a slot that lost its process, or the successor of it, wait for the next start."""
        successor = self._successors.pop(slot.number, None)
        if successor is slot:  # The worker that it was to replace is still there.
            self.slots[slot.number].wake_at = again_at
            return
        if successor is not None:
            self.slots[slot.number] = successor
            successor.last_exit = reason
            return
        slot.held = frozenset()
        slot.state = "backoff"
        slot.wake_at = again_at
        slot.last_exit = reason

    def _looked(self, event: e.Looked) -> None:
        for hang in self._health.looked(event.now, event.found):
            self._commands.append(e.Condemn(hang.worker, hang.reason))

    def _stop(self, _event: e.Stop) -> None:
        self.stopping = True
        self.target = {}

    # -- towards the target -------------------------------------------------------------

    def _reconcile(self, now: float) -> None:
        self._kill_slow_starts(now)
        for number in [
            n for n, successor in self._successors.items() if self._is_useless(successor)
        ]:
            self._retire(self._successors.pop(number))
        for number in [n for n in self.slots if n not in self.target]:
            self._retire(self.slots.pop(number))
        for shape in self.target.values():
            self._approach(shape, now)
        self._replace_worn(now)
        self._break_cycle()

    def _approach(self, shape: WorkerShape, now: float) -> None:
        """Take the next safe step of one slot towards its shape."""
        slot = self.slots.get(shape.slot)
        if slot is None:
            slot = self.slots[shape.slot] = Slot(shape.slot, shape)
        if slot.state == "ready":
            if shape not in {slot.shape, slot.refused}:
                self._reshape(slot, shape)
        elif slot.waiting and (slot.wake_at or 0.0) <= now:
            self._start_again(slot, shape, now)

    def _start_again(self, slot: Slot, shape: WorkerShape, now: float) -> None:
        parked_until = self.restarts.parked_until(slot.number, now)
        if parked_until is not None:
            slot.state, slot.wake_at = "fatal", parked_until
            self._commands.append(e.Park(slot.number, slot.last_exit or "", parked_until - now))
            return
        slot.state, slot.wake_at = "backoff", self.restarts.held_until(now)
        if slot.wake_at is None and self._free_for(shape.cpus, slot):
            self._launch(slot, shape, now)

    def _launch(self, slot: Slot, shape: WorkerShape, now: float) -> None:
        self._epoch += 1
        slot.begin(self._epoch, shape, now + self.restarts.policy.start_timeout_s)
        self._by_epoch[slot.epoch] = slot
        self._commands.append(e.Launch(slot.epoch, shape))

    def _reshape(self, slot: Slot, shape: WorkerShape) -> None:
        """Move a worker to `shape`, or first give up the cores that others may be waiting for."""
        if not self._free_for(shape.cpus, slot):
            kept = tuple(sorted(slot.held & set(shape.cpus)))
            if not kept or kept == slot.shape.cpus:
                return
            shape = WorkerShape(slot.number, kept, min(shape.threads, len(kept)))
        slot.state = "reshaping"
        slot.shape = shape
        slot.held |= frozenset(shape.cpus)
        slot.refused = None
        self._commands.append(e.Reshape(slot.epoch, shape))

    def _retire(self, slot: Slot) -> None:
        if slot.epoch not in self._by_epoch:
            return
        self._leaving[slot.epoch] = slot
        if slot.state == "starting":
            slot.state = "leaving"
            self._commands.append(e.Kill(slot.epoch, e.NOT_WANTED))
        else:
            slot.state = "retiring"
            self._commands.append(e.Retire(slot.epoch))

    def _free_for(self, cpus: tuple[int, ...], slot: Slot) -> bool:
        return all(
            other is slot or _related(slot, other) or other.held.isdisjoint(cpus)
            for other in self._by_epoch.values()
        )

    def _replace_worn(self, now: float) -> None:
        """Start the successor of one worn worker, while nothing else is under way."""
        slots = self.slots.values()
        if self._leaving or self._successors:
            return
        if any(slot.state in {"starting", "reshaping"} for slot in slots):
            return
        worn = next((slot for slot in slots if self._replaceable(slot)), None)
        if worn is None or (worn.wake_at or 0.0) > now:
            return
        worn.wake_at = self.restarts.held_until(now)
        if worn.wake_at is not None:
            return
        shape = self.target[worn.number]
        successor = self._successors[worn.number] = Slot(worn.number, shape)
        successor.predecessor = worn.epoch
        successor.last_exit = worn.last_exit
        self._launch(successor, shape, now)

    def _replaceable(self, slot: Slot) -> bool:
        """Whether a worker is worn, and its slot has the cores that it is to have."""
        wanted = self.target[slot.number]
        return (
            slot.worn
            and slot.state == "ready"
            and wanted in {slot.shape, slot.refused}
            and self._free_for(wanted.cpus, slot)
        )

    def _is_useless(self, successor: Slot) -> bool:
        """Whether a successor is of no use: the worker to be replaced is to change or go."""
        return self.target.get(successor.number) != successor.shape

    def _break_cycle(self) -> None:
        """Retire one of two workers that wait for each other's cores: a deadlock.

        Nothing is under way (no start, no reshape, no exit), yet some slot is not in its
        wanted shape: only a cycle of held cores can be the cause.
        """
        if self._leaving or self._successors:
            return
        if any(slot.state in {"starting", "reshaping"} for slot in self.slots.values()):
            return
        for number, shape in self.target.items():
            slot = self.slots[number]
            if slot.state == "ready" and self._waits_for_cores(slot, shape):
                self._retire(self.slots.pop(number))
                return

    def _waits_for_cores(self, slot: Slot, wanted: WorkerShape) -> bool:
        """Whether the slot, or its successor, waits for cores of others."""
        if wanted == slot.refused:
            return slot.worn and not self._free_for(wanted.cpus, slot)
        return wanted != slot.shape

    def _kill_slow_starts(self, now: float) -> None:
        for slot in (*self.slots.values(), *self._successors.values()):
            if slot.state == "starting" and slot.wake_at is not None and slot.wake_at <= now:
                slot.wake_at = None
                self._commands.append(e.Kill(slot.epoch, "did not become ready in time"))

    # -- proof --------------------------------------------------------------------------

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken; tests call it after every event."""
        for slot in self._by_epoch.values():
            assert slot.held.issuperset(slot.shape.cpus), f"slot {slot.number} uses foreign cores"
            assert slot.shape.threads <= len(slot.held), f"slot {slot.number}: too many threads"
            for other in self._by_epoch.values():
                assert other is slot or _related(slot, other) or other.held.isdisjoint(slot.held), (
                    f"epochs {slot.epoch} and {other.epoch} hold a core together"
                )
        for slot in self.slots.values():
            alive = slot.epoch in self._by_epoch
            assert alive != slot.waiting, f"slot {slot.number}: {slot.state}, {alive}"
            both = slot.employed and self._may_speak(slot.predecessor)
            assert not both, f"slot {slot.number}: two workers speak on its cores"


def _related(one: Slot, other: Slot) -> bool:
    """Whether one of two workers replaces the other, on the cores of their slot."""
    return other.epoch == one.predecessor or one.epoch == other.predecessor
