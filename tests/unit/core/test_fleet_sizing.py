"""How many hosts a fleet should have."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from supervisor.core.fleet.sizing import HostFigures, Size, Sizing, SizingPolicy


def hosts(count: int, busy: float = 0.0) -> list[HostFigures]:
    """Hosts of four cores that do four seconds of work a second, `busy` cores of each at work."""
    return [HostFigures(4, busy) for _ in range(count)]


def after(sizing: Sizing, seconds: float, count: int, busy: float, **backlog: float) -> Size:
    """The size after looking at this for so long."""
    start = sizing._looked_at or 0.0
    found = None
    for step in range(int(seconds / 5)):
        found = sizing.look(start + 5 * (step + 1), backlog, hosts(count, busy))
    assert found is not None
    return found


def test_a_backlog_has_hosts_added_at_once() -> None:
    """As many as get through it in its class's time, beside what is done anyway."""
    size = Sizing().look(0.0, {"high": 240.0}, hosts(1))
    assert (size.desired, size.because) == (2, "backlog")
    assert size.wait_s == 60.0
    assert Sizing().look(0.0, {"batch": 240.0}, hosts(1)).desired == 1


def test_busy_hosts_have_others_added() -> None:
    """Above 85 % of the cores, for minutes; a moment changes nothing."""
    assert after(Sizing(), 1200, 4, 3.9).desired == 5
    assert after(Sizing(), 1200, 4, 3.3).desired == 4
    sizing = Sizing()
    after(sizing, 1200, 4, 3.0)
    assert after(sizing, 60, 4, 4.0).desired == 4


def test_hosts_go_when_fewer_were_enough_for_a_while() -> None:
    """After ten minutes, and to what is enough at a lower use."""
    sizing = Sizing()
    assert after(sizing, 590, 8, 1.0).desired == 8
    size = after(sizing, 30, 8, 1.0)
    assert (size.desired, size.because) == (4, "settling")


def test_no_work_needs_no_hosts_but_the_least() -> None:
    """Down to none, where that is allowed."""
    assert after(Sizing(), 900, 3, 0.0).desired == 0
    size = after(Sizing(SizingPolicy(least=2)), 900, 3, 0.0)
    assert (size.desired, size.because) == (2, "bounds")


def test_work_without_a_host_wants_one() -> None:
    """Nobody knows yet how quick it will be."""
    size = Sizing().look(0.0, {"normal": 500.0}, [])
    assert (size.desired, size.because, size.wait_s) == (1, "unknown", None)


@pytest.mark.parametrize("load", [0.5, 1.0, 2.0, 3.3, 7.0, 12.9, 40.0])
def test_a_constant_load_never_flaps(load: float) -> None:
    """Random arrivals around one mean: the count settles, and then stays for ever."""
    draw = random.Random(1)
    sizing, counts, live = Sizing(), [], 1
    for step in range(2000):
        used = max(0.0, draw.gauss(load, 0.15 * load**0.5))
        busy = min(4.0, used / max(1, live))
        waiting = max(0.0, used - 4.0 * live) * 5
        live = sizing.look(5.0 * step, {"normal": waiting}, hosts(live, busy)).desired
        counts.append(live)
    changes = sum(a != b for a, b in pairwise(counts[400:]))
    assert changes == 0, counts[400:]
    assert 4 * counts[-1] * 0.85 >= load * 0.97
