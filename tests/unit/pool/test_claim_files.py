"""Claim files: what is told of one supervisor to another, and what happens to it on the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from supervisor.pool.claim_files import ClaimFiles


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[ClaimFiles, ClaimFiles]]:
    """The files of two supervisors in one directory."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(ClaimFiles(tmp_path, "kind"))) for _ in range(2))
        yield one, other


def documents(files: ClaimFiles) -> list[bytes | None]:
    """What it reads of others."""
    return [found.document for found in files.others()]


def test_who_looks_before_it_is_locked_costs_nothing(
    two: tuple[ClaimFiles, ClaimFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the file for a dead one's and removes it: another is made in the same breath."""
    one, other = two
    write = os.pwrite
    looked: list[list[bytes | None]] = []

    def look_meanwhile(file: int, line: bytes, offset: int) -> int:
        if not looked:
            looked.append(documents(other))
        return write(file, line, offset)

    monkeypatch.setattr("os.pwrite", look_meanwhile)
    one.write(b"mine")
    assert looked == [[]]
    assert documents(other) == [b"mine"]


def test_others_of_all_users_may_read_it(
    two: tuple[ClaimFiles, ClaimFiles], tmp_path: Path
) -> None:
    """Whatever the umask."""
    before = os.umask(0o077)
    try:
        two[0].write(b"mine")
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_no_file_of_ours(
    two: tuple[ClaimFiles, ClaimFiles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the caller's; once there is room, it is made."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        with pytest.raises(OSError, match="full"):
            two[0].write(b"mine")
    assert list(tmp_path.iterdir()) == []
    two[0].write(b"mine")
    assert documents(two[1]) == [b"mine"]
