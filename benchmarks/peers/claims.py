"""The pool's targets beside the best peer of the same run.

Throughput is compared by requests, as all speak the same texts: the pool makes the silences
around a sentence anew, so its audio is shorter than what the engine returns to the peers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.harness import Claim, Sample, at_least, at_most, measure, median
from benchmarks.peers.arms import BARE, PEERS, POOL, POOL_DERIVED

Arms = Mapping[str, Sequence[Sample]]

_SUM = "all rounds together, requests that were never answered among them"
_WORST = "the worst round"
_HOW = "medians over the rounds; the best peer is that of the same run"


def claims(engine: str, arms: Arms) -> list[Claim]:
    """Every claim whose arms were measured."""
    made: dict[str, Callable[[Arms], list[Claim]]] = {
        "noop": _noop,
        "hibari": _hibari,
        "kokoro": _kokoro,
    }
    return made[engine](arms)


def middle(arms: Arms, arm: str, name: str) -> float | None:
    """The median of one measure of one arm; None if it was not measured."""
    samples = [sample for sample in arms.get(arm, ()) if name in sample]
    return median(measure(samples, name)) if samples else None


def best_peer(arms: Arms, name: str, *, most: bool = False, memory: bool = False) -> float | None:
    """The best median among the peers; with `memory` among those with a worker per core."""
    peers = [peer.name for peer in PEERS if peer.comparable_memory or not memory]
    found = [value for peer in peers if (value := middle(arms, peer, name)) is not None]
    if not found:
        return None
    return max(found) if most else min(found)


def _noop(arms: Arms) -> list[Claim]:
    return [
        *_ratio(
            "no-op: requests per second at 64 in flight ÷ mosec's",
            middle(arms, POOL, "requests_per_s"),
            middle(arms, "mosec", "requests_per_s"),
            least=2,
        ),
        *_ratio(
            "no-op: p50 with one client ÷ mosec's",
            middle(arms, POOL, "one_client_p50_ms"),
            middle(arms, "mosec", "one_client_p50_ms"),
            most=1,
        ),
        *_common("no-op", arms),
    ]


def _hibari(arms: Arms) -> list[Claim]:
    return [*_throughput("hibari", arms), *_start("hibari", arms, 1.0), *_common("hibari", arms)]


def _kokoro(arms: Arms) -> list[Claim]:
    peer = best_peer(arms, "requests_per_s", most=True)
    soonest = best_peer(arms, "one_client_p50_ms")
    return [
        *_throughput("kokoro", arms),
        *_ratio(
            "kokoro: derived model ÷ the best peer with the published one",
            middle(arms, POOL_DERIVED, "requests_per_s"),
            peer,
            least=2.2,
        ),
        *_ratio(
            "kokoro: one client, p50 ÷ the best peer's",
            middle(arms, POOL, "one_client_p50_ms"),
            soonest,
            most=1,
        ),
        *_ratio(
            "kokoro: one client, derived model, p50 ÷ the best peer's",
            middle(arms, POOL_DERIVED, "one_client_p50_ms"),
            soonest,
            most=0.5,
        ),
        *_start("kokoro", arms, 2.0),
        *_start("kokoro, derived model", arms, 2.0, POOL_DERIVED),
        *_ratio(
            "kokoro: PSS of the whole service ÷ the best peer's with a worker for each core",
            middle(arms, POOL, "pss_total_mb"),
            best_peer(arms, "pss_total_mb", memory=True),
            most=0.45,
        ),
        *_common("kokoro", arms),
    ]


def _throughput(engine: str, arms: Arms) -> list[Claim]:
    pool = middle(arms, POOL, "requests_per_s")
    return [
        *_ratio(
            f"{engine}: pool with 16 clients ÷ two bare sessions",
            pool,
            middle(arms, BARE, "requests_per_s"),
            least=0.97,
        ),
        *_ratio(
            f"{engine}: pool ÷ the best peer, requests per second",
            pool,
            best_peer(arms, "requests_per_s", most=True),
            least=1,
        ),
    ]


def _common(engine: str, arms: Arms) -> list[Claim]:
    """A worker's death, of which every round counts, and a worker more."""
    rounds = arms.get(POOL, ())
    errors = [sample["kill_errors"] for sample in rounds if "kill_errors" in sample]
    after = [s["kill_full_rate_after_s"] for s in rounds if "kill_full_rate_after_s" in s]
    claims = []
    if errors:
        claims.append(at_most(f"{engine}: errors after kill -9", sum(errors), 0, "", _SUM))
    if after:
        claims.append(at_most(f"{engine}: full rate after kill -9", max(after), 0.5, "s", _WORST))
    return [
        *claims,
        *_ratio(
            f"{engine}: time to add a worker ÷ the best peer's",
            middle(arms, POOL, "add_worker_s"),
            best_peer(arms, "add_worker_s"),
            most=0.05,
        ),
    ]


def _start(what: str, arms: Arms, target: float, arm: str = POOL) -> list[Claim]:
    value = middle(arms, arm, "start_to_first_answer_s")
    return [] if value is None else [at_most(f"{what}: start → answer", value, target, "s", _HOW)]


def _ratio(
    claim: str,
    value: float | None,
    other: float | None,
    *,
    least: float | None = None,
    most: float | None = None,
) -> list[Claim]:
    """The claim, if both sides were measured."""
    if value is None or not other:
        return []
    if least is not None:
        return [at_least(claim, value / other, least, "×", _HOW)]
    return [] if most is None else [at_most(claim, value / other, most, "×", _HOW)]
