"""Files that are replaced: the old one or the new one, whole, whatever happens meanwhile."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.files import PRIVATE, replace_file

SOLE = pytest.mark.parametrize("sole", [False, True], ids=["anybody", "sole"])

WRITER = """
import sys
from pathlib import Path
from supervisor.files import replace_file
with replace_file(Path(sys.argv[1]), durable=False, sole_writer=sys.argv[2] == "True") as file:
    file.write(b"a part")
    file.flush()
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is there."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


@contextmanager
def writer(path: Path, *, sole: bool) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has written a part, until it is killed or told to go on."""
    words = [sys.executable, "-c", WRITER, str(path), str(sole)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def mode(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def umask(bits: int) -> Iterator[None]:
    """What new files are not to be allowed."""
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


@SOLE
def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(path: Path, sole: bool) -> None:
    """Also one that keeps the old file open; nothing else is left in the directory."""
    with path.open("rb") as reader:
        with replace_file(path, durable=True, sole_writer=sole) as file:
            file.write(b"n")
            file.flush()
            assert path.read_bytes() == b"old"
            file.write(b"ew")
        assert path.read_bytes() == b"new"
        assert reader.read() == b"old"
    assert os.listdir(path.parent) == ["file"]


@SOLE
@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_alone(
    path: Path, sole: bool, failure: type[BaseException]
) -> None:
    """Whatever ends the writing: the old file stays, and no part of the new one."""

    def fail() -> None:
        with replace_file(path, durable=True, sole_writer=sole) as file:
            file.write(b"new")
            raise failure

    with pytest.raises(failure):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


@SOLE
def test_a_full_disk_leaves_the_old_file_alone(path: Path, sole: bool) -> None:
    """Also where it shows only at the end, when what was kept in memory is written."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
    try:
        with (
            pytest.raises(OSError, match="File too large"),
            replace_file(path, durable=False, sole_writer=sole) as file,
        ):
            file.write(b"more than eight")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


@SOLE
def test_what_a_killed_writer_left_goes_with_the_next(path: Path, sole: bool) -> None:
    """The part of one that was killed in the middle is gone, and never seen under the name."""
    with writer(path, sole=sole) as process:
        process.kill()
        process.wait()
        assert len(os.listdir(path.parent)) == 2
        assert path.read_bytes() == b"old"
    with replace_file(path, durable=False, sole_writer=sole) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["file"]


def test_two_who_write_at_the_same_time(path: Path) -> None:
    """Neither takes the other's for a leftover: both become the file, one after the other."""
    with writer(path, sole=False) as other:
        with replace_file(path, durable=False) as file:
            file.write(b"ours")
        assert path.read_bytes() == b"ours"
        other.communicate(timeout=20)
        assert other.returncode == 0
    assert path.read_bytes() == b"a part"
    assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize(
    "name", [".file.0123abcd.part.x", ".file.mine.part", ".file2.0123abcd.part", "file.part"]
)
def test_files_of_others_stay(path: Path, name: str) -> None:
    """Only what this function could have left is removed."""
    path.with_name(name).write_bytes(b"theirs")
    with replace_file(path, durable=False) as file:
        file.write(b"new")
    assert path.with_name(name).read_bytes() == b"theirs"


@pytest.mark.parametrize(("wanted", "expected"), [(None, 0o640), (PRIVATE, 0o600), (0o644, 0o644)])
@SOLE
def test_permissions(path: Path, wanted: int | None, expected: int, sole: bool) -> None:
    """Those that were asked for, whatever the umask is; else as any new file."""
    with umask(0o027), replace_file(path, durable=False, mode=wanted, sole_writer=sole) as file:
        part = next(name for name in os.listdir(path.parent) if name != "file")
        assert not mode(path.with_name(part)) & ~expected
        file.write(b"new")
    assert mode(path) == expected


def test_the_permissions_that_were_there_stay(path: Path) -> None:
    """Where that is asked for; a file that is new has those of a new one."""
    path.chmod(0o464)
    for _ in range(2):
        with umask(0o077), replace_file(path, durable=True, mode=0o644, keep_access=True) as file:
            file.write(b"new")
    assert mode(path) == 0o464
    path.unlink()
    with umask(0o077), replace_file(path, durable=True, mode=0o644, keep_access=True) as file:
        file.write(b"new")
    assert mode(path) == 0o644


def test_a_last_look_can_keep_the_old_file(path: Path) -> None:
    """What it raises comes out, after the content is on disk and before the old file goes."""

    def look() -> None:
        raise ValueError(path.read_text())

    with (
        pytest.raises(ValueError, match=r"^old$"),
        replace_file(path, durable=True, last_look=look) as file,
    ):
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("durable", [False, True])
def test_what_is_durable_is_synced_in_order(
    path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content, then name, then directory: no moment at which a power loss leaves a part."""
    steps: list[str] = []
    fsync: Callable[[int], None] = os.fsync
    replace = Path.replace

    def noted_fsync(fd: int) -> None:
        steps.append("content" if stat.S_ISREG(os.fstat(fd).st_mode) else "directory")
        fsync(fd)

    def noted_replace(self: Path, target: Path) -> Path:
        steps.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    with replace_file(path, durable=durable) as file:
        file.write(b"new")
    assert steps == (["content", "name", "directory"] if durable else ["name"])


def test_a_link_is_replaced(path: Path) -> None:
    """Nothing is written through it: who wants to follow it resolves it first."""
    link = path.with_name("link")
    link.symlink_to(path)
    with replace_file(link, durable=False) as file:
        file.write(b"new")
    assert not link.is_symlink()
    assert path.read_bytes() == b"old"


def test_a_directory_that_is_not_there_is_an_error(path: Path) -> None:
    """Nothing is made on the way."""
    with pytest.raises(FileNotFoundError), replace_file(path.parent / "no" / "file", durable=False):
        pass
