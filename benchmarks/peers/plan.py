"""Plan of the measurements of each engine: texts, clients, rates and times.

Environment variables make a run shorter or longer: PEERS_ROUNDS, and PEERS_SECONDS for one block
of load.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from benchmarks.peers.kill import Times
from benchmarks.texts import SENTENCES

ROUNDS = int(os.environ.get("PEERS_ROUNDS", "3"))

THREE_SENTENCES = " ".join(SENTENCES[:3])


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`rate`: requests a second in the open loop, about 40 % of what two bare sessions do."""

    texts: Sequence[str]
    clients: int
    rate: float
    seconds: float
    settle_s: float = 8.0
    """Full load before the pool's counts: it changes its shape after a cooldown of 5 s."""
    short_texts: Sequence[str]
    kill: Times

    @property
    def visit_s(self) -> float:
        """About how long a visit takes on two cores that have nothing else to do."""
        return 2.5 * self.seconds + self.kill.before + self.kill.least + _AROUND_S


_AROUND_S = 15.0
"""Starts and stops, settling, the wait for what is under way at the end of a block."""

_PLANS = {
    "noop": Plan(
        texts=("Hello.",),
        clients=64,
        rate=200,
        seconds=2,
        short_texts=("Hello.",),
        kill=Times(2, 20),
    ),
    "hibari": Plan(
        texts=SENTENCES,
        clients=16,
        rate=25,
        seconds=8,
        short_texts=SENTENCES,
        kill=Times(2, 20),
    ),
    "kokoro": Plan(
        texts=SENTENCES,
        clients=16,
        rate=0.5,
        seconds=8,
        short_texts=("Good morning.",),
        kill=Times(4, 20),
    ),
}


def plan(engine: str) -> Plan:
    """The engine's plan, with the times that the environment asks for.

    A shorter block shortens the watch after a kill as well.
    """
    found = _PLANS[engine]
    if asked := os.environ.get("PEERS_SECONDS"):
        factor = min(1.0, float(asked) / found.seconds)
        kill = Times(max(1.0, found.kill.before * factor), max(4.0, found.kill.after * factor))
        return msgspec.structs.replace(found, seconds=float(asked), kill=kill)
    return found
