"""Memory claims: seen by the others while they stand, and worth nothing when they do not."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from supervisor.pool.memory_claims import CLAIM_S, MemoryClaims

MB = 1_000_000


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[MemoryClaims, MemoryClaims]]:
    """The claims of two supervisors in one directory."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(MemoryClaims(tmp_path))) for _ in range(2))
        yield one, other


def test_each_sees_what_the_other_claims(two: tuple[MemoryClaims, MemoryClaims]) -> None:
    """The sum of it, and not its own; what is taken back is gone."""
    one, other = two
    one.claim(100 * MB)
    one.claim(50 * MB)
    other.claim(7)
    assert (one.own, one.others()) == (150 * MB, 7)
    assert (other.own, other.others()) == (7, 150 * MB)
    one.claim(-50 * MB)
    assert other.others() == 100 * MB
    one.close()
    assert other.others() == 0


def test_a_claim_ends_by_itself(
    two: tuple[MemoryClaims, MemoryClaims], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten seconds the worker has what it takes, and it shows."""
    one, other = two
    one.claim(MB)
    later = time.monotonic() + CLAIM_S + 1.5
    monkeypatch.setattr("time.monotonic", lambda: later)
    assert (one.own, other.others()) == (0, 0)


def test_who_is_killed_claims_nothing_any_more(tmp_path: Path) -> None:
    """Its lock ends with it, and who looks next removes the file."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from supervisor.pool.memory_claims import MemoryClaims\n"
        "claims = MemoryClaims(Path(sys.argv[1])); claims.claim(9)\n"
        "print(flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    with closing(MemoryClaims(tmp_path)) as mine:
        assert mine.others() == 9
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert mine.others() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "{}",
        '[{"bytes": "x", "until": 1}]',
        '[{"bytes": 5, "until": 99999999999}]',
        '[{"bytes": 10000000000000000000000000, "until": SOON}]',
        '[{"else": ' + "[" * 30_000,
        "\0" * 9999,
    ],
    ids=range(8),
)
def test_what_is_no_claim_counts_as_nothing(tmp_path: Path, text: str) -> None:
    """Half of one, other JSON, a time of another boot, more than there is; held, so it stays."""
    text = text.replace("SOON", str(int(time.monotonic()) + 9))
    planted = tmp_path / "memory-1"
    planted.write_bytes(b"%08x %b\n" % (zlib.crc32(text.encode()), text.encode()))
    with planted.open() as held, closing(MemoryClaims(tmp_path)) as mine:
        fcntl.flock(held, fcntl.LOCK_EX)
        mine.claim(3)
        assert (mine.own, mine.others()) == (3, 0)
    assert planted.exists()


def test_nobody_is_waited_for_and_no_link_followed(tmp_path: Path) -> None:
    """A pipe, a link and a directory under the names of claims."""
    os.mkfifo(tmp_path / "memory-1")
    (tmp_path / "memory-2").symlink_to("/etc/passwd")
    (tmp_path / "memory-3").mkdir()
    with closing(MemoryClaims(tmp_path)) as mine:
        assert mine.others() == 0


def test_without_a_directory_there_are_our_own(tmp_path: Path) -> None:
    """Nothing fails."""
    (tmp_path / "file").write_text("")
    with closing(MemoryClaims(tmp_path / "file")) as mine:
        mine.claim(5)
        assert (mine.own, mine.others()) == (5, 0)
