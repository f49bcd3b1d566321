"""Parent-death signal: the gateway is killed when its supervisor ends. Linux only.

The gateway holds nothing that could be lost, so the kernel may kill it: it never outlives its
supervisor, and never keeps the port from the next one.
"""

from __future__ import annotations

import os
import signal
import sys

from supervisor import libc


def die_with_parent(parent: int) -> None:
    """Be killed by the kernel when process `parent` ends, or has ended. Raises OSError."""
    if sys.platform != "linux":
        return
    libc.set_parent_death_signal(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
