"""Pulling: which consumer of the queue is asked for how many jobs.

While there is room, the classes are asked for jobs that are there `now`, each in its turn
(`turns`): none starves, and one that is alone gets all the room. If none has anything, one pull of
a single job waits at each consumer. Who is less busy is served first: `priority` is the busy tenth.

A pull that waits cannot be taken back, and its priority is that of when it was sent. So a host that
is idler by now sends another one. And more jobs may come than there is room for, or one to a host
that is busy by now while another idles: they are returned at once, and the pulls that drew them
wait no more.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from itertools import chain, pairwise
from typing import Final

import msgspec

from supervisor.core.fleet import events as e
from supervisor.core.fleet.turns import Turns

WAIT_S: Final = 20.0
"""Seconds that the queue holds a waiting pull."""

_NOW_S: Final = 2.0
"""A pull that asks for what is there now is given up after this silence."""

_SILENCE_S: Final = 5.0
"""A waiting pull is given up after this silence: its heartbeat comes every 2 s."""

_EMPTY_S: Final = 0.1
"""A consumer that had nothing is asked again after so long, while others have something."""

_STEP: Final = 3
"""Tenths by which a host is idler before it says so to the queue, but when it is idle."""

_PAUSE_S: Final = 0.5
"""Pause of a consumer after a pull that failed."""


class _Pull(msgspec.Struct, gc=False):
    source: e.Source
    batch: int
    wait: bool
    heard: float
    expires: float
    held: int
    priority: int
    got: int = 0


class Pulling:
    """Open pulls, and the turn of each class."""

    def __init__(self, commands: Callable[[e.Command], None]) -> None:
        self._command = commands
        self._last = 0
        self._open: dict[int, _Pull] = {}
        self._waiting: dict[str, list[int]] = {}
        """By consumer, its waiting pulls: each says that we are idler than the one before."""
        self._said = 0
        """The busiest that the last of any consumer says that we are; it may say less since."""
        self._now: int | None = None
        """The pull that asks for what is there now; there is one at most."""
        self._sources = 0
        self._queues: dict[e.JobClass, deque[e.Source]] = {}
        self._turns = Turns()
        self._empty: dict[str, float] = {}
        """Consumers that had nothing a moment ago, and when they are asked again."""
        self._paused: dict[str, float] = {}
        self.due = math.inf
        """No pull is to be given up before this time."""

    def configure(self, rules: e.Rules) -> None:
        """Take these consumers and weights. Pulls at others run out."""
        self._sources = len(rules.sources)
        self._queues = {
            name: deque(s for s in rules.sources if s.job_class == name) for name in e.CLASSES
        }
        self._turns.configure(rules.weights)
        known = {source.consumer for source in rules.sources}
        self._empty = {name: at for name, at in self._empty.items() if name in known}
        self._paused = {name: at for name, at in self._paused.items() if name in known}

    def delivered(self, event: e.Delivered, held: int) -> bool:
        """A pull was answered with a job. Return whether it waited since less than the `held` jobs
        of now were in hand, so that this host was served before others.
        """
        pull = self._open.get(event.pull)
        if pull is None:
            return True
        pull.got += 1
        pull.heard = event.now
        self._empty.pop(pull.source.consumer, None)
        if pull.got >= pull.batch:
            self._end(event.now, event.pull, pull)
        return pull.wait and held > pull.held

    def took(self, job_class: e.JobClass, cost_s: float) -> None:
        """A job was begun."""
        self._turns.took(job_class, cost_s)

    def heard(self, event: e.PullHeard) -> None:
        """The queue holds a pull."""
        pull = self._open.get(event.pull)
        if pull is not None:
            pull.heard = event.now

    def ended(self, event: e.PullEnded) -> None:
        """The queue is done with a pull."""
        pull = self._open.get(event.pull)
        if pull is None:
            return
        if event.failed:
            self._paused[pull.source.consumer] = event.now + _PAUSE_S
        self._end(event.now, event.pull, pull)

    def lost(self) -> None:
        """The connection is gone, and all pulls with it."""
        for number in [*self._open]:
            self._command(e.Abandon(number))
        self._open.clear()
        self._waiting.clear()
        self._empty.clear()
        self._paused.clear()
        self._now = None

    def _end(self, now: float, number: int, pull: _Pull) -> None:
        del self._open[number]
        name = pull.source.consumer
        if pull.wait:
            waiting = self._waiting[name]
            waiting.remove(number)
            if waiting:
                self._said = max(self._said, self._open[waiting[-1]].priority)
            else:
                del self._waiting[name]
        else:
            self._now = None
            if pull.got < pull.batch:
                self._empty[name] = now + _EMPTY_S

    def may_ask(self, busy: int) -> bool:
        """Whether there is a consumer to be asked: not if one is, or if a pull waits at each that
        says how busy we are (tenths).
        """
        if self._now is not None:
            return False
        return len(self._waiting) < self._sources or _idler(busy, self._said)

    # -- asking -------------------------------------------------------------------------

    def ask(self, now: float, free: int, busy: int, held: int) -> None:
        """Ask for jobs, `free` at most, where `may_ask`. `busy`: tenths of the slots that are
        taken, 9 at most; `held`: jobs in hand.
        """
        asked = self._next(now, free)
        if asked is not None:
            source, batch = asked
            self._now = self._pull(now, source, batch, 0.0, busy, held)
            return
        for queue in self._queues.values():
            for source in [*queue]:  # The pull turns the queue.
                waiting = self._waiting.get(source.consumer)
                if waiting and not _idler(busy, self._open[waiting[-1]].priority):
                    continue
                if self._may(now, source):
                    number = self._pull(now, source, 1, WAIT_S, busy, held)
                    self._waiting.setdefault(source.consumer, []).append(number)
        latest = (waiting[-1] for waiting in self._waiting.values())
        self._said = max((self._open[number].priority for number in latest), default=0)
        self._empty.clear()

    def give_up(self, now: float) -> None:
        """Give up pulls of which nothing was heard; useless before `due`."""
        self.due = math.inf
        for number, pull in [*self._open.items()]:
            limit = min(pull.heard + (_SILENCE_S if pull.wait else _NOW_S), pull.expires)
            if now >= limit:
                self._command(e.Abandon(number))
                self._end(now, number, pull)
            else:
                self.due = min(self.due, limit)

    def _may(self, now: float, source: e.Source) -> bool:
        return self._paused.get(source.consumer, now) <= now

    def _askable(self, now: float, source: e.Source) -> bool:
        """Whether there may be something: not if it had nothing, or a pull waits there."""
        name = source.consumer
        empty = self._empty.get(name, now) > now
        return not empty and name not in self._waiting and self._may(now, source)

    def _next(self, now: float, free: int) -> tuple[e.Source, int] | None:
        """The consumer whose turn it is, and how many jobs it is asked for."""
        found = {
            name: source for name in e.CLASSES if (source := self._first(now, name)) is not None
        }
        if not found:
            return None
        name, batch = self._turns.pick([*found], free)
        return found[name], batch

    def _first(self, now: float, name: e.JobClass) -> e.Source | None:
        """The consumer of this class that is to be asked; the next one comes after it."""
        queue = self._queues.get(name, deque())
        for _ in range(len(queue)):
            source = queue[0]
            if self._askable(now, source):
                return source
            queue.rotate(-1)
        return None

    def _pull(
        self, now: float, source: e.Source, batch: int, wait_s: float, busy: int, held: int
    ) -> int:
        self._last += 1
        wait = wait_s > 0
        self._open[self._last] = _Pull(source, batch, wait, now, now + wait_s + _NOW_S, held, busy)
        self.due = min(self.due, now + (_SILENCE_S if wait else _NOW_S))
        self._command(e.Ask(self._last, source.consumer, batch, wait_s, busy))
        self._queues[source.job_class].rotate(-1)
        return self._last

    def next_wakeup(self, now: float) -> float | None:
        """When a pull may have to be given up, or a pause ends."""
        due = min((at for at in self._paused.values() if at > now), default=math.inf)
        due = min(due, self.due)
        return due if due < math.inf else None

    @property
    def asked(self) -> int:
        """Jobs that may still come for open pulls."""
        return sum(pull.batch - pull.got for pull in self._open.values())

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken."""
        waits = [n for n, pull in self._open.items() if pull.wait]
        known = sorted(chain.from_iterable(self._waiting.values()))
        assert sorted(waits) == known, "a pull waits that is over"
        for waiting in self._waiting.values():
            said = [self._open[number].priority for number in waiting]
            assert all(_idler(b, a) for a, b in pairwise(said)), "a pull waits for nothing"
        assert len(self._open) - len(waits) == (self._now is not None), "two pulls ask at once"


def _idler(busy: int, said: int) -> bool:
    """Whether we are so much idler than a pull says that another is worth it."""
    return busy <= said - _STEP or (busy == 0 and said > 0)
