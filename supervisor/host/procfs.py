"""psutil for a `Host` with another root than this machine's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from supervisor.host.roots import Host


@contextmanager
def psutil_of(host: Host) -> Iterator[None]:
    """Have psutil read /proc of `host` within the block; for one thread at a time."""
    before, psutil.PROCFS_PATH = psutil.PROCFS_PATH, host.proc
    try:
        yield
    finally:
        psutil.PROCFS_PATH = before
