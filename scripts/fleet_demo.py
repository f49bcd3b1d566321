"""`make fleet-demo`: three supervisors as a fleet on this machine, and what they do together.

Each has a network of its own where namespaces can be made (root and iproute2), else a directory of
its own; one NATS server from the wheel is between them. The engine waits instead of computing, or
three hosts would share the cores of this one: so the figures are those of the fleet, not of speech.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from statistics import median

import numpy as np
import psutil

from supervisor.client import AsyncClient, Client, SupervisorError
from supervisor.nats.connection import Connection
from supervisor.testing import PrivateSupervisorError
from supervisor.wire.fleet.jobs import Outcome
from supervisor.wire.fleet.names import JobName, parse_name
from tests.fleet import namespaces
from tests.fleet.hosts import Fleet
from tests.fleet.publishing import outcomes

SIZES = (2, 1, 1)
"""Workers of each host."""
MACHINES = ("n1", "h1", "h2", "h3")

JOBS, JOB_MS = 120, 250
SENTENCES, SENTENCE_MS, PART_S = 240, 50, 4.0
LIVE = 15
KILLED_JOBS, KILLED_AFTER_S = 80, 1.0
RESTARTED_JOBS, AWAY_S = 40, 0.5


def main() -> int:
    """Run the demo; 0 when all that was handed in was spoken, once and rightly."""
    why_not = namespaces.missing()
    places = "networks" if why_not is None else f"directories ({why_not})"
    print(f"starting a NATS server and three hosts of {SIZES} workers in {places} of their own …")
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            spaces = None
            if why_not is None:
                spaces = stack.enter_context(namespaces.Namespaces(MACHINES))
            fleet = stack.enter_context(Fleet(SIZES, namespaces=spaces, part_s=PART_S))
            print(f"  all joined after {time.monotonic() - began:.1f} s")
            good = [shared(fleet), live(fleet), book(fleet), restarted(fleet), killed(fleet)]
    except (PrivateSupervisorError, SupervisorError, AssertionError) as error:
        print(f"fleet-demo: {error}", file=sys.stderr)
        return 1
    print(f"all stopped; {time.monotonic() - began:.0f} s in all")
    return 0 if all(good) else 1


def shared(fleet: Fleet) -> bool:
    """Durable jobs go where there is room."""
    print(f"{JOBS} durable jobs of {JOB_MS} ms, handed in at once:")
    began = time.monotonic()

    async def work(link: Connection) -> list[Outcome]:
        return list((await outcomes(link, await handed_in(fleet.urls, JOBS))).values())

    agents = [host.agent for host in fleet.hosts]
    before_s = [cpu_s(agent) for agent in agents]
    found = fleet.run(work)
    took_s = time.monotonic() - began
    used_s = sum(map(cpu_s, agents)) - sum(before_s)
    by_host = Counter(outcome.host for outcome in found)
    for host, size in zip(fleet.hosts, SIZES, strict=True):
        part = by_host[host.name] / JOBS
        print(f"  {host.name} with {size} of 4 workers spoke {by_host[host.name]} ({part:.0%})")
    one_s = JOBS * JOB_MS / 1000
    print(
        f"  {took_s:.1f} s, where one worker would take {one_s:.0f} s: {one_s / took_s:.1f} times"
    )
    mb = [agent.memory_info().rss / 1e6 for agent in agents]
    server_mb = psutil.Process(fleet.servers[0].pid).memory_info().rss / 1e6
    print(
        f"  agents of {max(mb):.0f} MB, {used_s / JOBS * 1000:.1f} ms of their CPU a job; ", end=""
    )
    print(f"a server of {server_mb:.0f} MB")
    return all(outcome.kind == "done" for outcome in found)


def cpu_s(process: psutil.Process) -> float:
    """Seconds of CPU that a process has had."""
    times = process.cpu_times()
    return float(times.user + times.system)


def live(fleet: Fleet) -> bool:
    """A sentence that another host speaks, and one that the own host does."""
    first = fleet.hosts[0]
    with first.client() as own, Client(",".join(fleet.urls)) as anywhere:
        local, other = [], []
        for turn in range(LIVE):
            local.append(first_audio_ms(own, f"Own {turn} takes 20 ms."))
            other.append(first_audio_ms(anywhere, f"Other {turn} takes 20 ms."))
    print(f"a live sentence of 20 ms, first audio (median of {LIVE}):")
    print(f"  by the own host {median(local):.1f} ms, by the one that can start soonest ", end="")
    print(f"{median(other):.1f} ms")
    return True


def first_audio_ms(client: Client, text: str) -> float:
    """Milliseconds from the call to the first audio."""
    began = time.monotonic()
    with client.stream(text) as stream:
        next(iter(stream))
        return (time.monotonic() - began) * 1000


def book(fleet: Fleet) -> bool:
    """A long text in parts, on all hosts, and the same on one."""
    text = " ".join(f"Sentence {n} takes {SENTENCE_MS} ms." for n in range(SENTENCES))
    print(f"a book of {SENTENCES} sentences of {SENTENCE_MS} ms:")
    with Client(",".join(fleet.urls)) as anywhere, fleet.hosts[0].client() as own:
        began = time.monotonic()
        job = anywhere.submit(text, seed=7, durable=True)
        together = job.result(timeout=60).samples
        all_s = time.monotonic() - began
        told = anywhere.jobs(job.id)
        began = time.monotonic()
        alone = own.synthesize(text, seed=7, timeout=60).samples
        one_s = time.monotonic() - began
    same = bool(np.array_equal(together, alone))
    print(
        f"  {told['parts']} parts on {', '.join(told['hosts'])}: {all_s:.1f} s, on h1 alone ",
        end="",
    )
    print(f"{one_s:.1f} s: {one_s / all_s:.1f} times; the same samples: {'yes' if same else 'NO'}")
    return same


def restarted(fleet: Fleet) -> bool:
    """The server is killed in the middle of their work, and starts again."""
    server = fleet.servers[0]
    print(f"{RESTARTED_JOBS} jobs, and the server is killed (-9) for {AWAY_S:g} s:")

    names = asyncio.run(handed_in(fleet.urls, RESTARTED_JOBS))
    time.sleep(AWAY_S)
    server.kill()
    time.sleep(AWAY_S)
    server.start().wait_listening()

    async def work(link: Connection) -> list[Outcome]:
        return list((await outcomes(link, names)).values())

    return told(fleet.run(work), RESTARTED_JOBS)


def killed(fleet: Fleet) -> bool:
    """A host is killed in the middle of its work, supervisor and agent at once."""
    victim = fleet.hosts[-1]
    print(f"{KILLED_JOBS} jobs, and {victim.name} is killed (-9) after {KILLED_AFTER_S:g} s:")

    async def work(link: Connection) -> list[Outcome]:
        names = await handed_in(fleet.urls, KILLED_JOBS)
        await asyncio.sleep(KILLED_AFTER_S)
        await asyncio.to_thread(victim.kill_all)
        return list((await outcomes(link, names)).values())

    return told(fleet.run(work), KILLED_JOBS)


def told(found: Sequence[Outcome], count: int) -> bool:
    """Print what became of so many jobs; whether all are done."""
    done = sum(outcome.kind == "done" for outcome in found)
    ended = sorted(outcome.finished_ms for outcome in found)
    gap_s = max(later - before for before, later in pairwise(ended)) / 1000
    by_host = Counter(outcome.host for outcome in found)
    print(f"  {done} of {count} done, each once ({counts(by_host)}); ", end="")
    print(f"the longest time without a result was {gap_s:.1f} s")
    return done == count


def counts(by_host: Counter[str]) -> str:
    """Jobs of each host."""
    return ", ".join(f"{host} {count}" for host, count in sorted(by_host.items()))


async def handed_in(urls: Sequence[str], count: int) -> list[JobName]:
    """Hand in so many durable jobs, as a program would."""
    async with AsyncClient(",".join(urls)) as client:
        jobs = await asyncio.gather(
            *(client.submit(f"Job {n} takes {JOB_MS} ms.", durable=True) for n in range(count))
        )
        return [parse_name(job.id) for job in jobs]


if __name__ == "__main__":
    sys.exit(main())
