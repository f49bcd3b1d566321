"""Cores of one host are leased to one supervisor each, and come back when it dies."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from supervisor.pool.leases import CoreLeases, lease_directory
from supervisor.service.control import ALL_LEASED
from tests.fixtures.tuned import SECTION, Tuned, thread_masks
from tests.supervised import eventually

CPUS = sorted(os.sched_getaffinity(0))

NOOP: dict[str, Any] = {
    "engines.default": "noop",
    "engines.preload": ["noop"],
    "pool.threads_per_worker": 1,
    f"{SECTION}.monitoring_interval": 0.1,
    f"{SECTION}.allocation_cooldown": 0.3,
}


def beside(first: Tuned, **bounds: int) -> Tuned:
    """Another supervisor on the same host: another run directory, the same leases."""
    other = Tuned({**NOOP, **{f"{SECTION}.{name}": count for name, count in bounds.items()}})
    other.environ["SUPERVISOR_LEASE_DIR"] = first.environ["SUPERVISOR_LEASE_DIR"]
    return other


def shares_of(supervised: Tuned) -> list[tuple[int, int, int]]:
    """Pid, cores held and fair share of each supervisor that this one knows of, by age."""
    shares = supervised.allocation()["leases"]["shares"]
    return [(each["pid"], each["held"], each["fair"]) for each in shares]


@pytest.fixture
def holder() -> Iterator[Tuned]:
    """A supervisor that holds one of two cores; somebody without a claim has all the others."""
    supervised = Tuned({**NOOP, f"{SECTION}.min_cores": 1, f"{SECTION}.max_cores": 1})
    with closing(CoreLeases(Path(supervised.environ["SUPERVISOR_LEASE_DIR"]))) as rest:
        assert rest.acquire(CPUS[2:])
        with supervised:
            supervised.workers(1)
            yield supervised


@pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed to share")
def test_a_second_supervisor_takes_only_free_cores_and_the_third_waits(holder: Tuned) -> None:
    """The second gets what is left and says who has the rest; the third, which finds a core for
    each of two others and none for itself, comes up after a kill.
    """
    (first,) = holder.workers(1)
    held = {*first["cpus"], *CPUS[2:]}
    with ExitStack() as stack:
        second = stack.enter_context(beside(holder, min_cores=len(CPUS), max_cores=len(CPUS)))
        (worker,) = second.workers(1)
        assert set(worker["cpus"]) == set(CPUS) - held
        assert thread_masks(worker["pid"]) == {frozenset(set(CPUS) - held)}
        document = second.allocation()
        assert document["leases"]["leased_by_others"] == sorted(held)
        assert document["system_info"]["bounds"]["notes"]
        eventually(
            lambda: (
                holder.allocation()["leases"]["leased_by_others"]
                == sorted([*worker["cpus"], *CPUS[2:]])
            ),
            "the holder has seen the second one's lease",
        )

        third = beside(holder, min_cores=1, max_cores=1)
        stack.push(third)
        third.start(ready=False).logged(ALL_LEASED)
        waiting = third.status()
        assert waiting["supervisor"]["state"] == "starting"
        assert waiting["workers"] == []
        assert waiting["allocation"]["status"] == "error"
        assert waiting["allocation"]["error"] == ALL_LEASED
        assert waiting["allocation"]["leases"]["leased_by_others"] == CPUS

        eventually(
            lambda: (
                shares_of(holder) == [(holder.pid, 1, 1), (second.pid, 1, 1), (third.pid, 0, 0)]
            ),
            "the holder knows that there is a core for two of them",
        )
        second.tune({**NOOP, f"{SECTION}.min_cores": 1, f"{SECTION}.max_cores": 1})
        second.logged("max_cores")
        assert holder.stop(signal.SIGKILL) == -signal.SIGKILL
        eventually(third.is_ready, "the third comes up on a core of the one that was killed")
        (heir,) = third.workers(1)
        assert heir["cpus"] == first["cpus"]
        assert third.output.count(ALL_LEASED) == 1


@pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed to share")
def test_cores_given_back_by_a_live_change_are_free_for_others() -> None:
    """One supervisor sinks to one core; the other, which wants more, takes what it gave up."""
    all_of_them = {f"{SECTION}.min_cores": len(CPUS), f"{SECTION}.max_cores": len(CPUS)}
    with Tuned({**NOOP, **all_of_them}) as first:
        first.workers(len(CPUS))
        with ExitStack() as stack:
            second = beside(first, min_cores=1, max_cores=1)
            stack.push(second)
            second.start(ready=False).logged(ALL_LEASED)
            first.tune({**NOOP, f"{SECTION}.min_cores": 1, f"{SECTION}.max_cores": 1})
            (mine,), (yours,) = first.workers(1), second.workers(1)
            assert set(mine["cpus"]).isdisjoint(yours["cpus"])


@pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed to share")
def test_a_newcomer_has_a_core_beside_one_that_holds_them_all() -> None:
    """min_cores of the first wants all: it gives one back, and has all again when the second is
    killed.
    """
    many = {f"{SECTION}.min_cores": len(CPUS), f"{SECTION}.max_cores": len(CPUS)}
    with Tuned({**NOOP, **many}) as first:
        first.workers(len(CPUS))
        with beside(first, min_cores=1, max_cores=1) as second:
            (worker,) = second.workers(1)
            kept = {cpu for each in first.workers(len(CPUS) - 1) for cpu in each["cpus"]}
            assert kept == set(CPUS) - set(worker["cpus"])
            assert thread_masks(worker["pid"]) == {frozenset(worker["cpus"])}
            first.logged(f"reason: yield_to_{second.pid}")
            count = len(CPUS) - 1
            eventually(
                lambda: shares_of(first) == [(first.pid, count, count), (second.pid, 1, 1)],
                "the first knows what the second has",
            )
            assert second.stop(signal.SIGKILL) == -signal.SIGKILL
        first.workers(len(CPUS))


def test_a_lock_lasts_as_long_as_its_process(tmp_path: Path) -> None:
    """Another process holds a core: it is seen, it cannot be had, and with SIGKILL it is free."""
    program = (
        "import sys; from pathlib import Path; from supervisor.pool.leases import CoreLeases\n"
        "leases = CoreLeases(Path(sys.argv[1])); print(leases.acquire([3])); sys.stdin.read()"
    )
    with (
        closing(CoreLeases(tmp_path / "leases")) as leases,
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "leases")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        leases.look([2, 3])
        assert leases.others == {3}
        assert not leases.acquire([3])
        assert leases.acquire([2])
        other.kill()
        other.wait()
        leases.look([2, 3])
        assert leases.others == frozenset()
        assert leases.acquire([2, 3])
        assert leases.held == {2, 3}


def test_who_only_looks_is_no_holder(tmp_path: Path) -> None:
    """Two that look at the same time see a free core, not each other."""
    with (
        closing(CoreLeases(tmp_path)) as one,
        closing(CoreLeases(tmp_path)) as other,
    ):
        one.look([1])
        looking = one._try_lock(1, 1)  # LOCK_SH: in the middle of a look
        assert looking is not None
        other.look([1])
        os.close(looking)
        assert other.others == frozenset()
        assert other.acquire([1])
        one.look([1])
        assert one.others == {1}


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user can enter; tmp_path is closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_supervisors_of_two_users_respect_each_other(open_directory: Path) -> None:
    """The files that one user made are good for the other's locks, whatever the umask."""
    directory = open_directory / "leases"
    program = (
        "import os, sys; from pathlib import Path; from supervisor.pool.leases import CoreLeases\n"
        "os.umask(0o077); leases = CoreLeases(Path(sys.argv[1])); os.setuid(65534)\n"
        "print(leases.acquire([4]), leases.acquire([5]), leases.error)"
    )
    before = os.umask(0o077)
    try:
        with closing(CoreLeases(directory)) as mine:
            assert mine.acquire([4])
            answer = subprocess.run(
                [sys.executable, "-c", program, str(directory)],
                capture_output=True,
                text=True,
                check=True,
            )
            assert mine.acquire([5]), mine.error
    finally:
        os.umask(before)
    assert answer.stdout == "False True None\n"


def test_without_a_place_for_locks_cores_are_used_and_the_reason_is_told(tmp_path: Path) -> None:
    """A file where the directory should be: no lease, but no standstill either."""
    (tmp_path / "leases").write_text("")
    with closing(CoreLeases(tmp_path / "leases")) as leases:
        leases.look([0, 1])
        assert leases.others == frozenset()
        assert leases.acquire([0])
        assert leases.error is not None
        assert str(tmp_path / "leases") in leases.error


def test_the_shared_place_follows_neither_from_the_user_nor_from_tmpdir(tmp_path: Path) -> None:
    """The first place that is open to all, or in which the directory was made for all."""
    lock, temporary = tmp_path / "lock", tmp_path / "tmp"
    for place in (lock, temporary):
        place.mkdir()
    temporary.chmod(0o1777)
    environ = {"TMPDIR": str(tmp_path / "mine")}

    def found() -> Path:
        return lease_directory(environ, (lock, temporary)).parent

    lock.chmod(0o755)
    assert found() == temporary
    (lock / "tts-supervisor-cores").mkdir()
    (lock / "tts-supervisor-cores").chmod(0o1777)
    assert found() == lock
    (lock / "tts-supervisor-cores").rmdir()
    lock.chmod(0o777)
    assert found() == temporary, "what others may delete is no lock"
    lock.chmod(0o1777)
    assert found() == lock


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be two users")
def test_two_users_exclude_each_other(tmp_path: Path) -> None:
    """Whoever made directory and files: the other one sees the lease, and gets it afterwards."""
    tmp_path.chmod(0o711)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o711)
    shared = tmp_path / "open"
    shared.mkdir()
    shared.chmod(0o1777)
    program = (
        "import os, sys; from pathlib import Path; from supervisor.pool.leases import CoreLeases\n"
        "os.setgid(65534); os.setuid(65534); os.umask(0o077)\n"
        "leases = CoreLeases(Path(sys.argv[1])); print(leases.acquire([3]), leases.error)\n"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    with (
        closing(CoreLeases(shared / "cores")) as leases,
        subprocess.Popen(
            [sys.executable, "-c", program, str(shared / "cores")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == b"True None\n"
        assert not leases.acquire([3])
        assert leases.error is None
        assert leases.acquire([2])
        other.kill()
        other.wait()
        assert leases.acquire([3])


def plant(kind: str, place: Path, victim: Path) -> None:
    """What a stranger may put where a lock file should be."""
    match kind:
        case "link":
            place.symlink_to(victim)
        case "dangling link":
            place.symlink_to(victim.with_name("not-there"))
        case "pipe":
            os.mkfifo(place)
        case "directory":
            place.mkdir()
        case "second name":
            place.hardlink_to(victim)


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "directory", "second name"])
def test_what_is_planted_in_a_core_s_place_is_neither_followed_nor_locked(
    tmp_path: Path, kind: str
) -> None:
    """It costs that core its lease and a line that names it; other cores are leased as ever, and
    the file that a link leads to is neither locked nor made.
    """
    victim = tmp_path / "victim"
    victim.write_text("somebody's")
    directory = tmp_path / "leases"
    directory.mkdir()
    plant(kind, directory / "cpu1", victim)
    with closing(CoreLeases(directory)) as leases, closing(CoreLeases(directory)) as other:
        assert leases.acquire([0, 1, 2])
        assert leases.error is not None
        assert f"{directory / 'cpu1'} is no plain file; remove it" in leases.error
        with victim.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.look([0, 1, 2])
        assert other.others == {0, 2}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["leases", "victim"]
        (directory / "cpu1").rmdir() if kind == "directory" else (directory / "cpu1").unlink()
        assert leases.acquire([0, 1, 2])
        assert leases.error is None
        other.look([0, 1, 2])
        assert other.others == {0, 1, 2}


def test_a_link_in_the_directory_s_place_is_not_followed(tmp_path: Path) -> None:
    """Nothing is made where it leads to; cores are used without leases, and the line says why."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "leases").symlink_to(elsewhere)
    with closing(CoreLeases(tmp_path / "leases")) as leases:
        leases.look([0])
        assert leases.acquire([0, 1])
        assert leases.error is not None
        assert "links are not followed" in leases.error
    assert list(elsewhere.iterdir()) == []


def test_a_link_is_no_shared_place(tmp_path: Path) -> None:
    """Where it is found by itself: one that leads to a directory for all is passed over."""
    lock, temporary, real = tmp_path / "lock", tmp_path / "tmp", tmp_path / "real"
    for place in (lock, temporary, real):
        place.mkdir()
    for place in (temporary, real):
        place.chmod(0o1777)
    (lock / "tts-supervisor-cores").symlink_to(real)
    assert lease_directory({}, (lock, temporary)).parent == temporary


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_directory_that_is_another_users_own_is_not_used(open_directory: Path) -> None:
    """Its owner could take locks away there; one that was made for everybody is used."""
    directory = open_directory / "leases"
    directory.mkdir()
    os.chown(directory, 65534, 65534)
    directory.chmod(0o777)
    program = (
        "import os, sys; from pathlib import Path; from supervisor.pool.leases import CoreLeases\n"
        "os.setgid(65533); os.setuid(65533)\n"
        "leases = CoreLeases(Path(sys.argv[1])); print(leases.acquire([3]), leases.error)"
    )

    def answer() -> str:
        command = [sys.executable, "-c", program, str(directory)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "belongs to user 65534, and is not for everybody" in answer()
    directory.chmod(0o1777)
    assert answer() == "True None\n"


def test_a_supervisor_starts_in_spite_of_what_is_planted(tmp_path: Path) -> None:
    """It says so in one line, once, and speaks."""
    leases = tmp_path / "leases"
    leases.mkdir()
    for cpu in CPUS:
        (leases / f"cpu{cpu}").symlink_to(tmp_path / "nowhere")
    supervised = Tuned({**NOOP, f"{SECTION}.min_cores": 1, f"{SECTION}.max_cores": 1})
    supervised.environ["SUPERVISOR_LEASE_DIR"] = str(leases)
    with supervised:
        supervised.workers(1)
        line = eventually(
            lambda: [at for at in supervised.output.splitlines() if "is no plain file" in at],
            "a line about it",
        )
        assert len(line) == 1
        assert not (tmp_path / "nowhere").exists()
        assert supervised.stop() == 0
