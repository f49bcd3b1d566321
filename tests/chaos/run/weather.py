"""One chaos run: calm, storm, calm again, and the comparison of the two calms."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.chaos.run import catalogue
from tests.chaos.run.crowd import Crowd
from tests.chaos.run.faults import DEADLY, Faults
from tests.chaos.run.judge import Verdict, locked, shared_memory
from tests.chaos.run.proxy import Proxy
from tests.chaos.run.stormy import Stormy
from tests.fixtures import processes

MEMORY_GROWTH_MB = 40.0
"""What the whole family may weigh more after the storm than before it."""

LONG_S, MANY_FAULTS = 600.0, 300
"""In a run of at least so many seconds so many faults are thrown, or it has proved too little."""

_SETTLE_S = 10.0
_MEMORY_S = 20.0
_EVERY_KIND_S = 150.0
_SHORTEST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 1.4


class Figures(msgspec.Struct, kw_only=True):
    """What a run found. Times in seconds, memory in 10^6 bytes."""

    seed: int
    seconds: float
    faults: dict[str, int]
    outcomes: dict[str, int]
    restarts_s: list[float]
    memory_before_mb: float
    memory_after_mb: float
    breaches: list[str]


class Calm(msgspec.Struct, frozen=True):
    """What a supervisor in peace consists of."""

    descriptors: list[str]
    processes: int
    memory_mb: float
    digests: dict[str, str]


def run(
    seconds: float,
    seed: int,
    say: Callable[[str], None],
    *,
    every_kind: bool = False,
    events: Path | None = None,
) -> Figures:
    """Let the storm last this long; the same seed throws the same dice. `events`: an empty
    directory for the records of the supervisor's lives.

    `every_kind`: longer where it takes longer until every kind of fault was suffered.
    """
    dice, verdict, counts = random.Random(seed), Verdict(), Counter[str]()
    shared = shared_memory()
    with Stormy(events) as stormy:
        before = _calm(stormy)
        catalogue.save(before.digests, stormy.directory / "expected.json")
        with Proxy(stormy.directory / "proxy.sock", stormy.run_dir / "client.sock") as proxy:
            ways = (stormy.endpoint, f"ipc://{stormy.directory / 'proxy.sock'}")
            crowd = Crowd(ways, stormy.directory, seed)
            faults = Faults(stormy, crowd, proxy, dice)
            counts = faults.counts
            try:
                _storm(faults, dice, seconds, say, every_kind=every_kind)
                say("the storm is over")
                verdict.breaches += crowd.leave()
            except AssertionError as failure:
                verdict.breaches.append(str(failure))
            finally:
                crowd.close()
        orphans = verdict.clients(crowd.ledgers(), crowd.killed)
        for orphan in orphans:
            verdict.orphan(stormy.endpoint, orphan, before.digests)
        after = _calm(stormy, before.memory_mb + MEMORY_GROWTH_MB)
        verdict.breaches += _compare(before, after) + _leave(stormy)
        if verdict.breaches:
            say(stormy.output[-6000:])
    if left := shared_memory() - shared:
        verdict.breaches.append(f"left in shared memory: {sorted(left)}")
    if seconds >= LONG_S and counts.total() < MANY_FAULTS:
        verdict.breaches.append(f"only {counts.total()} faults in {seconds:g} s")
    return Figures(
        seed=seed,
        seconds=seconds,
        faults=dict(sorted(counts.items())),
        outcomes=dict(sorted(verdict.outcomes.items())),
        restarts_s=stormy.restarts_s,
        memory_before_mb=before.memory_mb,
        memory_after_mb=after.memory_mb,
        breaches=verdict.breaches,
    )


def _storm(
    faults: Faults,
    dice: random.Random,
    seconds: float,
    say: Callable[[str], None],
    *,
    every_kind: bool,
) -> None:
    """One fault after the other; every kind before any kind comes again.

    The supervisor is not killed in the last third, so that the one that is looked at in the end
    has lived through much: what leaks in it would be gone with it.
    """
    began, kinds = time.monotonic(), list[str]()
    end = began + seconds
    latest = max(end, began + _EVERY_KIND_S) if every_kind else end
    try:
        while (now := time.monotonic()) < end or (now < latest and faults.missing):
            kinds = kinds or faults.order()
            kind = kinds.pop()
            late = now > began + seconds * 2 / 3
            if kind in DEADLY and late and kind not in faults.missing:
                continue
            done = faults.throw(kind)
            say(f"{end - now:6.1f} s left  {kind}{'' if done else ': nobody there, later'}")
            if not done:
                kinds.insert(0, kind)
            time.sleep(dice.uniform(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S))
        faults.settle(_SETTLE_S)
    finally:
        faults.end()


def _calm(stormy: Stormy, memory_mb: float | None = None) -> Calm:
    """Wait for peace, let it speak everything once, and look at it. Memory is given back in its
    own time: it is looked at until it is no more than `memory_mb`, for a while.
    """
    stormy.calm()
    digests = catalogue.speak_all(stormy.endpoint)
    stormy.calm()
    until, found = time.monotonic() + _MEMORY_S, stormy.memory_mb()
    while memory_mb is not None and found > memory_mb and time.monotonic() < until:
        time.sleep(0.1)
        found = stormy.memory_mb()
    return Calm(
        processes.descriptors(stormy.pid, stormy.run_dir / "client.sock"),
        len(stormy.family),
        found,
        digests,
    )


def _compare(before: Calm, after: Calm) -> list[str]:
    """What is not as it was."""
    wrong = []
    if leaked := Counter(after.descriptors) - Counter(before.descriptors):
        wrong.append(f"descriptors left open: {dict(leaked)}")
    if after.processes != before.processes:
        wrong.append(f"{after.processes} processes instead of {before.processes}")
    if after.memory_mb > before.memory_mb + MEMORY_GROWTH_MB:
        wrong.append(f"{after.memory_mb:.0f} MB instead of {before.memory_mb:.0f} MB")
    if after.digests != before.digests:
        wrong.append("the catalogue is spoken differently now")
    return wrong


def _leave(stormy: Stormy) -> list[str]:
    """Stop it, and look for what it leaves."""
    wrong = []
    if code := stormy.stop():
        wrong.append(f"it stopped with exit code {code}")
    if family := stormy.family:
        wrong.append(f"processes left: {sorted(family)}")
    wrong += [
        f"{name} is left"
        for name in ("client.sock", "supervisor.json")
        if (stormy.run_dir / name).exists()
    ]
    for directory in (stormy.run_dir, stormy.directory / "leases"):
        wrong += [f"{name} in {directory.name} is still locked" for name in locked(directory)]
    temporary = stormy.directory / "tmp"
    wrong += [f"left in the temporary directory: {path.name}" for path in temporary.iterdir()]
    return wrong
