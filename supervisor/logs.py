"""What the supervisor says while it runs: one line an event, on stderr.

Text lines look like `INFO | CPU allocation changed: …`; `logging.format: "json"` gives
one JSON object a line instead, with the time in Unix seconds.
"""

from __future__ import annotations

import logging
import sys

import msgspec

LOGGER_NAME = "supervisor"


def get_logger() -> logging.Logger:
    """The one logger of the supervisor process."""
    return logging.getLogger(LOGGER_NAME)


def configure(level: str, format: str) -> None:
    """Write log lines of at least `level` to stderr as "text" or "json"; may be called again."""
    logger = get_logger()
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else _TEXT)
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False


_TEXT = logging.Formatter("%(levelname)s | %(message)s")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, message, and `data` where the call gave some."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        document = {
            "time": record.created,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(document, enc_hook=str).decode()
