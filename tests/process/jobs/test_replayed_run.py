"""What a real supervisor lived through, told again to fresh machines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.client import Client
from supervisor.service.record import read
from supervisor.service.replay import Replay
from supervisor.wire import client as wire
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, Wire, eventually, free_port

WORD = "Xylophonist"
BOOK = f"The {WORD} of Dr. Who cost 3.50 at 5 p.m. today, as books have it. " * 60
HELD = f"{BOOK} Hold. And one word more."
LONG = f"{BOOK} " * 20
"""So long that it is cut while it is spoken."""


def supervisor(supervised: Supervised, *words: str) -> str:
    """What the command prints."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", *words],
        env=supervised.environ,
        capture_output=True,
        check=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def staged() -> Iterator[Staged]:
    """A run in which workers are killed under plain and durable jobs, a job costs three of them
    and another is refused, and a client cancels, leaves, and comes back.
    """
    with Staged(settings={"pool.restart_intensity": 100}) as staged:
        with Scene(staged) as scene:
            for durable in (False, True):
                disturbed = scene.submit(HELD, durable=durable)
                os.kill(staged.begun("holding"), signal.SIGKILL)
                staged.begun("holding")
                staged.go()
                assert disturbed.done()
                staged.halt()
            assert scene.submit(LONG).done()
            poison = scene.submit(f"{WORD}. Die.", durable=True)
            assert isinstance(poison.outcome(), wire.Error)
            failed = scene.submit(f"{WORD}. Fail.")
            assert isinstance(failed.outcome(), wire.Error)
            cancelled = scene.submit(HELD)
            staged.begun("holding")
            cancelled.cancel()
            assert isinstance(cancelled.outcome(), wire.Error)
        with Client(staged.endpoint) as client:
            left = client.submit(BOOK, durable=True, key=WORD)
        with Client(staged.endpoint) as client:
            eventually(lambda: client.jobs(left.id)["state"] == "done", "it is spoken alone")
            assert client.submit(BOOK, durable=True, key=WORD).result().samples.size
        yield staged
        assert staged.stop() == 0, staged.output


def test_a_run_with_faults_is_told_again_event_by_event(staged: Staged, tmp_path: Path) -> None:
    """Fresh machines give the same commands for each event, and no invariant is broken."""
    file = tmp_path / "events.json"
    file.write_text(supervisor(staged, "status", "--events", "--json"))
    document = read(file.read_bytes())
    assert document.lost == 0
    assert document.fault is None
    steps = list(Replay(document).steps())
    assert [step for step in steps if step.other or step.broken or step.skipped] == []
    kinds = {type(step.entry.event).__name__ for step in steps}
    assert {"WorkerLost", "CutTurn", "Cancelled", "Exited", "AudioStored", "Looked"} <= kinds
    assert "0 answered otherwise than then" in supervisor(staged, "replay", str(file))


def test_no_word_of_a_job_is_in_what_is_kept_of_its_events(staged: Staged) -> None:
    """Neither as JSON nor as a story, which tells who died and of what."""
    story = supervisor(staged, "status", "--events")
    assert "WorkerLost" in story
    assert "signal SIGKILL" in story
    assert WORD not in story + supervisor(staged, "status", "--events", "--json")


def test_strangers_get_no_events() -> None:
    """They tell of everybody's jobs: who is not of the supervisor's own user gets the status."""
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "broker.tcp": address,
        "broker.insecure_tcp": True,
    }
    with Supervised(settings) as supervised:
        found = {}
        for endpoint in (supervised.endpoint, f"tcp://{address}"):
            with Wire(endpoint) as peer:
                peer.send(wire.Status("s", events=True))
                report, _body = peer.receive()
                assert isinstance(report, wire.Report)
                found[endpoint] = "events" in report.status
        assert list(found.values()) == [True, False]
        assert json.dumps(supervised.status()).find('"events"') < 0
