"""One worker process as the supervisor sees it: its channels, its pidfd, its state, its log."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections import deque
from contextlib import suppress
from io import FileIO
from pathlib import Path

from supervisor.core.machine import WorkerShape
from supervisor.core.pool.health import Running
from supervisor.pool.channels import Lifeline, close_all, make_lifeline, make_pair
from supervisor.wire.quoting import without_quotes
from supervisor.wire.worker import Run, Shaped

SegmentName = tuple[str, int, int, int]
"""Job, segment, attempt and epoch; a reply has to match all four."""

_ANSWERS = 16
_LOG_TAIL_BYTES = 8_000
_TAIL_LINES = 6
_FRAME = re.compile(r'  File "[^"]+", line \d+ in \S+')
"""A line of a traceback by faulthandler: it names a place in the code, and never a text."""
_STACK = "(most recent call first):"
"""End of the line with which faulthandler begins a thread's stack; the main thread's comes last."""


class Worker:
    """A worker process and our ends of its channels. `shaped` is None until it is ready."""

    def __init__(self, epoch: int, shape: WorkerShape, log: Path) -> None:
        self.epoch = epoch
        self.slot = shape.slot
        self.log = log
        self.pid = 0
        self.pidfd = -1
        self.shaped: Shaped | None = None
        self.early: Shaped | None = None
        """Its first report, where that came before its pid was known."""
        self.segments_done = 0
        self.engines: set[str] = set()
        """Those that it has spoken with."""
        self.steps = 0
        """Its count of steps, as it last reported: it grows with progress within a segment."""
        self.waits = False
        """Whether its last answer said that it waits for another program."""
        self.owes_answer = False
        """Whether it was pinged and has not answered yet."""
        self.outdated = False
        """Whether it was started with other settings of its engines than they have now."""
        self.worn = False
        """Whether it was reported for replacement."""
        self.running: Run | None = None
        """The segment it was sent and has not answered in full."""
        self.health_run: Running | None = None
        """The same segment for `core.pool.health`: its start, length and expected time."""
        self.answered: deque[SegmentName] = deque(maxlen=_ANSWERS)
        """The latest segments that it has answered for, to recognize a repeated reply."""
        self.pieces: list[memoryview] = []
        """Audio of the running segment so far."""
        self.received = 0
        """Bytes in `pieces`."""
        self.kill_reason: str | None = None
        """Why we killed it, if we did; logged beside the signal that ended it."""
        self._log_start = log.stat().st_size if log.exists() else 0
        self._work, self._control = make_pair(), make_pair()
        self._lifeline: Lifeline = make_lifeline()

    @property
    def work(self) -> socket.socket:
        """Our end of the channel for segments and audio."""
        return self._work.ours

    @property
    def control(self) -> socket.socket:
        """Our end of the channel for everything else."""
        return self._control.ours

    @property
    def theirs(self) -> tuple[socket.socket, socket.socket, FileIO]:
        """The ends for the worker: work, control, lifeline."""
        return self._work.theirs, self._control.theirs, self._lifeline.reader

    def close_theirs(self) -> None:
        """Close our copies of the worker's ends, which would keep the channels open: it has its
        own, or never will.
        """
        close_all(*self.theirs)

    def watch(self, pid: int) -> None:
        """Open a pidfd of the process, so that a reused pid is no danger. Raises OSError."""
        self.pidfd = os.pidfd_open(pid)
        self.pid = pid

    @property
    def gone(self) -> bool:
        """Whether its process has ended and was collected."""
        return self.pid != 0 and self.pidfd < 0

    def send_signal(self, number: signal.Signals) -> None:
        """Send the worker a signal, if it has not ended."""
        if self.pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, number)

    def kill(self, reason: str | None) -> None:
        """Send SIGKILL, if it has not ended; one whose pid is unknown ends with its lifeline."""
        self.kill_reason = self.kill_reason or reason
        if self.pidfd < 0:
            close_all(self._lifeline.writer)  # It may be closed already, and this end with it.
            return
        self.send_signal(signal.SIGKILL)

    def send_failed(self, error: OSError) -> None:
        """Kill the worker: a message could not be sent. If it has ended, its exit is the reason."""
        self.kill("it does not read" if isinstance(error, BlockingIOError) else None)

    def log_tail(self) -> str:
        """The end of this worker's log, in one line; empty if it wrote nothing.

        Of a traceback of all threads it is the main thread's innermost part. Quotes of the text
        that it was speaking, which native code may print, are left out.
        """
        try:
            with self.log.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(
                    max(self._log_start, end - _LOG_TAIL_BYTES) if end > self._log_start else end
                )
                written = file.read().decode(errors="replace")
        except OSError:
            return ""
        if self.running is not None:
            text = self.running.text
            written = "\n".join(
                line if _FRAME.fullmatch(line) else without_quotes(line, text)
                for line in written.split("\n")
            )
        return _in_one_line(written)

    def close(self) -> None:
        """Close all our descriptors. A process that still runs ends with its lifeline."""
        close_all(self.work, self.control, self._lifeline.writer, *self.theirs)
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


def _in_one_line(text: str) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    stacks = [at for at, line in enumerate(lines) if line.endswith(_STACK)]
    if not stacks:
        return " | ".join(lines[-_TAIL_LINES:])
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return " | ".join([*fatal[-1:], *lines[stacks[-1] :][:_TAIL_LINES]])
