"""`supervisor jobs` as a user runs it: list, show, story, cancel, and what it says to mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from supervisor.wire import client as wire
from tests.supervised import Supervised, Wire

TEXT = b"A sentence of some length, as books have them. " * 2_000


@pytest.fixture
def supervised() -> Iterator[Supervised]:
    """A supervisor with the engine `noop`."""
    with Supervised({"engines.default": "noop", "engines.preload": ["noop"]}) as running:
        yield running


def jobs(supervised: Supervised, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", "jobs", *arguments],
        env=supervised.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def accepted(peer: Wire, submit: wire.Submit, text: bytes) -> str:
    """Hand in a job, and return its id."""
    peer.send(submit, text)
    answer = peer.receive()[0]
    assert isinstance(answer, wire.Accepted)
    return answer.job


def test_a_job_is_listed_told_and_cancelled(supervised: Supervised) -> None:
    """One job that waits for credit, one that is done: their rows, stories and ends."""
    with supervised.wire() as peer:
        done = accepted(peer, wire.Submit("a", durable=True, priority=9), b"Hello there.")
        assert isinstance(peer.outcome()[0], wire.End)
        held = accepted(peer, wire.Submit("b", credit=0), TEXT)
        listed = json.loads(jobs(supervised, "list", "--json").stdout)
        assert [row["job"] for row in listed["jobs"]] == [held, done]
        assert listed["jobs"][1]["state"] == "done"
        assert not listed["more"]
        table = jobs(supervised, "list").stdout
        assert held in table
        assert json.loads(jobs(supervised, "list", "--limit", "1", "--json").stdout)["more"]
        story = jobs(supervised, "story", done)
        lines = story.stdout.splitlines()
        told = [re.sub(r"^ *\+\d+\.\d+  (Worker \d )?|, in .*", "", line) for line in lines]
        assert told == [
            "Accepted, and cut into 1 sentence",
            "begins sentence 1",
            "has spoken sentence 1",
            "Sentence 1 is on disk",
            "All was spoken",
        ]
        shown = jobs(supervised, "show", done).stdout
        assert "durable: yes" in shown
        assert "Hello" not in shown + story.stdout + table, "the text is nobody's business"
        assert jobs(supervised, "cancel", held).returncode == 0
        error = peer.outcome()[0]
        assert isinstance(error, wire.Error)
        assert (error.code, error.job) == ("cancelled", held)
        assert "Stopped" in jobs(supervised, "story", held).stdout


def test_mistakes_get_one_line_and_an_exit_code(supervised: Supervised) -> None:
    """No such job is a usage error; a job that ended cannot be cancelled; nobody there is 3."""
    with supervised.wire() as peer:
        done = accepted(peer, wire.Submit("a", durable=True), b"Hello there.")
        peer.outcome()
    unknown = jobs(supervised, "story", "nonsense")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    assert "nonsense" in unknown.stderr
    late = jobs(supervised, "cancel", done)
    assert (late.returncode, late.stderr.strip().endswith("done")) == (4, True)
    assert supervised.stop() == 0
    assert jobs(supervised, "list").returncode == 3
