"""What somebody takes out of the run directory of a living supervisor comes back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.wire import client as wire
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, Wire, eventually


@pytest.fixture
def staged() -> Iterator[Staged]:
    """Two workers that hold their segment when they are told to."""
    with Staged() as supervised:
        supervised.workers(2)
        yield supervised


def speaks(peer: Wire) -> None:
    """A job of this connection is done."""
    peer.send(wire.Submit("a", credit=1 << 30), b"Hello.")
    assert isinstance(peer.outcome()[0], wire.End)


def made_again(staged: Supervised, times: int = 1) -> str:
    """Wait until the log says so; the latest line of it."""

    def found() -> list[str]:
        lines = [line for line in staged.output.splitlines() if "made again" in line]
        return lines if len(lines) == times else []

    return eventually(found, "that it is made again")[-1]


def unlink(*names: str) -> Callable[[Path], None]:
    """Remove these from a run directory."""

    def remove(run_dir: Path) -> None:
        for name in names:
            (run_dir / name).unlink()

    return remove


def replace_socket(run_dir: Path) -> None:
    """Put something else in its place."""
    (run_dir / "client.sock").unlink()
    (run_dir / "client.sock").write_text("not a socket")


@pytest.mark.parametrize(
    ("remove", "names"),
    [
        (unlink("client.sock"), "client.sock"),
        (unlink("supervisor.json"), "supervisor.json"),
        (unlink("client.sock", "supervisor.json"), "client.sock and supervisor.json"),
        (unlink("lock"), "lock"),
        (replace_socket, "client.sock"),
        (shutil.rmtree, "lock and client.sock and supervisor.json and workers"),
    ],
    ids=["socket", "address", "both", "lock", "replaced", "all"],
)
def test_what_was_removed_is_made_again_and_nobody_is_cut_off(
    staged: Staged, remove: Callable[[Path], None], names: str
) -> None:
    """One line says what; a job that runs meanwhile is delivered to the connection that it has,
    new clients come in, the directory is as private as before, and it is locked.
    """
    published = (staged.run_dir / "supervisor.json").read_text()
    with staged.wire() as early:
        speaks(early)
        early.send(wire.Submit("held", credit=1 << 30), b"Hold.")
        staged.begun("holding")
        remove(staged.run_dir)
        assert f": {names} had been removed" in made_again(staged)
        staged.go()
        assert isinstance(early.outcome()[0], wire.End)
        with staged.wire() as late:
            speaks(late)
        speaks(early)
    assert json.loads((staged.run_dir / "supervisor.json").read_text()) == json.loads(published)
    assert staged.run_dir.stat().st_mode & 0o777 == 0o700
    assert start_another(staged).returncode == 4
    assert staged.stop() == 0
    assert not (staged.run_dir / "client.sock").exists()
    assert not (staged.run_dir / "supervisor.json").exists()


def test_workers_that_start_after_it_find_a_place_for_their_logs(staged: Staged) -> None:
    """The directory of logs was removed, too."""
    victim = staged.workers(2)[0]
    shutil.rmtree(staged.run_dir)
    made_again(staged)
    with staged.wire() as peer:
        peer.send(wire.Submit("a"), b"Die.")
        assert isinstance(peer.outcome()[0], wire.Error)
    workers = staged.workers(2)
    assert victim["pid"] not in {worker["pid"] for worker in workers}
    assert {path.name for path in (staged.run_dir / "workers").iterdir()} >= {"0.log", "1.log"}


def test_it_comes_back_each_time(staged: Staged) -> None:
    """A cleaner comes more than once."""
    with staged.wire() as early:
        for times in range(1, 4):
            (staged.run_dir / "client.sock").unlink()
            made_again(staged, times)
            with staged.wire() as late:
                speaks(late)
        speaks(early)


def start_another(staged: Supervised) -> subprocess.CompletedProcess[str]:
    """`supervisor start` in the same run directory, until it gives up."""
    command = [sys.executable, "-W", "error", "-m", "supervisor", "start"]
    return subprocess.run(
        [*command, "--set", "http.enabled=false"],
        env=staged.environ,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_supervisor_that_came_in_its_place_is_left_alone(staged: Staged) -> None:
    """The first one says it in a line, serves those who are connected, takes nothing away from the
    other one, not even at its end, and has the place back when that one has left.
    """
    second = Supervised({"engines.default": "noop", "engines.preload": ["noop"]})
    second.run_dir = staged.run_dir
    second.environ["SUPERVISOR_RUN_DIR"] = str(staged.run_dir)
    second.environ["SUPERVISOR_LEASE_DIR"] += "-of-its-own"
    with staged.wire() as early:
        speaks(early)
        staged.pause(staged.pid)  # It must not be quicker than the other one.
        shutil.rmtree(staged.run_dir)
        with second:
            staged.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]
            line = eventually(
                lambda: [at for at in staged.output.splitlines() if "in our place" in at],
                "that there is another one",
            )
            assert f"pid {second.pid}" in line[0]
            with second.wire() as late:
                speaks(late)
                assert late.status()["supervisor"]["pid"] == second.pid
            speaks(early)
            assert early.status()["supervisor"]["pid"] == staged.pid
            assert staged.output.count("in our place") == 1
            assert second.stop() == 0
        made_again(staged)
        assert staged.status()["supervisor"]["pid"] == staged.pid


def test_it_takes_nothing_along_from_the_one_in_its_place(staged: Staged) -> None:
    """The first supervisor ends while the second has the directory: socket and address stay."""
    second = Supervised({"engines.default": "noop", "engines.preload": ["noop"]})
    second.run_dir = staged.run_dir
    second.environ["SUPERVISOR_RUN_DIR"] = str(staged.run_dir)
    second.environ["SUPERVISOR_LEASE_DIR"] += "-of-its-own"
    staged.pause(staged.pid)
    shutil.rmtree(staged.run_dir)
    with second:
        staged.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]
        eventually(lambda: "in our place" in staged.output, "that there is another one")
        assert staged.stop() == 0
        assert not (staged.run_dir / "stopped.json").exists()
        with second.wire() as peer:
            speaks(peer)
        published = json.loads((staged.run_dir / "supervisor.json").read_text())
        assert published["pid"] == second.pid
        assert "made again" not in second.output
        assert second.stop() == 0
