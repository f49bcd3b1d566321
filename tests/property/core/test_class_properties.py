"""Classes of requests: whoever waits for a sentence goes first, and nobody waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from supervisor.core.jobs import preemption
from supervisor.core.jobs.classes import CLASSES, Classes
from supervisor.speech import RequestClass
from tests.fixtures.defaults import BOUNDS
from tests.fixtures.virtual_pool import VirtualPool, book

UNBOUNDED: Classes = replace(
    BOUNDS.classes,
    rules={n: replace(rules, max_work_s=None) for n, rules in BOUNDS.classes.rules.items()},
)
"""Of which a client may have as much as it likes in any class."""


def weighted(name: RequestClass, weight: float) -> Classes:
    """One class with another weight, and no preemption: shares alone."""
    rules = replace(UNBOUNDED.rules[name], weight=weight)
    changed: Classes = replace(UNBOUNDED, rules={**UNBOUNDED.rules, name: rules}, preempt=False)
    return changed


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("weight", [0.5, 4.0])
def test_a_weight_is_how_often_a_class_is_served(
    name: RequestClass, own: bool, weight: float
) -> None:
    """Twice the weight is twice the work, beside another class of the same client or of another."""
    other: RequestClass = "batch" if name != "batch" else "stream"
    pool = VirtualPool(3, weighted(name, weight))
    pool.submit("a", book([1], 1_500, name))
    pool.submit("a" if own else "b", book([2], 750, other))
    pool.run(400.0)
    ones = sum(length for _at, _flow, length in pool.started if length == 1)
    twos = sum(length for _at, _flow, length in pool.started if length == 2)
    relative = weight / UNBOUNDED.rules[other].weight
    assert ones / twos == pytest.approx(relative, rel=0.05)


@pytest.mark.parametrize("most", CLASSES)
def test_work_in_several_classes_is_no_larger_share(most: RequestClass) -> None:
    """Who has texts and books besides has no more in all than one who has only what is as urgent as
    the most urgent of them.
    """
    pool = VirtualPool(2, replace(UNBOUNDED, preempt=False))
    for name in CLASSES[CLASSES.index(most) :]:
        pool.submit("a", book([1], 3_000, name))
    pool.submit("b", book([1], 3_000, most))
    pool.run(600.0)
    served = [flow for _at, flow, _length in pool.started]
    assert served.count("a") / served.count("b") == pytest.approx(1.0, rel=0.05)


ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from(CLASSES),
        st.sampled_from("abc"),
        st.lists(st.integers(1, 12), min_size=1, max_size=3),
        st.integers(1, 30),
        st.floats(0.0, 20.0),
    ),
    min_size=1,
    max_size=12,
)
"""Jobs: class, flow, lengths of segments, how many, and the seconds until the next."""


@settings(max_examples=60, deadline=None)
@given(workers=st.integers(1, 5), arrivals=ARRIVALS)
def test_every_job_ends_and_is_interrupted_within_bounds(
    workers: int, arrivals: list[tuple[RequestClass, str, list[int], int, float]]
) -> None:
    """Whatever comes: no segment more than twice, no worker twice in 5 s, only batch work, and all
    is spoken. What was thrown away is less than half of each segment for each time.
    """
    pool = VirtualPool(workers, UNBOUNDED)
    names = []
    for name, flow, lengths, segments, seconds in arrivals:
        names.append(pool.submit(flow, book(lengths, segments, name)))
        pool.run(pool.now + seconds)
        pool.jobs.check()
    pool.run(1e6)
    assert pool.ended.keys() == set(names)
    assert pool.jobs.counts["done"] == len(names)
    assert pool.jobs.counts["retried"] == 0
    lost = 0.0
    last: dict[int, float] = {}
    times: dict[tuple[str, int], int] = {}
    for at, worker, run in pool.interrupted:
        assert run.request.request_class == "batch"
        assert at - last.get(worker, -preemption.WORKER_S) >= preemption.WORKER_S
        last[worker] = at
        times[run.job, run.segment] = times.get((run.job, run.segment), 0) + 1
        lost += len(run.part.text) / 2
    assert max(times.values(), default=0) <= preemption.MOST_TIMES
    assert pool.jobs.preemption.segments == len(pool.interrupted)
    assert pool.jobs.preemption.thrown_away_s <= lost


@settings(max_examples=8, deadline=None)
@given(workers=st.integers(1, 4), length=st.integers(2, 9))
def test_no_class_starves(workers: int, length: int) -> None:
    """Beside clients that have sentences and texts waiting all the time, a book gets its share of
    the work: weight by weight.
    """
    pool = VirtualPool(workers, UNBOUNDED)
    pool.submit("sentences", book([1], 10_000, "interactive"))
    pool.submit("texts", book([1], 10_000, "stream"))
    pool.submit("book", book([length], 10_000, "batch"))
    pool.run(600.0)
    spoken = sum(size for _at, flow, size in pool.started if flow == "book")
    assert spoken / (workers * 600.0) > 0.85 / 13


@pytest.mark.parametrize("own", [False, True])
def test_a_sentence_beside_books_waits_for_none_of_their_segments(own: bool) -> None:
    """Two books keep two workers busy with segments of 20 s; every 10 s comes a sentence of 1 s.

    It interrupts one, at most one a worker in 5 s; the books end all the same.
    """
    pool = VirtualPool(2)
    books = [pool.submit("a", book([20], 20, "batch")) for _ in range(2)]
    waits = []
    for number in range(30):
        pool.run(10.0 * number + 3.0)
        sentence = pool.submit("a" if own else f"s{number}", book([1], 1, "interactive"))
        pool.run(10.0 * number + 10.0)
        waits.append(pool.ended.get(sentence, 1e9) - (10.0 * number + 3.0))
    assert sorted(waits)[15] == 1.0, "most wait for nothing"
    pool.run(1e5)
    assert pool.jobs.find(books[0]) is not None
    assert pool.jobs.counts["done"] == 32
    assert pool.jobs.preemption.segments > 5
