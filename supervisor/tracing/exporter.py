"""The exporter: a bounded queue of traces, and a thread that sends them to a collector.

Only this thread waits for a collector. A slow one fills the queue, and further traces are
dropped; spans sent to a failing one are lost. Both are counted, and logged once in a while.
The protocol is left to the collector's class.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from supervisor.core.jobs.spans import Trace
from supervisor.logs import get_logger

QUEUE_SPANS: Final = 4_096
"""Spans that may wait or be on their way: a few megabytes."""

BATCH_SPANS: Final = 128
"""Spans after which a batch is sent. It is encoded under the interpreter's lock, so that the event
loop may have to wait for all of it: about 5 ms."""

LINGER_S: Final = 1.0
"""Longest wait of the first trace of a batch for others."""

QUIET_S: Final = 600.0
"""Least time between two complaints, so that a collector that comes and goes fills no log."""

log = get_logger(__name__)


class Timed(NamedTuple):
    """A trace, and the offset of Unix nanoseconds from its monotonic ones."""

    trace: Trace
    ahead_ns: int


class NotSentError(Exception):
    """The collector did not take the spans; the message says why, and quotes no answer."""


class Collector(Protocol):
    """A receiver of traces. Called from the exporter's thread alone."""

    def send(self, traces: Sequence[Timed]) -> int:
        """Send traces; return the number of spans sent. Raises NotSentError."""

    def close(self) -> None:
        """Close all connections to the collector."""


class Exporter:
    """Sends traces to what `connect` returns, which it calls in its thread."""

    def __init__(self, connect: Callable[[], Collector]) -> None:
        self.exported = 0
        """Spans that the collector has taken."""
        self.problem: str | None = None
        """Why the latest batch was not taken; None if it was."""
        self._connect = connect
        self._queue: queue.SimpleQueue[Timed | None] = queue.SimpleQueue()
        self._put = 0
        self._done = 0
        self._dropped = 0
        self._failed = 0
        self._complained_at: float | None = None
        self._until: float | None = None
        self._thread = threading.Thread(target=self._run, name="tracing", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Spans that were dropped, or that the collector has not taken."""
        return self._dropped + self._failed

    # -- on the event loop --------------------------------------------------------------

    def put(self, trace: Trace) -> None:
        """Queue a trace, or drop it if there is no room. Never blocks."""
        size = len(trace)
        waiting = self._put - self._done
        if waiting + size > QUEUE_SPANS:
            self._dropped += size
            self._complain(f"the collector is too slow: {waiting} spans wait for it")
            return
        self._put += size
        self._queue.put(Timed(trace, time.time_ns() - time.monotonic_ns()))

    def finish(self, within_s: float) -> None:
        """End once the queue is sent, or after so many seconds; returns at once."""
        if self._until is None:
            self._until = time.monotonic() + within_s
            self._queue.put(None)

    def join(self) -> None:
        """Wait for the end as long as `finish` has allowed, unless the last batch failed."""
        if self._until is not None and self.problem is None:
            self._thread.join(max(0.0, self._until - time.monotonic()))

    # -- in the thread ------------------------------------------------------------------

    def _run(self) -> None:
        collector = self._connected()
        over = False
        while not over:
            batch, over = self._gather()
            spans = sum(len(timed.trace) for timed in batch)
            if collector is not None and not self._is_late():
                self._send(collector, batch, spans)
            else:
                self._failed += spans
            self._done += spans
        if collector is not None:
            collector.close()

    def _connected(self) -> Collector | None:
        try:
            return self._connect()
        except Exception as error:  # noqa: BLE001 (a library, and an environment of the user's)
            self._fail(f"no connection to a collector can be made: {error}")
            return None

    def _gather(self) -> tuple[list[Timed], bool]:
        """Wait until there are traces for a batch; True with the last one."""
        batch: list[Timed] = []
        spans = 0
        until: float | None = None
        while spans < BATCH_SPANS:
            try:
                timeout = None if until is None else max(0.0, until - time.monotonic())
                timed = self._queue.get(timeout=timeout)
            except queue.Empty:
                break
            if timed is None:
                return batch, True
            batch.append(timed)
            spans += len(timed.trace)
            until = until or time.monotonic() + LINGER_S
        return batch, False

    def _send(self, collector: Collector, batch: list[Timed], spans: int) -> None:
        try:
            sent = collector.send(batch)
        except NotSentError as error:
            self._failed += spans
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 (whatever a library does, the thread goes on)
            self._failed += spans
            self._fail(f"the exporter failed: {type(error).__name__}")
        else:
            self.exported += sent
            if sent and self.problem is not None:
                self.problem = None
                log.info("tracing: the collector takes traces again")

    def _is_late(self) -> bool:
        return self._until is not None and time.monotonic() > self._until

    # -- what is said -------------------------------------------------------------------

    def _fail(self, reason: str) -> None:
        self.problem = reason
        self._complain(f"{reason}; jobs go on")

    def _complain(self, what: str) -> None:
        now = time.monotonic()
        if self._complained_at is None or now - self._complained_at >= QUIET_S:
            self._complained_at = now
            log.warning("tracing: spans are lost and counted: %s", what)
