"""Whatever the machine, the wishes and the history: CPUs are leased once, and only ours."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.allocation.placement import Placer
from supervisor.core.machine import Cpu, Machine, WorkerShape

cpus = st.builds(
    Cpu,
    id=st.integers(0, 63),
    core=st.integers(0, 15),
    package=st.integers(0, 1),
    cache=st.integers(0, 3),
    node=st.integers(0, 1),
    kind=st.sampled_from(["performance", "efficiency", "unknown"]),
)
machines = st.lists(cpus, min_size=1, max_size=24, unique_by=lambda cpu: cpu.id).map(
    lambda found: Machine(tuple(found))
)


@settings(deadline=None)
@given(machines, st.data())
def test_any_history_of_wishes_leases_every_cpu_once(machine: Machine, data: st.DataObject) -> None:
    """Disjoint, usable, as many as threads, slots unique; and at rest the answer is the same."""
    all_ids = [cpu.id for cpu in machine.cpus]
    some = st.lists(st.sampled_from(all_ids), unique=True)
    placer = Placer(machine)
    shapes: tuple[WorkerShape, ...] = ()
    now = 0.0
    for _ in range(data.draw(st.integers(1, 6))):
        now += data.draw(st.sampled_from([1.0, 20.0, -5.0]))
        usable = data.draw(st.just(all_ids) | some)
        excluded = data.draw(st.just([]) | some)
        free = set(usable) - set(excluded)
        threads = data.draw(st.lists(st.integers(1, 6), max_size=12))
        foreign = data.draw(st.dictionaries(st.sampled_from(all_ids), st.floats(0, 1)))
        busy = data.draw(st.lists(st.integers(0, 12), unique=True))
        before = shapes
        shapes = placer.place(
            now,
            threads,
            usable=usable,
            foreign=foreign,
            excluded=excluded,
            in_force=before,
            busy=busy,
        )
        leased = [id_ for shape in shapes for id_ in shape.cpus]
        assert len(leased) == len(set(leased)) == min(sum(threads), len(free))
        assert set(leased) <= free
        assert all(len(shape.cpus) == shape.threads >= 1 for shape in shapes)
        assert all(shape.cpus == tuple(sorted(shape.cpus)) for shape in shapes)
        assert [shape.slot for shape in shapes] == sorted({shape.slot for shape in shapes})
        if sum(threads) <= len(free):
            assert sorted(shape.threads for shape in shapes) == sorted(threads)
        again = placer.place(
            now, threads, usable=usable, excluded=excluded, in_force=shapes, busy=busy
        )
        assert again == shapes


@settings(deadline=None)
@given(machines, st.integers(1, 24), st.integers(-3, 3))
def test_a_change_of_the_count_moves_no_worker_that_stays(
    machine: Machine, workers: int, change: int
) -> None:
    """Single-threaded workers come and go; whoever stays keeps slot and CPU."""
    usable = [cpu.id for cpu in machine.cpus]
    workers = min(workers, len(usable))
    after = min(max(1, workers + change), len(usable))
    placer = Placer(machine)
    first = placer.place(0.0, [1] * workers, usable=usable)
    second = placer.place(1.0, [1] * after, usable=usable, in_force=first)
    assert len(set(first) & set(second)) == min(workers, after)
