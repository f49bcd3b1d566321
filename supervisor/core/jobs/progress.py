"""Progress of the service as a whole, for a watchdog.

A running event loop proves little. The service is stuck when work waits and no worker
runs any, for longer than it takes to restart failed workers; or when the control loop has
stopped sampling. A segment that runs counts as progress: hung workers are left to
`core.pool.health`.
"""

from __future__ import annotations

from supervisor.wording import counted

STALL_S = 150.0
"""Time without any worker at work while work waits: twice a parked slot's pause, and more."""

_MISSED_SAMPLES = 10
_LEAST_SILENCE_S = 10.0


class StallDetector:
    """Detects a stall. Fed once a tick."""

    def __init__(self) -> None:
        self._idle_handed_since: float | None = None

    def observe(
        self, now: float, waiting: int, running: int, sampled_at: float, interval_s: float
    ) -> str | None:
        """Return why the service is stuck; None if it is not.

        `waiting` and `running` count segments, `sampled_at` is the control loop's last
        look (or its start), which is due every `interval_s`.
        """
        if waiting == 0 or running > 0:
            self._idle_handed_since = None
        elif self._idle_handed_since is None:
            self._idle_handed_since = now
        silence = max(_LEAST_SILENCE_S, _MISSED_SAMPLES * interval_s)
        if now - sampled_at > silence:
            return f"the control loop has not looked for {now - sampled_at:.0f} s"
        since = self._idle_handed_since
        if since is not None and now - since > STALL_S:
            what = counted(waiting, "segment waits", "segments wait")
            return f"{what}, and no worker has run one for {now - since:.0f} s"
        return None
