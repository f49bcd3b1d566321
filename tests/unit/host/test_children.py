"""Reaping: how a child ended, in words, and orphans that nobody else collects."""

from __future__ import annotations

import os
import signal

import pytest

from supervisor.host import children
from tests.fixtures import processes
from tests.supervised import eventually


def child(*, group: int | None = None) -> int:
    """A child that ends at once with status 3, in a process group of its own or in `group`."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, group or 0)
        os._exit(3)
    eventually(lambda: pid in processes.zombies(os.getpid()), "the child ends")
    return pid


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "signal SIGKILL"),
        (signal.SIGRTMIN + 1, f"signal {signal.SIGRTMIN + 1}"),
    ],
)
def test_the_end_by_a_signal_is_told_with_its_name(number: int, words: str) -> None:
    """Also for a signal that has no name."""
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    pidfd = os.pidfd_open(pid)
    os.kill(pid, number)
    ended = children.reap(pidfd)
    assert (ended.status, ended.signal, str(ended)) == (None, number, words)
    os.close(pidfd)


def test_an_end_of_its_own_is_told_with_its_status() -> None:
    """And the child is reaped only once."""
    pid = child()
    pidfd = os.pidfd_open(pid)
    ended = children.reap(pidfd)
    assert (ended.status, ended.signal, str(ended)) == (3, None, "exit status 3")
    with pytest.raises(ChildProcessError):
        children.reap(pidfd)
    os.close(pidfd)


def test_orphans_of_a_group_are_reaped_and_watched_ones_are_left() -> None:
    """A zombie with a watcher is its watcher's, for the reason of its end must not be lost."""
    pid = child()
    assert not children.reap_orphans(pid, {pid})
    assert pid in processes.zombies(os.getpid())
    with pytest.raises(ChildProcessError):
        children.reap_orphans(pid, set())
    assert pid not in processes.zombies(os.getpid())


def test_a_group_with_living_children_only_is_clear() -> None:
    """Nothing to reap is not the same as nobody there."""
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    os.setpgid(pid, pid)
    assert children.reap_orphans(pid, set())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
