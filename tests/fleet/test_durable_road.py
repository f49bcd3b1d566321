"""Durable jobs of a fleet: handed in anywhere, spoken by some host, with one outcome each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from supervisor.nats.connection import Connection
from tests.fleet import publishing
from tests.fleet.hosts import Fleet


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Three hosts with two, one and one workers."""
    with Fleet((2, 1, 1)) as started:
        yield started


def test_jobs_are_spoken_where_there_is_room(fleet: Fleet) -> None:
    """Each job has one outcome and its own samples; nothing is left in the queue; and hosts take
    part by what they can do.
    """

    async def work(connection: Connection) -> Counter[str]:
        jobs = [publishing.job(f"Job {n} takes 100 ms.", engine="metronome") for n in range(40)]
        handed_in = [await publishing.publish(connection, job) for job in jobs]
        outcomes = await publishing.outcomes(connection, handed_in)
        whole = {await publishing.samples(connection, outcome) for outcome in outcomes.values()}
        assert len(whole) == len(jobs)
        assert await publishing.waiting(connection) == set()
        return Counter(outcome.host for outcome in outcomes.values())

    hosts = fleet.run(work)
    assert set(hosts) == {"h1", "h2", "h3"}
    assert hosts["h1"] > max(hosts["h2"], hosts["h3"]), hosts
