"""The pure parts of `make bench-peers`: reading responses, the load, recovery, the table."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from typing import cast

import pytest

from benchmarks import side_by_side
from benchmarks.harness import Result, Sample
from benchmarks.peers.arms import BARE, PEERS, POOL, POOL_DERIVED, POOLS, taking_part
from benchmarks.peers.claims import claims
from benchmarks.peers.drive import Block, Done, arrivals, closed_loop, one_request, open_loop
from benchmarks.peers.http_lanes import HttpLanes
from benchmarks.peers.http_response import Response
from benchmarks.peers.kill import Times, full_rate_after, kill_a_worker
from benchmarks.peers.lanes import Answer
from benchmarks.peers.measure import of_single_threads
from benchmarks.peers.servers import Server
from benchmarks.tables import number

WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\nb;x=1\r\n, world\r\n!!\r\n0\r\n\r\n"
)


class EchoLanes:
    """A server that answers at once, `lost` of the first requests with an error."""

    def __init__(self, lost: int = 0) -> None:
        self.texts: list[str] = []
        self._lost = lost
        self._waiting: list[int] = []

    def send(self, lane: int, text: str) -> None:
        """Take a request; a lane holds one at a time."""
        assert lane not in self._waiting
        self.texts.append(text)
        self._waiting.append(lane)

    def answers(self, timeout: float) -> list[Answer]:
        """Everything that waits, after a millisecond of work."""
        time.sleep(min(timeout, 0.001))
        now = time.perf_counter()
        ended = []
        for lane in self._waiting:
            self._lost -= 1
            ended.append(Answer(lane, now, now, 1.0, "lost" if self._lost >= 0 else None))
        self._waiting = []
        return ended

    def close(self) -> None:
        """Nothing to hang up."""


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_a_response_is_read_however_it_is_cut(step: int) -> None:
    """Both framings give the same bytes for every size of the pieces that arrive."""
    for data, length, keeps in ((WITH_LENGTH, 5, False), (CHUNKED, 16, True)):
        response = Response()
        for start in range(0, len(data), step):
            assert not response.done
            response.feed(data[start : start + step])
        found = (response.status, response.body_bytes, response.done, response.keeps_connection)
        assert found == (200, length, True, keeps)


def test_a_response_without_a_length_is_refused() -> None:
    """What ends with the connection cannot be told from what was cut off."""
    with pytest.raises(ValueError, match="without a length"):
        Response().feed(b"HTTP/1.1 200 OK\r\n\r\n")


def test_an_idle_connection_that_the_server_closes_is_no_answer() -> None:
    """A worker that dies takes the idle connections of lanes along that asked for nothing; the
    lane connects anew for its next request.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        lanes = HttpLanes(server.getsockname()[1], "/", {})
        for _ in range(2):
            lanes.send(5, "Hello.")
            connection, _address = server.accept()
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            assert [answer.error for answer in lanes.answers(5.0)] == [None]
            connection.close()
            assert lanes.answers(0.2) == []
        lanes.close()


def test_a_closed_loop_goes_on_after_errors_and_counts_them() -> None:
    """Two clients lose their first requests, ask again, and the rest is good."""
    lanes = EchoLanes(lost=2)
    block = closed_loop(lanes, ["a", "b"], 2, 0.3, warm_up=0)
    assert block.errors == ["lost", "lost"]
    assert block.good
    assert block.unanswered == 0
    assert lanes.texts[:4] == ["a", "b", "a", "b"]


def test_a_closed_loop_counts_only_what_comes_after_it_has_settled() -> None:
    """The window begins after both the warm-up answers and the time to settle."""
    started = time.perf_counter()
    block = closed_loop(EchoLanes(), ["a"], 1, 0.05, warm_up=3, settle_s=0.1)
    assert block.began >= started + 0.1
    assert all(done.answer.end > block.began for done in block.done)


def test_a_rate_does_not_depend_on_where_the_window_cuts() -> None:
    """A server that answers two clients every 10 s, both at once, whatever part of that is seen."""
    answers = [
        Done(at, Answer(lane, at, at + 10, 4.0)) for at in range(0, 40, 10) for lane in (0, 1)
    ]
    failed = Done(5.0, Answer(2, 6.0, 6.0, 0.0, "lost"))
    for began, ended in ((9.0, 17.0), (11.0, 19.0), (10.0, 30.0)):
        done = [each for each in answers if began < each.answer.end <= ended]
        late = [each for each in answers if each.asked < ended < each.answer.end]
        block = Block([*done, failed], began, ended, 0, late)
        assert block.per_second(lambda answer: answer.audio_s) == pytest.approx(0.8)
        assert block.per_second(lambda _answer: 1.0) == pytest.approx(0.2)


def test_a_closed_loop_ends_when_it_is_enough() -> None:
    """Whoever has seen what he waited for does not watch on."""
    block = closed_loop(EchoLanes(), ["a"], 1, 60, warm_up=0, enough=lambda so: len(so.done) >= 3)
    assert len(block.done) == 3
    assert block.unanswered == 0


def test_one_request_is_waited_for_and_counted() -> None:
    """The answer to a text of seconds is in the block, not only the wait for it."""
    lanes = EchoLanes()
    assert len(one_request(lanes, "a long text").good) == 1
    assert lanes.texts == ["a long text"]


def test_an_open_loop_sends_every_request_and_counts_from_when_it_was_due() -> None:
    """As many answers as arrivals, none before it was due."""
    block = open_loop(EchoLanes(), ["a"], 100, 0.2, seed=3)
    assert len(block.good) == len(arrivals(100, 0.2, 3))
    assert all(done.latency_s >= 0 for done in block.good)


def test_arrivals_are_the_same_for_the_same_seed() -> None:
    """Every arm meets the same requests, at about the rate that was asked for."""
    times = arrivals(50, 20, seed=1)
    assert times == arrivals(50, 20, seed=1)
    assert times == sorted(times)
    assert len(times) == pytest.approx(1000, rel=0.15)
    assert len(arrivals(0.001, 1, seed=1)) == 1


def answered(*stretches: tuple[float, float, float]) -> list[float]:
    """Moments of answers at a steady rate within each (from, to, rate)."""
    return [
        start + step / rate
        for start, end, rate in stretches
        for step in range(round((end - start) * rate))
    ]


def test_recovery_is_when_the_full_rate_is_back() -> None:
    """Half the rate for two seconds shows; no dip is 0; half the rate for ever is never."""
    dip = answered((0, 5, 100), (5, 7, 50), (7, 12, 100))
    assert full_rate_after(dip, 0, 5, 12) == pytest.approx(2.0, abs=0.2)
    assert full_rate_after(answered((0, 12, 100)), 0, 5, 12) == 0
    assert full_rate_after(answered((0, 5, 100), (5, 12, 50)), 0, 5, 12) is None
    assert full_rate_after([], 0, 5, 12) is None


def result(arms: dict[str, Sequence[Sample]]) -> Result:
    """A comparison with the pool."""
    return Result(title="t", arms=arms, claims=[], compared_with=POOL)


def test_the_table_keeps_rows_in_which_a_peer_wins() -> None:
    """The best is marked whoever it is; more is better of rates, less of the rest."""
    found = side_by_side.rows(
        result(
            {
                "mosec": [{"requests_per_s": 10.0, "p50_ms": 1.0}] * 2,
                POOL: [{"requests_per_s": 20.0, "p50_ms": 2.0}],
            }
        ),
        number,
    )
    assert found == [
        ["requests_per_s", "mosec", "2", "10", "10", "10", "0.50", ""],
        ["requests_per_s", POOL, "1", "20", "20", "20", "1.00", "**best**"],
        ["p50_ms", "mosec", "2", "1", "1", "1", "0.50", "**best**"],
        ["p50_ms", POOL, "1", "2", "2", "2", "1.00", ""],
    ]


def test_claims_hold_the_pool_against_the_best_peer() -> None:
    """The ratio is taken with the best of the peers, and what was not measured is no claim."""
    arms = {
        BARE: [{"requests_per_s": 10.0}],
        "mosec": [{"requests_per_s": 8.0}],
        "LitServe": [{"requests_per_s": 6.0}],
        POOL: [{"requests_per_s": 9.6}],
    }
    found = {claim.claim: (round(claim.value, 3), claim.met) for claim in claims("hibari", arms)}
    assert found == {
        "hibari: pool with 16 clients ÷ two bare sessions": (0.96, False),
        "hibari: pool ÷ the best peer, requests per second": (1.2, True),
    }


def test_claims_about_a_death_hold_for_every_round() -> None:
    """Two good rounds do not hide one with lost requests, nor one that never recovered."""
    good = {"kill_errors": 0.0, "kill_full_rate_after_s": 0.1}
    bad = {"kill_errors": 2.0, "kill_full_rate_after_s": 20.0}
    found = {claim.claim: (claim.value, claim.met) for claim in claims("noop", {POOL: [good] * 2})}
    assert found == {
        "no-op: errors after kill -9": (0, True),
        "no-op: full rate after kill -9": (0.1, True),
    }
    mixed = claims("noop", {POOL: [good, bad, good]})
    assert [(claim.value, claim.met) for claim in mixed] == [(2, False), (20, False)]


class HalfServer:
    """Answers forever at half its rate once its worker, a process of ours, was killed."""

    def __init__(self) -> None:
        self.worker = subprocess.Popen(["sleep", "60"])

    def worker_pids(self) -> list[int]:
        """The one worker."""
        return [self.worker.pid]


class HalfLanes(EchoLanes):
    """The lanes of that server."""

    def __init__(self, server: HalfServer) -> None:
        super().__init__()
        self._server = server

    def answers(self, timeout: float) -> list[Answer]:
        """Slower once the worker is dead."""
        time.sleep(0.005 if self._server.worker.poll() is None else 0.02)
        return super().answers(timeout)


def test_a_rate_that_never_returns_counts_as_the_whole_watch() -> None:
    """No round drops out because the server was down to its end."""
    server = HalfServer()
    times = Times(before=0.5, after=1.5, least=0.5)
    found = kill_a_worker(cast("Server", server), HalfLanes(server), ["a"], times)
    server.worker.wait()
    assert found == {"kill_errors": 0, "kill_unanswered": 0, "kill_full_rate_after_s": 1.5}


def test_a_worker_is_added_to_a_pool_of_single_threads() -> None:
    """Else the second core goes to the worker that is there; the arm's other settings stay."""
    derived = next(pool for pool in POOLS if pool.name == POOL_DERIVED)
    assert of_single_threads(derived).settings == {
        "engines.kokoro.optimization": "auto",
        "pool.threads_per_worker": 1,
    }


def test_every_peer_is_pinned_and_serves_what_it_says() -> None:
    """Each has a server and an exact version of what it is made of."""
    for peer in PEERS:
        pinned = {line.split("==")[0] for line in peer.requirements.read_text().splitlines()}
        assert set(peer.packages) <= pinned
        assert (peer.requirements.parent / "server.py").is_file()
    assert "kokoro-onnx, one session" not in [arm.name for arm in taking_part("noop")]
