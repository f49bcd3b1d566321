"""The gateway with the shortest patience, run in place of `supervisor.gateway` by tests of slow
clients: what a user would wait minutes for is seen within a second.
"""

from __future__ import annotations

import sys

from supervisor.gateway import __main__ as gateway
from supervisor.gateway import bodies, process
from supervisor.gateway.speech import sending
from supervisor.gateway.wyoming import session as wyoming_session

PATIENCE_S = 0.5


def main() -> int:
    """As the gateway's own."""
    bodies.BODY_TIMEOUT_S = PATIENCE_S
    process.KEEP_ALIVE_S = PATIENCE_S
    sending.STALL_S = PATIENCE_S
    wyoming_session.IDLE_S = PATIENCE_S
    return gateway.main()


if __name__ == "__main__":
    sys.exit(main())
