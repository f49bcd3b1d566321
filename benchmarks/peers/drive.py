"""The load: clients that wait for their answer (closed loop), and requests that come when
they come (open loop). Both on one thread, over any `Lanes`.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.peers.lanes import Answer, Lanes

RETRY_S = 0.1
"""How long a client waits after an error before it asks again."""


class Done(NamedTuple):
    """One request. `asked` is when it was sent or, in an open loop, when it was due."""

    asked: float
    answer: Answer

    @property
    def latency_s(self) -> float:
        """Until the audio was whole."""
        return self.answer.end - self.asked

    @property
    def first_audio_s(self) -> float:
        """Until the first audio."""
        return self.answer.first - self.asked


class Block(NamedTuple):
    """Findings of one stretch of load, in the order of the answers.

    `began` and `ended` bound the window in which answers count; `late` were under way at its
    end, `unanswered` were still waiting when patience was over.
    """

    done: list[Done]
    began: float
    ended: float
    unanswered: int
    late: Sequence[Done] = ()

    @property
    def good(self) -> list[Done]:
        """Those with their whole audio."""
        return [each for each in self.done if each.answer.error is None]

    @property
    def errors(self) -> list[str]:
        """Why the others have none."""
        return [each.answer.error for each in self._all if each.answer.error is not None]

    def per_second(self, value: Callable[[Answer], float]) -> float:
        """Sum of `value` over the good answers, for each second of the window.

        A request counts with the share of its time that lies in the window: where answers take
        as long as the window, or come many at once, it would else be chance how many end in it.
        """
        good = [each for each in self._all if each.answer.error is None]
        counted = sum(value(each.answer) * self._share(each) for each in good)
        return counted / (self.ended - self.began)

    @property
    def _all(self) -> list[Done]:
        return [*self.done, *self.late]

    def _share(self, each: Done) -> float:
        inside = min(each.answer.end, self.ended) - max(each.asked, self.began)
        return max(0.0, inside) / each.latency_s


def closed_loop(
    lanes: Lanes,
    texts: Sequence[str],
    clients: int,
    seconds: float,
    *,
    warm_up: int,
    settle_s: float = 0.0,
    patience_s: float = 60.0,
    enough: Callable[[Block], bool] | None = None,
) -> Block:
    """So many clients, each asking again at once; counted from the `warm_up`-th answer on,
    but not before `settle_s` seconds: a server that follows its load needs time to.

    `enough` may end it sooner. At the end those under way are waited for, up to `patience_s`.
    """
    asked: dict[int, float] = {}
    resting: list[tuple[float, int]] = [(0.0, lane) for lane in range(clients)]
    done: list[Done] = []
    number, left_to_warm, warming = 0, warm_up, warm_up > 0
    began = time.perf_counter()
    settled = began + settle_s
    until = settled + patience_s if warm_up else began + seconds
    while (now := time.perf_counter()) < until:
        while resting and resting[0][0] <= now:
            lane = heapq.heappop(resting)[1]
            asked[lane] = time.perf_counter()
            lanes.send(lane, texts[number % len(texts)])
            number += 1
        soon = min(until, resting[0][0]) if resting else until
        for answer in lanes.answers(max(0.0, soon - now)):
            each = Done(asked.pop(answer.lane), answer)
            rest = RETRY_S if answer.error else 0.0
            heapq.heappush(resting, (answer.end + rest if rest else 0.0, answer.lane))
            if not warming:
                done.append(each)
                continue
            left_to_warm -= 1
            if left_to_warm <= 0 and answer.end >= settled:
                warming = False
                began = answer.end
                until = began + seconds
        if enough is not None and enough(Block(done, began, time.perf_counter(), 0)):
            break
    ended = time.perf_counter()
    late = _drain(lanes, asked, patience_s)
    return Block(done, began, ended, len(asked), late)


def one_request(lanes: Lanes, text: str, *, patience_s: float = 60.0) -> Block:
    """One client, one request, waited for."""
    began = time.perf_counter()
    lanes.send(0, text)
    done: list[Done] = []
    while not done and (left := began + patience_s - time.perf_counter()) > 0:
        done = [Done(began, answer) for answer in lanes.answers(left)]
    return Block(done, began, time.perf_counter(), 1 - len(done))


def open_loop(
    lanes: Lanes,
    texts: Sequence[str],
    rate: float,
    seconds: float,
    *,
    seed: int,
    patience_s: float = 60.0,
) -> Block:
    """Requests at random times, `rate` a second on average, the same for the same seed."""
    due = arrivals(rate, seconds, seed)
    began = time.perf_counter()
    asked: dict[int, float] = {}
    free: list[int] = []
    done: list[Done] = []
    number = 0
    while number < len(due) or asked:
        now = time.perf_counter() - began
        if now > seconds + patience_s:
            break
        while number < len(due) and due[number] <= now:
            lane = free.pop() if free else len(asked)
            asked[lane] = began + due[number]
            lanes.send(lane, texts[number % len(texts)])
            number += 1
        wait = due[number] - now if number < len(due) else 1.0
        for answer in lanes.answers(max(0.0, min(wait, 1.0))):
            done.append(Done(asked.pop(answer.lane), answer))
            free.append(answer.lane)
    return Block(done, began, time.perf_counter(), len(asked))


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Seconds from the start at which requests come: a Poisson process, at least one."""
    chance = random.Random(seed)  # noqa: S311 - the same requests for every arm
    times = [chance.expovariate(rate)]
    while times[-1] < seconds:
        times.append(times[-1] + chance.expovariate(rate))
    return times[:-1] or times


def _drain(lanes: Lanes, asked: dict[int, float], patience_s: float) -> list[Done]:
    """Wait for what is under way; what never comes stays in `asked`."""
    late: list[Done] = []
    deadline = time.perf_counter() + patience_s
    while asked and (left := deadline - time.perf_counter()) > 0:
        ended = [answer for answer in lanes.answers(min(left, 1.0)) if answer.lane in asked]
        late.extend(Done(asked.pop(answer.lane), answer) for answer in ended)
    return late
