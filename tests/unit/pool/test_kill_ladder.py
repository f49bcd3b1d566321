"""The kill ladder's own waiting: what a client that vanishes may cost at most."""

from __future__ import annotations

from supervisor.broker.sockets.liveness import PROBE_INTERVAL_S
from supervisor.pool import kill_ladder


def test_a_worker_is_ended_within_a_second_of_its_client() -> None:
    """The client is missed, the flag is raised, the traceback is written, and SIGTERM is sent.

    The sum of the waits between; what a machine takes besides is measured by a benchmark.
    """
    names = [number.name for number, _wait in kill_ladder._RUNGS]
    before_sigterm = kill_ladder._RUNGS[: names.index("SIGTERM")]
    assert PROBE_INTERVAL_S + kill_ladder.FLAG_S + sum(wait for _, wait in before_sigterm) < 1.0
