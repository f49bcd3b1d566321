"""The gateway without places for health, run in place of `supervisor.gateway` where it is full."""

from __future__ import annotations

import sys

from supervisor.gateway import __main__ as gateway
from supervisor.gateway.connections import slots


def main() -> int:
    """As the gateway's own."""
    slots.RESERVED = 0
    return gateway.main()


if __name__ == "__main__":
    sys.exit(main())
