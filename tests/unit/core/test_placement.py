"""Which CPUs workers get, on the machines that people have."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from supervisor.core.allocation.placement import Placer
from supervisor.core.machine import Cpu, Machine, WorkerShape

SMALL = Machine((Cpu(0, core=0), Cpu(1, core=1)))
LAPTOP = Machine(
    tuple(Cpu(id_, core=id_ // 2, kind="performance") for id_ in range(12))
    + tuple(Cpu(id_, core=id_ - 6, kind="efficiency") for id_ in range(12, 20))
)
"""6 performance cores with two threads each (0–11), 8 efficiency cores (12–19), one cache."""

SERVER = Machine(
    tuple(
        Cpu(id_, core=id_ % 16, package=id_ // 16 % 2, cache=id_ // 16 % 2, node=id_ // 16 % 2)
        for id_ in range(64)
    )
)
"""Two sockets of 16 cores; CPU n + 32 is the sibling of CPU n."""

PHONE = Machine(
    tuple(Cpu(id_, core=id_, cache=0, kind="efficiency") for id_ in range(4))
    + tuple(Cpu(id_, core=id_, cache=1, kind="performance") for id_ in range(4, 8))
)
"""Four little cores (0–3), four big ones (4–7), a cache each."""

CHIPLETS = Machine(tuple(Cpu(id_, core=id_, cache=id_ // 4) for id_ in range(16)))
"""Four chiplets of four cores."""


def ids(shapes: Sequence[WorkerShape]) -> list[int]:
    """All CPUs of a placement, sorted."""
    return sorted(id_ for shape in shapes for id_ in shape.cpus)


def place(
    machine: Machine,
    *threads: int,
    foreign: dict[int, float] | None = None,
    excluded: Collection[int] = (),
) -> tuple[WorkerShape, ...]:
    """A first placement on a whole machine."""
    usable = [cpu.id for cpu in machine.cpus]
    return Placer(machine).place(0.0, threads, usable=usable, foreign=foreign, excluded=excluded)


def test_whole_cores_come_before_smt_siblings() -> None:
    """Six performance cores, then the efficiency cores, and only then second threads."""
    assert ids(place(LAPTOP, *[1] * 6)) == [0, 2, 4, 6, 8, 10]
    assert ids(place(LAPTOP, *[1] * 14)) == [0, 2, 4, 6, 8, 10, *range(12, 20)]
    assert set(ids(place(LAPTOP, *[1] * 15))) > {*range(12, 20)}


def test_a_wide_worker_gets_whole_cores_too() -> None:
    """Four threads of one session lie on four physical cores."""
    assert place(LAPTOP, 4) == (WorkerShape(0, (0, 2, 4, 6), 4),)


def test_one_socket_is_filled_before_the_other() -> None:
    """Up to sixteen workers stay on one socket; the seventeenth takes a whole core elsewhere."""
    assert ids(place(SERVER, *[1] * 16)) == list(range(16))
    assert ids(place(SERVER, *[1] * 17)) == list(range(17))


def test_a_worker_does_not_straddle_domains() -> None:
    """Three workers of three on chiplets of four: each in a chiplet of its own."""
    caches = [{id_ // 4 for id_ in shape.cpus} for shape in place(CHIPLETS, 3, 3, 3)]
    assert [len(cache) for cache in caches] == [1, 1, 1]


def test_a_worker_larger_than_a_domain_takes_as_few_as_possible() -> None:
    """Six threads on chiplets of four need two of them, not three."""
    (shape,) = place(CHIPLETS, 6)
    assert len({id_ // 4 for id_ in shape.cpus}) == 2


def test_a_domain_with_room_for_all_comes_before_an_emptier_one() -> None:
    """Four workers go to the chiplet where all find room, though others have quieter CPUs."""
    foreign = dict.fromkeys(range(16), 0.0) | dict.fromkeys(range(4, 8), 0.1)
    shapes = place(CHIPLETS, 1, 1, 1, 1, foreign=foreign, excluded=(0, 9, 13))
    assert ids(shapes) == [4, 5, 6, 7]


def test_performance_cores_come_first() -> None:
    """On a phone the big cluster is filled first."""
    assert ids(place(PHONE, 1, 1, 1)) == [4, 5, 6]
    assert ids(place(PHONE, *[1] * 5)) == [0, 4, 5, 6, 7]


def test_strangers_are_avoided() -> None:
    """Of equal CPUs the least used are taken; a mostly used one comes after SMT siblings."""
    foreign = {0: 0.3, 1: 0.2, 2: 0.1, 3: 0.0, 4: 0.05, 5: 0.05}
    assert ids(place(PHONE, 1, 1, foreign=foreign)) == [6, 7]
    assert ids(place(CHIPLETS, 1, 1, foreign=dict.fromkeys(range(16), 0.2) | foreign)) == [2, 3]
    assert ids(place(SMALL, 1, foreign={0: 0.9, 1: 0.1})) == [1]
    busy_core = dict.fromkeys(range(16), 0.9)
    assert not set(ids(place(SERVER, *[1] * 16, foreign=busy_core))) & set(range(16))


def test_a_strangers_sibling_counts_by_half() -> None:
    """A CPU whose SMT sibling is busy with a stranger is worse than one on a quiet core."""
    assert ids(place(LAPTOP, 1, foreign={1: 0.4, 0: 0.0, 2: 0.1})) == [4]


def test_cpus_leased_by_others_are_left_alone() -> None:
    """Neither they nor, while whole cores are free, their SMT siblings are taken."""
    assert ids(place(LAPTOP, *[1] * 5, excluded=(0, 3))) == [4, 6, 8, 10, 12]


def test_workers_shrink_where_cpus_run_short() -> None:
    """More threads than CPUs: the largest workers give way; without any CPU there is none."""
    assert [shape.threads for shape in place(SMALL, 4, 1)] == [1, 1]
    assert place(SMALL, 1, excluded=(0, 1)) == ()


class Moving:
    """A placement that is carried on from second to second on a whole machine."""

    def __init__(self, machine: Machine, *threads: int) -> None:
        self.placer = Placer(machine)
        self.usable: Collection[int] = [cpu.id for cpu in machine.cpus]
        self.now = 0.0
        self.shapes: tuple[WorkerShape, ...] = ()
        self.go(*threads)

    def go(
        self, *threads: int, foreign: dict[int, float] | None = None, busy: Collection[int] = ()
    ) -> tuple[WorkerShape, ...]:
        """One second later, with these thread counts."""
        self.now += 1.0
        self.shapes = self.placer.place(
            self.now,
            threads,
            usable=self.usable,
            foreign=foreign,
            in_force=self.shapes,
            busy=busy,
        )
        return self.shapes


def test_growing_and_shrinking_leave_the_others_alone() -> None:
    """A worker more or less is one shape more or less; all others stay as they were."""
    moving = Moving(LAPTOP, 1, 1, 1)
    three = moving.shapes
    four = moving.go(1, 1, 1, 1)
    assert set(three) < set(four)
    assert moving.go(1, 1, 1) == three


def test_idle_workers_go_first() -> None:
    """Of four workers the two that run nothing are given up, whatever their slot."""
    moving = Moving(LAPTOP, 1, 1, 1, 1)
    assert [shape.slot for shape in moving.go(1, 1, busy=(2, 3))] == [2, 3]


def test_smt_siblings_and_other_sockets_go_first_when_all_are_idle() -> None:
    """Shrinking undoes growing: the worst CPUs are given back."""
    moving = Moving(LAPTOP, *[1] * 16)
    moving.go(*[1] * 14)
    assert len({LAPTOP.cpus[id_].core for id_ in ids(moving.shapes)}) == 14
    moving = Moving(SERVER, *[1] * 20)
    assert ids(moving.go(*[1] * 16)) == list(range(16))


def test_a_slot_number_is_reused_and_never_doubled() -> None:
    """After slot 1 left, the next new worker is slot 1."""
    moving = Moving(LAPTOP, 1, 1, 1)
    moving.go(1, 1, busy=(0, 2))
    assert [shape.slot for shape in moving.go(1, 1, 1)] == [0, 1, 2]


def test_a_new_thread_count_keeps_slots_and_cpus() -> None:
    """Two workers of four become four of two: both old slots go on with CPUs they had."""
    moving = Moving(LAPTOP, 4, 4)
    before = moving.shapes
    after = moving.go(2, 2, 2, 2)
    assert ids(after) == ids(before)
    assert set(after[0].cpus) < set(before[0].cpus)
    assert set(after[1].cpus) < set(before[1].cpus)


def test_cpus_taken_away_are_replaced_at_once() -> None:
    """A cpuset that shrinks: the workers on lost CPUs move, the others do not."""
    moving = Moving(LAPTOP, 1, 1, 1)
    moving.usable = [2, 4, 6, 8]
    moved = moving.go(1, 1, 1)
    assert ids(moved) == [2, 4, 6]
    assert {shape.slot: shape.cpus for shape in moved} == {0: (6,), 1: (2,), 2: (4,)}


def test_a_brief_stranger_moves_nothing() -> None:
    """Five seconds of foreign load on a leased CPU are sat out."""
    moving = Moving(LAPTOP, 1)
    moving.go(1, foreign=dict.fromkeys(range(20), 0.0))
    for step in range(60):
        hog = {0: 0.9 if 10 <= step < 15 else 0.0}
        assert ids(moving.go(1, foreign=hog)) == [0]


def test_a_lasting_stranger_is_left_once() -> None:
    """Foreign load that stays moves the worker off, keeps its slot, and moves it just once."""
    moving = Moving(LAPTOP, 1)
    moving.go(1, foreign=dict.fromkeys(range(20), 0.0))
    seen = [moving.go(1, foreign={0: 0.9}) for _ in range(300)]
    cpus = [ids(shapes)[0] for shapes in seen]
    assert cpus[0] == 0
    assert cpus[-1] != 0
    assert len(set(cpus)) == 2
    assert LAPTOP.cpus[cpus[-1]].core != LAPTOP.cpus[0].core
    assert {shapes[0].slot for shapes in seen} == {0}


def test_a_slightly_busier_cpu_is_no_reason_to_move() -> None:
    """A fifth of a CPU's time, however long, is not significant."""
    moving = Moving(LAPTOP, 1)
    moving.go(1, foreign=dict.fromkeys(range(20), 0.0))
    assert {ids(moving.go(1, foreign={0: 0.2}))[0] for _ in range(300)} == {0}


def test_a_straggler_comes_home_when_there_is_room() -> None:
    """A worker on another socket moves back beside the rest once a core there stays free."""
    moving = Moving(SERVER, *[1] * 17)
    far = next(shape.slot for shape in moving.shapes if shape.cpus == (16,))
    moving.go(*[1] * 16, busy=[slot for slot in range(17) if slot != 3])
    for _ in range(30):
        moving.go(*[1] * 16)
    home = next(shape for shape in moving.shapes if shape.slot == far)
    assert home.cpus[0] < 16


def test_nothing_moves_at_rest() -> None:
    """Same threads, same machine, light and wavering foreign load: an hour without a move."""
    moving = Moving(SERVER, 4, 4, 2, 1, 1)
    first = moving.shapes
    for step in range(600):
        wavering = {id_: 0.1 * ((step + id_) % 3) for id_ in range(64)}
        assert moving.go(4, 4, 2, 1, 1, foreign=wavering) == first
