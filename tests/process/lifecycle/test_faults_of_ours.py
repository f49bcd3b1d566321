"""A fault in the supervisor itself: it ends, and says where, and the next one goes on."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from supervisor.client import Client
from supervisor.service.record import read
from supervisor.service.replay import Replay
from supervisor.service.supervisor import FAULT_EXIT
from supervisor.wire import client as wire
from tests.fixtures import processes
from tests.supervised import Supervised, Wire, eventually

NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}
PROGRAM = Path(__file__).parents[2] / "fixtures" / "faulty_supervisor.py"
TEXT = "Nobody is to read this in a log."


def test_an_effect_that_fails_ends_the_supervisor_and_the_journal_goes_on(tmp_path: Path) -> None:
    """Half of what an event asks for is never left undone in silence: the process ends with a
    code of its own and a line that names the place, no process stays behind, and what the journal
    had is spoken by the successor.
    """
    mark = tmp_path / "fail"
    with Supervised(NOOP) as supervised:
        assert supervised.process is not None
        supervised.stop()
        supervised.program = [sys.executable, "-W", "error", str(PROGRAM), str(mark)]
        supervised.log.unlink()
        supervised.start()
        mark.touch()
        with Wire(supervised.endpoint) as peer:
            peer.send(wire.Submit(id="a", key="k", durable=True), TEXT.encode())
            assert supervised.process.wait(20) == FAULT_EXIT
        eventually(lambda: not processes.family(supervised.run_dir), "no process is left")
        said = next(line for line in supervised.output.splitlines() if "a fault of ours" in line)
        assert "ValueError at faulty_supervisor.py:" in said
        assert "jobs.JobPersisted, jobs.ReleaseAccepted" in said
        assert TEXT not in supervised.output
        left = Path(supervised.environ["SUPERVISOR_STATE_DIR"]) / "events.json"
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        assert f"supervisor replay {left}" in supervised.output
        data = left.read_bytes()
        assert TEXT.encode() not in data
        *_, last = steps = list(Replay(read(data)).steps())
        assert last.entry.commands[0] == "ReleaseAccepted"
        assert not any(step.broken or step.other for step in steps)

        mark.unlink()
        supervised.log.unlink()
        supervised.start()
        with Client(supervised.endpoint) as client:
            job = client.submit(TEXT, key="k", durable=True)
            assert job.result().samples.size
            assert client.status()["jobs"]["done"] == 1
