"""What the supervisor says while it runs: one line an event, on stderr.

Text lines look like `2026-11-30T20:11:44+0000 INFO | CPU allocation changed: …`, without the time
where systemd's journal takes them, which notes it itself. `logging.format: "json"` gives one JSON
object a line instead, with the time in Unix seconds and the module that speaks.

No line holds any of a job's text (but where `logging.text` asks for it). The message of an
exception that nobody foresaw may quote anything: it is told by its type and by where it was
raised, here and wherever else the event loop would have told it.
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
"""Least time between two lines of the same kind, for what may happen many times a second."""


_differing: list[logging.Logger] = []
"""Those with a level of their own."""


def get_logger(name: str = LOGGER_NAME) -> logging.Logger:
    """The logger of a module, by its `__name__`; without one, what all of ours go through."""
    return logging.getLogger(name)


def configure(level: str, format: str, levels: Mapping[str, str] | None = None) -> None:
    """Write log lines of at least `level` to stderr as "text" or "json"; may be called again.

    `levels`: those of components, such as `pool.workers`, where they differ.
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


def tell_faults(loop: asyncio.AbstractEventLoop) -> None:
    """From now on what nobody caught is told in lines of ours: on the event loop, in a thread, or
    where it ends the process.
    """
    loop.set_exception_handler(_of_loop)
    threading.excepthook = _of_thread
    sys.excepthook = _of_process


def _of_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # The loop's own words for it end with what it was called with, which may be a job.
    what = str(context.get("message", "")).partition("<")[0].partition("(")[0].strip()
    _tell_fault(what or "unknown", context.get("exception"))


def _of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        _tell_fault("a thread ended", arguments.exc_value)


def _of_process(
    kind: type[BaseException], error: BaseException, place: TracebackType | None
) -> None:
    if issubclass(kind, Exception):
        _tell_fault("it ends the process", error)
    else:
        sys.__excepthook__(kind, error, place)


def _tell_fault(what: str, error: BaseException | None) -> None:
    get_logger().error("a fault of ours: %s", what, exc_info=error)


def where(error: BaseException) -> str:
    """The traceback of `error`, with types for messages."""
    lines = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        why = f": {at.strerror}" if isinstance(at, OSError) and at.strerror else ""
        lines.append("".join(traceback.format_tb(at.__traceback__)) + type(at).__name__ + why)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\nwhile it dealt with what follows:\n".join(lines)


def place(error: BaseException) -> str:
    """The line that raised `error`, as `module.py:12`; empty if it was never raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


class Repeated:
    """Lines about one kind of trouble: each reason is said at once, and then, while it lasts, at
    most once in `REPEATED_S`, with how often it came meanwhile. `clock` is in seconds.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._said_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}
        self._lasts = False

    def say(self, reason: str, line: str) -> None:
        """It happened once more."""
        self._lasts = True
        if self._may_say(reason):
            unsaid = self._unsaid.pop(reason, 0)
            more = f" ({unsaid} more since the last such line)" if unsaid else ""
            self._log.warning("%s%s", line, more)
        else:
            self._unsaid[reason] = self._unsaid.get(reason, 0) + 1

    def over(self, line: str) -> None:
        """It has passed; said if it was there."""
        if self._lasts and self._may_say(line):
            unsaid = sum(self._unsaid.values())
            more = f" ({unsaid} more failures were not logged)" if unsaid else ""
            self._log.info("%s%s", line, more)
            self._unsaid.clear()
        self._lasts = False

    def _may_say(self, what: str) -> bool:
        now = self._clock()
        self._said_at = {said: at for said, at in self._said_at.items() if now - at < REPEATED_S}
        if what in self._said_at:
            return False
        self._said_at[what] = now
        return True


_Info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    """A line for people."""

    def formatException(self, ei: _Info) -> str:  # noqa: N802 (logging's own name)
        """As `where` tells it."""
        return where(ei[1]) if ei[1] is not None else ""


class JsonFormatter(TextFormatter):
    """One JSON object a line: time, level, logger, message, and the fields of `data` where the call
    gave some: `job`, `worker` (its epoch), `slot`, `pid` where it is about one.
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
