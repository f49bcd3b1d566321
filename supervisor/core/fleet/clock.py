"""The queue's clock, seen from a host whose own may be wrong.

A deadline comes from the clock of whoever handed the job in, and when the job was stored from the
queue's. Neither is ours. So a job's time is what was allowed when it was handed in, less what the
queue has had it: of our clock only the difference to the queue's is used, which each of its
answers tells.
"""

from __future__ import annotations

from typing import Final

_REMEMBERED: Final = 16
"""Answers of which the quickest counts."""


class QueueClock:
    """The difference of the queue's clock to ours, from the answers that bear its time.

    The offset is known to half of the time that an answer took; of the last answers the quickest
    counts (as in the Network Time Protocol).
    """

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []
        self.offset_s: float | None = None
        """Seconds that the queue's clock is ahead of ours; None: not known yet."""
        self.uncertain_s = float("inf")
        """Half of the time that the answer took."""

    def heard(self, sent: float, received: float, queue_time: float) -> None:
        """An answer that bears the queue's time; all in Unix seconds, the first two by our clock.

        One that came before it was sent is ignored: our clock was set meanwhile.
        """
        if received < sent:
            return
        half = (received - sent) / 2
        self._seen = [*self._seen[1 - _REMEMBERED :], (half, queue_time - sent - half)]
        self.uncertain_s, self.offset_s = min(self._seen)

    def now(self, own: float) -> float:
        """The queue's time; ours where it is not known."""
        return own + (self.offset_s or 0.0)


def left_s(
    *, deadline_ms: int | None, submitted_ms: int, stored_at: float, queue_now: float
) -> float | None:
    """Seconds until a job's deadline; None: it has none.

    deadline_ms, submitted_ms: by the clock of whoever handed it in. stored_at, queue_now: Unix
    seconds by the queue's.
    """
    if deadline_ms is None:
        return None
    return (deadline_ms - submitted_ms) / 1000 - max(0.0, queue_now - stored_at)
