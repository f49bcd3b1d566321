"""`supervisor drain`: the supervisor finishes what it has; the command waits and tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import IO

from supervisor.wire import client as protocol
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, Wire, eventually


def start_drain(supervised: Supervised, *options: str) -> subprocess.Popen[str]:
    """The command, on its way."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "supervisor", "drain", *options],
        env=supervised.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def submit(peer: Wire, text: str) -> None:
    """Send a job that is accepted."""
    peer.send(protocol.Submit("a"), text.encode())
    assert isinstance(peer.receive()[0], protocol.Accepted)


def first_line(stream: IO[str] | None) -> str:
    """Blocks until it is there."""
    assert stream is not None
    return stream.readline()


def test_it_waits_until_the_last_job_is_spoken() -> None:
    """Progress goes to stderr, the outcome to stdout, the exit code is 0."""
    with Staged() as staged, staged.wire() as peer:
        submit(peer, "Hold. And on. And on.")
        staged.begun("holding")
        drain = start_drain(staged)
        assert "1 job left" in first_line(drain.stderr)
        assert staged.status()["supervisor"]["state"] == "draining"
        staged.go()
        assert isinstance(peer.outcome()[0], protocol.End)
        out, _err = drain.communicate(timeout=20)
        assert drain.returncode == 0
        assert out.startswith("drained in ")
        assert staged.process is not None
        assert staged.process.wait(5) == 0


def test_a_second_drain_joins_the_first() -> None:
    """It does not stop the supervisor at once, as a second signal would."""
    with Staged() as staged, staged.wire() as peer:
        submit(peer, "Hold.")
        staged.begun("holding")
        first = start_drain(staged)
        first_line(first.stderr)
        second = start_drain(staged, "--json")
        first_line(second.stderr)
        staged.go()
        assert isinstance(peer.outcome()[0], protocol.End)
        out, _err = second.communicate(timeout=20)
        assert json.loads(out)["cancelled"] == 0
        assert (first.wait(20), second.returncode) == (0, 0)
        first.communicate()


def test_jobs_that_outlast_the_grace_period_are_counted_and_exit_code_5() -> None:
    """Nobody has to search the log for whether something was lost."""
    with Staged(settings={"pool.grace_period_s": 0.3}) as staged, staged.wire() as peer:
        submit(peer, "Hold.")
        staged.begun("holding")
        drain = start_drain(staged, "--json")
        out, err = drain.communicate(timeout=20)
        assert drain.returncode == 5
        assert json.loads(out)["cancelled"] == 1
        assert "1 job was cancelled" in err


def test_its_own_patience_is_exit_code_4_and_the_drain_goes_on() -> None:
    """`--timeout` ends the waiting, nothing else."""
    with Staged() as staged, staged.wire() as peer:
        submit(peer, "Hold.")
        staged.begun("holding")
        drain = start_drain(staged, "--timeout", "0.5")
        _out, err = drain.communicate(timeout=20)
        assert drain.returncode == 4
        assert "still draining" in err
        staged.go()
        assert isinstance(peer.outcome()[0], protocol.End)
        assert staged.process is not None
        assert staged.process.wait(5) == 0


def test_a_supervisor_that_is_killed_meanwhile_is_not_taken_for_drained() -> None:
    """It left no word: exit code 5."""
    with Staged() as staged, staged.wire() as peer:
        submit(peer, "Hold.")
        staged.begun("holding")
        drain = start_drain(staged)
        first_line(drain.stderr)
        os.kill(staged.pid, signal.SIGKILL)
        _out, err = drain.communicate(timeout=20)
        assert drain.returncode == 5
        assert "was killed" in err


def test_nobody_to_drain_is_exit_code_3() -> None:
    """One line that says where it looked."""
    staged = Staged()
    try:
        drain = start_drain(staged)
        _out, err = drain.communicate(timeout=20)
        assert drain.returncode == 3
        assert str(staged.run_dir) in err
        assert err.count("\n") == 1
        eventually(lambda: not staged.family, "nothing runs")
    finally:
        staged.close()
