"""`python -m benchmarks.peers [ENGINE …]`: every arm that serves the engine, in turns.

Each visit starts the arm's server and ends it: kept side by side, idle servers would take
time from the one that is measured. Writes results/peers_<engine>.json and the pages
made from it. An arm that fails is left out of that round and a note says why.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

import msgspec
import psutil

from benchmarks import tables
from benchmarks.environment import environment, load_average
from benchmarks.harness import Record, Result, Sample, save, say
from benchmarks.peers import bare
from benchmarks.peers.arms import BARE, ENGINES, PEERS, POOL, Arm, Peer, taking_part
from benchmarks.peers.claims import claims
from benchmarks.peers.install import InstallError, install
from benchmarks.peers.measure import visit
from benchmarks.peers.plan import ROUNDS, plan
from benchmarks.peers.servers import ServerError

Visit = Callable[[], Sample]


class Notes:
    """Deviations from what was asked, each one once."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, arm: str, what: str) -> None:
        """Note something about an arm, and show it."""
        line = f"{arm}: {' '.join(what.split())}"
        self._counts[line] = self._counts.get(line, 0) + 1
        say(line)

    def lines(self) -> list[str]:
        """Each note, with how often it applied."""
        return [
            f"{line} ({count} of {ROUNDS} rounds)" if count < ROUNDS else line
            for line, count in self._counts.items()
        ]


class Progress:
    """Progress of the run: visits that are over, and the time that the others may take."""

    def __init__(self, visits: int, estimate_s: float) -> None:
        self._began = time.monotonic()
        self._visits = visits
        self._over = 0
        say(f"{visits} visits, about {visits * estimate_s / 60:.0f} min")

    def after_one(self) -> str:
        """The line to show when one more is over."""
        self._over += 1
        spent = time.monotonic() - self._began
        left = spent / self._over * (self._visits - self._over)
        over = f"{self._over} of {self._visits} visits in {spent / 60:.1f} min"
        return f"{over}, about {left / 60:.1f} min left"


def run(engine: str) -> Result:
    """Rounds of visits, in reversed order every other round."""
    notes = Notes()
    visits = _visits(engine, notes)
    arms: dict[str, list[Sample]] = {name: [] for name in visits}
    progress = Progress(ROUNDS * len(visits), plan(engine).visit_s)
    for number in range(ROUNDS):
        for name in list(visits) if number % 2 == 0 else list(visits)[::-1]:
            try:
                sample = visits[name]()
            except (ServerError, OSError, ValueError, psutil.Error) as error:
                notes.add(name, f"not measured: {error}")
            else:
                arms[name].append(sample)
                shown = ", ".join(f"{key} {value:.4g}" for key, value in sample.items())
                say(f"{engine} {number + 1}/{ROUNDS} {name}: {shown}")
            say(f"{engine}: {progress.after_one()}")
    measured = {name: samples for name, samples in arms.items() if samples}
    return Result(
        title=f"Beside other servers: {engine}",
        arms=measured,
        claims=claims(engine, measured),
        notes=[*_how(engine), *notes.lines()],
        compared_with=POOL,
    )


def _visits(engine: str, notes: Notes) -> dict[str, Visit]:
    """Make a visit for each arm that is ready; one that cannot be installed is noted."""
    visits: dict[str, Visit] = {BARE: partial(_visit_bare, engine)}
    for arm in taking_part(engine):
        try:
            if isinstance(arm, Peer):
                install(arm)
        except InstallError as error:
            for _ in range(ROUNDS):
                notes.add(arm.name, f"not installed: {error}")
            continue
        visits[arm.name] = partial(_visit, arm, engine, notes)
    return visits


def _visit(arm: Arm, engine: str, notes: Notes) -> Sample:
    return visit(arm, engine, partial(notes.add, arm.name))


def _visit_bare(engine: str) -> Sample:
    with tempfile.TemporaryDirectory() as directory:
        return bare.visit(engine, sorted(os.sched_getaffinity(0))[:2], directory)


def _how(engine: str) -> list[str]:
    """Notes on the settings of this run."""
    how = plan(engine)
    versions = ", ".join(line for peer in PEERS if engine in peer.engines for line in _pinned(peer))
    return [
        (
            f"Full load is {how.clients} clients that ask again at once, {how.seconds:g} s a "
            f"round; random arrivals are {how.rate:g} requests a second, the same for every arm; "
            f"{ROUNDS} rounds, a fresh server for each arm and round."
        ),
        (
            "Client, server and workers share the two cores. Peers answer when all is spoken; "
            "the pool sends audio as it is made."
        ),
        (
            "When a worker is killed 8 clients are asking; after an error a client waits 0.1 s. "
            f"They ask until the full rate is back, {how.kill.least:g} s at least and "
            f"{how.kill.after:g} s at most. A worker is added to two (peers) or to one "
            "(pool: no more workers than cores; with threads_per_worker 1, else the one would get "
            "the second core)."
        ),
        (
            "Memory is that of two workers. Four are not measured: a worker of the pool holds its "
            "core alone, so it has no more workers than this machine has cores."
        ),
        f"Peers: {versions}.",
    ]


def _pinned(peer: Peer) -> list[str]:
    """The peer's own packages with their versions, as its requirements have them."""
    lines = peer.requirements.read_text().splitlines()
    return [line.replace("==", " ") for line in lines if line.split("==")[0] in peer.packages]


def main() -> int:
    """Run the engines named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(ENGINES)}")
    engines = parser.parse_args().engines or list(ENGINES)
    if unknown := set(engines) - set(ENGINES):
        parser.error(f"no such engine: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    for engine in engines:
        before = environment()
        result = run(engine)
        after = msgspec.structs.replace(before, load_after=load_average())
        save(Record(f"peers_{engine}", after, result))
    print(f"pages written to {tables.write()} and docs/PERFORMANCE.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
