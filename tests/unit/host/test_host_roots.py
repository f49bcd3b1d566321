"""Reading the files of a host: absent, kept open, replaced, long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.host.cpulist import parse_cpulist
from supervisor.host.roots import Host
from tests.unit.host.conftest import open_files


def test_cpulist_of_ranges_and_single_cpus() -> None:
    """The kernel's notation is understood, with its trailing newline, or empty."""
    assert parse_cpulist(b"0-2,8,10-11\n") == (0, 1, 2, 8, 10, 11)
    assert parse_cpulist(b"\n") == ()


@pytest.mark.parametrize("text", [b"a", b"1-", b"0-3:1", b"3-1", b"0-99999999999"])
def test_cpulist_that_is_none(text: bytes) -> None:
    """Anything else is an error, not an empty list."""
    with pytest.raises(ValueError, match=r"invalid literal|no range"):
        parse_cpulist(text)


def test_poll_sees_new_content_and_keeps_one_file_open(tmp_path: Path) -> None:
    """A polled file is read anew each time through one descriptor, which close gives back."""
    file = tmp_path / "stat"
    file.write_text("one")
    host = Host(tmp_path)
    before = open_files()
    assert host.poll(str(file)) == b"one"
    file.write_text("two and more")
    assert host.poll(str(file)) == b"two and more"
    assert open_files() == before + 1
    host.close()
    assert open_files() == before


def test_poll_of_a_long_file(tmp_path: Path) -> None:
    """Content longer than one read arrives whole."""
    text = os.urandom(100_000)
    (tmp_path / "long").write_bytes(text)
    host = Host(tmp_path)
    assert host.poll(str(tmp_path / "long")) == text
    host.close()


def test_absent_is_none_and_a_fault_is_raised(tmp_path: Path) -> None:
    """A file that is not there is unknown; one that cannot be read is a fault."""
    host = Host(tmp_path)
    assert host.read_if_present(str(tmp_path / "none")) is None
    assert host.poll_if_present(str(tmp_path / "none")) is None
    assert host.list(str(tmp_path / "none")) == ()
    with pytest.raises(IsADirectoryError):
        host.read_if_present(str(tmp_path))
    with pytest.raises(IsADirectoryError):
        host.poll_if_present(str(tmp_path))
    host.close()


def test_paths_of_the_machine_are_found_under_the_root(tmp_path: Path) -> None:
    """A mount point is looked up under the injected root, whatever the root."""
    assert Host("/").at("/sys/fs/cgroup") == "/sys/fs/cgroup"
    assert Host("/").proc == "/proc"
    assert Host(tmp_path).at("/sys") == f"{tmp_path}/sys"
