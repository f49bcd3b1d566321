"""What fails over Wyoming: counted, and told in the log, as Home Assistant shows no errors.

A program may ask for the same wrong voice a thousand times, so each kind gets a line a minute at
most, which says how many there were since the one before.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from supervisor.gateway.observe.metrics import Metrics
from supervisor.logs import get_logger

TELL_EVERY_S: Final = 60.0

log = get_logger(__name__)


class Failures:
    """Failures of all connections of one listener."""

    def __init__(self, metrics: Metrics) -> None:
        self._counted = metrics.wyoming_errors
        self._untold: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}

    def note(self, code: str, reason: str) -> None:
        """Count a failure of this kind; `reason` must hold nothing of a text."""
        self._counted.labels(code).inc()
        self._untold[code] += 1
        now = time.monotonic()
        if now < self._told_at.get(code, float("-inf")) + TELL_EVERY_S:
            return
        self._told_at[code] = now
        log.warning("gateway: Wyoming: %s (%d): %s", code, self._untold.pop(code), reason)
