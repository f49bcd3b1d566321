"""The C library's own calls: those that a library lacks, and those that the kernel refuses."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import subprocess
import sys

import pytest

from supervisor import libc

ORPHAN = """
import os
from supervisor import libc
libc.become_subreaper()
pid = os.fork()
if pid == 0:
    if os.fork() == 0:
        os.read(0, 1)
        os._exit(7)
    os._exit(0)
os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""

CHILD = """
import os, signal
from supervisor import libc
libc.set_parent_death_signal(signal.SIGKILL)
print(os.getpid(), flush=True)
signal.pause()
"""


PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_a_subreaper_collects_its_grandchildren() -> None:
    """One whose parent has ended is ours, and its exit code with it."""
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN], input=b"x", capture_output=True, timeout=20, check=True
    )
    assert done.stdout == b"7\n"


def test_a_process_ends_with_its_parent() -> None:
    """Whose end closes nothing and sends nothing: the kernel kills the child."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate(timeout=20)
    assert select.select([child], [], [], 20)[0]
    os.close(child)


def test_what_the_kernel_refuses_is_an_error() -> None:
    """With its number, as from `os`."""
    with pytest.raises(OSError, match="PR_SET_PDEATHSIG") as caught:
        libc.set_parent_death_signal(4096)
    assert caught.value.errno == errno.EINVAL


def test_a_library_without_trimming_is_none_the_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """musl has no malloc_trim; glibc has."""
    libc.trim_heap()
    monkeypatch.setattr(libc, "_libc", object())
    libc.trim_heap()


def test_random_numbers_of_the_library_are_no_sequence_that_a_peer_knows() -> None:
    """Seeded twice, it goes on differently; unseeded it would always begin alike."""
    rand = ctypes.CDLL(None).rand
    runs = set()
    for _ in range(3):
        libc.seed_random()
        runs.add((rand(), rand()))
    assert len(runs) == 3
