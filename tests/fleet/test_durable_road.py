"""Durable jobs of a fleet: handed in anywhere, spoken by some host, with one outcome each, whatever
happens to hosts and servers meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
import psutil
import pytest

from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import Connection
from supervisor.nats.jetstream import ask, store
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import decode, encode
from supervisor.wire.fleet.headers import headers_of
from supervisor.wire.fleet.jobs import DeadLetter, Job, Outcome
from supervisor.wire.fleet.live import Control, ControlAnswer, Drain, Heartbeat
from tests.fleet import publishing
from tests.fleet.hosts import Fleet
from tests.fleet.namespaces import Namespaces, missing
from tests.supervised import eventually

WITHOUT = missing()
"""Why no network of its own can be made for each machine; None: it can."""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Three hosts with two, one and one workers, where possible in networks of their own."""
    with ExitStack() as stack:
        spaces = None
        if WITHOUT is None:
            spaces = stack.enter_context(Namespaces(["n1", "h1", "h2", "h3"]))
        yield stack.enter_context(Fleet((2, 1, 1), namespaces=spaces))


async def nothing_left(connection: Connection, done: dict[str, Outcome]) -> None:
    """No job, no lease, and no audio but that of these outcomes is left."""
    named = {f"{outcome.tenant}.{outcome.object}" for outcome in done.values() if outcome.object}
    jobs = {outcome.id for outcome in done.values()}
    deadline = time.monotonic() + 60
    while True:
        stray = {
            name
            for name in await publishing.audio_objects(connection) - named
            if name.split(".")[1] in jobs
        }
        waits = {
            subject
            for subject in await publishing.waiting(connection)
            if subject.rpartition(".")[2] in jobs
        }
        if not stray and not waits:
            return
        assert time.monotonic() < deadline, (stray, waits)
        await asyncio.sleep(0.1)


async def beginning(connection: Connection, name: names.JobName) -> str:
    """The host that speaks a job, once one does."""
    question = encode(Control(what="state", name=str(name)))
    deadline = time.monotonic() + 30
    while True:
        try:
            answer = await connection.request(name.control, question, patience=0.3)
            return decode(answer.data, ControlAnswer).host
        except Exception:  # noqa: BLE001 (nobody holds it yet)
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


def test_jobs_are_spoken_where_there_is_room(fleet: Fleet) -> None:
    """Each job has one outcome and its own samples; nothing is left in the queue; and each host
    does as much as it can.
    """

    async def work(connection: Connection) -> Counter[str]:
        jobs = [
            publishing.job(f"Job {n} takes 100 ms.", engine="metronome", klass=names.CLASSES[n % 3])
            for n in range(40)
        ]
        handed_in = [await publishing.publish(connection, job) for job in jobs]
        outcomes = await publishing.outcomes(connection, handed_in)
        whole = {await publishing.samples(connection, outcome) for outcome in outcomes.values()}
        assert len(whole) == len(jobs)
        await nothing_left(connection, outcomes)
        return Counter(outcome.host for outcome in outcomes.values())

    hosts = fleet.run(work)
    assert set(hosts) == {"h1", "h2", "h3"}
    assert hosts["h1"] > max(hosts["h2"], hosts["h3"]), hosts


def test_what_cannot_be_spoken_has_an_outcome_too(fleet: Fleet) -> None:
    """A text that the engine refuses, one that kills workers, one whose time is over, bytes that
    are no job, and a job under another's subject: each fails once, and what an operator is to see
    is kept. A job of a newer schema is left to hosts that know it.
    """

    async def work(connection: Connection) -> None:
        wanted = {
            "wrong": publishing.job("This is wrong.", engine="metronome"),
            "poison": publishing.job("This is poison.", engine="metronome"),
            "late": publishing.job("This is too late.", engine="metronome", allowed_s=-1),
            "empty": publishing.job("", engine="metronome"),
        }
        handed = {what: await publishing.publish(connection, job) for what, job in wanted.items()}
        name, record = publishing.job("This is somebody else's.", engine="metronome")
        foreign = msgspec.structs.replace(record, tenant="another")
        await store(connection, name.subject, encode(foreign), headers_of(record))
        handed["foreign"] = name
        name, record = publishing.job("x", engine="metronome")
        await store(connection, name.subject, b"\xc1 no job", headers_of(record))
        handed["broken"] = name
        newer, record = publishing.job("Later.", engine="metronome")
        headers = headers_of(record) | {"Tts-Schema": "9"}
        await store(connection, newer.subject, encode(record), headers)
        outcomes = await publishing.outcomes(connection, handed.values())
        told = {what: outcomes[name.id] for what, name in handed.items()}
        assert {what: outcome.kind for what, outcome in told.items()} == {
            "wrong": "failed",
            "poison": "failed",
            "late": "expired",
            "empty": "failed",
            "foreign": "failed",
            "broken": "failed",
        }
        assert told["poison"].code == "poison"
        assert told["foreign"].code == told["broken"].code == "bad_message"
        assert all("\n" not in outcome.message for outcome in told.values())
        dead = Bucket(connection, names.DEAD)
        letter = await dead.get(handed["poison"].key)
        assert letter is not None
        kept = decode(letter.value, DeadLetter)
        assert (kept.code, kept.job.text) == ("poison", "This is poison.")
        await nothing_left(connection, outcomes)
        assert newer.subject in await publishing.waiting(connection)
        await ask(connection, f"STREAM.PURGE.{names.JOBS}", {"filter": newer.subject})

    fleet.run(work)


def test_a_job_is_cancelled_wherever_it_is(fleet: Fleet) -> None:
    """While it waits and while it is spoken; one that is done stays so."""

    async def work(connection: Connection) -> None:
        done = await publishing.publish(connection, publishing.job("Short.", engine="metronome"))
        await publishing.outcome(connection, done)
        speaks = await publishing.publish(
            connection, publishing.job("It takes 20000 ms.", engine="metronome")
        )
        nowhere = await publishing.publish(connection, publishing.job("Waits.", engine="noop"))
        await beginning(connection, speaks)
        for name, state in ((done, "done"), (speaks, "cancelled"), (nowhere, None)):
            question = encode(Control(what="cancel", name=str(name)))
            answer = await connection.request(name.control, question, patience=20)
            assert decode(answer.data, ControlAnswer).state in {state, "cancelled", "done"}
        outcomes = await publishing.outcomes(connection, [done, speaks, nowhere])
        assert outcomes[done.id].kind == "done"
        assert outcomes[speaks.id].kind == "cancelled"
        await nothing_left(connection, outcomes)

    fleet.run(work)
    eventually(
        lambda: not any(host.status()["jobs"]["running"] for host in fleet.hosts),
        "nothing is spoken any more",
    )


def test_a_job_outlives_whoever_speaks_it(fleet: Fleet) -> None:
    """Its agent is killed, or is stopped for longer than its lease and comes back too late: another
    host speaks it, it has one outcome, and the late one's audio is gone.
    """

    async def work(connection: Connection) -> None:
        for strike in (_kill, _stop):
            job = publishing.job("The struck one takes 900 ms.", engine="metronome")
            name = await publishing.publish(connection, job)
            struck = await beginning(connection, name)
            agent = next(host for host in fleet.hosts if host.name == struck).agent.pid
            mend = strike(agent)
            outcome = await publishing.outcome(connection, name)
            mend()
            assert outcome.kind == "done"
            await publishing.samples(connection, outcome)
            await nothing_left(connection, {name.id: outcome})

    fleet.run(work)
    fleet.mend()


def _kill(pid: int) -> Callable[[], None]:
    os.kill(pid, signal.SIGKILL)
    return lambda: None


def test_a_supervisor_that_is_killed_takes_its_agent_along(fleet: Fleet) -> None:
    """The agent gives back what it holds and ends, so another host speaks it before its lease is
    over; the host joins again when its supervisor is started anew.
    """

    async def work(connection: Connection) -> tuple[str, int]:
        job = publishing.job("The struck one takes 900 ms.", engine="metronome")
        name = await publishing.publish(connection, job)
        struck = await beginning(connection, name)
        host = next(host for host in fleet.hosts if host.name == struck)
        agent = host.agent.pid
        await asyncio.to_thread(host.kill)
        outcome = await publishing.outcome(connection, name)
        assert outcome.host != struck
        await nothing_left(connection, {name.id: outcome})
        return struck, agent

    struck, agent = fleet.run(work)
    eventually(lambda: not psutil.pid_exists(agent), "the agent has ended")
    fleet.restart(next(host for host in fleet.hosts if host.name == struck))
    fleet.mend()


def _stop(pid: int) -> Callable[[], None]:
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


def test_a_supervisor_that_hangs_draws_nothing(fleet: Fleet) -> None:
    """Its agent takes nothing once it does not answer, and the others do all of it; when it answers
    again, it takes part again.
    """
    hanging = fleet.hosts[0]

    async def work(connection: Connection) -> None:
        heard: dict[str, Heartbeat] = {}

        async def take(message: object) -> None:
            told = decode(message.data, Heartbeat)  # type: ignore[attr-defined] # a Message
            heard[told.host] = told

        await connection.subscribe(names.heartbeat_subject("*"), take)
        os.kill(hanging.pid, signal.SIGSTOP)
        try:
            await _until(lambda: heard.get("h1") is not None and heard["h1"].why == "supervisor")
            jobs = [publishing.job(f"Job {n} takes 50 ms.", engine="metronome") for n in range(12)]
            handed = [await publishing.publish(connection, job) for job in jobs]
            outcomes = await publishing.outcomes(connection, handed)
            assert {outcome.host for outcome in outcomes.values()} <= {"h2", "h3"}
        finally:
            os.kill(hanging.pid, signal.SIGCONT)
        await _until(lambda: heard["h1"].free > 0)

    fleet.run(work)


async def _until(probe: Callable[[], object], within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not probe():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def test_a_drained_host_gives_back_what_it_has_not_begun(fleet: Fleet) -> None:
    """And takes no more, until it is told to take part again."""

    async def work(connection: Connection) -> None:
        subject = names.drain_subject("h1")
        answer = await connection.request(subject, encode(Drain()), patience=20)
        assert decode(answer.data, Heartbeat).draining
        jobs = [publishing.job(f"Job {n} takes 20 ms.", engine="metronome") for n in range(8)]
        handed = [await publishing.publish(connection, job) for job in jobs]
        outcomes = await publishing.outcomes(connection, handed)
        assert {outcome.host for outcome in outcomes.values()} <= {"h2", "h3"}
        answer = await connection.request(subject, encode(Drain(off=True)), patience=20)
        assert not decode(answer.data, Heartbeat).draining

    fleet.run(work)


@pytest.mark.skipif(WITHOUT is not None, reason=f"no cable can be cut here: {WITHOUT}")
def test_a_host_that_is_cut_off_loses_its_jobs_and_comes_back(fleet: Fleet) -> None:
    """What it had is spoken elsewhere; it says that it is degraded, and joins again by itself."""

    async def work(connection: Connection) -> None:
        job = publishing.job("The cut one takes 600 ms.", engine="metronome")
        name = await publishing.publish(connection, job)
        struck = await beginning(connection, name)
        host = next(host for host in fleet.hosts if host.name == struck)
        assert fleet.namespaces is not None
        fleet.namespaces.cut(struck)
        try:
            outcome = await publishing.outcome(connection, name)
            assert outcome.kind == "done"
            assert outcome.host != struck
            await asyncio.to_thread(host.wait_state, "degraded")
        finally:
            fleet.namespaces.mend(struck)
        await nothing_left(connection, {name.id: outcome})

    fleet.run(work)
    fleet.mend()


def test_a_server_comes_back_with_all_that_it_had(fleet: Fleet) -> None:
    """It is killed while jobs wait and are spoken; each has its outcome, and only one."""

    async def work(connection: Connection) -> None:
        jobs: list[tuple[names.JobName, Job]] = [
            publishing.job(f"Job {n} takes 100 ms.", engine="metronome") for n in range(30)
        ]
        handed = [await publishing.publish(connection, job) for job in jobs]
        server = fleet.servers[0]
        server.kill()
        server.start()
        outcomes = await publishing.outcomes(connection, handed)
        for outcome in outcomes.values():
            await publishing.samples(connection, outcome)
        await nothing_left(connection, outcomes)

    fleet.run(work)


def test_a_host_that_is_stopped_leaves_in_order(fleet: Fleet) -> None:
    """What it has begun it ends, the rest goes to others at once, and it ends well. (It is the last
    test of these hosts: this one does not come back.)
    """
    host = fleet.hosts[2]

    async def work(connection: Connection) -> set[str]:
        jobs = [publishing.job(f"Job {n} takes 300 ms.", engine="metronome") for n in range(16)]
        handed = [await publishing.publish(connection, job) for job in jobs]
        code = await asyncio.to_thread(host.stop)
        assert code == 0, host.output
        outcomes = await publishing.outcomes(connection, handed)
        await nothing_left(connection, outcomes)
        return {outcome.host for outcome in outcomes.values()}

    assert {"h1", "h2"} <= fleet.run(work)
