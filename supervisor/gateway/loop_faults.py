"""What nobody expected on the event loop: one line that says so, with its traceback.

asyncio would write it by itself, in a form of its own, and for strangers who leave as well.
"""

from __future__ import annotations

import asyncio
from typing import Any

from supervisor.logs import get_logger

log = get_logger(__name__)


def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For `loop.set_exception_handler`."""
    message = context.get("message") or "an error on the event loop"
    error: BaseException | None = context.get("exception")
    if isinstance(error, ConnectionError):
        log.debug("gateway: %s: %r", message, error)
    elif isinstance(error, OSError):
        log.error("gateway: %s: %s", message, error)
    else:
        log.error("gateway: %s", message, exc_info=error)
