"""The run directory: one holder at a time, private, and swept of what a killed one left."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from supervisor.service.rundir import PUBLISHED, SOCKET, RunDirectory, RunDirectoryError


def test_a_second_holder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    """And once the first has let go, the directory can be had again."""
    first = RunDirectory(tmp_path / "run")
    with pytest.raises(RunDirectoryError, match=rf"pid {os.getpid()}.*SUPERVISOR_RUN_DIR"):
        RunDirectory(tmp_path / "run")
    first.release()
    RunDirectory(tmp_path / "run").release()


def test_nothing_is_missing_of_a_directory_that_was_released(tmp_path: Path) -> None:
    """Whoever looks once more after the end must not make it again."""
    directory = RunDirectory(tmp_path / "run")
    directory.socket.touch()
    directory.bound()
    directory.publish({"pid": 1})
    assert directory.missing() == []
    directory.socket.unlink()
    assert directory.missing() == [SOCKET]
    directory.release()
    assert directory.missing() == []


def test_refusing_does_not_disturb_the_holder(tmp_path: Path) -> None:
    """The loser of the lock removes nothing and leaks no descriptor."""
    holder = RunDirectory(tmp_path / "run")
    holder.publish({"pid": 1})
    holder.socket.touch()
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(RunDirectoryError):
        RunDirectory(tmp_path / "run")
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert holder.socket.exists()
    assert (holder.path / PUBLISHED).exists()
    holder.release()


def test_what_a_killed_holder_left_is_removed(tmp_path: Path) -> None:
    """A stale socket or address would make clients wait for nobody."""
    path = tmp_path / "run"
    path.mkdir(mode=0o700)
    for name in (SOCKET, PUBLISHED):
        (path / name).write_text("stale")
    (path / "lock").write_text("99999\n")
    directory = RunDirectory(path)
    assert not (path / SOCKET).exists()
    assert not (path / PUBLISHED).exists()
    assert (path / "lock").read_text() == f"{os.getpid()}\n"
    directory.release()


def test_a_published_address_is_whole_and_goes_with_the_holder(tmp_path: Path) -> None:
    """A reader finds a document or nothing."""
    directory = RunDirectory(tmp_path / "run")
    for pid in (1, 2):
        directory.publish({"pid": pid})
        assert json.loads((directory.path / PUBLISHED).read_text()) == {"pid": pid}
    directory.release()
    assert not (directory.path / PUBLISHED).exists()


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_directory_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Somebody else could put a socket of that name there; the message has the remedy."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(mode)
    with pytest.raises(RunDirectoryError, match="chmod 700"):
        RunDirectory(tmp_path / "run")


def test_a_link_a_file_and_a_path_beyond_a_socket_are_refused(tmp_path: Path) -> None:
    """Each with the reason, before anything is written."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(RunDirectoryError, match="not a directory"):
        RunDirectory(tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(RunDirectoryError, match="cannot use"):
        RunDirectory(tmp_path / "file")
    long = tmp_path / ("x" * 120)
    with pytest.raises(RunDirectoryError, match="too long for a socket"):
        RunDirectory(long)
    assert not long.exists()


def test_a_new_directory_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """Nobody else may look into it, let alone connect."""
    before = os.umask(0)
    try:
        directory = RunDirectory(tmp_path / "run")
    finally:
        os.umask(before)
    assert directory.path.stat().st_mode & 0o777 == 0o700
    directory.release()
