"""One worker's memory is looked at every five seconds, and each in its turn."""

from __future__ import annotations

import pytest

from supervisor.pool import memory_sampler
from supervisor.pool.memory_sampler import SAMPLE_S, MemorySampler


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Process ids that the kernel was asked about; each has its number in bytes."""
    pids: list[int] = []

    def private_bytes(pid: int) -> int:
        pids.append(pid)
        return pid

    monkeypatch.setattr(memory_sampler, "private_bytes", private_bytes)
    return pids


def test_one_at_a_time_and_the_oldest_first(asked: list[int]) -> None:
    """No sooner than it is due."""
    found = MemorySampler()
    for now in range(0, 60, 1):
        found.sample(float(now), [1, 2, 3], quiet=False)
    assert asked == [1, 2, 3] * (60 // int(SAMPLE_S) // 3)
    assert found.largest_bytes == 3


def test_in_quiet_times_only_those_that_are_new(asked: list[int]) -> None:
    """Who has not worked has not grown."""
    found = MemorySampler()
    for turn in range(6):
        found.sample(turn * SAMPLE_S, [1, 2] if turn < 4 else [1, 2, 3], quiet=True)
    assert asked == [1, 2, 3]


def test_who_is_gone_weighs_nothing(asked: list[int]) -> None:
    """The heaviest of those that are there counts; without any it is 0."""
    found = MemorySampler()
    assert found.largest_bytes == 0
    found.sample(0.0, [9], quiet=False)
    assert found.largest_bytes == 9
    found.sample(SAMPLE_S, [4], quiet=False)
    assert found.largest_bytes == 4
    assert asked == [9, 4]
