"""Whatever cores, demand and clock: every leased core belongs to one worker, and splits rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.allocation.policy import Policy, ThreadsPerWorker
from supervisor.core.allocation.shape import WorkerShaper
from supervisor.core.allocation.speedup import Speedup
from tests.fixtures.defaults import policy_with

policies = st.builds(
    policy_with,
    onnx_integration=st.booleans(),
    allocation_cooldown=st.sampled_from([0.0, 5.0, 60.0]),
)
fixed: st.SearchStrategy[ThreadsPerWorker] = st.integers(1, 9)
auto: st.SearchStrategy[ThreadsPerWorker] = st.sampled_from(["auto"])
threads_per_worker = fixed | auto
speedups = st.none() | st.builds(
    Speedup, st.dictionaries(st.integers(1, 128), st.floats(0.01, 200), max_size=6)
)
steps = st.tuples(
    st.sampled_from([1.0, 1.0, 0.0, 300.0, -50.0]),
    st.integers(1, 64),
    st.floats(0, 1000),
    st.floats(0, 60),
)


@given(
    st.lists(
        st.tuples(policies, threads_per_worker, st.lists(steps, min_size=1, max_size=20)),
        min_size=1,
        max_size=4,
    ),
    speedups,
)
def test_threads_add_up_to_the_leased_cores(
    phases: list[tuple[Policy, ThreadsPerWorker, list[tuple[float, int, float, float]]]],
    speedup: Speedup | None,
) -> None:
    """Through any change of settings, cores and demand, no core idles and none is shared."""
    shaper = WorkerShaper(*phases[0][:2])
    shaper.speedup = speedup
    now = 0.0
    for policy, threads, moves in phases:
        shaper.configure(policy, threads)
        for elapsed, cores, demand, build_s in moves:
            now += elapsed
            split = shaper.decide(now, cores, demand, build_s)
            assert sum(split) == cores
            assert min(split) >= 1


@given(
    policies, threads_per_worker, st.integers(1, 64), st.floats(0, 100), st.floats(0, 10), speedups
)
def test_a_constant_demand_never_turns_the_split_back(
    policy: Policy,
    threads: ThreadsPerWorker,
    cores: int,
    demand: float,
    build_s: float,
    speedup: Speedup | None,
) -> None:
    """From the split for an idle pool, the smoothed demand leads one way only, then to rest."""
    shaper = WorkerShaper(policy, threads)
    shaper.speedup = speedup
    splits = [shaper.decide(0.0, cores, 0.0, build_s)]
    for step in range(1, 400):
        split = shaper.decide(float(step), cores, demand, build_s)
        if split != splits[-1]:
            splits.append(split)
    workers = [len(split) for split in splits]
    assert workers == sorted(workers)


@given(speedups.filter(bool), st.integers(1, 64), st.integers(1, 64))
def test_a_speedup_never_falls_and_what_is_useful_is_enough(
    speedup: Speedup, cores: int, threads: int
) -> None:
    """Whatever was measured: more threads count at least as much, and some are worth having."""
    assert 1.0 <= speedup.of(threads) <= speedup.of(threads + 1) * (1 + 1e-9)
    useful = speedup.useful(cores)
    assert 1 <= useful <= cores
    assert speedup.of(useful) >= speedup.of(cores) / 1.1 * (1 - 1e-9)
