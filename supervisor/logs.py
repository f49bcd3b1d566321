"""Logging: one line an event, on stderr.

Text lines look like `2026-11-30T20:11:44+0000 INFO | CPU allocation changed: …`, without the time
under systemd's journal, which adds it. `logging.format: "json"` gives one JSON object a line
instead, with the time in Unix seconds and the module that logs.

No line holds any of a job's text, unless `logging.text` asks for it. The message of an unexpected
exception may quote anything: it is logged by its type and by the place where it was raised, also
where the event loop would have logged it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import msgspec

LOGGER_NAME = "supervisor"

_TIME = "%Y-%m-%dT%H:%M:%S%z"

REPEATED_S = 30.0
"""Least time between two lines of one kind, for events that may come many times a second."""


_differing: list[logging.Logger] = []
"""Loggers with a level of their own."""


def get_logger(name: str = LOGGER_NAME) -> logging.Logger:
    """The logger of a module, by its `__name__`; by default the parent of all of ours."""
    return logging.getLogger(name)


def configure(level: str, format: str, levels: Mapping[str, str] | None = None) -> None:
    """Write log lines of at least `level` to stderr as "text" or "json"; may be called again.

    `levels`: levels of single components, such as `pool.workers`.
    """
    logger = get_logger()
    text = "%(levelname)s | %(message)s"
    if not _is_journal(sys.stderr):
        text = f"%(asctime)s {text}"
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter(text, _TIME))
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    while _differing:
        _differing.pop().setLevel(logging.NOTSET)
    for name, its in (levels or {}).items():
        component = logger.getChild(name)
        component.setLevel(its.upper())
        _differing.append(component)
    logger.propagate = False


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd's journal reads this stream: `JOURNAL_STREAM` has its device and inode."""
    try:
        found = os.fstat(stream.fileno())
    except (AttributeError, OSError, ValueError):  # closed, or there is none
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def log_uncaught(loop: asyncio.AbstractEventLoop) -> None:
    """Log uncaught exceptions in our format from now on: on the event loop, in a thread, or where
    they end the process.
    """
    loop.set_exception_handler(_of_loop)
    threading.excepthook = _of_thread
    sys.excepthook = _of_process


def loop_message(context: Mapping[str, Any]) -> str:
    """The message of an event loop's error, without the arguments of the call that failed: they
    may be a job.
    """
    message = str(context.get("message", ""))
    return message.partition("<")[0].partition("(")[0].strip() or "unknown"


def _of_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    _log_fault(loop_message(context), context.get("exception"))


def _of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        _log_fault("a thread ended", arguments.exc_value)


def _of_process(
    kind: type[BaseException], error: BaseException, place: TracebackType | None
) -> None:
    if issubclass(kind, Exception):
        _log_fault("it ends the process", error)
    else:
        sys.__excepthook__(kind, error, place)


def _log_fault(what: str, error: BaseException | None) -> None:
    get_logger().error("a fault of ours: %s", what, exc_info=error)


def redacted_traceback(error: BaseException) -> str:
    """The traceback of `error` and its causes, with types in place of messages."""
    lines = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        why = f": {at.strerror}" if isinstance(at, OSError) and at.strerror else ""
        lines.append("".join(traceback.format_tb(at.__traceback__)) + type(at).__name__ + why)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\nwhile it dealt with what follows:\n".join(lines)


def raised_at(error: BaseException) -> str:
    """The line that raised `error`, as `module.py:12`; empty if it was never raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


class RepeatedWarning:
    """Warnings about one kind of trouble, rate-limited: each reason is logged at once, and then at
    most once in `REPEATED_S`, with the number of suppressed lines. `clock` is in seconds.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._logged_at: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}
        self._lasts = False

    def warn(self, reason: str, line: str) -> None:
        """Log `line`, unless one of this reason was logged lately."""
        self._lasts = True
        if self._is_due(reason):
            suppressed = self._suppressed.pop(reason, 0)
            more = f" ({suppressed} more since the last such line)" if suppressed else ""
            self._log.warning("%s%s", line, more)
        else:
            self._suppressed[reason] = self._suppressed.get(reason, 0) + 1

    def resolved(self, line: str) -> None:
        """Log that the trouble has passed, if there was any."""
        if self._lasts and self._is_due(line):
            suppressed = sum(self._suppressed.values())
            more = f" ({suppressed} more failures were not logged)" if suppressed else ""
            self._log.info("%s%s", line, more)
            self._suppressed.clear()
        self._lasts = False

    def _is_due(self, what: str) -> bool:
        now = self._clock()
        self._logged_at = {
            line: at for line, at in self._logged_at.items() if now - at < REPEATED_S
        }
        if what in self._logged_at:
            return False
        self._logged_at[what] = now
        return True


_Info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    """One line of text for people."""

    def formatException(self, ei: _Info) -> str:  # noqa: N802 (logging's own name)
        """The redacted traceback."""
        return redacted_traceback(ei[1]) if ei[1] is not None else ""


class JsonFormatter(TextFormatter):
    """One JSON object a line: time, level, logger, message, and the fields of the call's `data`,
    such as `job`, `worker` (its epoch), `slot`, `pid`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        document = {
            "time": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(document, enc_hook=str).decode()
