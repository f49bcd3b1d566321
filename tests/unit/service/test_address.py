"""The address of a supervisor: kept, but neither fought for nor taken from anybody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.service.address import MAX_REBINDS, Address
from supervisor.service.rundir import RunDirectory


class Place:
    """A run directory with a plain socket in it; `binds` counts how often it was made."""

    def __init__(self, path: Path) -> None:
        self.directory = RunDirectory(path)
        self.binds = 0
        self._sockets: list[socket.socket] = []
        self.bind()
        self.directory.publish({"pid": 1})
        self.address = Address(self.directory, self.bind)

    def bind(self) -> None:
        """As libzmq does it: whatever lies there goes."""
        self.directory.socket.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.directory.socket))
        self._sockets.append(listener)
        self.binds += 1

    def close(self) -> None:
        """Let go of everything."""
        for listener in self._sockets:
            listener.close()
        self.directory.release()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place of our own."""
    found = Place(tmp_path / "run")
    yield found
    found.close()


def test_where_nothing_is_missing_nothing_is_done(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """No line, no socket, no file is written."""
    before = (place.directory.path / "supervisor.json").stat()
    place.address.look()
    assert place.binds == 1
    assert (place.directory.path / "supervisor.json").stat() == before
    assert not caplog.messages


def test_a_directory_that_others_could_write_into_is_not_used(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody made one of that name, open to all: said once, and taken when it is closed."""
    for path in place.directory.path.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    place.directory.path.rmdir()
    place.directory.path.mkdir()
    place.directory.path.chmod(0o777)
    for _ in range(3):
        place.address.look()
    (line,) = caplog.messages
    assert "chmod 700" in line
    assert place.address.problem is not None
    assert place.binds == 1
    place.directory.path.chmod(0o700)
    place.address.look()
    assert place.address.problem is None
    assert place.directory.missing() == []


def test_a_socket_that_is_removed_without_end_is_given_up_before_descriptors_are(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time costs one for good; the last line says what to do."""
    for _ in range(MAX_REBINDS + 5):
        place.directory.socket.unlink(missing_ok=True)
        place.address.look()
    assert place.binds == 1 + MAX_REBINDS
    lines = caplog.messages
    assert len(lines) == MAX_REBINDS + 1
    assert "find out by whom" in lines[-1]


def test_a_holder_that_came_in_between_is_not_disturbed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of its is touched, also at our end; the place is ours again when it has left."""
    for name in ("lock", "client.sock", "supervisor.json"):
        (place.directory.path / name).unlink()
    other = Place(place.directory.path)
    for _ in range(3):
        place.address.look()
    (line,) = caplog.messages
    assert "another supervisor is in our place" in line
    assert other.directory.missing() == []
    other.close()
    place.address.look()
    assert "made again" in caplog.messages[-1]
    assert place.directory.missing() == []
