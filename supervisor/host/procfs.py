"""psutil, pointed at a host: it reads the machine at hand unless it is told otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from supervisor.host.roots import Host


@contextmanager
def psutil_of(host: Host) -> Iterator[None]:
    """Within the block psutil reads /proc of `host`; for one thread at a time."""
    before, psutil.PROCFS_PATH = psutil.PROCFS_PATH, host.proc
    try:
        yield
    finally:
        psutil.PROCFS_PATH = before
