"""A storm over a fleet: everything that can end is ended, while durable jobs go through it.

Three hosts and a cluster of three servers, each in a network of its own where that can be made.
Every job has to have one outcome, with the samples that it has without any fault, and nothing may
be left behind: no job, no audio that no outcome names, no lease, no consumer, no process.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
import psutil

from supervisor.client import Client
from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import Connection, Message, Servers
from supervisor.nats.errors import FleetError
from supervisor.nats.gathering import hosts
from supervisor.nats.jetstream import ask
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import decode
from supervisor.wire.fleet.jobs import Job, Outcome
from tests.fleet import publishing
from tests.fleet.hosts import Fleet
from tests.fleet.namespaces import Namespaces, missing
from tests.fleet.storm.faults import Faults

LONG_S = 600.0
MANY_FAULTS = 200
"""Faults of a storm of LONG_S."""
SIZES = (2, 1, 1)
_RATE = 6.0
"""Jobs a second; the hosts together speak 16 to 40."""
_TEXTS = 24
_CLEAN_S = 150.0
"""Longest time until all is spoken and tidied up after the last fault."""
_PREPARED_S = 60.0
_ENDED_S = 30.0


class Figures(msgspec.Struct):
    """What a storm has come to. `gap_s`: the longest time without an outcome. `left_out`: faults
    that could not be made here.
    """

    seconds: float
    seed: int
    faults: dict[str, int] = {}
    jobs: int = 0
    outcomes: dict[str, int] = {}
    hosts: dict[str, int] = {}
    gap_s: float = 0.0
    breaches: list[str] = []
    left_out: str = ""


class Storm:
    """One storm."""

    def __init__(self, fleet: Fleet, figures: Figures, say: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._figures = figures
        self._say = say
        self._random = random.Random(figures.seed)
        self._names: dict[str, tuple[names.JobName, str]] = {}
        self._seen: dict[str, float] = {}
        self._audio: dict[str, str] = {}

    async def run(self) -> None:
        """Speak every text once for its samples, then let it loose, and look what is left."""
        figures = self._figures
        await asyncio.to_thread(self._prepare)
        connection = Connection(Servers(tuple(self._fleet.urls), "storm"))
        await connection.connect(_PREPARED_S)
        try:
            before = await self._consumers(connection)
            await connection.subscribe(f"$KV.{names.OUTCOMES}.>", self._saw)
            faults = Faults(self._fleet, self._random, figures.seconds, self._say)
            feeding = asyncio.create_task(self._feed(connection, figures.seconds))
            await faults.run()
            await feeding
            await asyncio.to_thread(self._fleet.mend)
            for host in await hosts(connection):
                self._say(
                    f"{host.host}: {host.slots} slots, {host.free} free, {host.running} jobs"
                    f"{f' ({host.why})' if host.why else ''}"
                )
            figures.faults = dict(faults.counts)
            await self._judge(connection)
            after = await self._consumers(connection)
            if after != before:
                figures.breaches.append(f"consumers were {before}, and are {after}")
        finally:
            await connection.close()

    def _prepare(self) -> None:
        with Client(self._fleet.hosts[0].endpoint) as client:
            for number in range(_TEXTS):
                text = f"Text {number} takes {self._random.randrange(50, 250)} ms."
                whole = client.synthesize(text, seed=7).samples.tobytes()
                self._audio[text] = hashlib.sha256(whole).hexdigest()

    async def _saw(self, message: Message) -> None:
        self._seen.setdefault(message.subject, time.monotonic())

    async def _feed(self, connection: Connection, seconds: float) -> None:
        """Hand jobs in, each until that is confirmed."""
        end = time.monotonic() + seconds
        texts = [*self._audio]
        handing: set[asyncio.Task[None]] = set()
        while time.monotonic() < end:
            text = self._random.choice(texts)
            klass = self._random.choice(names.CLASSES)
            job = publishing.job(text, engine="metronome", klass=klass, seed=7)
            self._names[job[0].key] = job[0], text
            task = asyncio.create_task(self._hand_in(connection, job))
            handing.add(task)
            task.add_done_callback(handing.discard)
            await asyncio.sleep(1 / _RATE)
        if handing:
            await asyncio.wait(handing)

    async def _hand_in(self, connection: Connection, job: tuple[names.JobName, Job]) -> None:
        try:
            await publishing.publish(connection, job, 60)
        except FleetError as error:
            if error.code != "duplicate":  # An answer was lost, and the job waits already.
                self._figures.breaches.append(f"a job was not taken: {error}")

    async def _judge(self, connection: Connection) -> None:
        figures = self._figures
        figures.jobs = len(self._names)
        end = time.monotonic() + _CLEAN_S
        outcomes: dict[str, Outcome] = {}
        bucket = Bucket(connection, names.OUTCOMES)
        while len(outcomes) < len(self._names) and time.monotonic() < end:
            for key in await bucket.keys():
                if key not in outcomes and (entry := await bucket.get(key)) is not None:
                    outcomes[key] = decode(entry.value, Outcome)
            await asyncio.sleep(0.2)
        figures.outcomes = dict(Counter(outcome.kind for outcome in outcomes.values()))
        figures.hosts = dict(sorted(Counter(o.host for o in outcomes.values()).items()))
        figures.breaches += [
            f"job {key} has no outcome" for key in self._names if key not in outcomes
        ]
        figures.breaches += [
            f"outcome of a job that nobody handed in: {key}"
            for key in outcomes
            if key not in self._names
        ]
        for key, outcome in outcomes.items():
            await self._judge_audio(connection, key, outcome)
        seen = sorted(self._seen.values())
        figures.gap_s = round(max((b - a for a, b in itertools.pairwise(seen)), default=0.0), 2)
        named = {f"{outcome.tenant}.{outcome.object}" for outcome in outcomes.values()}
        await self._judge_rest(connection, named, end)

    async def _judge_audio(self, connection: Connection, key: str, outcome: Outcome) -> None:
        if outcome.kind != "done" or key not in self._names:
            said = f"{outcome.kind}: {outcome.code} {outcome.message}"
            self._figures.breaches.append(f"job {key} is {said}")
            return
        try:
            whole = await publishing.samples(connection, outcome)
        except (FleetError, AssertionError) as error:
            self._figures.breaches.append(f"audio of job {key}: {error!r}")
            return
        if hashlib.sha256(whole).hexdigest() != self._audio[self._names[key][1]]:
            self._figures.breaches.append(f"job {key} has other samples than without a fault")

    async def _judge_rest(self, connection: Connection, named: set[str], end: float) -> None:
        """Nothing is left that no outcome names, once the janitor has been through."""
        while True:
            waiting = await publishing.waiting(connection)
            stray = await publishing.audio_objects(connection) - named
            pending = sum((await self._pending(connection)).values())
            if not (waiting or stray or pending) or time.monotonic() > end:
                break
            await asyncio.sleep(0.5)
        if waiting:
            self._figures.breaches.append(f"{len(waiting)} jobs are left in the queue")
        if stray:
            self._figures.breaches.append(f"audio that no outcome names: {sorted(stray)[:5]}")
        if pending:
            self._figures.breaches.append(f"{pending} leases are left")

    async def _consumers(self, connection: Connection) -> list[str]:
        found = await ask(connection, f"CONSUMER.NAMES.{names.JOBS}", {}, 20)
        return sorted(found["consumers"] or [])

    async def _pending(self, connection: Connection) -> dict[str, int]:
        return {
            name: (await ask(connection, f"CONSUMER.INFO.{names.JOBS}.{name}", None, 20))[
                "num_ack_pending"
            ]
            for name in await self._consumers(connection)
        }


def storm(seconds: float, seed: int, say: Callable[[str], None]) -> Figures:
    """Let a storm loose for so long; returns what it came to."""
    figures = Figures(seconds, seed)
    lacking = missing()
    with ExitStack() as stack:
        spaces = None
        if lacking is None:
            machines = [*(f"h{n}" for n in (1, 2, 3)), *(f"n{n}" for n in (1, 2, 3))]
            spaces = stack.enter_context(Namespaces(machines))
        else:
            figures.left_out = f"no cable is cut: {lacking}"
            say(figures.left_out)
        fleet = stack.enter_context(Fleet(SIZES, servers=3, namespaces=spaces))
        say(f"three hosts with {SIZES} workers and three servers")
        asyncio.run(Storm(fleet, figures, say).run())
        pids = fleet.processes()
        fleet.close()
        end = time.monotonic() + _ENDED_S
        while (left := {pid for pid in pids if psutil.pid_exists(pid)}) and time.monotonic() < end:
            time.sleep(0.1)
        if left:
            figures.breaches.append(f"processes are left: {sorted(left)}")
    return figures
