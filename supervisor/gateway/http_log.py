"""Logger for the HTTP library, without the errors that clients cause.

The library logs every request that it cannot parse, and every client that disconnects in the
middle of a response, with a traceback: any client could fill the log with that. Neither is a
fault of the gateway. Of a WebSocket it logs the subprotocols, among which a page sends its key.
"""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

from supervisor.logs import get_logger


def http_logger() -> logging.Logger:
    """The logger; it writes to the gateway's log."""
    logger = get_logger("supervisor.gateway.http")
    if not logger.filters:
        logger.addFilter(_is_ours)
        logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether the record is about anything but an unreadable request or a lost connection."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionResetError)
