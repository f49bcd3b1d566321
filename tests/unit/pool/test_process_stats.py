"""What is read of a process that lives, that is gone, and that ends just now."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from supervisor.pool import process_stats
from tests.fixtures import processes
from tests.supervised import eventually

NOBODY = 2**22 + 1
"""A process id that Linux gives to nobody."""


def test_own_memory_is_what_the_kernel_counts() -> None:
    """Private memory is a part of the proportional set size, and that of the resident one."""
    pss = process_stats.pss_bytes(os.getpid())
    assert pss is not None
    assert 0 < process_stats.private_bytes(os.getpid()) <= pss
    assert pss <= psutil.Process().memory_info().rss * 1.01


def test_own_cpu_time_is_that_of_all_threads() -> None:
    """In steps of the kernel's clock."""
    found = process_stats.cpu_seconds(os.getpid())
    assert found == pytest.approx(time.process_time(), abs=0.2)


def test_own_threads_are_where_they_may_be() -> None:
    """One mask for each."""
    masks = process_stats.thread_affinities(os.getpid())
    assert len(masks) == psutil.Process().num_threads()
    assert tuple(sorted(os.sched_getaffinity(0))) in masks


def test_of_nobody_nothing_is_known() -> None:
    """A process that does not exist has no memory, no time and no threads; that is no error."""
    assert process_stats.pss_bytes(NOBODY) is None
    assert process_stats.cpu_seconds(NOBODY) is None
    assert process_stats.private_bytes(NOBODY) == 0
    assert process_stats.thread_affinities(NOBODY) == []


def test_of_a_process_that_has_ended_and_was_not_collected() -> None:
    """It keeps its id and its CPU time, and has no memory any more."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    try:
        eventually(lambda: pid in processes.zombies(os.getpid()), "the child ends")
        assert process_stats.pss_bytes(pid) is None
        assert process_stats.private_bytes(pid) == 0
        assert process_stats.cpu_seconds(pid) is not None
    finally:
        os.waitpid(pid, 0)
