"""One worker's memory is looked at every five seconds, and each in its turn."""

from __future__ import annotations

import pytest

from supervisor.pool import memory_sampler
from supervisor.pool.memory_sampler import (
    SAMPLE_S,
    MemorySampler,
    Sampled,
    predicted_bytes,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Process ids that the kernel was asked about; each has its number in bytes."""
    pids: list[int] = []

    def private_bytes(pid: int) -> int:
        pids.append(pid)
        return pid

    monkeypatch.setattr(memory_sampler, "private_bytes", private_bytes)
    return pids


def some(*pids: int, engines: tuple[str, ...] = (), threads: int = 1) -> dict[int, Sampled]:
    """Workers by their pids, all of which have spoken with these engines."""
    return dict.fromkeys(pids, Sampled(frozenset(engines), threads))


def test_one_at_a_time_and_the_oldest_first(asked: list[int]) -> None:
    """No sooner than it is due."""
    found = MemorySampler()
    for now in range(0, 60, 1):
        found.sample(float(now), some(1, 2, 3), quiet=False)
    assert asked == [1, 2, 3] * (60 // int(SAMPLE_S) // 3)
    assert found.largest_bytes == 3


def test_in_quiet_times_only_those_that_are_new(asked: list[int]) -> None:
    """Who has not worked has not grown."""
    found = MemorySampler()
    for turn in range(6):
        found.sample(turn * SAMPLE_S, some(1, 2) if turn < 4 else some(1, 2, 3), quiet=True)
    assert asked == [1, 2, 3]


def test_who_is_gone_weighs_nothing(asked: list[int]) -> None:
    """The heaviest of those that are there counts; without any it is 0."""
    found = MemorySampler()
    assert found.largest_bytes == 0
    found.sample(0.0, some(9), quiet=False)
    assert found.largest_bytes == 9
    found.sample(SAMPLE_S, some(4), quiet=False)
    assert found.largest_bytes == 4
    assert asked == [9, 4]


def test_an_engine_takes_what_its_heaviest_worker_took(asked: list[int]) -> None:
    """Even after it is gone; workers with threads of their own are told apart where both are known,
    and other settings of engines make it all unknown.
    """
    found = MemorySampler()
    for turn, workers in enumerate(
        [
            some(900, engines=("k",)),
            some(300, engines=("h",)),
            some(100, engines=("k", "h")),
            some(2000, engines=("k",), threads=2),
        ]
    ):
        found.sample(turn * SAMPLE_S, workers, quiet=False)
    assert found.heaviest(1) == {"k": 900, "h": 300}
    assert found.heaviest(4) == {"k": 2000, "h": 300}
    assert asked == [900, 300, 100, 2000]
    found.forget()
    assert found.heaviest(1) == {}


def test_one_more_worker_takes_what_the_heaviest_engine_in_use_does() -> None:
    """An engine that nobody uses weighs nothing, however heavy; one that is unknown the largest
    worker's weight.
    """
    by_engine = {"kokoro": 190, "hibari": 60}
    assert predicted_bytes({"hibari"}, by_engine, 70) == 60
    assert predicted_bytes({"hibari", "kokoro"}, by_engine, 70) == 190
    assert predicted_bytes({"noop"}, by_engine, 70) == 70
