"""Errors and rate as clients see them when a worker is killed with -9 under load."""

from __future__ import annotations

import os
import signal
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.harness import Sample
from benchmarks.peers.drive import Block, closed_loop
from benchmarks.peers.lanes import Lanes
from benchmarks.peers.servers import Server, ServerError

CLIENTS = 8
FULL = 0.85
"""Share of the rate before that counts as full: above what one of two workers can do."""

_STEP_S = 0.02
_LOOK_S = 0.5
_WINDOW_ANSWERS = 20
_LEAST_WINDOW_S = 0.5


class Times(NamedTuple):
    """Seconds of load before the kill, and at most and at least after it: once the full rate is
    back, no more than `least` are needed.
    """

    before: float
    after: float
    least: float = 4.0


def kill_a_worker(server: Server, lanes: Lanes, texts: Sequence[str], times: Times) -> Sample:
    """Errors, requests that were never answered, and seconds until the full rate is back.

    Where it was not back within `times.after`, the seconds are `times.after`.
    """
    killed: list[float] = []

    def kill() -> None:
        os.kill(server.worker_pids()[0], signal.SIGKILL)
        killed.append(time.perf_counter())

    def enough(block: Block) -> bool:
        """Looked at a few times a second: it costs what a look at every answer costs."""
        if not killed or block.ended < max(killed[0] + times.least, looked[0] + _LOOK_S):
            return False
        looked[0] = block.ended
        return full_rate_after(_ends(block), block.began, killed[0], block.ended) is not None

    looked = [0.0]
    timer = threading.Timer(times.before, kill)
    timer.start()
    block = closed_loop(
        lanes,
        texts,
        CLIENTS,
        times.before + times.after,
        warm_up=0,
        patience_s=times.after,
        enough=enough,
    )
    timer.join()
    if not killed:
        raise ServerError("no worker was there to be killed")
    after = full_rate_after(_ends(block), block.began, killed[0], block.ended)
    return {
        "kill_errors": float(len(block.errors) + block.unanswered),
        "kill_unanswered": float(block.unanswered),
        "kill_full_rate_after_s": times.after if after is None else after,
    }


def _ends(block: Block) -> list[float]:
    return [done.answer.end for done in block.good]


def full_rate_after(
    ends: Sequence[float], began: float, killed: float, ended: float
) -> float | None:
    """Seconds from the kill to the first moment from which answers come at the full rate.

    `ends` are the moments of the answers, ascending. The rate is that of a window behind
    the moment, long enough for 20 answers at full rate; so one of two workers missing for
    less than a third of such a window does not show, and gives 0. None: never.
    """
    before = bisect_left(ends, killed) - bisect_left(ends, began)
    rate = before / (killed - began)
    if not before:
        return None
    window = max(_LEAST_WINDOW_S, _WINDOW_ANSWERS / rate)
    moment = killed
    while moment + window <= ended:
        count = bisect_left(ends, moment + window) - bisect_left(ends, moment)
        if count >= FULL * rate * window:
            return moment - killed
        moment += _STEP_S
    return None
