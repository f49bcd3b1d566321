"""One worker process as the supervisor sees it: its sockets, its death, its last known shape."""

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
"""Job, segment, attempt and epoch: what a reply has to match."""

_ANSWERS = 16
_LOG_TAIL_BYTES = 8_000
_TAIL_LINES = 6
_FRAME = re.compile(r'  File "[^"]+", line \d+ in \S+')
"""A line of such a traceback: it names a place in the code, and never a text."""
_STACK = "(most recent call first):"
"""How faulthandler announces the stack of a thread; the main thread's comes last."""


class Worker:
    """Owns our ends of the channels. `shaped` is None until the worker is ready."""

    def __init__(self, epoch: int, shape: WorkerShape, log: Path) -> None:
        self.epoch = epoch
        self.slot = shape.slot
        self.log = log
        self.pid = 0
        self.pidfd = -1
        self.shaped: Shaped | None = None
        self.early: Shaped | None = None
        """Its first report, where that came before it was known which process it is."""
        self.segments_done = 0
        self.steps = 0
        """Steps that it says it has taken: progress within a segment shows in them."""
        self.waits = False
        """Whether it said at its last answer that it waits for a program of its own."""
        self.owes_answer = False
        """Whether it was asked for a sign of life and has not given it yet."""
        self.worn = False
        """Whether it was reported to be replaced."""
        self.running: Run | None = None
        """The segment it was sent and has not answered in full."""
        self.told: Running | None = None
        """What `core.pool.health` is to know of that segment."""
        self.answered: deque[SegmentName] = deque(maxlen=_ANSWERS)
        """The latest segments that it has answered for: a reply that comes once more is known."""
        self.pieces: list[memoryview] = []
        """Audio of that segment so far."""
        self.received = 0
        """Bytes in `pieces`."""
        self.condemned: str | None = None
        """Why we killed it, if we did: says more than that a signal ended it."""
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

    def handed_over(self) -> None:
        """The worker has its ends (or never will): ours would keep the channels open."""
        close_all(*self.theirs)

    def watch(self, pid: int) -> None:
        """Remember the process, immune to its number being used again. Raises OSError."""
        self.pidfd = os.pidfd_open(pid)
        self.pid = pid

    @property
    def gone(self) -> bool:
        """Whether its process has ended and was collected."""
        return self.pid != 0 and self.pidfd < 0

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it has not ended."""
        if self.pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, number)

    def kill(self, reason: str | None) -> None:
        """End it now, if it has not; one whose pid is unknown ends with its lifeline instead."""
        self.condemned = self.condemned or reason
        if self.pidfd < 0:
            close_all(self._lifeline.writer)  # It may be closed already, and this end with it.
            return
        self.send_signal(signal.SIGKILL)

    def unreachable(self, error: OSError) -> None:
        """It does not take what it is sent: end it. If it has ended, its own end says more."""
        self.kill("it does not read" if isinstance(error, BlockingIOError) else None)

    def log_tail(self) -> str:
        """The end of what this worker wrote, in one line; empty if it wrote nothing.

        Of a traceback of all threads it is the main thread's innermost part. Nothing of what it
        was speaking is in it: native code may print that.
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
        """Close every descriptor of ours. A process that still runs ends with its lifeline."""
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
