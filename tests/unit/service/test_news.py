"""What watchers are told of a long run in which workers die and clients leave: all of it, once."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from supervisor.broker.watchers import Watchers
from supervisor.service.news import News
from supervisor.wire.events import EVENTS, AllocationChanged, JobChanged, WorkerChanged
from supervisor.wire.status import JOB_OUTCOMES
from tests.fixtures.virtual_chaos import VirtualChaos

SECONDS = 400.0


class Heard:
    """Somebody who watches everything. Each process has its epoch and a thousand for a pid."""

    def __init__(self, seed: int) -> None:
        self.told: list[Any] = []
        self.kinds = frozenset(EVENTS)
        news = News(cast("Watchers", self), cast("Any", self))
        self.chaos = VirtualChaos(seed, news.saw)

    def get(self, epoch: int) -> SimpleNamespace:
        """The process of a worker."""
        return SimpleNamespace(pid=1000 + epoch)

    def tell(self, kind: str, about: Any, owner: str | None = None) -> None:
        """Note an event."""
        assert (owner is not None) == (kind == "jobs")
        self.told.append(about)

    def of(self, kind: type) -> list[Any]:
        """Those of one kind."""
        return [about for about in self.told if isinstance(about, kind)]


@pytest.fixture(scope="module")
def heard() -> Heard:
    """A few minutes of it."""
    heard = Heard(11)
    heard.chaos.run(SECONDS)
    return heard


def test_each_job_is_accepted_starts_and_ends_once(heard: Heard) -> None:
    """In this order, and its outcomes are those that the machine has counted."""
    steps: dict[str, list[JobChanged]] = defaultdict(list)
    for job in heard.of(JobChanged):
        steps[job.job].append(job)
    ended = [one[-1] for one in steps.values() if one[-1].what == "ended"]
    assert len(ended) > 100
    assert {job.outcome for job in ended} >= {"done", "cancelled"}
    for one in steps.values():
        names = [job.what for job in one]
        assert names in (
            ["accepted"],
            ["accepted", "started"],
            ["accepted", "ended"],
            ["accepted", "started", "ended"],
        )
    counts = heard.chaos.jobs.counts
    for outcome in JOB_OUTCOMES:
        assert [job.outcome for job in ended].count(outcome) == counts[outcome]


def test_each_worker_comes_and_goes_once(heard: Heard) -> None:
    """It starts, is ready with its pid, and is retired or lost; never two workers on one core."""
    steps: dict[int, list[WorkerChanged]] = defaultdict(list)
    for worker in heard.of(WorkerChanged):
        steps[worker.epoch].append(worker)
    assert len(steps) > 10
    last = [one[-1].what for one in steps.values()]
    assert {"lost", "retired"} <= set(last)
    for epoch, one in steps.items():
        names = [worker.what for worker in one]
        assert names[0] == "started"
        assert names.count("ready") <= 1
        assert not {"lost"} & {*names[:-1]}
        for worker in one:
            ready = "ready" in names and one.index(worker) >= names.index("ready")
            assert worker.pid == (1000 + epoch if ready else None)
            assert bool(worker.reason) == (worker.what == "lost")
            assert 1 <= worker.intra_op_threads <= len(worker.cpus)


def test_changes_of_the_cores_make_a_chain(heard: Heard) -> None:
    """Each begins where the one before ended, with its reason and the bound that holds."""
    changes: list[AllocationChanged] = heard.of(AllocationChanged)
    assert len(changes) > 3
    for before, after in pairwise(changes):
        assert before.after == after.before != after.after
    assert changes[-1].after == heard.chaos.allocation.allocator.cores
    for change in changes:
        assert change.reason.startswith(change.kind)
        assert change.bound in {"max_cores", "reserve", "usable", "memory", "thermal", "share"}


def test_it_costs_nothing_that_nobody_watches() -> None:
    """Without a watcher no record of a job or a worker is made."""
    loop = cast("Any", SimpleNamespace())
    watchers = Watchers(loop, lambda _client, _frames: True)
    chaos = VirtualChaos(11, News(watchers, {}).saw)
    chaos.run(60.0)
    assert watchers.told == 0
