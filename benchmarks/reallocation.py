"""Reallocation is free: open-loop load while the pool is reshaped again and again.

Requests arrive at random (Poisson) at 60 % of what one worker on one core can take,
whether or not earlier ones are done. Four pools take turns: one worker on the first
core, one on the second, two workers of one thread, one worker of two threads; going
round them changes the number of workers, their cores and their threads.

Blocks alternate: in a steady one a single pool is held (each of the four in turn), in
a forced one the pool is changed as soon as the last change is complete, at most every
0.4 s. Blocks are short, and each pair is measured for its own rate, because the
machine's speed changes; both blocks of a pair get the same requests at the same times.
A latency runs from the planned arrival to the last byte. Each answer is compared with
the text's own audio, spoken before in peace.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Result, Sample, at_most, median, percentile, say
from benchmarks.service import service
from supervisor.client import AsyncClient, SupervisorError
from supervisor.files import replace_file
from supervisor.testing import PrivateSupervisor

REALLOCATIONS = 100
PAIRS = 20
LOAD = 0.6
PACE_S = 0.4
TOLERANCE = 1e-3
"""Sample values that two thread counts may differ by: sums are taken in another order."""

TEXTS = [
    f"Number {number}: the {colour} {animal} waits for the evening train."
    for number, (colour, animal) in enumerate(
        (colour, animal)
        for colour in ("brown", "grey", "white", "black")
        for animal in ("fox", "horse", "owl", "cat")
    )
]

Audio = NDArray[np.float32]


class Form(NamedTuple):
    """Shape that the pool is to have: the CPUs that are usable, and the threads of a worker."""

    cpus: tuple[int, ...]
    threads: int

    def is_reached(self, status: dict[str, Any]) -> bool:
        """Whether the workers are just these, all of them at work."""
        workers = status["workers"]
        return sorted(cpu for worker in workers for cpu in worker["cpus"]) == list(
            self.cpus
        ) and all(
            worker["state"] in {"idle", "busy"}
            and worker["intra_op_threads"] == self.threads
            and worker["observed_cpus"] == worker["cpus"]
            for worker in workers
        )


class Pool:
    """The supervisor under test, and the means to change its pool from outside."""

    def __init__(self, running: PrivateSupervisor, client: AsyncClient) -> None:
        self._running = running
        self._client = client
        self._override = running.directory / "override.json"

    async def take(self, form: Form) -> None:
        """Change to this form, and return when every worker is there. Raises TimeoutError."""
        with replace_file(self._override, durable=False) as file:
            file.write(json.dumps({"pool": {"threads_per_worker": form.threads}}).encode())
        os.sched_setaffinity(self._running.pid, form.cpus)
        os.kill(self._running.pid, signal.SIGHUP)
        async with asyncio.timeout(30):
            while not form.is_reached(await self._client.status()):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.02)

    async def done(self) -> int:
        """Jobs that ended well since the start."""
        status = await self._client.status()
        return int(status["jobs"]["done"])


class Block(NamedTuple):
    """Findings of one block. Latencies in seconds."""

    latencies: list[float]
    lost: int
    mixed: int
    doubled: int
    changes: int

    def sample(self) -> Sample:
        """The block as a line of the result."""
        return {
            "jobs": len(self.latencies),
            "p50_ms": 1000 * median(self.latencies),
            "p99_ms": 1000 * percentile(self.latencies, 99),
            "reallocations": self.changes,
            "lost": self.lost,
            "mixed": self.mixed,
            "doubled": self.doubled,
        }


class Bench:
    """Texts with their audio, and how often they may come."""

    def __init__(self, pool: Pool, client: AsyncClient, references: list[Audio]) -> None:
        self._pool = pool
        self._client = client
        self._references = references

    async def rate(self) -> float:
        """Jobs per second that are 60 % of what the pool takes now, one after the other."""
        started = time.monotonic()
        for number in range(len(TEXTS)):
            await self._speak(number)
        return LOAD * len(TEXTS) / (time.monotonic() - started)

    async def block(self, seed: int, rate: float, jobs: int, forms: list[Form]) -> Block:
        """Send so many jobs at random times, and meanwhile go through `forms`."""
        before = await self._pool.done()
        chance = random.Random(seed)  # noqa: S311 - the same requests in both blocks of a pair
        reshaping = asyncio.create_task(self._go_through(forms))
        due = time.monotonic()
        running = []
        for _ in range(jobs):
            due += chance.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            running.append(asyncio.create_task(self._request(chance.randrange(len(TEXTS)), due)))
        await reshaping
        found = await asyncio.gather(*running)
        latencies = [latency for latency, _ in found if latency is not None]
        return Block(
            latencies=latencies,
            lost=jobs - len(latencies),
            mixed=sum(not right for latency, right in found if latency is not None),
            doubled=await self._pool.done() - before - len(latencies),
            changes=len(forms),
        )

    async def _go_through(self, forms: list[Form]) -> None:
        for form in forms:
            pause = asyncio.create_task(asyncio.sleep(PACE_S))
            await self._pool.take(form)
            await pause

    async def _request(self, text: int, due: float) -> tuple[float | None, bool]:
        """Latency (None for a job that did not end well), and whether it is the right audio."""
        try:
            audio = await self._speak(text)
        except SupervisorError:
            return None, False
        latency = time.monotonic() - due
        return latency, same(audio, self._references[text])

    async def _speak(self, text: int) -> Audio:
        return (await self._client.synthesize(TEXTS[text], seed=text)).samples


def same(audio: Audio, reference: Audio) -> bool:
    """Whether this is the same speech, up to rounding."""
    return audio.shape == reference.shape and bool(np.abs(audio - reference).max() < TOLERANCE)


def run() -> Result:
    """Measure on a supervisor of its own."""
    settings = {
        "performance.dynamic_cpu_allocation.min_cores": 2,
        "performance.dynamic_cpu_allocation.max_cores": 2,
        "performance.dynamic_cpu_allocation.monitoring_interval": 0.1,
        "performance.dynamic_cpu_allocation.allocation_cooldown": 0.2,
    }
    first, second = sorted(os.sched_getaffinity(0))[:2]
    with service(settings) as running:
        return asyncio.run(_measure(running, first, second))


async def _measure(running: PrivateSupervisor, first: int, second: int) -> Result:
    forms = [Form((first,), 1), Form((first, second), 1), Form((first, second), 2)]
    forms.append(Form((second,), 1))
    async with AsyncClient() as client:
        pool = Pool(running, client)
        await pool.take(forms[0])
        references = [
            (await client.synthesize(text, seed=number)).samples
            for number, text in enumerate(TEXTS)
        ]
        distinct = not any(
            same(one, other)
            for number, one in enumerate(references)
            for other in references[:number]
        )
        if not distinct:
            raise ValueError("two of the texts sound alike: a mix-up would not show")
        bench = Bench(pool, client, references)
        blocks = await _blocks(bench, pool, forms)
    arms = {name: [block.sample() for block in found] for name, found in blocks.items()}
    p99 = {
        name: percentile([latency for block in found for latency in block.latencies], 99)
        for name, found in blocks.items()
    }
    every = [block for found in blocks.values() for block in found]
    wrong = sum(block.lost + block.mixed + abs(block.doubled) for block in every)
    changes = sum(block.changes for block in blocks["forced"])
    return Result(
        title="Reallocation is free",
        arms=arms,
        claims=[
            at_most(
                f"jobs lost, duplicated or mixed in {changes} forced reallocations",
                wrong,
                0,
                "jobs",
                f"{sum(len(block.latencies) for block in every)} jobs, each compared with its text",
            ),
            at_most(
                "p99 latency while the pool is reallocated ÷ p99 while it is not",
                p99["forced"] / p99["steady"],
                1.5,
                "times",
                "open loop at 60 % of one core, alternating blocks",
            ),
        ],
    )


async def _blocks(bench: Bench, pool: Pool, forms: list[Form]) -> dict[str, list[Block]]:
    """Pairs of blocks, the steady one first in every other pair."""
    blocks: dict[str, list[Block]] = {"steady": [], "forced": []}
    each = REALLOCATIONS // PAIRS
    for pair in range(PAIRS):
        await pool.take(forms[0])
        rate = await bench.rate()
        jobs = round(rate * each * 1.5 * PACE_S)
        for name in ("steady", "forced") if pair % 2 else ("forced", "steady"):
            held = forms[pair % len(forms)]
            await pool.take(held)
            tour = [forms[(pair + 1 + step) % len(forms)] for step in range(each)]
            block = await bench.block(pair, rate, jobs, tour if name == "forced" else [])
            blocks[name].append(block)
            say(f"{pair + 1}/{PAIRS} {name}: {dict(block.sample())}")
    return blocks
