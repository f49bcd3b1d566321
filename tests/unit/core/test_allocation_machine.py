"""The allocation machine: from a look at pool and machine to workers on cores to be leased."""

from __future__ import annotations

from msgspec.structs import replace

from supervisor.core.allocation import events as e
from supervisor.core.allocation.machine import Allocation
from supervisor.core.allocation.policy import Configured, Resize, Sampled
from supervisor.core.machine import Cpu, Machine
from tests.fixtures.defaults import policy_with

MACHINE = Machine(tuple(Cpu(cpu, core=cpu) for cpu in range(4)))
GROUND = e.Ground(
    usable=(0, 1, 2, 3),
    excluded=(),
    cores=4,
    foreign=(),
    busy=(),
    demand=1.0,
    session_build_s=None,
)


def begun(min_cores: int = 2) -> Allocation:
    """One that was told what to expect."""
    made = Allocation(e.Began(policy_with(min_cores=min_cores), 1, 4, MACHINE))
    assert made.handle(e.GainExpected(0.0, None, None)) == []
    return made


def leased(commands: list[e.Command]) -> list[int]:
    """The cores that are asked for, by the one command that is given."""
    (command,) = commands
    assert isinstance(command, e.Lease)
    return [cpu for shape in command.shapes for cpu in shape.cpus]


def test_no_worker_is_wanted_before_it_is_known_what_threads_gain() -> None:
    """Another shape would be built anew at once; then a look brings the workers."""
    made = Allocation(e.Began(policy_with(min_cores=2), 1, 4, MACHINE))
    assert made.handle(e.Looked(0.0, None, GROUND)) == []
    made.handle(e.GainExpected(0.0, {2: 1.5}, 0.3))
    assert leased(made.handle(e.Looked(0.0, None, GROUND))) == [0, 1]


def test_a_sample_may_change_the_count_and_then_the_workers() -> None:
    """Of one look come both, in this order."""
    made = begun()
    for now in (1.0, 2.0):
        made.handle(e.Looked(now, Sampled(now, 100.0, 4), GROUND))
    resize, lease = made.handle(e.Looked(3.0, Sampled(3.0, 100.0, 4), GROUND))
    assert isinstance(resize, Resize)
    assert leased([lease]) == [0, 1, 2]


def test_cores_that_others_have_by_then_are_given_up_after_three_attempts() -> None:
    """Each time it places elsewhere; in the end what is in force stays."""
    made = begun()
    made.handle(e.Looked(0.0, None, GROUND))
    before = made.target
    made.handle(Configured(1.0, policy_with(min_cores=3), 1))
    assert leased(made.handle(e.Looked(1.0, None, GROUND))) == [0, 1, 2]
    assert leased(made.handle(e.LeaseRefused(1.0, (2,)))) == [0, 1, 3]
    assert leased(made.handle(e.LeaseRefused(1.0, (2, 3)))) == [0, 1]
    assert made.handle(e.LeaseRefused(1.0, (1, 2, 3))) == []
    assert made.target == before
    assert made.handle(e.LeaseRefused(1.0, (1, 2, 3))) == []


def test_a_core_that_is_gone_is_not_used() -> None:
    """Workers are placed on the CPUs that there are."""
    made = begun(min_cores=3)
    made.handle(e.MachineChanged(0.0, Machine(MACHINE.cpus[1:])))
    ground = replace(GROUND, foreign=(0.0, 0.9, 0.0))
    assert leased(made.handle(e.Looked(0.0, None, ground))) == [1, 3, 2], (
        "first the one without strangers"
    )
    assert leased(made.handle(e.Looked(1.0, None, replace(ground, cores=0)))) == []
