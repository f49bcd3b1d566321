"""A wall clock that jumps, for the supervisor of the chaos run and all that it starts.

Python imports this module at its start where its directory is in PYTHONPATH. `time.time` and
`time.time_ns` are then off by as many seconds as stand in the file that CHAOS_CLOCK names. What
it does not reach: `datetime.now`, SQLite, the kernel (times of files) and everything that is
written in C. The supervisor and its workers read the clock by `time.time` alone.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path


def _jumping(offset: Callable[[], float]) -> None:
    seconds, nanoseconds = time.time, time.time_ns
    vars(time)["time"] = lambda: seconds() + offset()
    vars(time)["time_ns"] = lambda: nanoseconds() + int(offset() * 1e9)


if "CHAOS_CLOCK" in os.environ:
    with Path(os.environ["CHAOS_CLOCK"]).open("rb") as _file:
        _shared = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)
    _jumping(lambda: float(struct.unpack_from("=d", _shared)[0]))
