"""The load that a queue tells of, against queues whose load is known."""

from __future__ import annotations

import math

import pytest

from supervisor.core.allocation.backlog import Backlog, SegmentWork


def watched(load: float, busy: float, seconds: int, start: float = 0.0) -> Backlog:
    """A queue that `load` cores of work flow into and `busy` cores work off."""
    backlog = Backlog()
    for step in range(1, seconds + 1):
        age = start + step * (1.0 - busy / load)
        backlog.observe(float(step), age, busy, age * load)
    return backlog


@pytest.mark.parametrize(("load", "busy"), [(12.0, 1.0), (12.0, 11.0), (3.0, 2.9)])
def test_a_growing_queue_tells_its_load(load: float, busy: float) -> None:
    """From the slope of the age alone, without knowing how long a segment takes."""
    backlog = watched(load, busy, 5)
    assert backlog.load() == pytest.approx(load)
    assert not backlog.draining


def test_a_draining_queue_tells_its_load() -> None:
    """Sixteen cores at 100 % on twelve cores of load: saturated, and large enough."""
    backlog = Backlog()
    backlog.observe(0.0, 20.0, 16.0, 240.0)
    backlog.restart()
    for step in range(1, 6):
        age = 20.0 - step / 3
        backlog.observe(float(step), age, 16.0, age * 12)
    assert backlog.draining
    assert backlog.load() == pytest.approx(12.0)


def test_a_queue_that_does_not_move_has_no_bound() -> None:
    """A burst of which nothing has started since: as much load as one likes."""
    backlog = Backlog()
    for step in range(1, 4):
        backlog.observe(float(step), float(step), 1.0, 100.0)
    assert backlog.load() == math.inf


def test_an_empty_queue_forgets() -> None:
    """What was before the queue emptied says nothing about the next one."""
    backlog = watched(12.0, 1.0, 5)
    backlog.observe(6.0, 0.0, 1.0, 1.0)
    assert backlog.age == 0.0
    assert backlog.load() == math.inf


def test_the_length_of_a_queue_tells_its_load() -> None:
    """Of segments of two core-seconds, eight that wait and came within two seconds: eight cores."""
    work = SegmentWork()
    assert work.load(8, 2.0) == 0.0, "nothing is known of a segment yet"
    work.observe(busy_s=20.0, finished=10)
    assert work.load(8, 2.0) == pytest.approx(8.0)
    assert work.load(0, 2.0) == work.load(8, 0.0) == 0.0


def test_what_a_segment_takes_follows_the_last_hundred() -> None:
    """After another kind of segments came it is theirs that counts."""
    work = SegmentWork()
    work.observe(busy_s=2000.0, finished=1000)
    for _ in range(100):
        work.observe(busy_s=0.2, finished=10)
    assert work.load(10, 1.0) == pytest.approx(0.2, rel=0.05)
