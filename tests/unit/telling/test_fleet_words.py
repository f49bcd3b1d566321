"""A fleet in words: what each host does, and the whole in a sentence."""

from __future__ import annotations

import pytest

from supervisor.telling.fleet import host_row, summary, unlike
from supervisor.wire.fleet.live import Heartbeat


def heard(name: str = "anna", **figures: object) -> Heartbeat:
    """A heartbeat."""
    return Heartbeat(host=name, epoch="1", **figures)  # type: ignore[arg-type]  # as declared


@pytest.mark.parametrize(
    ("host", "state", "said"),
    [
        (heard(slots=3, free=1), "ready", "takes jobs"),
        (heard(slots=3), "busy", "all it can"),
        (heard(slots=3, why="it is hot"), "held", "takes none: it is hot"),
        (heard(), "held", "takes none"),
        (heard(slots=3, free=1, draining=True, why="draining"), "draining", "leaving"),
    ],
)
def test_a_host_is_told_by_what_it_does(host: Heartbeat, state: str, said: str) -> None:
    """In a word for programs, and in words with the reason where there is one."""
    row = host_row(host)
    assert (row.state, row.said) == (state, said)


def test_the_whole_is_a_sentence() -> None:
    """Hosts, what they speak, who takes none, and what waits where that is known."""
    rows = [
        host_row(heard("anna", slots=3, free=1, running=1, version="1.0")),
        host_row(heard("bert", slots=1, why="it is hot", version="1.1")),
    ]
    assert summary(rows, None) == "2 hosts with 4 slots: 1 job at work, bert takes none."
    assert summary(rows[:1], {"high": 0, "batch": 1_200}) == (
        "1 host with 3 slots: 1 job at work; 1,200 jobs wait (1,200 batch)."
    )
    assert summary([], {}) == "No host answers; nothing waits."
    many = [host_row(heard(f"h{n}", draining=True)) for n in range(5)]
    assert "h0, h1, h2 and 2 more leave" in summary(many, None)
    assert unlike(rows) == "hosts run 1.0 and 1.1"
    assert unlike(rows[:1]) is None
