"""A client of the chaos run that uses the Python API; arguments as for `client`.

One job at a time. The API itself goes on after a lost connection, as it promises: it
attaches to a durable job, and hands in a plain one once more. Where it gives up with an
error that allows it, this client asks anew under the same key. What it sees goes to the
same ledger.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

from supervisor.client import Client, JobCancelled, SupervisorError
from tests.chaos.run import catalogue
from tests.chaos.run.client import STALLED_S
from tests.chaos.run.ledger import Ledger, Line

_AGAIN_S = 0.2


class LibraryClient:
    """Runs until `stopping` is set and nothing is owed."""

    def __init__(self, endpoint: str, directory: Path, name: str, seed: str) -> None:
        self.stopping = False
        self._client = Client(endpoint, name=name)
        self._name = name
        self._random = random.Random(f"{seed} {name}")
        self._expected = catalogue.load(directory / "expected.json")
        self._ledger = Ledger(directory / f"{name}.ledger")

    def run(self) -> None:
        """Ask, wait, and ask for the next."""
        count = 0
        while not self.stopping:
            count += 1
            request = self._random.choice(catalogue.CATALOGUE)
            self._obtain(f"{self._name}-{count}", request, durable=self._random.random() < 0.4)
        self._client.close()
        self._ledger.note(Line("left"))

    def _obtain(self, id: str, request: catalogue.Request, *, durable: bool) -> None:
        """Have it spoken, however many attempts that takes."""
        self._ledger.note(Line("asked", id, request.name, durable=durable))
        began, last = time.monotonic(), "nothing was refused"
        until = began + STALLED_S
        while time.monotonic() < until:
            try:
                return self._speak(id, request, durable=durable)
            except JobCancelled as error:
                self._ledger.breach(f"{id}: {error}")
                return None
            except SupervisorError as error:
                if not error.retryable:
                    self._ledger.breach(f"{id}: {error.code}: {error}")
                    return None
                if error.code == "supervisor_gone" and not durable:
                    # A plain job begins anew with the next supervisor, and so does its time: four
                    # kills in two minutes leave none of them the time that a long text takes.
                    until = time.monotonic() + STALLED_S
                last = f"{error.code} at {time.monotonic() - began:.1f} s: {error}"
                self._ledger.note(Line("refused", id, detail=error.code))
                time.sleep(_AGAIN_S)
        self._ledger.breach(f"{id} has stalled; {last}")
        return None

    def _speak(self, id: str, request: catalogue.Request, *, durable: bool) -> None:
        job = self._client.submit(
            request.text,
            engine=request.engine,
            seed=request.seed,
            timeout=STALLED_S,
            durable=durable,
            key=id if durable else None,
        )
        self._ledger.note(Line("accepted", id, job=job.id))
        audio = job.result(STALLED_S)
        found = catalogue.digest(audio.samples.tobytes())
        if found != self._expected[request.name]:
            self._ledger.breach(f"{id}: the audio of {request.name} is another")
        self._ledger.note(Line("ended", id, job=audio.job, detail="done", digest=found))


def main(endpoint: str, directory: str, name: str, seed: str) -> None:
    """Be a client until SIGTERM."""
    client = LibraryClient(endpoint, Path(directory), name, seed)

    def stop(*_: object) -> None:
        client.stopping = True

    signal.signal(signal.SIGTERM, stop)
    client.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
