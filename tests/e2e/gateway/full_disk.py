"""The gateway where a file may have 100 kB and no more, run in place of `supervisor.gateway`: what
a full disk does, without one.
"""

from __future__ import annotations

import resource
import signal
import sys

from supervisor.gateway import __main__ as gateway

ROOM_BYTES = 100_000


def main() -> int:
    """As the gateway's own."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
    return gateway.main()


if __name__ == "__main__":
    sys.exit(main())
