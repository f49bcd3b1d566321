"""The systemd unit says what the program understands, and the sandbox lets it work."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from supervisor.config.paths import cache_directory, run_directory, state_directory
from supervisor.pool.leases import PLACES, lease_directory
from supervisor.service.supervisor import IDLE_TICK_S

UNIT = Path(__file__).parents[3] / "deploy/systemd/tts-supervisor.service"
ANALYZE = shutil.which("systemd-analyze")

NEEDED_CALLS = {
    "sched_setaffinity": "pinning of workers",
    "pidfd_open": "watching of workers",
    "pidfd_send_signal": "the kill ladder",
    "prctl": "adoption of workers",
    "waitid": "how a worker ended",
    "socketpair": "channels to workers",
    "flock": "the lock of the run directory",
    "fcntl": "the lifeline",
    "clone": "the template's forks",
    "getrandom": "routing ids",
}


def settings(name: str) -> list[str]:
    """Every value that the unit gives to a setting."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def test_the_directories_are_those_that_systemd_makes() -> None:
    """Environment and RuntimeDirectory, StateDirectory, CacheDirectory name the same places."""
    environ = dict(line.split("=", 1) for line in settings("Environment"))
    (name,) = settings("RuntimeDirectory")
    assert run_directory(environ) == Path("/run") / name
    assert state_directory(environ) == Path("/var/lib") / settings("StateDirectory")[0]
    assert cache_directory(environ) == Path("/var/cache") / settings("CacheDirectory")[0]
    assert settings("RuntimeDirectoryMode") == ["0700"]


def test_the_unit_leases_where_everybody_does() -> None:
    """Core leases are shared with supervisors of other users: in their directory, which the
    sandbox lets the unit write to, and which is made for all where /run/lock is not for all.
    """
    environ = dict(line.split("=", 1) for line in settings("Environment"))
    directory = lease_directory(environ)
    assert directory == PLACES[0] / "tts-supervisor-cores"
    assert settings("ReadWritePaths") == [str(PLACES[0])]
    assert settings("ProtectSystem") == ["strict"]
    made = (UNIT.parent / "tts-supervisor.tmpfiles.conf").read_text().splitlines()[-1].split()
    assert made == ["d", str(directory), "1777", "root", "root", "-"]


def test_the_command_is_one_that_the_program_has() -> None:
    """`supervisor start` with options that exist."""
    words = shlex.split(settings("ExecStart")[0])
    assert Path(words[0]).name == "supervisor"
    assert words[1] == "start"
    assert [word for word in words if word.startswith("--")] == ["--config", "--override"]


def test_a_stop_reaches_the_supervisor_alone_and_it_may_tell_how_it_is() -> None:
    """Workers finish what they speak; the watchdog waits for several of the slowest ticks."""
    assert settings("Type") == ["notify"]
    assert settings("NotifyAccess") == ["main"]
    assert settings("KillMode") == ["mixed"]
    assert settings("OOMPolicy") == ["continue"]
    assert float(settings("WatchdogSec")[0]) >= 5 * 3 * IDLE_TICK_S


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """No unknown setting, no wrong value, and an exposure that deserves its name."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/tts-supervisor/bin/supervisor", "/bin/true"))
    assert ANALYZE is not None
    verified = subprocess.run(
        [ANALYZE, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--threshold=25", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-500:]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_the_system_calls_that_are_needed_are_allowed() -> None:
    """What the pool does with its processes is in the allowed set, and not taken out of it."""

    def members(name: str) -> set[str]:
        """The calls of a set, those of the sets in it included."""
        assert ANALYZE is not None
        done = subprocess.run(
            [ANALYZE, "syscall-filter", name], capture_output=True, text=True, check=True
        )
        found: set[str] = set()
        for line in done.stdout.splitlines()[1:]:
            word = line.strip()
            if word.startswith("@"):
                found |= members(word)
            elif word and not word.startswith("#"):
                found.add(word)
        return found

    allowed, *taken = settings("SystemCallFilter")
    calls = members(allowed)
    for name in taken:
        calls -= members(name.removeprefix("~"))
    assert not NEEDED_CALLS.keys() - calls
