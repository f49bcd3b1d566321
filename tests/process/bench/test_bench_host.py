"""`supervisor bench host` on the machine of the test, and a supervisor that reads what it wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.pool.leases import CoreLeases
from tests.supervised import Supervised

SUPERVISOR = [sys.executable, "-W", "error", "-m", "supervisor"]


def run(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A command to its end, in the environment of a supervisor."""
    return subprocess.run(
        [*SUPERVISOR, *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def without_supervisor(directory: Path) -> dict[str, str]:
    """An environment with directories of its own."""
    names = {"RUN": "run", "STATE": "state", "LEASE": "leases"}
    own = {f"SUPERVISOR_{key}_DIR": str(directory / name) for key, name in names.items()}
    return {**os.environ, **own}


def profile_path(supervised: Supervised) -> Path:
    """Where the supervisor's state directory has the profile."""
    return Path(supervised.environ["SUPERVISOR_STATE_DIR"]) / "host-profile.json"


def test_a_supervisor_uses_what_was_measured() -> None:
    """Measured with real workers; in force at the next start; doctor and simulate know of it."""
    supervised = Supervised()
    measured = run(supervised.environ, "bench", "host", "--seconds", "0.5", "--json")
    assert measured.returncode == 0, measured.stderr
    engine = json.loads(measured.stdout)["engines"]["hibari"]
    assert 0 < engine["seconds_per_character"] < 1
    assert engine["speedup"]["1"] == 1.0
    assert engine["worker_pss_mb"] is None or engine["worker_pss_mb"] > 1
    assert engine["crowd"]["throughput"] > 0
    assert "hibari: round 1" in measured.stderr
    assert json.loads(profile_path(supervised).read_text())["engines"]["hibari"] == engine
    with supervised:
        status = supervised.status()["host_profile"]
        assert status["engines"] == ["hibari"]
        assert status["measured_at"] == engine["measured_at"]
        assert status["ignored"] is None
        findings = json.loads(run(supervised.environ, "doctor", "--json").stdout)["findings"]
        found = [each["found"] for each in findings if each["check"] == "host profile"]
        assert found == ["hibari: measured 0 days ago"]
        tried = run(
            supervised.environ, "simulate", "--engine", "hibari", "--workload", "constant:load=1"
        )
        assert "hibari as measured on this host" in tried.stderr
        assert supervised.stop() == 0


@pytest.mark.parametrize("content", [b"{", b'{"schema": 99}', b"\xff", None])
def test_a_bad_profile_is_one_line_in_the_log(content: bytes | None) -> None:
    """Broken, of another version, or not a file at all: the supervisor starts as without it."""
    supervised = Supervised()
    path = profile_path(supervised)
    path.parent.mkdir(parents=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with supervised:
        assert supervised.status()["host_profile"]["engines"] == []
        assert supervised.output.count("host profile not used: ") == 1
        assert supervised.stop() == 0


def test_without_a_free_core_it_says_so(tmp_path: Path) -> None:
    """Every core is leased, as by a supervisor: one line, the code of what is busy, no file."""
    environ = without_supervisor(tmp_path)
    leases = CoreLeases(Path(environ["SUPERVISOR_LEASE_DIR"]))
    assert leases.acquire(os.sched_getaffinity(0))
    try:
        done = run(environ, "bench", "host", "--seconds", "0.5")
    finally:
        leases.close()
    assert done.returncode == 4
    assert "no core is free" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "state" / "host-profile.json").exists()


def test_an_engine_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """The name is wrong: the line names those that are installed, and nothing is written."""
    environ = without_supervisor(tmp_path)
    done = run(environ, "bench", "host", "--engine", "nobody", "--seconds", "0.5")
    assert done.returncode == 4
    last = done.stderr.splitlines()[-1]
    assert last.startswith("supervisor: nobody: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state" / "host-profile.json").exists()
