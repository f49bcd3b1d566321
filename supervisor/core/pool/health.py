"""Which workers hang: told by what they do, never by the clock alone.

A worker hangs that shows no sign of life for `hang_timeout_s`. While it speaks, a sign
is progress or CPU time: a missed heartbeat alone is none, for native code may keep the
interpreter's lock for long while it computes. While it has nothing to do, a sign is an
answer to a heartbeat. And a worker hangs whose segment is far past the time that such a
segment takes, however busy it is: it may be going round in a circle.

A worker that waits for a program of its own, and still answers, is given that time: an
engine may have its model made at first use, and bounds that itself.

Only time in which we looked counts: when the supervisor itself was stopped, or the
machine slept, nobody is to blame for what was not seen. What is done about a worker
that hangs is the shell's business.
"""

from __future__ import annotations

import msgspec

_LONGEST_STEP_S = 3.0
"""Time between two looks that counts at most."""

_CPU_SHARE = 0.005
"""CPU time per second below which a worker does nothing: answering heartbeats takes less."""

_CPU_TICK_S = 0.01
"""CPU time comes in steps of this size."""

_LEARNING_RATE = 0.1


class HealthPolicy(msgspec.Struct, frozen=True):
    """Times in seconds. A segment may take `overdue_factor` times what was predicted, and
    always `overdue_min_s`: that is enough to load a model first.
    """

    hang_timeout_s: float = 10.0
    overdue_factor: float = 10.0
    overdue_min_s: float = 60.0


class Vitals(msgspec.Struct, frozen=True):
    """What one look at a worker found. `cpu_s`: CPU time used so far, None if unknown;
    `steps`: its own count of steps taken, as of its last answer; `answered`: it owes no
    answer to a heartbeat; `waits`: it said then that it waits for a program of its own.
    """

    cpu_s: float | None
    steps: int
    answered: bool
    waits: bool = False


class Hang(msgspec.Struct, frozen=True):
    """A worker is to be ended, and why."""

    worker: int
    reason: str


class _Segment(msgspec.Struct):
    engine: str
    characters: int
    began: float
    ran_s: float = 0.0
    """Time that counts, see above."""


class _Worker(msgspec.Struct):
    segment: _Segment | None = None
    silent_s: float = 0.0
    cpu_mark: float = 0.0
    steps: int = 0
    condemned: bool = False


class Health:
    """Every worker that is ready, by epoch. `policy` may be set anew at any time."""

    def __init__(self, policy: HealthPolicy) -> None:
        self.policy = policy
        self._workers: dict[int, _Worker] = {}
        self._seconds_per_character: dict[str, float] = {}
        self._looked_at: float | None = None

    def began(self, now: float, worker: int, engine: str, characters: int) -> None:
        """The worker was given a segment of this length."""
        state = self._workers.setdefault(worker, _Worker())
        state.segment = _Segment(engine, max(1, characters), now)
        state.silent_s = 0.0

    def ended(self, worker: int, synthesis_s: float | None) -> None:
        """The worker answered; `synthesis_s` is what it took, None if it gave no audio."""
        state = self._workers.setdefault(worker, _Worker())
        segment, state.segment, state.silent_s = state.segment, None, 0.0
        if segment is None or synthesis_s is None:
            return
        seen = synthesis_s / segment.characters
        known = self._seconds_per_character.get(segment.engine, seen)
        self._seconds_per_character[segment.engine] = known + _LEARNING_RATE * (seen - known)

    def gone(self, worker: int) -> None:
        """The worker's process ended."""
        self._workers.pop(worker, None)

    def looked(self, now: float, found: dict[int, Vitals]) -> list[Hang]:
        """One look at every ready worker; each one that hangs is named once."""
        before = now if self._looked_at is None else self._looked_at
        self._looked_at = now
        elapsed = min(max(0.0, now - before), _LONGEST_STEP_S)
        hangs = []
        for epoch, vitals in found.items():
            state = self._workers.setdefault(epoch, _Worker(cpu_mark=vitals.cpu_s or 0.0))
            reason = self._judge(state, vitals, elapsed, now)
            if reason is not None and not state.condemned:
                state.condemned = True
                hangs.append(Hang(epoch, reason))
        return hangs

    def limit_s(self, engine: str, characters: int) -> float:
        """How long a segment may take."""
        predicted = self._seconds_per_character.get(engine, 0.0) * characters
        return max(self.policy.overdue_min_s, predicted * self.policy.overdue_factor)

    def _judge(self, state: _Worker, vitals: Vitals, elapsed: float, now: float) -> str | None:
        """Why this worker hangs, if it does."""
        segment = state.segment
        waits = vitals.waits and vitals.answered
        if waits:
            elapsed = 0.0
        if segment is not None:
            elapsed = min(elapsed, max(0.0, now - segment.began))
            segment.ran_s += elapsed
        if self._shows_life(state, vitals, elapsed) or waits:
            state.silent_s = 0.0
        else:
            state.silent_s += elapsed
        if state.silent_s >= self.policy.hang_timeout_s:
            sign = "answer" if segment is None else "progress"
            return f"it hangs: no {sign} and no CPU time for {state.silent_s:.1f} s"
        if segment is not None:
            limit = self.limit_s(segment.engine, segment.characters)
            if segment.ran_s >= limit:
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
        alive = computed or advanced or (state.segment is None and vitals.answered)
        if alive and vitals.cpu_s is not None:
            state.cpu_mark = vitals.cpu_s
        return alive
