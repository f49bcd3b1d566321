"""Detection of hung workers, by their progress and CPU time, never by the clock alone.

A worker hangs if it shows no sign of life for `hang_timeout_s`. While it runs a segment, a
sign is progress or CPU time: a missed heartbeat is no proof, for native code may keep the
interpreter's lock for long while it computes. While it is idle, a sign is an answer to a
heartbeat. A worker also hangs, however busy, if its segment is far overdue: it may be in an
endless loop. The expected time comes with the segment, as it was when the segment began: the
job machine learns it by engine, voice and speed, and gives 0 as long as it only guesses.

A worker that waits for a program of its own, and still answers, does not hang: an
engine may have its model made at first use, and bounds that itself.

Only observed time counts, so that a supervisor that was stopped, or a machine that slept,
condemns no worker. All input comes with `Looked`: that a segment is another one, and
that a worker is gone. Ending a worker that hangs is left to the shell.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

_LONGEST_STEP_S = 3.0
"""Time between two looks that counts at most."""

_CPU_SHARE = 0.005
"""CPU time per second below which a worker does nothing: answering heartbeats takes less."""

_CPU_TICK_S = 0.01
"""CPU time comes in steps of this size."""


class HealthPolicy(msgspec.Struct, frozen=True):
    """Times in seconds. A segment may take `overdue_factor` times what was predicted, and
    always `overdue_min_s`: that is enough to load a model first.
    """

    hang_timeout_s: float
    overdue_factor: float
    overdue_min_s: float


class Running(msgspec.Struct, frozen=True):
    """The segment that a worker runs since `began`. `expected_s`: its predicted seconds; 0 where
    these are not known.
    """

    began: float
    characters: int
    expected_s: float


class Vitals(msgspec.Struct, frozen=True):
    """Signs of life of one worker. `cpu_s`: CPU time used so far, None if unknown;
    `steps`: its own count of steps taken, as of its last answer; `answered`: it owes no
    answer to a heartbeat; `waits`: it said then that it waits for a program of its own.
    """

    cpu_s: float | None
    steps: int
    answered: bool
    waits: bool = False
    running: Running | None = None


class Hang(msgspec.Struct, frozen=True):
    """A worker that hangs, and why it is held to."""

    worker: int
    reason: str


class _Worker(msgspec.Struct):
    running: Running | None = None
    ran_s: float = 0.0
    """Observed seconds of its segment."""
    silent_s: float = 0.0
    cpu_mark: float = 0.0
    steps: int = 0
    condemned: bool = False


class Health:
    """The signs of life of every ready worker, by epoch. `policy` may be set anew at any time."""

    def __init__(self, policy: HealthPolicy) -> None:
        self.policy = policy
        self._workers: dict[int, _Worker] = {}
        self._looked_at: float | None = None

    def looked(self, now: float, found: Mapping[int, Vitals]) -> list[Hang]:
        """Take a look at every ready worker; return those that hang, each once."""
        before = now if self._looked_at is None else self._looked_at
        self._looked_at = now
        elapsed = min(max(0.0, now - before), _LONGEST_STEP_S)
        known, self._workers = self._workers, {}
        hangs = []
        for epoch, vitals in found.items():
            state = known.get(epoch) or _Worker(cpu_mark=vitals.cpu_s or 0.0)
            self._workers[epoch] = state
            reason = self._judge(state, vitals, elapsed, now)
            if reason is not None and not state.condemned:
                state.condemned = True
                hangs.append(Hang(epoch, reason))
        return hangs

    def limit_s(self, expected_s: float) -> float:
        """Longest time allowed for a segment of this expected time, in seconds."""
        return max(self.policy.overdue_min_s, expected_s * self.policy.overdue_factor)

    def _judge(self, state: _Worker, vitals: Vitals, elapsed: float, now: float) -> str | None:
        """The reason why this worker counts as hung; None if it does not."""
        segment = vitals.running
        if segment != state.running:
            state.running, state.ran_s, state.silent_s = segment, 0.0, 0.0
        waits = vitals.waits and vitals.answered
        if waits:
            elapsed = 0.0
        if segment is not None:
            elapsed = min(elapsed, max(0.0, now - segment.began))
            state.ran_s += elapsed
        if self._shows_life(state, vitals, elapsed) or waits:
            state.silent_s = 0.0
        else:
            state.silent_s += elapsed
        if state.silent_s >= self.policy.hang_timeout_s:
            sign = "answer" if segment is None else "progress"
            return f"it hangs: no {sign} and no CPU time for {state.silent_s:.1f} s"
        if segment is not None:
            limit = self.limit_s(segment.expected_s)
            if state.ran_s >= limit:
                return f"it hangs: {segment.characters} characters not spoken within {limit:.0f} s"
        return None

    @staticmethod
    def _shows_life(state: _Worker, vitals: Vitals, elapsed: float) -> bool:
        advanced = vitals.steps != state.steps
        state.steps = vitals.steps
        if vitals.cpu_s is None:
            computed = True  # Not known is not none.
        else:
            silent = state.silent_s + elapsed
            computed = vitals.cpu_s - state.cpu_mark > _CPU_TICK_S + _CPU_SHARE * silent
        alive = computed or advanced or (state.running is None and vitals.answered)
        if alive and vitals.cpu_s is not None:
            state.cpu_mark = vitals.cpu_s
        return alive
