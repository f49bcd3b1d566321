"""Claims of supervisors: read as they are meant, and never trusted."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.core.allocation.shares import Claim, share
from supervisor.pool.claim_files import MOST
from supervisor.pool.claims import Claims

CLAIM = Claim(pid=4711, since=1e9, weight=2.0, wanted=3, may=(0, 1, 2, 3), holds=(2,))
EVERY_S = 1.0


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Claims]:
    """The claims of a supervisor that has none of its own."""
    with closing(Claims(tmp_path)) as claims:
        yield claims


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As long as it lasts, the file is that of a supervisor that lives."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def line(document: bytes) -> bytes:
    """What is in a file of this document."""
    return b"%08x %b\n" % (zlib.crc32(document), document)


def text(claim: object, beat: int = 1) -> bytes:
    """A claim as it is written."""
    return line(msgspec.json.encode({"claim": claim, "beat": beat, "every": EVERY_S}))


def test_a_claim_comes_over_and_goes_with_its_owner(tmp_path: Path, reader: Claims) -> None:
    """Also a shorter one after a longer one, and two of one pid, as two containers have them."""
    with closing(Claims(tmp_path)) as one, closing(Claims(tmp_path)) as other:
        for claim in (msgspec.structs.replace(CLAIM, holds=tuple(range(100))), CLAIM):
            one.publish(claim, EVERY_S)
            other.publish(msgspec.structs.replace(claim, wanted=1), EVERY_S)
            reader.look(0.0)
            assert sorted(found.wanted for found in reader.others) == [1, 3]
            assert claim in reader.others
            one.look(0.0)
            assert [found.wanted for found in one.others] == [1]
        assert reader.moved
        reader.look(1.0)
        assert not reader.moved
    reader.look(2.0)
    assert reader.others == ()
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_killed_one_is_gone_and_so_is_its_file(
    tmp_path: Path, reader: Claims
) -> None:
    """SIGKILL: nothing has to be cleaned up by anybody."""
    program = (
        "import sys; from pathlib import Path; from supervisor.pool.claims import Claims\n"
        "from supervisor.core.allocation.shares import Claim\n"
        "claims = Claims(Path(sys.argv[1]))\n"
        "claims.publish(Claim(pid=7, since=1.0, weight=1.0, wanted=1), 1.0)\n"
        "print(claims.error, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"None\n"
        reader.look(0.0)
        assert [claim.pid for claim in reader.others] == [7]
        assert (tmp_path / f"claim-{other.pid}").stat().st_mode & 0o777 == 0o644
        other.kill()
        other.wait()
    reader.look(1.0)
    assert reader.others == ()
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_somebody_removed_is_made_again(tmp_path: Path, reader: Claims) -> None:
    """A cleaner of temporary files costs one look."""
    with closing(Claims(tmp_path)) as one:
        for _ in range(2):
            one.publish(CLAIM, EVERY_S)
            (file,) = tmp_path.iterdir()
            file.unlink()
        one.publish(CLAIM, EVERY_S)
        reader.look(0.0)
        assert reader.others == (CLAIM,)


def test_a_claim_that_is_not_renewed_wants_nothing_after_a_while(
    tmp_path: Path, reader: Claims
) -> None:
    """Its owner was stopped, or hangs; once it goes on, it is believed again."""
    with closing(Claims(tmp_path)) as one:
        one.publish(CLAIM, EVERY_S)
        found = []
        for now in (100.0, 112.9, 113.1, 1000.0):
            reader.look(now)
            found.append(reader.others[0].wanted)
        assert found == [3, 3, 1, 1]
        one.publish(CLAIM, EVERY_S)
        reader.look(1001.0)
        assert reader.others == (CLAIM,)


GARBAGE = {
    "nothing": b"",
    "no claim": b"\0" * 100,
    "a checksum that does not fit": b"00000000" + text(CLAIM)[8:],
    "half of it": text(CLAIM)[:60],
    "huge": text(CLAIM).rstrip() + b" " * (1 << 20),
    "a weight of nothing": text({"pid": 1, "since": 1.0, "weight": 0.0, "wanted": 1}),
    "a million cores": text({"pid": 1, "since": 1.0, "weight": 1.0, "wanted": 1_000_000}),
    "cores that no machine has": text(
        {"pid": 1, "since": 1.0, "weight": 1.0, "wanted": 1, "may": [1 << 40]}
    ),
    "of another time": text({"pid": 1}),
    "deeper than anybody reads": line(b'{"else": ' + b"[" * 30_000),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_what_cannot_be_read_wants_nothing(tmp_path: Path, reader: Claims, garbage: bytes) -> None:
    """It counts with weight 1, one line names it, and the others are read as ever."""
    (tmp_path / "claim-5").write_bytes(garbage)
    (tmp_path / "claim-6").write_bytes(text(CLAIM))
    with locked(tmp_path / "claim-5"), locked(tmp_path / "claim-6"):
        reader.look(0.0)
        strange, good = reader.others
        assert (strange.pid, strange.weight, strange.wanted, strange.holds) == (5, 1.0, 0, ())
        assert good == CLAIM
        assert reader.strange is not None
        assert str(tmp_path / "claim-5") in reader.strange
    reader.look(1.0)
    assert reader.others == ()
    assert reader.strange is None


fields = st.sampled_from([*Claim.__struct_fields__, "else"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=8),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values)
def test_whatever_a_claim_says_it_is_bounded(tmp_path: Path, claim: object) -> None:
    """With a checksum that fits: it is read within its bounds, or wants nothing."""
    path = tmp_path / "claim-5"
    path.write_bytes(text(claim))
    with locked(path), closing(Claims(tmp_path)) as reader:
        reader.look(0.0)
        (found,) = reader.others
        assert 0.01 <= found.weight <= 100
        assert 0 <= found.wanted <= 4096
        share(CLAIM, reader.others, ())


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_what_is_planted_is_neither_followed_nor_waited_for(
    tmp_path: Path, reader: Claims, kind: str
) -> None:
    """It stays where it is, and is told in one line; one's own claim gets another name."""
    place = tmp_path / f"claim-{os.getpid()}"
    victim = tmp_path / "victim"
    victim.write_bytes(text(CLAIM))
    match kind:
        case "link":
            place.symlink_to(victim)
        case "pipe":
            os.mkfifo(place)
        case "directory":
            place.mkdir()
    with locked(victim), closing(Claims(tmp_path)) as one:
        one.publish(CLAIM, EVERY_S)
        assert one.error is None
        reader.look(0.0)
        assert sorted(claim.wanted for claim in reader.others) == [0, 3]
        assert reader.strange is not None
        assert str(place) in reader.strange
    assert victim.read_bytes() == text(CLAIM)


def test_many_claims_are_not_all_looked_at(tmp_path: Path, reader: Claims) -> None:
    """Whoever fills the directory costs a bounded time."""
    for pid in range(3 * MOST):
        (tmp_path / f"claim-{pid}").write_bytes(text(CLAIM))
    files = [path.open("rb") for path in tmp_path.iterdir()]
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)
    reader.look(0.0)
    assert len(reader.others) == MOST
    for file in files:
        file.close()


def test_without_a_directory_there_are_no_claims(tmp_path: Path) -> None:
    """One line says why, and nothing fails."""
    (tmp_path / "file").write_text("")
    with closing(Claims(tmp_path / "file")) as claims:
        claims.look(0.0)
        claims.publish(CLAIM, EVERY_S)
        assert claims.others == ()
        assert claims.error is not None
        assert str(tmp_path / "file") in claims.error
