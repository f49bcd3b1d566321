"""What the watchdog is told: whether the service gets anywhere."""

from __future__ import annotations

import pytest

from supervisor.core.jobs.progress import STALL_S, StallDetector


def observe(progress: StallDetector, now: float, waiting: int, running: int) -> str | None:
    """A look at a service whose control loop has just looked."""
    return progress.observe(now, waiting, running, now, 1.0)


def test_nothing_to_do_is_progress_enough() -> None:
    """An idle service is well."""
    progress = StallDetector()
    assert observe(progress, 0.0, 0, 0) is None
    assert observe(progress, 10 * STALL_S, 0, 0) is None


def test_work_that_nobody_takes_up_is_a_stall() -> None:
    """Segments wait, no worker runs one: after the limit, and not before."""
    progress = StallDetector()
    assert observe(progress, 0.0, 3, 0) is None
    assert observe(progress, STALL_S, 3, 0) is None
    stuck = observe(progress, STALL_S + 1, 3, 0)
    assert stuck is not None
    assert "3 segments wait" in stuck


@pytest.mark.parametrize(("waiting", "running"), [(3, 1), (0, 1), (0, 0)])
def test_a_worker_at_work_starts_the_time_anew(waiting: int, running: int) -> None:
    """What a running segment does is looked after elsewhere; and an empty queue is no stall."""
    progress = StallDetector()
    observe(progress, 0.0, 3, 0)
    assert observe(progress, STALL_S + 1, waiting, running) is None
    assert observe(progress, STALL_S + 2, 3, 0) is None
    assert observe(progress, 2 * STALL_S, 3, 0) is None


def test_a_control_loop_that_stopped_looking_is_a_stall() -> None:
    """Ten intervals, and ten seconds at least, without a sample."""
    progress = StallDetector()
    assert progress.observe(10.0, 0, 0, 0.0, 0.1) is None
    assert progress.observe(11.0, 0, 0, 0.0, 0.1) is not None
    assert progress.observe(50.0, 0, 0, 0.0, 5.0) is None
    assert progress.observe(51.0, 0, 0, 0.0, 5.0) is not None
