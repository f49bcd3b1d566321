"""Every option of performance.memory reaches what it is to steer: settings, files of the machine,
and the workers that are left. Each test fails if its option is read by nobody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.config import ConfigError, Settings, load
from supervisor.host.oom import read_score
from supervisor.pool.memory_claims import MemoryClaims
from supervisor.service.memory import OomScores, check_reserve
from tests.fixtures.hosts import materialise
from tests.fixtures.hosts.files import meminfo
from tests.unit.service.conftest import MakeLoop
from tests.unit.service.controlled import Controlled

ONE_THREAD = {"pool.threads_per_worker": 1}
TOTAL_MB = 32_000
MEMORY = "performance.memory"


def leave(loop: Controlled, megabytes: int) -> None:
    """The machine has so much memory left, of 32 GB."""
    loop.tree.write("proc/meminfo", meminfo(TOTAL_MB * 1000 * 1000 // 1024, megabytes * 976))


def press(loop: Controlled, percent: float) -> None:
    """All tasks wait for memory for so much of the time."""
    line = f"avg10={percent:.2f} avg60=0.00 avg300=0.00 total=1"
    loop.tree.write("proc/pressure/memory", f"some {line}\nfull {line}\n")


def four(make_loop: MakeLoop, **memory: object) -> Controlled:
    """Four workers of 100 MB that have nothing to do, on a machine with 10 GB left."""
    settings = {**ONE_THREAD, **{f"{MEMORY}.{name}": value for name, value in memory.items()}}
    loop = make_loop(settings=settings, min_cores=4, max_cores=8)
    loop.worker_bytes = 100_000_000
    leave(loop, 10_000)
    assert loop.run(10)[-1] == 4
    return loop


def state(loop: Controlled) -> str:
    """As the diagnostics tell it."""
    return loop.control.allocator.limits.memory.state


def test_reserve_mb_keeps_the_pool_from_growing(make_loop: MakeLoop) -> None:
    """Of 1000 MB, 600 stay free: beside the one worker there is room for four more, not ten."""
    found = []
    for reserve in (600, None):
        loop = make_loop(settings={**ONE_THREAD, f"{MEMORY}.reserve_mb": reserve}, max_cores=16)
        loop.worker_bytes = 100_000_000
        leave(loop, 1001)
        loop.run(6)
        found.append(loop.control.allocator.bounds.hard)
    assert found == [1 + 4, 1 + 10]


def test_reserve_mb_decides_when_workers_go(make_loop: MakeLoop) -> None:
    """The same 150 MB are short of 400 and plenty beside 20; a change holds at once."""
    loop = four(make_loop, reserve_mb=20)
    leave(loop, 150)
    assert loop.run(30)[-1] == 4
    loop.change({f"{MEMORY}.reserve_mb": 400})
    loop.run(6)
    assert (state(loop), loop.cores) == ("short", 3)
    assert loop.reason == "memory_short_150MB"
    assert loop.run(30)[-1] == 1
    assert loop.trims >= 1


def test_reserve_mb_null_watches_nothing(make_loop: MakeLoop) -> None:
    """The pool keeps what it has to the last byte."""
    loop = four(make_loop, reserve_mb=None)
    leave(loop, 1)
    assert loop.run(60)[-1] == 4
    assert (state(loop), loop.trims) == ("free", 0)


def test_critical_memory_leaves_one_worker_and_is_told(make_loop: MakeLoop) -> None:
    """All of them speak; within one look at the memory one is left. It ends by itself."""
    loop = four(make_loop)
    loop.demand = 8
    leave(loop, 20)
    loop.run(6)
    assert (loop.cores, state(loop), loop.critical) == (1, "critical", [True])
    event = loop.memory.last_event
    assert event is not None
    assert (event.after, event.cause) == ("critical", "available")
    leave(loop, 10_000)
    assert loop.run(40)[-1] >= 4
    assert (state(loop), loop.critical) == ("free", [True, False])


def test_give_back(make_loop: MakeLoop) -> None:
    """Switched off, the pool stays as it is; switched on, it sinks."""
    loop = four(make_loop, give_back=False)
    leave(loop, 20)
    assert set(loop.run(60)) == {4}
    assert (state(loop), loop.trims) == ("critical", 0)
    loop.change({f"{MEMORY}.give_back": True})
    assert loop.run(3)[-1] == 1


@pytest.mark.parametrize(("bound", "cores"), [(10.0, 1), (50.0, 4), (None, 4)])
def test_pressure_percent(make_loop: MakeLoop, bound: float | None, cores: int) -> None:
    """Tasks wait for memory 30 % of the time, though 10 GB are left."""
    loop = four(make_loop, pressure_percent=bound)
    press(loop, 30.0)
    assert loop.run(60)[-1] == cores
    if cores == 1:
        assert "memory_pressure_30%" in {each.reason for each in loop.control.allocator.history}


def test_memory_that_others_claim_is_not_built_upon(make_loop: MakeLoop, tmp_path: Path) -> None:
    """2000 MB are left beside the reserve, and another supervisor is about to take 1500 of them."""
    leases = tmp_path / "leases"
    leases.mkdir()
    other = MemoryClaims(leases)
    other.claim(1_500_000_000)
    try:
        loop = make_loop(
            settings={**ONE_THREAD, f"{MEMORY}.reserve_mb": 1000}, max_cores=16, leases=leases
        )
        loop.worker_bytes = 400_000_000
        leave(loop, 3000)
        loop.demand = 16
        loop.run(5)
        assert loop.control.allocator.bounds.hard == 1 + 1
        assert loop.memory.claimed_by_others == 1_500_000_000
    finally:
        other.close()


def test_two_that_start_at_once_do_not_take_the_same_memory(
    make_loop: MakeLoop, tmp_path: Path
) -> None:
    """There is room for one worker: whoever claims it second is told why it gets none."""
    one, two = (
        make_loop(settings={f"{MEMORY}.reserve_mb": 1000}, leases=tmp_path / "leases")
        for _ in range(2)
    )
    for loop in (one, two):
        leave(loop, 1150)
        loop.run(6)
    assert one.memory.claim(100_000_000) is None
    why = "there is no memory for it beside the reserve of 1000 MB"
    assert two.memory.claim(100_000_000) == why
    assert two.memory.claims.own == 0
    one.memory.claims.close()
    assert two.memory.claim(100_000_000) is None


@pytest.fixture
def process() -> Iterator[int]:
    """A process of ours that does nothing."""
    program = "import sys; sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    yield child.pid
    child.communicate()


def test_oom_score_adj(process: int) -> None:
    """Each kind has its own, and a change holds for those that are told of it; null is the
    supervisor's, and below that nothing goes.
    """
    scores, mine = OomScores(Settings()), read_score()
    found = []
    for told in (scores.worker, scores.template, scores.gateway):
        told(process)
        found.append(read_score(process))
    assert found == [max(mine, wanted) for wanted in (500, 400, 300)]
    words = {f"{MEMORY}.oom_score_adj.{kind}": "700" for kind in ("worker", "template", "gateway")}
    scores.configure(load(environ={}, command_line=words).settings)
    for told in (scores.worker, scores.template, scores.gateway):
        told(process)
        assert read_score(process) == max(mine, 700)
    words = dict.fromkeys(words, "null")
    scores.configure(load(environ={}, command_line=words).settings)
    scores.worker(process)
    assert read_score(process) == mine
    scores.worker(os.getpid() + 10_000_000)  # Gone by now: nothing happens.


def test_a_reserve_over_the_memory_is_refused(tmp_path: Path) -> None:
    """With the number that it has to be below: the machine's, or that of the limit."""
    settings = load(environ={}, command_line={f"{MEMORY}.reserve_mb": "5000"}).settings
    for name, expected in (
        ("vm-2", "the machine's memory, 4294 MB, but is 5000"),
        ("container-quota-1.5", "the limit of its cgroup, 2147 MB, but is 5000"),
    ):
        tree = materialise(name, tmp_path / name)
        with pytest.raises(ConfigError, match=f"reserve_mb must be below {expected}"):
            check_reserve(settings, tree.host)
        check_reserve(Settings(), tree.host)
        tree.remove("proc/meminfo")
        check_reserve(settings, tree.host)
