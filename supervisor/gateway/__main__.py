"""The gateway as the supervisor's child: `python -m supervisor.gateway PARENT_PID`.

stdin is a `Handover` as one JSON document, up to its end. stdout gets one line of JSON as soon as
the gateway listens: `{"pid", "host", "port"}`. stderr is the log. SIGTERM stops it, and the kernel
kills it when its parent ends. A port that is in use is waited for. Exit code 0, or 2 with one line
on stderr where it cannot run.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from supervisor import logs, tracebacks
from supervisor.config.handover import take_over
from supervisor.gateway.connections.listener import Address, ListenError
from supervisor.gateway.parent_death import die_with_parent
from supervisor.gateway.process import serve


def main() -> int:
    """Read the settings, serve, return the exit code."""
    tracebacks.arm()
    die_with_parent(int(sys.argv[1]))
    settings, place = take_over(sys.stdin.buffer.read())
    logs.configure(settings.logging.level, settings.logging.format, settings.logging.levels)
    try:
        asyncio.run(serve(settings, _announce, place, patient=True))
    except ListenError as error:
        logs.get_logger("supervisor.gateway").error("gateway: %s", error)
        return 2
    return 0


def _announce(address: Address) -> None:
    line = {"pid": os.getpid(), "host": address.host, "port": address.port}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
