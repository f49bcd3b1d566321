"""Supervisors of one host share its cores: real control loops, four cores, one lease directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from supervisor.pool.leases import CoreLeases
from tests.unit.service.conftest import MakeLoop
from tests.unit.service.controlled import Controlled

CORES = 4
ALL = {"min_cores": CORES, "max_cores": CORES}


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[Path]:
    """The lease directory of a host on which somebody without a claim holds all cores but four."""
    directory = tmp_path / "leases"
    with closing(CoreLeases(directory)) as rest:
        assert rest.acquire(range(CORES, 20))
        yield directory


def loaded(make: MakeLoop, leases: Path, weight: float = 1.0, **section: object) -> Controlled:
    """A pool of workers with a thread each, and more to speak than four cores can."""
    settings: dict[str, object] = {"pool.threads_per_worker": 1, "pool.weight": weight}
    loop = make(settings=settings, leases=leases, **{"max_cores": CORES, **section})
    loop.demand, loop.backlog_s = 60, 5.0
    return loop


def together(seconds: int, *loops: Controlled) -> list[tuple[int, ...]]:
    """Cores of each after each second; no core is ever held twice."""
    held = []
    for _ in range(seconds):
        for loop in loops:
            loop.run(1)
        cpus = [cpu for loop in loops for cpu in loop.cpus]
        assert len(cpus) == len(set(cpus))
        held.append(tuple(loop.cores for loop in loops))
    return held


@pytest.mark.parametrize("weights", [(3.0, 1.0), (1.0, 3.0), (1.0, 1.0)])
def test_weight(make_loop: MakeLoop, leases: Path, weights: tuple[float, float]) -> None:
    """Both saturated: cores by weight within 10 s, whoever came first, and then no more changes."""
    first = loaded(make_loop, leases, weights[0])
    assert first.run(60)[-1] == CORES
    second = loaded(make_loop, leases, weights[1])
    held = together(30, first, second)
    shares = tuple(CORES * weight / sum(weights) for weight in weights)
    assert held[9:] == [shares] * 21
    reasons = {decision.reason.rpartition("_")[0] for decision in first.control.allocator.history}
    assert "yield_to" in reasons


def test_weight_changes_while_it_runs(make_loop: MakeLoop, leases: Path) -> None:
    """A new weight moves cores from the one to the other."""
    first, second = loaded(make_loop, leases), loaded(make_loop, leases)
    assert together(40, first, second)[-1] == (2, 2)
    second.change({"pool.weight": 3.0})
    assert together(20, first, second)[-1] == (1, 3)


def test_a_newcomer_has_a_core_at_once_though_min_cores_wants_all(
    make_loop: MakeLoop, leases: Path
) -> None:
    """Even beside a static pool and an idle one: the settings yield, down to one core."""
    first = loaded(make_loop, leases, **ALL)
    first.run(10)
    second = loaded(make_loop, leases)
    assert together(3, first, second)[-1] == (3, 1)
    assert together(20, first, second)[-1] == (3, 1), "who only wants more does not beat min_cores"
    third = loaded(make_loop, leases, **ALL)
    assert (2, 1, 1) in together(3, first, second, third)
    second.close()
    assert together(20, first, third)[-1] == (2, 2)
    third.close()
    assert first.run(10)[-1] == 4


def test_a_static_pool_yields_too(make_loop: MakeLoop, leases: Path) -> None:
    """`enabled` false: the size is a wish like min_cores."""
    first = loaded(make_loop, leases, enabled=False)
    assert first.run(5)[-1] == 4
    second = loaded(make_loop, leases, enabled=False)
    assert together(20, first, second)[-1] == (2, 2)
    second.close()
    assert first.run(5)[-1] == 4


def test_what_one_does_not_need_the_other_has_until_it_is_needed_again(
    make_loop: MakeLoop, leases: Path
) -> None:
    """An idle one goes down to a core, and is back at its share soon after its load is back."""
    first, second = loaded(make_loop, leases), loaded(make_loop, leases)
    assert together(40, first, second)[-1] == (2, 2)
    second.demand, second.backlog_s = 0, 0.0
    assert together(20, first, second)[-1] == (3, 1)
    second.demand, second.backlog_s = 60, 5.0
    assert together(12, first, second)[-1] == (2, 2)


def test_the_core_that_settings_leave_to_the_machine_stays_free(
    make_loop: MakeLoop, leases: Path
) -> None:
    """max_cores null: three of four cores are shared, by weight."""
    first = loaded(make_loop, leases, max_cores=None)
    assert first.run(60)[-1] == 3
    second = loaded(make_loop, leases, 3.0, max_cores=None)
    assert together(20, first, second)[-1] == (1, 2)


def test_one_that_was_stopped_is_waited_for_only_for_a_while(
    make_loop: MakeLoop, leases: Path
) -> None:
    """Its claim says for ever that it lacks cores: after some seconds the other grows again."""
    first = loaded(make_loop, leases)
    first.run(60)
    second = loaded(make_loop, leases, 3.0)
    together(2, first, second)
    first.run(10)
    assert first.cores < 3
    assert first.run(30)[-1] == 3


def test_a_dead_one_leaves_its_cores(make_loop: MakeLoop, leases: Path) -> None:
    """A lock ends with its process: what it holds and wants is forgotten at once."""
    first, second = loaded(make_loop, leases), loaded(make_loop, leases)
    assert together(40, first, second)[-1] == (2, 2)
    files = second.control.claims.files
    name = files.name
    assert name is not None
    files.abandon()  # As the end of its process does; the file stays.
    second.control.leases.close()
    assert (leases / name).exists()
    assert first.run(20)[-1] == 4
    assert not (leases / name).exists()


def test_cpus_that_only_one_of_them_may_use(make_loop: MakeLoop, leases: Path) -> None:
    """Held to two CPUs, both in use by another that may use four: it gets one of these, not one
    that it cannot use.
    """
    first = loaded(make_loop, leases)
    assert first.run(60)[-1] == 4
    second = make_loop(
        "container-cpuset-3",
        settings={"pool.threads_per_worker": 1},
        leases=leases,
        max_cores=CORES,
    )
    assert second.control.monitor.limits.cpus == (3, 4, 5)
    assert together(4, first, second)[-1] == (3, 1)
    assert second.cpus == {3}
