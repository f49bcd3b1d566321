"""Deadlines of a call, and the pauses before a refused request is tried again."""

from __future__ import annotations

import math
import random
import time

from supervisor.client.errors import Refused, SupervisorError, SupervisorGone

PATIENCE_S = 30.0
"""Time for which a call without a timeout tries again after retryable refusals."""

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_LOOK_AGAIN_S = 0.2


class Deadline:
    """A moment on the monotonic clock, `timeout` seconds from now; None is never."""

    def __init__(self, timeout: float | None) -> None:
        self._at = math.inf if timeout is None else time.monotonic() + timeout

    def remaining(self) -> float:
        """Seconds left, 0.0 when it has passed."""
        return max(0.0, self._at - time.monotonic())

    def seconds(self) -> float | None:
        """As `remaining`, None for never, as asyncio takes it."""
        return None if math.isinf(self._at) else self.remaining()

    def within(self, seconds: float) -> Deadline:
        """This deadline, or `seconds` from now if that is sooner."""
        return Deadline(min(seconds, self.remaining()))


class Backoff:
    """Pauses between attempts of one request, for `seconds` in all.

    A pause is at least what the supervisor asked for, or else doubles from attempt to attempt.
    Jitter spreads clients that were refused together. `elsewhere`: the next attempt may go to
    another supervisor, so that one which drains or is lost is no end.
    """

    def __init__(self, seconds: float, *, elsewhere: bool = False) -> None:
        self._deadline = Deadline(seconds)
        self._elsewhere = elsewhere
        self._attempts = 0

    def pause(self, error: SupervisorError) -> float:
        """Seconds to wait before the next attempt; raises `error` when there is to be none."""
        least = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**self._attempts)
        if error.retry_after_ms is not None:
            least = max(0, error.retry_after_ms) / 1000
        self._attempts += 1
        pause = least * (1.0 + random.random() / 2)  # noqa: S311 (spread, not a secret)
        lost = isinstance(error, SupervisorGone) or error.code == "draining"
        if not (self._elsewhere if lost else isinstance(error, Refused) and error.retryable):
            raise error  # a supervisor that drains never takes it; another one might
        if pause >= self._deadline.remaining():
            raise error
        return pause

    def pause_or_raise(self, error: SupervisorError) -> float:
        """Seconds until the next look for a supervisor; raises `error` when time is up."""
        pause = min(_LOOK_AGAIN_S, _FIRST_PAUSE_S * 2.0**self._attempts)
        self._attempts += 1
        if pause >= self._deadline.remaining():
            raise error
        return pause * (1.0 + random.random() / 2)  # noqa: S311 (spread, not a secret)
