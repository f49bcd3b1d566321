"""How soon a job is predicted to begin, as ACCEPTED and OUTLOOK tell it."""

from __future__ import annotations

import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.machine import Outlook
from tests.fixtures.defaults import fresh_jobs
from tests.fixtures.virtual_pool import VirtualPool, book


def _told(pool: VirtualPool) -> list[float]:
    """What each job that was accepted was told."""
    return [told.starts_s for told in pool.told if isinstance(told, e.ReleaseAccepted)]


def test_who_finds_an_idle_worker_begins_at_once() -> None:
    """And so does the next, as long as there is one."""
    pool = VirtualPool(2)
    assert pool.jobs.outlook(0.0) == Outlook(0.0, idle=2, workers=2, waiting_s=0.0, jobs=0)
    pool.submit("a", book([30], 1))
    pool.submit("b", book([20], 1))
    assert _told(pool) == [0.0, 0.0]
    assert pool.jobs.outlook(0.0) == Outlook(20.0, idle=0, workers=2, waiting_s=50.0, jobs=2)


def test_who_waits_is_told_for_what() -> None:
    """For what runs, and for the segments that go before his: one of each other client's."""
    pool = VirtualPool(1)
    pool.submit("a", book([30], 1))
    pool.submit("b", book([10], 1))
    pool.run(5.0)
    pool.submit("c", book([1], 1))
    assert _told(pool) == [0.0, 30.0, 35.0]
    pool.run(100.0)
    began = {flow: at for at, flow, _chars in pool.started}
    assert began["c"] == 5.0 + 35.0


def test_a_book_does_not_make_a_sentence_wait_for_all_of_it() -> None:
    """One of its segments is interrupted, or about to end."""
    pool = VirtualPool(1)
    pool.submit("a", book([60], 50, "batch"))
    assert pool.jobs.outlook(0.0).starts_s < 1.0
    pool.run(59.0)
    assert pool.jobs.outlook(59.0).starts_s == pytest.approx(1.0)


def test_what_is_overdue_takes_as_long_again() -> None:
    """A prediction that failed says little: the longer, the less."""
    pool = VirtualPool(1)
    pool.submit("a", book([10], 1))
    assert pool.jobs.outlook(25.0).starts_s == pytest.approx(15.0)


def test_without_a_worker_nothing_begins_at_once() -> None:
    """There will be one, though."""
    assert fresh_jobs().outlook(0.0).starts_s > 0.3
