"""Unexpected errors on the event loop: one line in the log each, with the traceback.

asyncio's own handler writes them in another form, and logs lost connections as errors, too.
"""

from __future__ import annotations

import asyncio
from typing import Any

from supervisor.logs import get_logger, loop_message

log = get_logger(__name__)


def log_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error of the loop; for `loop.set_exception_handler`."""
    message = loop_message(context)
    error: BaseException | None = context.get("exception")
    if isinstance(error, ConnectionError):
        log.debug("gateway: %s: %r", message, error)
    elif isinstance(error, OSError):
        log.error("gateway: %s: %s", message, error)
    else:
        log.error("gateway: %s", message, exc_info=error)
