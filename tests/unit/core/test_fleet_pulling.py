"""What a host asks the queue for: as much as it has room for, from each class its part."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from supervisor.core.fleet import events as e
from supervisor.core.fleet.room import others_wait_s
from tests.fixtures.fleet_host import Host, only


def test_one_job_more_than_cores_is_asked_for_at_once() -> None:
    """Two cores and one in advance: the most urgent class first, for its part of them."""
    host = Host(cores=2)
    assert host.asks == {1: e.Ask(1, "high", 2, 0.0, 0)}
    host.deliver("a")
    host.deliver("b")
    assert host.asks == {2: e.Ask(2, "normal", 1, 0.0, 6)}


def test_one_job_waits_at_each_consumer_where_none_has_any() -> None:
    """After each class was asked in vain, three pulls of one job each are left with the queue."""
    host = Host(cores=2)
    host.empty()
    assert {(a.consumer, a.batch, a.wait_s) for a in host.asks.values()} == {
        ("high", 1, 20.0),
        ("normal", 1, 20.0),
        ("batch", 1, 20.0),
    }


def test_a_job_for_a_waiting_pull_has_its_class_asked_for_more() -> None:
    """A burst is not taken one by one."""
    host = Host(cores=4)
    host.empty()
    commands = host.deliver("a", "normal")
    assert only(commands, e.Speak) == [e.Speak(1, "a")]
    (ask,) = only(commands, e.Ask)
    assert (ask.consumer, ask.batch, ask.wait_s, ask.priority) == ("normal", 4, 0.0, 2)


def test_classes_share_by_weight_when_all_have_more_than_there_is_room_for() -> None:
    """8 : 3 : 1, one slot after the other."""
    host = Host(cores=1)
    spoken: Counter[str] = Counter()
    for number in range(241):
        ask = host.ask(wait=False)
        assert ask is not None
        spoken[ask.consumer] += 1
        host.deliver(str(number))
        if number:
            host.finish(number)
    assert spoken["high"] == pytest.approx(160, abs=8)
    assert spoken["normal"] == pytest.approx(60, abs=3)
    assert spoken["batch"] == pytest.approx(20, abs=1)


def test_what_is_shared_is_work_not_jobs() -> None:
    """Sentences keep two thirds of the work beside a book whose parts are thirty times as long."""
    cost_s = {"high": 2.0, "normal": 2.0, "batch": 60.0}
    host = Host(cores=1)
    work = dict.fromkeys(cost_s, 0.0)
    for number in range(600):
        while (ask := host.ask(wait=False)) is not None and ask.consumer == "normal":
            host.end(ask)
        assert ask is not None
        work[ask.consumer] += cost_s[ask.consumer]
        host.deliver(str(number), cost_s=cost_s[ask.consumer])
        if number:
            host.finish(number)
    assert work["high"] / work["batch"] == pytest.approx(8, rel=0.25)


def test_a_class_that_had_nothing_has_saved_nothing_up() -> None:
    """After an hour of batch alone, the first urgent jobs have their part, and not all of it."""
    host = Host(cores=1)
    asked: Counter[str] = Counter()
    for number in range(400):
        host.go(0.2)
        while (ask := host.ask(wait=False)) is not None and (
            ask.consumer == "normal" or (ask.consumer == "high" and number < 200)
        ):
            host.end(ask)
        assert ask is not None
        asked[ask.consumer] += number >= 200
        host.deliver(str(number), cost_s=10.0)
        if number:
            host.finish(number)
    assert asked["high"] / asked["batch"] == pytest.approx(8, rel=0.15)


def test_a_class_alone_has_all_the_room() -> None:
    """Weights divide what is scarce; they leave nothing idle."""
    host = Host(cores=8)
    for number in range(9):
        while (ask := host.ask(wait=False)) is not None and ask.consumer != "batch":
            host.end(ask)
        host.deliver(str(number), "batch")
    assert host.machine.leases.slots == 9
    assert host.machine.free == 0


def test_consumers_of_one_class_are_asked_in_turn() -> None:
    """Two engines, or two lanes: neither waits for the other to be empty."""
    sources = (e.Source("high-a", "high"), e.Source("high-b", "high"))
    host = Host(cores=1, rules=e.Rules(host="h", epoch="e", sources=sources))
    asked: Counter[str] = Counter()
    for number in range(40):
        ask = host.ask(wait=False)
        assert ask is not None
        asked[ask.consumer] += 1
        host.deliver(str(number))
        if number:
            host.finish(number)
    assert asked["high-a"] == pytest.approx(20, abs=1)


def test_a_pull_waits_at_each_of_several_consumers_of_a_class() -> None:
    """Lanes and engines that have nothing."""
    sources = tuple(e.Source(f"batch-{number}", "batch") for number in range(3))
    host = Host(cores=2, rules=e.Rules(host="h", epoch="e", sources=sources))
    host.empty()
    assert sorted(ask.consumer for ask in host.asks.values()) == ["batch-0", "batch-1", "batch-2"]


def test_nothing_is_waited_for_that_is_over() -> None:
    """The next time to look is ahead, however long nobody looked."""
    host = Host(cores=2)
    for ask in [*host.asks.values()]:
        host.end(ask, failed=True)
    host.see(hot=True)
    for _ in range(50):
        host.go(1.0)
        wakeup = host.machine.next_wakeup(host.now)
        assert wakeup is None or wakeup > host.now


def test_a_job_that_comes_by_a_pull_of_when_we_were_idle_is_left_to_those_who_are() -> None:
    """It goes back once all cores are taken; one by a pull of now is taken in advance."""
    host = Host(cores=1)
    host.empty()
    assert only(host.deliver("a", "high"), e.Speak)
    host.empty()
    assert only(host.deliver("b", "batch"), e.Return) == [e.Return(2, 0.0, "busier")]
    host.empty()
    assert only(host.deliver("b", "batch"), e.Speak) == [e.Speak(3, "b")]


def test_a_host_that_has_become_idle_says_so() -> None:
    """Its older pulls would have it served last, for as long as they wait."""
    host = Host(cores=1)
    host.held("a")
    assert {ask.priority for ask in host.asks.values()} == {5}
    host.finish(1)
    waiting = [(ask.consumer, ask.priority) for ask in host.asks.values() if ask.wait_s]
    assert sorted(waiting) == [
        (name, said) for name in ("batch", "high", "normal") for said in (0, 5)
    ]
    # It does not add up: a pull that is open is used again.
    for number in range(20):
        idle = next(pull for pull, ask in host.asks.items() if ask.priority == 0)
        host.asks = {idle: host.asks.pop(idle), **host.asks}
        host.deliver(f"b{number}")
        host.empty()
        host.finish(number + 2)
        host.empty()
    assert len(host.asks) == 6


def test_a_stale_pull_is_good_enough_for_an_idle_core() -> None:
    """Only a job that would have to wait goes back."""
    host = Host(cores=2)
    host.empty()
    host.deliver("a", "high")
    host.empty()
    assert only(host.deliver("b", "batch"), e.Speak)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"hot": True}, "hot"),
        ({"throttled": True}, "throttled"),
        ({"draining": True}, "draining"),
        ({"memory_short": True}, "memory"),
        ({"behind_s": 0.6}, "behind"),
    ],
)
def test_a_host_that_is_not_well_asks_for_nothing(seen: dict[str, Any], why: str) -> None:
    """It says why, ends what it has, and asks again when it is well."""
    host = Host(cores=2)
    host.held("a")
    host.see(**seen)
    assert host.deliver("b") == [e.Return(2, 0.0, why)]
    assert (host.machine.free, host.machine.why) == (0, why)
    assert host.ask(wait=False) is None
    host.see()
    assert (host.machine.free, host.machine.why) == (2, "")
    assert host.ask(wait=False) is not None


@pytest.mark.parametrize(
    ("left_s", "jobs", "ours", "ours_s", "idle", "waits_s"),
    [
        (300.0, 3, 3, 300.0, 0, 0.0),  # Ours alone.
        (62.0, 2, 1, 60.0, 2, 0.0),  # A sentence is spoken beside our book, and workers idle.
        (62.0, 2, 1, 60.0, 0, 0.5),  # None idles: it is short, whatever is left of ours.
        (600.0, 2, 0, 0.0, 0, 150.0),  # A book of the host's own clients.
        (600.0, 2, 1, 0.0, 0, 75.0),  # Nobody said how long ours is.
        (0.0, 0, 1, 60.0, 0, 0.0),
    ],
)
def test_only_the_work_of_others_that_waits_comes_first(
    left_s: float, jobs: int, ours: int, ours_s: float, idle: int, waits_s: float
) -> None:
    """At four workers."""
    found = others_wait_s(left_s=left_s, jobs=jobs, ours=ours, ours_s=ours_s, idle=idle, workers=4)
    assert found == waits_s


def test_a_pull_that_is_refused_is_not_sent_again_at_once() -> None:
    """A pause, and then the same again."""
    host = Host(cores=2)
    for ask in [*host.asks.values()]:
        host.end(ask, failed=True)
    host.empty()
    assert host.ask("high") is None
    host.go(0.6)
    assert host.ask("high") is not None


def test_a_pull_of_which_nothing_is_heard_is_given_up() -> None:
    """The next one has an inbox of its own; a heartbeat keeps one that waits."""
    host = Host(cores=2)
    assert only(host.go(2.1), e.Abandon) == [e.Abandon(1)]
    host.empty()
    waiting = host.ask("batch", wait=True)
    assert waiting is not None
    for _ in range(3):
        host.go(2.0)
        host.tell(e.PullHeard, waiting.pull)
    assert waiting.pull in host.asks
    host.go(5.1)
    assert waiting.pull not in host.asks


def test_a_connection_that_is_lost_takes_the_pulls_with_it() -> None:
    """Nothing is asked without one, and all of it anew with the next."""
    host = Host(cores=2)
    host.empty()
    host.tell(e.BrokerLost)
    assert (host.asks, host.machine.why) == ({}, "broker")
    host.tell(e.BrokerFound)
    assert host.ask("high", wait=False) is not None


def test_a_host_without_a_supervisor_asks_for_nothing() -> None:
    """Not before it has one, not after two seconds of silence, not after it is gone."""
    host = Host(found=False)
    host.tell(e.BrokerFound)
    assert (host.asks, host.machine.why) == ({}, "supervisor")
    host = Host()
    host.empty()
    host.go(2.1, seen=False)
    assert host.machine.why == "supervisor"
    host.see()
    assert host.machine.free == 3
    host.tell(e.SupervisorLost)
    assert host.machine.why == "supervisor"


def test_a_supervisor_that_is_back_gets_one_job_first() -> None:
    """The others when that one has begun."""
    host = Host(cores=8)
    host.empty()
    host.tell(e.SupervisorLost)
    host.tell(e.SupervisorFound)
    host.see()
    assert host.machine.free == 1
    host.deliver("a")
    assert (host.machine.free, host.machine.why) == (0, "breaker")
    host.tell(e.Begun, host.lease("a"))
    assert host.machine.free == 8


def test_each_refused_job_opens_the_breaker_for_longer() -> None:
    """A supervisor that answers and does nothing draws jobs ever more rarely."""
    host = Host(cores=8)
    host.held("a")
    pauses = []
    for number in range(4):
        host.tell(e.Refused, host.lease("a" if not number else str(number)))
        refused = host.now
        while host.machine.why == "breaker":
            host.go(0.1)
        pauses.append(round(host.now - refused, 1))
        host.deliver(str(number + 1))
        host.empty()
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_jobs_of_one_refusal_count_once() -> None:
    """A supervisor that goes refuses all that it has: that is one reason to wait, not three."""
    host = Host(cores=2)
    host.held("a", "b", "c")
    for job in "abc":
        host.tell(e.Refused, host.lease(job))
    host.go(0.6)
    assert host.machine.why == ""
    assert host.machine.free == 1


def test_more_results_than_can_be_stored_stop_the_pulls() -> None:
    """A slow store costs no memory without bound: jobs wait in the queue instead."""
    host = Host(cores=2)
    host.empty()
    number = 0
    while not host.machine.why and number < 100:
        number += 1
        host.deliver(str(number))
        host.empty()
        host.tell(e.Spoken, number)
    assert host.machine.why == "storing"
    assert len(only(host.said, e.PutAudio)) == 2
    assert number == 5
