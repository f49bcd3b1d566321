"""What has to hold after the storm, and the figures."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from supervisor.wire import client as protocol
from tests.chaos.run import catalogue
from tests.chaos.run.ledger import Line
from tests.supervised import Wire

_GOOD = {"done", "cancelled"}


class Story:
    """One request over all its attempts, as its client saw it."""

    def __init__(self, asked: Line) -> None:
        self.id = asked.request
        self.name = asked.name
        self.durable = asked.durable
        self.jobs: Counter[str] = Counter()
        self.ended: list[str] = []
        self.lost = 0
        self.refused: Counter[str] = Counter()
        self.cancelling = False
        self.outcome = ""

    def add(self, line: Line) -> None:
        """What came next."""
        match line.what:
            case "accepted":
                self.jobs[line.job] += 1
            case "refused":
                self.refused[line.detail] += 1
            case "lost":
                self.lost += 1
            case "cancelling":
                self.cancelling = True
            case "ended":
                self.ended.append(line.job)
                self.outcome = line.detail


def stories(lines: Iterable[Line]) -> dict[str, Story]:
    """The requests of one client."""
    found: dict[str, Story] = {}
    for line in lines:
        if line.what == "asked":
            found[line.request] = Story(line)
        elif line.request:
            found[line.request].add(line)
    return found


class Verdict:
    """Breaches, and jobs by outcome."""

    def __init__(self) -> None:
        self.breaches: list[str] = []
        self.outcomes: Counter[str] = Counter()

    def clients(self, ledgers: Mapping[str, list[Line]], killed: set[str]) -> list[Story]:
        """Judge what the clients saw; durable requests of killed ones are returned: to be asked."""
        orphans = []
        for client, lines in ledgers.items():
            self.breaches += [f"{client}: {line.detail}" for line in lines if line.what == "breach"]
            if client not in killed and not any(line.what == "left" for line in lines):
                self.breaches.append(f"{client}: ended without a word")
            orphans += [
                story
                for story in stories(lines).values()
                if self._story(story, killed=client in killed)
            ]
        return orphans

    def orphan(self, endpoint: str, story: Story, expected: Mapping[str, str]) -> None:
        """Attach to a durable job whose client was killed: it has gone on without it."""
        request = next(r for r in catalogue.CATALOGUE if r.name == story.name)
        with Wire(endpoint) as peer:
            message = protocol.Submit(
                story.id,
                engine=request.engine,
                seed=request.seed,
                credit=1 << 40,
                key=story.id,
                durable=True,
            )
            peer.send(message, request.text.encode())
            accepted, _body = peer.receive()
            if not isinstance(accepted, protocol.Accepted) or accepted.job not in story.jobs:
                self.breaches.append(f"{story.id}: {accepted} instead of job {set(story.jobs)}")
                return
            end, audio = peer.outcome()
            if isinstance(end, protocol.End):
                self.outcomes["done, taken up for a killed client"] += 1
                if catalogue.digest(audio) != expected[story.name]:
                    self.breaches.append(f"{story.id}: the audio of {story.name} is another")
            elif end.code == "cancelled" and story.cancelling:
                self.outcomes["cancelled"] += 1
            else:
                self.breaches.append(f"{story.id}: {end.code}: {end.message}")

    def _story(self, story: Story, *, killed: bool) -> bool:
        """Judge one request; True if somebody else has to ask for its outcome."""
        self.outcomes["asked for again after a lost connection"] += story.lost
        for code, count in story.refused.items():
            self.outcomes[f"asked for again after `{code}`"] += count
        if story.durable and len(story.jobs) > 1:
            self.breaches.append(f"{story.id}: one durable request, jobs {set(story.jobs)}")
        if len(story.ended) > 1:
            self.breaches.append(f"{story.id}: {len(story.ended)} outcomes")
        if story.ended:
            kind = "durable" if story.durable else "plain"
            self.outcomes[f"{story.outcome}, {kind}"] += 1
            if story.outcome not in _GOOD or (
                story.outcome == "cancelled" and not story.cancelling
            ):
                self.breaches.append(f"{story.id}: ended as {story.outcome}")
            return False
        if not killed:
            lived = f"durable: {story.durable}, jobs {dict(story.jobs)}, {dict(story.refused)}"
            self.breaches.append(f"{story.id}: has no outcome; {lived}, lost {story.lost} times")
            return False
        if story.durable and story.jobs:
            return True
        self.outcomes["gone with a killed client"] += 1
        return False


def locked(directory: Path) -> list[str]:
    """Files in a directory on which somebody holds a lock."""
    found = []
    for path in directory.iterdir() if directory.exists() else []:
        if path.is_file():
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(path.name)
            finally:
                os.close(descriptor)
    return found


def shared_memory() -> set[str]:
    """What lies in the shared memory of the machine."""
    return set(os.listdir("/dev/shm"))  # noqa: S108 (the place itself is looked at)
