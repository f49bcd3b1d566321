"""Live requests: who bids, and what a bid promises."""

from __future__ import annotations

from supervisor.core.fleet import events as e
from tests.fixtures.fleet_host import Host, only


def bid(host: Host, ref: str, *, start_s: float = 0.0, below_s: float = 0.3) -> bool:
    """Whether it bids."""
    told = host.tell(e.BidAsked, ref, below_s, start_s)
    return only(told, e.Offer) == [e.Offer(ref, start_s)]


def test_a_bid_holds_a_slot_for_a_moment() -> None:
    """Two idle cores are promised to two askers; a third one gets no promise until one ends."""
    host = Host(cores=2)
    assert bid(host, "a")
    assert bid(host, "b")
    assert not bid(host, "c")
    assert host.machine.free == 1
    host.go(0.3)
    assert host.machine.free == 3
    assert bid(host, "c")


def test_a_request_that_came_needs_its_promise_no_more() -> None:
    """The supervisor counts it from now on."""
    host = Host(cores=1)
    assert bid(host, "a")
    host.tell(e.Opened, "a")
    assert host.machine.free == 2


def test_who_is_no_sooner_does_not_bid() -> None:
    """Nor does one that is not well."""
    host = Host(cores=2)
    assert not bid(host, "a", start_s=0.4)
    host.see(hot=True)
    assert not bid(host, "a")
