"""First audio of live speech by another host of a fleet, beside a supervisor asked directly.

One NATS server and two supervisors on this machine, so without a network's own time: what the bid,
the server and the agent take. An engine that computes nothing; one asyncio client an arm, connected
before.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks.harness import Arm, Result, Sample, alternate, at_most, measure, percentile
from benchmarks.service import service
from supervisor.client import AsyncClient
from supervisor.client.live.calls import FleetCalls
from supervisor.testing import PrivateSupervisor
from tests.fleet.servers import NatsServer, prepare

ROUNDS = 300
SENTENCE = "A sentence of a few words."
PARAGRAPH = " ".join(f"This is sentence number {n} of a longer paragraph." for n in range(40))
JOIN_S = 60.0


def run() -> Result:
    """Ask by ipc and over the fleet in turns."""
    with NatsServer() as server:
        prepare([server.url], "noop")
        with service(_settings(server, "h1")) as one, service(_settings(server, "h2")) as other:
            _joined(one, other)
            with asyncio.Runner() as runner:
                arms = runner.run(_measure(one, server))
    first = {name: percentile(measure(arms[name], "first_audio_ms"), 50) for name in arms}
    last = {name: percentile(measure(arms[name], "first_audio_ms"), 95) for name in arms}
    how = f"noop, {ROUNDS} sentences each in turns, one machine"
    return Result(
        title="Another host of a fleet speaks almost as soon as one's own",
        arms=arms,
        claims=[
            at_most(
                f"first audio over local, {name}, {what}",
                found[name] - found["ipc"],
                most,
                "ms",
                how,
            )
            for name in ("bid first", "host known")
            for what, found, most in (("p50", first, 4.0), ("p95", last, 10.0))
        ],
        notes=[
            "A paragraph (PARAGRAPH) is taken whole, and takes in `whole_ms` what its bytes do."
        ],
        compared_with="ipc",
    )


async def _measure(one: PrivateSupervisor, server: NatsServer) -> dict[str, list[Sample]]:
    loop = asyncio.get_running_loop()
    async with (
        one.async_client() as local,
        AsyncClient(server.url) as fleet,
        AsyncClient(server.url) as bidding,
    ):

        def arm(client: AsyncClient) -> Arm:
            return lambda: asyncio.run_coroutine_threadsafe(_once(client), loop).result()

        def bid_first() -> Sample:
            calls = bidding._calls  # noqa: SLF001
            if isinstance(calls, FleetCalls):
                calls._known = None  # noqa: SLF001 (as after 10 s without a request)
            return arm(bidding)()

        arms = {"ipc": arm(local), "host known": arm(fleet), "bid first": bid_first}
        return await asyncio.to_thread(alternate, arms, ROUNDS, warmup=5)


async def _once(client: AsyncClient) -> Sample:
    """First audio of a sentence, and all of a paragraph."""
    began = time.perf_counter()
    first: float | None = None
    async with await client.submit(SENTENCE, seed=1) as job:
        async for _samples in job:
            first = first or time.perf_counter() - began
    began = time.perf_counter()
    await client.synthesize(PARAGRAPH, seed=1)
    whole = time.perf_counter() - began
    return {"first_audio_ms": (first or 0.0) * 1000, "whole_ms": whole * 1000}


def _settings(server: NatsServer, name: str) -> dict[str, object]:
    return {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "http.enabled": False,
        "cache.enabled": False,
        "fleet.servers": [server.url],
        "fleet.name": name,
    }


def _joined(*hosts: PrivateSupervisor) -> None:
    """Wait until they take part. Raises RuntimeError."""
    deadline = time.monotonic() + JOIN_S
    for host in hosts:
        with host.client() as client:
            while client.status()["fleet"]["state"] != "joined":
                if time.monotonic() > deadline:
                    raise RuntimeError("a host has not joined the fleet")
                time.sleep(0.1)
