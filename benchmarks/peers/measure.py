"""One visit to one arm: started, loaded in every way, one worker killed, one added, stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from benchmarks.harness import Sample, median, percentile
from benchmarks.peers.arms import Arm, Peer, Pool
from benchmarks.peers.drive import Block, Done, closed_loop, one_request, open_loop
from benchmarks.peers.kill import kill_a_worker
from benchmarks.peers.lanes import Lanes
from benchmarks.peers.peer_server import PeerServer
from benchmarks.peers.plan import THREE_SENTENCES, Plan, plan
from benchmarks.peers.pool_server import PoolServer
from benchmarks.peers.servers import Server, ServerError

WORKERS = 2
PEER_SETTLE_S = 1.0


def visit(arm: Arm, engine: str, note: Callable[[str], None]) -> Sample:
    """Everything about an arm but what it cannot do; that goes to `note`. Raises ServerError."""
    found: dict[str, float] = {}
    how = plan(engine)
    with _server(arm, engine, WORKERS) as server:
        found["start_to_first_answer_s"], lanes = server.first_answer(how.texts[0])
        try:
            found |= _loads(lanes, how, settle_s(arm, how), engine)
            found["pss_total_mb"], found["pss_worker_mb"] = server.memory_mb()
            found |= _kill(server, lanes, how, note)
        finally:
            lanes.close()
        if isinstance(arm, Peer):
            found |= _add(server, note)
    if not isinstance(arm, Peer):
        with _server(of_single_threads(arm), engine, WORKERS - 1) as server:
            _seconds, lanes = server.first_answer(how.texts[0])
            lanes.close()
            found |= _add(server, note)
    return found


def of_single_threads(pool: Pool) -> Pool:
    """The pool when a worker is added to it: left to itself and without load, it would give the
    second core to the worker that is there.
    """
    return msgspec.structs.replace(pool, settings={**pool.settings, "pool.threads_per_worker": 1})


def _server(arm: Arm, engine: str, workers: int) -> Server:
    if isinstance(arm, Peer):
        return PeerServer(arm, engine, workers)
    return PoolServer(arm, engine, workers)


def settle_s(arm: Arm, how: Plan) -> float:
    """Full load before it counts. A peer's workers are what they are from the start."""
    return PEER_SETTLE_S if isinstance(arm, Peer) else how.settle_s


def _loads(lanes: Lanes, how: Plan, settle: float, engine: str) -> Sample:
    """One client, a text of several sentences, requests at random times, and full load, last:
    memory is looked at and a worker killed while the server is as a loaded one is. It counts
    once each client has waited through the queue: the first answers come before there is one.
    """
    one = closed_loop(lanes, how.texts, 1, how.seconds / 2, warm_up=1)
    random = open_loop(lanes, how.texts, how.rate, how.seconds, seed=1)
    long = one_request(lanes, THREE_SENTENCES)
    full = closed_loop(
        lanes, how.texts, how.clients, how.seconds, warm_up=how.clients, settle_s=settle
    )
    audio = {"audio_s_per_s": full.per_second(lambda answer: answer.audio_s)}
    return {
        **({} if engine == "noop" else audio),
        "requests_per_s": full.per_second(lambda _answer: 1.0),
        **latencies("full_load", full.good),
        **latencies("one_client", one.good),
        **_ms("one_client_first_audio_p50_ms", [done.first_audio_s for done in one.good]),
        **latencies("random_arrivals", random.good),
        **_ms("three_sentences_first_audio_ms", [done.first_audio_s for done in long.good]),
        **_ms("three_sentences_whole_ms", [done.latency_s for done in long.good]),
        "errors_under_load": float(sum(map(_failures, (full, one, random, long)))),
    }


def latencies(name: str, done: Sequence[Done]) -> Sample:
    """Percentiles of the time until the audio was whole; nothing for no answers."""
    times = [1000 * each.latency_s for each in done]
    return {f"{name}_p{q}_ms": percentile(times, q) for q in (50, 95, 99)} if times else {}


def _ms(name: str, seconds: Sequence[float]) -> Sample:
    return {name: 1000 * median(seconds)} if seconds else {}


def _failures(block: Block) -> int:
    return len(block.errors) + block.unanswered


def _kill(server: Server, lanes: Lanes, how: Plan, note: Callable[[str], None]) -> Sample:
    found = kill_a_worker(server, lanes, how.short_texts, how.kill)
    if found["kill_full_rate_after_s"] >= how.kill.after:
        watched = f"{how.kill.after:g} s"
        note(f"not at its full rate again within {watched} of a worker's death, shown as {watched}")
    return found


def _add(server: Server, note: Callable[[str], None]) -> Sample:
    try:
        return {"add_worker_s": server.add_worker()}
    except ServerError as reason:
        note(f"no worker can be added: {reason}")
        return {}
