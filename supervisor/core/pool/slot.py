"""A worker slot: its number stays, the process in it may change."""

from __future__ import annotations

from typing import Literal

from supervisor.core.machine import WorkerShape

SlotState = Literal["backoff", "fatal", "starting", "ready", "reshaping", "retiring", "leaving"]
"""backoff: no process, waits for `wake_at`. fatal: the same after it failed too often; it is
parked for long. starting: launched, not ready. ready: in its shape. reshaping: on its way to
another shape, still working. retiring: gets no new segment. leaving: told to go (or killed),
not yet gone."""


class Slot:
    """The state of one slot. Only `machine.Pool` changes it.

    `shape` is the last ordered shape, `held` the cores that the worker may be using: during
    a reshape both the old and the new ones. `refused` is a shape that the worker could not
    take; it is not tried again until the target changes. `worn`: the worker is to be
    replaced, from `wake_at` on if that is set; so is one that could not give up cores.

    `unstarted`: failed starts of a process in a row.

    `predecessor` is the epoch of a worker that this one replaces and that still exists:
    they share the slot's cores. The new one gets its first segment (`employed`) when the
    old one runs nothing any more.
    """

    __slots__ = (
        "employed",
        "epoch",
        "generation",
        "held",
        "last_exit",
        "number",
        "predecessor",
        "refused",
        "shape",
        "state",
        "unstarted",
        "wake_at",
        "worn",
    )

    def __init__(self, number: int, shape: WorkerShape) -> None:
        self.number = number
        self.shape = shape
        self.state: SlotState = "backoff"
        self.epoch = 0
        self.held: frozenset[int] = frozenset()
        self.generation = 0
        self.wake_at: float | None = None
        self.refused: WorkerShape | None = None
        self.last_exit: str | None = None
        self.worn = False
        self.unstarted = 0
        self.predecessor: int | None = None
        self.employed = False

    @property
    def at_work(self) -> bool:
        """Whether it has a worker that takes segments, now or when its predecessor has ended."""
        return self.state in {"ready", "reshaping"}

    @property
    def waiting(self) -> bool:
        """Whether it has no process, and waits for its time."""
        return self.state in {"backoff", "fatal"}

    def begin(self, epoch: int, shape: WorkerShape, deadline: float) -> None:
        """Note that a process is being started, which has to be ready by `deadline`."""
        self.epoch = epoch
        self.shape = shape
        self.held = frozenset(shape.cpus)
        self.state = "starting"
        self.wake_at = deadline
        self.generation = 0
        self.refused = None
        self.worn = False
        self.employed = False
