"""Watchers hear what is theirs, in order, and who is slow costs nobody anything but a number."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, cast

import pytest

from supervisor.broker.refused import Refused
from supervisor.broker.watchers import MOST, MOST_OF_ONE, MOST_OF_OTHERS, Watchers
from supervisor.wire.client import Event, Watch, Watching
from supervisor.wire.codec import Frames, decode_reply
from supervisor.wire.events import (
    BACKLOG,
    AllocationChanged,
    EventsLost,
    JobChanged,
    WorkerChanged,
)

OURS = f"uid:{os.getuid()}"
OTHERS = "key:aa"

CHANGE = AllocationChanged(
    before=1, after=2, average=90.0, kind="high", figures=(), reason="high_90%", bound="reserve"
)
WORKER = WorkerChanged(what="started", slot=0, epoch=1, cpus=(0,), intra_op_threads=1)


def job(number: int = 1) -> JobChanged:
    """A job that was accepted."""
    return JobChanged(what="accepted", job=f"j{number}", engine="e", voice="v", segments=1)


class Desk:
    """Watchers, and what their sockets took; a client among `slow` takes nothing."""

    def __init__(self) -> None:
        self.sent: dict[bytes, list[Any]] = {}
        self.slow: set[bytes] = set()
        self.gone: set[bytes] = set()
        self._calls: list[Callable[[], None]] = []
        self._later: list[Callable[[], None]] = []
        loop = cast("asyncio.AbstractEventLoop", self)
        self.watchers = Watchers(loop, self._offer)

    def call_soon(self, call: Callable[[], None]) -> asyncio.Handle:
        """As the loop's."""
        self._calls.append(call)
        return cast("asyncio.Handle", self)

    def call_later(self, _seconds: float, call: Callable[[], None]) -> asyncio.Handle:
        """As the loop's."""
        self._later.append(call)
        return cast("asyncio.Handle", self)

    def cancel(self) -> None:
        """As a handle's."""
        self._calls.clear()

    def turn(self) -> None:
        """The loop's next round."""
        calls, self._calls = self._calls, []
        for call in calls:
            call()

    def wait(self) -> None:
        """What was to be done later is due."""
        self._calls += self._later
        self._later.clear()
        self.turn()

    def watch(self, client: bytes, *kinds: str, owner: str = OURS, json: bool = False) -> Watching:
        """Ask for these events."""
        return self.watchers.watch(client, owner, Watch("1", kinds), json=json)

    def heard(self, client: bytes) -> list[Any]:
        """What events told this client, after the loop's next round."""
        self.turn()
        return [event.about for event in self.sent.pop(client, [])]

    def _offer(self, client: bytes, frames: Frames) -> bool:
        if client in self.gone:
            self.watchers.forget(client)
            return True
        if client in self.slow:
            return False
        message = decode_reply(frames).message
        assert isinstance(message, Event)
        self.sent.setdefault(client, []).append(message)
        return True


def test_each_hears_of_the_kinds_that_he_asked_for() -> None:
    """In order, in his own encoding, with numbers that grow; a later WATCH takes the place of the
    first, and one of nothing ends it.
    """
    desk = Desk()
    assert desk.watch(b"a", "allocation", "workers").events == ("allocation", "workers")
    desk.watch(b"b", "workers", json=True)
    desk.watchers.tell("allocation", CHANGE)
    desk.watchers.tell("workers", WORKER)
    desk.watchers.tell("jobs", job(), OURS)  # Nobody asked for it.
    desk.turn()
    assert [event.number for event in desk.sent[b"a"]] == [1, 2]
    assert desk.heard(b"a") == [CHANGE, WORKER]
    assert desk.heard(b"b") == [WORKER]
    assert desk.watch(b"a", "jobs").number == 2
    desk.watchers.tell("workers", WORKER)
    assert desk.heard(b"a") == []
    desk.watch(b"b")
    assert "workers" not in desk.watchers.kinds
    assert len(desk.watchers) == 1


def test_nobody_hears_of_anothers_job() -> None:
    """Not even the supervisor's own user, as with JOBS; and no number is missing for it."""
    desk = Desk()
    desk.watch(b"a", "jobs")
    desk.watch(b"b", "jobs", owner=OTHERS)
    desk.watchers.tell("jobs", job(1), OTHERS)
    desk.watchers.tell("jobs", job(2), OURS)
    desk.watchers.tell("jobs", job(3), "key:bb")
    desk.watchers.tell("jobs", job(4), OTHERS)
    desk.turn()
    assert [event.number for event in desk.sent[b"a"] + desk.sent[b"b"]] == [2, 1, 3]
    assert desk.heard(b"a") == [job(2)]
    assert desk.heard(b"b") == [job(1), job(4)]


def test_a_slow_one_is_told_how_many_he_lost() -> None:
    """The oldest are kept, the rest is one number behind them, and then it goes on; others hear
    everything at once.
    """
    desk = Desk()
    desk.watch(b"slow", "jobs")
    desk.watch(b"quick", "jobs")
    desk.slow.add(b"slow")
    for number in range(BACKLOG + 44):
        desk.watchers.tell("jobs", job(number), OURS)
        assert desk.heard(b"quick") == [job(number)]
    assert desk.heard(b"slow") == []
    desk.slow.clear()
    desk.wait()
    heard = desk.heard(b"slow")
    assert heard == [*map(job, range(BACKLOG)), EventsLost(44)]
    desk.watchers.tell("jobs", job(1000), OURS)
    assert desk.heard(b"slow") == [job(1000)]
    assert (desk.watchers.told, desk.watchers.lost) == (2 * (BACKLOG + 44 + 1), 44)


def test_a_thousand_events_at_once_make_nobody_slow() -> None:
    """As when a client leaves with all its jobs: there is no round of the loop between them."""
    desk = Desk()
    desk.watch(b"a", "jobs")
    for number in range(1000):
        desk.watchers.tell("jobs", job(number), OURS)
    assert desk.heard(b"a") == [*map(job, range(1000))]
    assert desk.watchers.lost == 0


def test_one_who_is_gone_is_forgotten() -> None:
    """As soon as something is to be told to him, in the midst of it, too."""
    desk = Desk()
    desk.watch(b"a", "jobs")
    desk.gone.add(b"a")
    for number in range(3):
        desk.watchers.tell("jobs", job(number), OURS)
    desk.turn()
    assert len(desk.watchers) == 0
    assert "jobs" not in desk.watchers.kinds


def test_names_that_do_not_exist_are_refused_with_those_that_do() -> None:
    """And what was watched before goes on."""
    desk = Desk()
    desk.watch(b"a", "jobs")
    with pytest.raises(Refused, match=r"'job'.* jobs") as caught:
        desk.watch(b"a", "workers", "job")
    assert (caught.value.code, caught.value.field) == ("out_of_range", "events")
    desk.watchers.tell("jobs", job(), OURS)
    assert desk.heard(b"a") == [job()]


def test_watchers_are_bounded_so_that_our_own_user_finds_room() -> None:
    """One key, all keys, and all; one who watches already may watch something else."""
    desk = Desk()

    def fill(owner: str, prefix: str) -> int:
        before = len(desk.watchers)
        with pytest.raises(Refused, match="as many as may") as caught:  # noqa: PT012
            for number in range(MOST + 1):
                desk.watch(f"{prefix}{number}".encode(), "jobs", owner=owner)
        assert (caught.value.code, caught.value.retryable) == ("busy", True)
        return len(desk.watchers) - before

    assert fill("key:aa", "a") == MOST_OF_ONE
    assert fill("key:bb", "b") == MOST_OF_OTHERS - MOST_OF_ONE
    assert fill("key:cc", "c") == 0
    assert fill(OURS, "o") == MOST - MOST_OF_OTHERS
    desk.watch(b"a0", "workers", owner="key:aa")
    desk.watchers.forget(b"a0")
    desk.watch(b"c0", "jobs", owner="key:cc")


def test_a_flood_of_requests_leaves_one_watcher() -> None:
    """However often one connection asks."""
    desk = Desk()
    for _ in range(1000):
        desk.watch(b"a", "jobs", owner=OTHERS)
    assert len(desk.watchers) == 1
