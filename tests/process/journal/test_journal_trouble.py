"""A journal that cannot be written: durable jobs are refused, everything else goes on."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np

from supervisor.client import Client
from supervisor.wire import client as wire
from tests.supervised import Supervised, Wire, eventually

NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}
TOO_SMALL = 4096
"""Bytes that a file may have: too few for one frame of the database's log."""


def full_disk(supervised: Supervised, *, full: bool) -> None:
    """Let the supervisor write no file beyond a few kilobytes, as if the disk were full."""
    limit = TOO_SMALL if full else resource.RLIM_INFINITY
    resource.prlimit(supervised.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def submit(peer: Wire, id: str, *, durable: bool) -> wire.Message:
    """Hand in a short text; returns the answer."""
    peer.send(wire.Submit(id, durable=durable), b"Hello there.")
    return peer.receive()[0]


def test_a_full_disk_refuses_durable_jobs_and_nothing_else() -> None:
    """The refusal says why and that it may pass; when it has passed, durable jobs are taken."""
    with Supervised(NOOP) as supervised, supervised.wire() as peer:
        full_disk(supervised, full=True)
        refused = submit(peer, "durable", durable=True)
        assert isinstance(refused, wire.Error)
        assert (refused.code, refused.id) == ("journal_unavailable", "durable")
        assert refused.retryable
        assert isinstance(submit(peer, "plain", durable=False), wire.Accepted)
        assert isinstance(peer.outcome()[0], wire.End)
        journal = supervised.status()["journal"]
        assert journal["problem"] is not None
        assert journal["writable"] is False
        assert journal["warnings"] == ["journal: it cannot be written; durable jobs are refused"]
        assert supervised.output.count("durable jobs are refused") == 1
        full_disk(supervised, full=False)
        assert isinstance(submit(peer, "later", durable=True), wire.Accepted)
        assert isinstance(peer.outcome()[0], wire.End)
        journal = supervised.status()["journal"]
        assert (journal["problem"], journal["writable"], journal["warnings"]) == (None, True, [])


def test_a_job_that_was_accepted_before_is_not_lost_on_a_full_disk() -> None:
    """Its audio cannot be stored any more: its client gets it all the same, from memory."""
    text = "A sentence of some length, as books have them, and a little more. " * 400
    with Supervised(NOOP) as supervised, Client(supervised.endpoint) as client:
        expected = client.synthesize(text, seed=7).samples
        job = client.submit(text, seed=7, durable=True)
        full_disk(supervised, full=True)
        np.testing.assert_array_equal(job.result().samples, expected)


def test_a_state_directory_that_cannot_be_used_is_no_reason_not_to_start(tmp_path: Path) -> None:
    """Plain jobs run; durable ones are refused until the directory can be used."""
    (tmp_path / "file").touch()
    supervised = Supervised(NOOP)
    supervised.environ["SUPERVISOR_STATE_DIR"] = str(tmp_path / "file" / "state")
    with supervised, supervised.wire() as peer:
        refused = submit(peer, "durable", durable=True)
        assert isinstance(refused, wire.Error)
        assert refused.code == "journal_unavailable"
        assert isinstance(submit(peer, "plain", durable=False), wire.Accepted)
        (tmp_path / "file").unlink()

        def taken() -> bool:
            return isinstance(submit(peer, "durable", durable=True), wire.Accepted)

        peer.outcome()
        eventually(taken, "a durable job is taken")


def test_two_supervisors_do_not_share_a_journal() -> None:
    """The second starts without, and does not touch the first one's jobs."""
    with Supervised(NOOP) as first, first.wire() as peer:
        second = Supervised(NOOP)
        second.environ["SUPERVISOR_STATE_DIR"] = first.environ["SUPERVISOR_STATE_DIR"]
        with second, second.wire() as other:
            refused = submit(other, "durable", durable=True)
            assert isinstance(refused, wire.Error)
            assert "another supervisor uses" in refused.message
        assert isinstance(submit(peer, "durable", durable=True), wire.Accepted)


def test_durable_jobs_can_be_switched_off() -> None:
    """Then the refusal is final, and says which setting it is."""
    with Supervised({**NOOP, "journal.enabled": False}) as supervised, supervised.wire() as peer:
        refused = submit(peer, "durable", durable=True)
        assert isinstance(refused, wire.Error)
        assert (refused.code, refused.retryable) == ("journal_unavailable", False)
        assert "journal.enabled" in refused.message
        assert isinstance(submit(peer, "plain", durable=False), wire.Accepted)


def test_results_are_forgotten_within_their_bounds() -> None:
    """Of many results the latest stay, on the disk as in the list, and over a restart."""
    settings = {**NOOP, "journal.retention_jobs": 3}
    with Supervised(settings) as supervised, supervised.wire() as peer:
        for number in range(10):
            assert isinstance(submit(peer, f"{number}", durable=True), wire.Accepted)
            assert isinstance(peer.outcome()[0], wire.End)
        state = Path(supervised.environ["SUPERVISOR_STATE_DIR"])
        eventually(lambda: len(list((state / "audio").iterdir())) == 3, "three results on disk")
        (state / "audio" / "nobodys").mkdir()
        assert supervised.stop() == 0
        supervised.start()
        with Client(supervised.endpoint) as client:
            assert [job["state"] for job in client.jobs()["jobs"]] == ["done"] * 3
        eventually(lambda: len(list((state / "audio").iterdir())) == 3, "no orphan on disk")
