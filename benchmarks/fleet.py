"""A fleet: three hosts share durable work, what that costs, and how long nothing comes after loss.

The hosts are supervisors on this machine with an engine that waits instead of computing, each in a
network namespace of its own where these can be made, and one NATS server or a cluster of three,
with every write flushed. One host and three take turns in one fleet, in which the others are
drained meanwhile. A gap is the longest time without an outcome after a fault while 12 jobs a second
are handed in. The agent's processor time is the kernel's count, while it does nothing and while
every host speaks jobs that take no time. A long result is 100 MB of audio of one job.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.harness import Arm, Result, Sample, alternate, at_least, at_most, measure, say
from supervisor.nats.connection import Connection, Message, unsubscribe
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import encode
from supervisor.wire.fleet.live import Drain
from tests.fleet import publishing
from tests.fleet.hosts import Fleet, Host
from tests.fleet.namespaces import Namespaces, missing
from tests.fleet.storm.leaders import healthy, leader
from tests.supervised import eventually

ROUNDS = 5
JOBS_OF_ONE = 60
SHARED_JOBS = 200
SMALL_JOBS = 900
IDLE_S = 20.0
GAPS = 3
FEED_PER_S = 12.0
FEED_S = 16.0
STRUCK_AFTER_S = 4.0
SETTLE_S = 5.0
AT_ONCE = 25
LONG_SEGMENTS = 110
SAMPLES_OF_SEGMENT = 230_000


def run() -> Result:
    """One fleet of equal hosts, one of 2:1:1, one with a cluster."""
    arms: dict[str, list[Sample]] = {}
    with fleet((1, 1, 1), 1) as equal:
        turns: dict[str, Arm] = {
            "three hosts": lambda: throughput(equal, 3),
            "one host": lambda: throughput(equal, 1),
        }
        arms |= alternate(turns, ROUNDS, warmup=1)
        ratio = statistics.median(measure(arms["three hosts"], "jobs_per_s")) / statistics.median(
            measure(arms["one host"], "jobs_per_s")
        )
    with fleet((2, 1, 1), 1) as uneven:
        arms["agents at rest"] = at_rest(uneven)
        arms["2:1:1"] = [shares(uneven) for _ in range(ROUNDS)]
        arms["agents with jobs of no length"] = small_jobs(uneven)
        arms["a result of 100 MB"] = [long_result(uneven)]
        arms["the server killed and started"] = [
            gap(uneven, lambda: restart_server(uneven)) for _ in range(GAPS)
        ]
        arms["a host lost"] = [gap(uneven, lambda: lose_host(uneven)) for _ in range(GAPS)]
    with fleet((2, 1, 1), 3) as clustered:
        arms["the leader of three killed"] = [
            gap(clustered, lambda: lose_leader(clustered)) for _ in range(GAPS)
        ]
    rss = [
        *measure(arms["agents at rest"], "rss_mb"),
        *measure(arms["a result of 100 MB"], "rss_mb"),
    ]
    why = missing()
    return Result(
        title="A fleet of three hosts",
        arms=arms,
        claims=[
            at_least("three hosts ÷ one, in throughput", ratio, 2.85, "", "medians of one run"),
            at_most(
                "work follows capacity, 2:1:1: largest part that a host is off its own",
                statistics.median(measure(arms["2:1:1"], "off_percent")),
                10,
                "%",
                f"{SHARED_JOBS} jobs of 200 ms, median of {ROUNDS}",
            ),
            *(
                at_most(
                    f"time without an outcome: {what}",
                    statistics.median(measure(arms[what], "gap_s")),
                    limit,
                    "s",
                    f"median of {GAPS}, {FEED_PER_S:g} jobs of 250 ms a second",
                )
                for what, limit in (
                    ("a host lost", 1),
                    ("the server killed and started", 2),
                    ("the leader of three killed", 10),
                )
            ),
            at_most("memory of an agent, the largest", max(rss), 60, "MB", "resident"),
            at_most(
                "an agent at rest",
                statistics.median(measure(arms["agents at rest"], "cpu_percent")),
                0.3,
                "% of a core",
                f"median of three over {IDLE_S:g} s",
            ),
            at_most(
                "an agent's work for a job",
                statistics.median(measure(arms["agents with jobs of no length"], "cpu_ms")),
                1.5,
                "ms",
                f"{SMALL_JOBS} jobs of no length",
            ),
            at_most(
                "longest pause between two heartbeats while 100 MB are stored",
                max(measure(arms["a result of 100 MB"], "beat_s")),
                1.5,
                "s",
                "one a second is due",
            ),
        ],
        notes=[] if why is None else [f"no networks of their own: {why}"],
    )


@contextmanager
def fleet(sizes: tuple[int, ...], servers: int) -> Iterator[Fleet]:
    """A fleet, in namespaces where they can be made."""
    say(f"hosts with {sizes} workers, {servers} servers")
    with ExitStack() as stack:
        spaces = None
        if missing() is None:
            machines = [f"n{n}" for n in range(1, servers + 1)]
            machines += [f"h{n}" for n in range(1, len(sizes) + 1)]
            spaces = stack.enter_context(Namespaces(machines))
        yield stack.enter_context(Fleet(sizes, servers=servers, namespaces=spaces))


async def spoken(connection: Connection, texts: list[str]) -> tuple[float, Counter[str]]:
    """Hand these in at once; seconds until the last outcome, and who spoke how many."""
    jobs = [publishing.job(text, engine="metronome") for text in texts]
    seen: dict[str, float] = {}
    done = asyncio.Event()

    async def saw(message: Message) -> None:
        seen.setdefault(message.subject, time.monotonic())
        if len(seen) >= len(jobs):
            done.set()

    watch = await connection.subscribe(f"$KV.{names.OUTCOMES}.>", saw)
    began = time.monotonic()
    for first in range(0, len(jobs), AT_ONCE):
        batch = jobs[first : first + AT_ONCE]
        await asyncio.gather(*(publishing.publish(connection, job) for job in batch))
    async with asyncio.timeout(120):
        await done.wait()
    await unsubscribe(watch)
    outcomes = await publishing.outcomes(connection, [name for name, _ in jobs])
    return max(seen.values()) - began, Counter(outcome.host for outcome in outcomes.values())


def throughput(fleet: Fleet, hosts: int) -> Sample:
    """Jobs a second of the first `hosts` hosts; the others are drained."""

    async def work(connection: Connection) -> float:
        for number, host in enumerate(fleet.hosts):
            order = encode(Drain(off=number < hosts))
            await connection.request(names.drain_subject(host.name), order, patience=10)
        count = JOBS_OF_ONE * hosts
        seconds, _ = await spoken(connection, [f"Job {n} takes 100 ms." for n in range(count)])
        return count / seconds

    return {"jobs_per_s": fleet.run(work)}


def shares(fleet: Fleet) -> Sample:
    """How the jobs of a full queue are divided, against 2:1:1."""
    texts = [f"Job {n} takes 200 ms." for n in range(SHARED_JOBS)]
    _, by = fleet.run(lambda connection: spoken(connection, texts))
    own = {"h1": 0.5, "h2": 0.25, "h3": 0.25}
    off = max(abs(by[host] / SHARED_JOBS / part - 1) for host, part in own.items())
    say(f"2:1:1 {dict(by)}")
    return {"off_percent": 100 * off, **{f"{host}_jobs": float(by[host]) for host in own}}


def cpu_s(host: Host) -> float:
    """Seconds of processor time that an agent has taken."""
    times = host.agent.cpu_times()
    return float(times.user + times.system)


def at_rest(fleet: Fleet) -> list[Sample]:
    """Every agent while there is nothing to do."""
    time.sleep(SETTLE_S)
    before = [cpu_s(host) for host in fleet.hosts]
    time.sleep(IDLE_S)
    return [
        {
            "cpu_percent": 100 * (cpu_s(host) - took) / IDLE_S,
            "rss_mb": host.agent.memory_info().rss / 1e6,
        }
        for host, took in zip(fleet.hosts, before, strict=True)
    ]


def small_jobs(fleet: Fleet) -> list[Sample]:
    """Every agent while jobs come that take no time."""
    before = {host.name: cpu_s(host) for host in fleet.hosts}
    texts = [f"Job {n} has 240 samples." for n in range(SMALL_JOBS)]
    seconds, by = fleet.run(lambda connection: spoken(connection, texts))
    say(f"{SMALL_JOBS} jobs of no length: {SMALL_JOBS / seconds:.0f} a second, {dict(by)}")
    return [
        {
            "cpu_ms": 1000 * (cpu_s(host) - before[host.name]) / by[host.name],
            "jobs": float(by[host.name]),
        }
        for host in fleet.hosts
        if by[host.name]
    ]


def long_result(fleet: Fleet) -> Sample:
    """One job of 100 MB: the largest that its agent became, and whether it stood still."""
    sentence = f"This one has {SAMPLES_OF_SEGMENT} samples and goes on for a while, number {{}}."
    text = "\n\n".join(sentence.format(n) for n in range(LONG_SEGMENTS))
    beats: dict[str, list[float]] = {}
    largest = 0.0

    async def beat(message: Message) -> None:
        beats.setdefault(message.subject, []).append(time.monotonic())

    async def watch_memory() -> None:
        nonlocal largest
        while True:
            for host in fleet.hosts:
                largest = max(largest, host.agent.memory_info().rss / 1e6)
            await asyncio.sleep(0.2)

    async def work(connection: Connection) -> tuple[float, int]:
        await connection.subscribe(names.heartbeat_subject("*"), beat)
        watching = asyncio.create_task(watch_memory())
        began = time.monotonic()
        name = await publishing.publish(connection, publishing.job(text, engine="metronome"))
        outcome = await publishing.outcome(connection, name, 180)
        seconds = time.monotonic() - began
        watching.cancel()
        if outcome.kind != "done":
            raise RuntimeError(f"the long job is {outcome.kind}: {outcome.message}")
        return seconds, outcome.bytes

    seconds, size = fleet.run(work)
    apart = [b - a for each in beats.values() for a, b in itertools.pairwise(each)]
    return {"mb": size / 1e6, "took_s": seconds, "rss_mb": largest, "beat_s": max(apart)}


def gap(fleet: Fleet, strike: Callable[[], Awaitable[Callable[[], None]]]) -> Sample:
    """The longest time without an outcome after something was struck, of a steady feed. What
    `strike` returns mends what is still broken.
    """
    seen: dict[str, float] = {}

    async def saw(message: Message) -> None:
        seen.setdefault(message.subject, time.monotonic())

    async def work(connection: Connection) -> tuple[float, Callable[[], None]]:
        await connection.subscribe(f"$KV.{names.OUTCOMES}.>", saw)
        handed: list[names.JobName] = []
        handing: set[asyncio.Task[names.JobName]] = set()
        began = time.monotonic()
        striking: asyncio.Task[Callable[[], None]] | None = None
        struck_at = began
        while time.monotonic() < began + FEED_S:
            job = publishing.job(f"Job {len(handed)} takes 250 ms.", engine="metronome")
            handed.append(job[0])
            handing.add(asyncio.create_task(publishing.publish(connection, job, 60)))
            if striking is None and time.monotonic() > began + STRUCK_AFTER_S:
                struck_at = time.monotonic()
                striking = asyncio.create_task(strike_now())
            await asyncio.sleep(1 / FEED_PER_S)
        await asyncio.wait(handing)
        await publishing.outcomes(connection, handed)
        if striking is None:
            raise RuntimeError("nothing was struck")
        return struck_at, await striking

    async def strike_now() -> Callable[[], None]:
        return await strike()

    struck_at, mend = fleet.run(work)
    mend()
    fleet.mend()
    after = [struck_at, *sorted(at for at in seen.values() if at > struck_at)]
    found = {"gap_s": max(b - a for a, b in itertools.pairwise(after))}
    say(f"gap {found['gap_s']:.2f} s")
    return found


async def restart_server(fleet: Fleet) -> Callable[[], None]:
    """Kill the server and start it again at once."""
    server = fleet.servers[0]
    server.kill()
    server.start()
    return lambda: None


async def lose_host(fleet: Fleet) -> Callable[[], None]:
    """Cut a host's cable and end all that is on it; it comes back after the measurement."""
    host, spaces = fleet.hosts[1], fleet.namespaces
    if spaces is not None:
        spaces.cut(host.name)
    await asyncio.to_thread(host.kill_all)

    def mend() -> None:
        if spaces is not None:
            spaces.mend(host.name)
        fleet.restart(host)

    return mend


async def lose_leader(fleet: Fleet) -> Callable[[], None]:
    """Kill the server that leads the stream of jobs; it comes back after the measurement."""
    server = await asyncio.to_thread(leader, fleet.servers)
    if server is None:
        raise RuntimeError("no server leads the jobs")
    server.kill()

    def mend() -> None:
        server.start()
        eventually(lambda: healthy(fleet.servers), "the cluster is whole again", 60)

    return mend
