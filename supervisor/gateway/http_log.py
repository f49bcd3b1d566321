"""A logger for the HTTP library that leaves out what strangers do.

It reports every request that it cannot parse, and every client that leaves in the
middle of an answer, as an error of ours, with a traceback; anybody could fill the log
with that. Neither is a fault of the gateway.
"""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

from supervisor.logs import get_logger


def http_logger() -> logging.Logger:
    """Writes to the supervisor's log."""
    logger = get_logger("supervisor.gateway.http")
    if not logger.filters:
        logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether the record is about anything but an unreadable request or a client that left."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionResetError)
