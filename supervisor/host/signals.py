"""Stop signals, SIGTERM and SIGINT, of a process with an event loop."""

from __future__ import annotations

import asyncio
import signal

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def ignore_stop_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Ignore further stop signals, once the stop is done.

    Closing the loop takes its handlers away, and one more signal would then end the process and
    spoil its exit code.
    """
    for number in STOP_SIGNALS:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
