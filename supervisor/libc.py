"""Calls of the C library that Python does not offer, for every process of ours.

Linux. Each raises OSError where its counterpart in `os` would.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Become the parent of every orphaned descendant."""
    _prctl("PR_SET_CHILD_SUBREAPER", _PR_SET_CHILD_SUBREAPER, 1)


def set_parent_death_signal(signal: int) -> None:
    """Get this signal when the thread that started us ends; none if it has ended already."""
    _prctl("PR_SET_PDEATHSIG", _PR_SET_PDEATHSIG, signal)


def seed_random() -> None:
    """Seed `rand(3)` from the kernel: libzmq draws its routing ids from it and never seeds it,
    so a peer could predict the next one.
    """
    _libc.srand(int.from_bytes(os.urandom(4), "little"))


def trim_heap() -> None:
    """Give all free pages of the heap back to the system; does nothing without glibc."""
    with suppress(AttributeError):
        _libc.malloc_trim(0)


def _prctl(name: str, option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({name}) failed")
