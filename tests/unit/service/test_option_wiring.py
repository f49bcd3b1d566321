"""Every option of performance.dynamic_cpu_allocation reaches what it is to steer.

What an option does to a decision is tested with the core; here the settings are those
of a file, the measurements those of /proc and /sys, and what is looked at are the cores
and threads of the workers. Each test fails if its option is read by nobody.
"""

from __future__ import annotations

import pytest

from supervisor.core.allocation.speedup import Speedup
from tests.unit.service.conftest import MakeLoop
from tests.unit.service.controlled import Controlled

ONE_THREAD = {"pool.threads_per_worker": 1}
QUICK = {"monitoring_interval": 0.5, "allocation_cooldown": 1.0, "history_window": 4}


def settled(loop: Controlled, demand: int, seconds: float = 100.0) -> int:
    """Cores after a long time under this many segments."""
    loop.demand = demand
    return loop.run(seconds)[-1]


def test_enabled(make_loop: MakeLoop) -> None:
    """Switched off, the pool has max_cores from the start and keeps them; switched on, it sinks."""
    loop = make_loop(enabled=False, max_cores=6, **QUICK)
    assert loop.cores == 6
    assert set(loop.run(60)) == {6}
    assert loop.reason == "disabled"
    loop.configure(enabled=True)
    assert loop.run(120)[-1] == 1
    loop.configure(enabled=False)
    assert loop.cores == 6


def test_enabled_false_takes_min_cores_where_that_alone_is_set(make_loop: MakeLoop) -> None:
    """Set by the operator it counts, even if it is what the default is."""
    assert make_loop(enabled=False, min_cores=3).cores == 3
    assert make_loop(enabled=False, min_cores=1).cores == 1
    assert make_loop(enabled=False).cores == 19


def test_cpu_target(make_loop: MakeLoop) -> None:
    """Four segments at a time end on the cores that keep the target, live changes included."""
    loop = make_loop(settings=ONE_THREAD, cpu_target=50, **QUICK)
    assert settled(loop, 4) == 8
    other = make_loop(settings=ONE_THREAD, cpu_target=90, **QUICK)
    assert settled(other, 4) == 5
    other.configure(cpu_target=50)
    assert settled(other, 4) == 8


def test_hysteresis_factor(make_loop: MakeLoop) -> None:
    """The wider the band, the more cores are kept when the load falls from nine to four."""
    ends = []
    for factor in (0.3, 0.9):
        loop = make_loop(settings=ONE_THREAD, hysteresis_factor=factor, **QUICK)
        assert settled(loop, 9) == 12
        ends.append(settled(loop, 4))
    assert ends[0] > ends[1]


def test_monitoring_interval(make_loop: MakeLoop) -> None:
    """It is the time between two samples, from the moment that it changes."""
    loop = make_loop(monitoring_interval=2.0)
    assert len(loop.run(20.5)) == 10
    loop.configure(monitoring_interval=0.1)
    assert len(loop.run(10.05)) == 100


def test_history_window(make_loop: MakeLoop) -> None:
    """It is how many samples are kept, and with them how long growth takes after a rest."""
    grown = []
    for window in (3, 30):
        loop = make_loop(settings=ONE_THREAD, history_window=window)
        loop.run(60)
        assert len(loop.control.allocator.utilization_history) == window
        loop.demand = 12
        grown.append(loop.run(60).index(2))
        loop.configure(history_window=2)
        assert len(loop.control.allocator.utilization_history) == 2
    assert grown[1] > grown[0] + 10


@pytest.mark.parametrize("cooldown", [4.0, 12.0])
def test_allocation_cooldown(make_loop: MakeLoop, cooldown: float) -> None:
    """Under full load one growth follows the other after just this time."""
    loop = make_loop(settings=ONE_THREAD, allocation_cooldown=cooldown)
    loop.demand = 19
    held = loop.run(80)
    assert held.index(4) - held.index(3) == cooldown


def test_min_cores(make_loop: MakeLoop) -> None:
    """The pool starts with them and sinks no further; raised, they are there at once."""
    loop = make_loop(min_cores=3, **QUICK)
    assert loop.cores == 3
    assert settled(loop, 8) > 3
    assert settled(loop, 0) == 3
    loop.configure(min_cores=5)
    assert loop.cores == 5


def test_max_cores(make_loop: MakeLoop) -> None:
    """Load ends there; lowered, the rest is given back at once; null leaves one usable core."""
    loop = make_loop(settings=ONE_THREAD, max_cores=7, **QUICK)
    assert settled(loop, 20) == 7
    loop.configure(max_cores=4)
    assert loop.cores == 4
    loop.configure(max_cores=None)
    assert settled(loop, 20) == 19


def test_bounds_beyond_the_machine_are_clamped_and_reported(make_loop: MakeLoop) -> None:
    """More cores than there are is no error: the limit is the machine's, and it is said."""
    loop = make_loop(settings=ONE_THREAD, min_cores=30, max_cores=40)
    assert loop.cores == 20
    assert "max_cores 40 is above the 20 usable cores" in loop.control.allocator.bounds.notes
    assert any("min_cores 30" in note for note in loop.control.allocator.bounds.notes)


def test_aggressive_mode(make_loop: MakeLoop) -> None:
    """Cores that are not needed any more go at once, which takes the default a step for each."""
    plain = make_loop(settings=ONE_THREAD)
    eager = make_loop(settings=ONE_THREAD, aggressive_mode=True)
    assert settled(plain, 12) >= 16
    assert settled(eager, 12) >= 16
    assert settled(plain, 1, 30) > 10
    assert settled(eager, 1, 30) <= 2


def test_what_waits_is_followed_by_default(make_loop: MakeLoop) -> None:
    """Twelve segments, the first of them a second old: the cores for all of them in two looks."""
    loop = make_loop(settings=ONE_THREAD)
    loop.run(30)
    loop.demand, loop.backlog_s = 12, 1.2
    assert loop.run(2.5)[-1] == 16
    assert loop.control.allocator.decision_counts["backlog"] == 1


@pytest.mark.parametrize("protected", [True, False])
def test_thermal_protection_by_temperature(make_loop: MakeLoop, protected: bool) -> None:
    """A sensor of 90 °C takes cores from a pool in steady state; switched off it takes none."""
    loop = make_loop(settings=ONE_THREAD, thermal_protection=protected, **QUICK)
    before = settled(loop, 6)
    loop.tree.write("sys/class/hwmon/hwmon5/temp1_input", "90000\n")
    after = settled(loop, 6, 10)
    assert (after < before - 2) == protected
    assert (after == before) != protected
    if protected:
        loop.tree.write("sys/class/hwmon/hwmon5/temp1_input", "60000\n")
        assert settled(loop, 6, 400) == before


@pytest.mark.parametrize("protected", [True, False])
def test_thermal_protection_by_throttle_counters(make_loop: MakeLoop, protected: bool) -> None:
    """A processor that counts throttling while no sensor tells: the same."""
    loop = make_loop(settings=ONE_THREAD, thermal_protection=protected, **QUICK)
    before = settled(loop, 6)
    for count in range(4, 14):
        path = "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"
        loop.tree.write(path, f"{count}\n")
        loop.run(5)
    assert (loop.cores < before) == protected


def test_onnx_integration(make_loop: MakeLoop) -> None:
    """Without it, no session ever gets another thread count; with it one segment gets them all."""
    threads = {}
    for on in (True, False):
        loop = make_loop(onnx_integration=on, min_cores=4, max_cores=8, **QUICK)
        settled(loop, 1)
        settled(loop, 8)
        settled(loop, 1)
        threads[on] = {shape.threads for target in loop.targets for shape in target}
        counts = {len(target) for target in loop.targets}
        assert len(counts) > 1, "the number of workers follows the load in both"
    assert threads[False] == {1}
    assert max(threads[True]) >= 4


def test_utilization_source(make_loop: MakeLoop) -> None:
    """Strangers on every core: no reason to grow for `pool`, one for `cores` and `system`."""
    strangers = dict.fromkeys(range(20), 0.95)
    ends = {}
    for source in ("pool", "cores", "system"):
        loop = make_loop(settings=ONE_THREAD, utilization_source=source, **QUICK)
        loop.strangers = strangers
        ends[source] = settled(loop, 0, 30)
    assert ends == {"pool": 1, "cores": 19, "system": 19}


def test_utilization_source_cores_looks_at_the_leased_ones_only(make_loop: MakeLoop) -> None:
    """Strangers on all cores but those that are held: a load for `system`, none for `cores`."""
    ends = {}
    for source in ("cores", "system"):
        loop = make_loop(settings=ONE_THREAD, utilization_source=source, max_cores=1)
        loop.strangers = {cpu: 0.95 for cpu in range(20) if cpu not in loop.cpus}
        loop.run(30)
        ends[source] = round(loop.control.allocator.utilization_history[-1])
    assert ends["cores"] == 0
    assert ends["system"] > 80


def test_threads_per_worker_auto_follows_the_demand(make_loop: MakeLoop) -> None:
    """One segment: one worker with all cores. As many segments as cores: one thread each."""
    loop = make_loop(min_cores=4, max_cores=4, **QUICK)
    settled(loop, 1, 120)
    assert list(loop.threads.values()) == [4]
    settled(loop, 4, 120)
    assert list(loop.threads.values()) == [1] * 4
    settled(loop, 1, 200)
    assert list(loop.threads.values()) == [4]


def test_threads_per_worker_fixed_whatever_the_demand(make_loop: MakeLoop) -> None:
    """Workers of two threads, then, by a change of the settings, of three and the rest."""
    loop = make_loop(settings={"pool.threads_per_worker": 2}, min_cores=4, max_cores=4)
    for demand in (0, 1, 4):
        settled(loop, demand, 60)
        assert sorted(loop.threads.values()) == [2, 2]
    loop.change({"pool.threads_per_worker": 3})
    assert sorted(loop.threads.values()) == [1, 3]


def test_no_worker_before_the_engines_are_known(make_loop: MakeLoop) -> None:
    """Then at once the shape that suits them, with no other before it."""
    loop = make_loop(min_cores=4, max_cores=4, expected=False)
    loop.run(3)
    assert not loop.targets
    loop.control.expect(Speedup.of_share(0.0), None)
    assert [[shape.threads for shape in target] for target in loop.targets] == [[1, 1, 1, 1]]
    late = make_loop(min_cores=4, max_cores=4, expected=False)
    late.control.stop()
    late.control.expect(None, None)
    assert not late.targets
