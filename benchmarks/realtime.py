"""First audio over the Realtime API beside that over HTTP: the same sentence, in turn.

Both are asked for over connections that stay, by the same library, on one supervisor. The time
runs from `response.create`, or the request, until the first samples are there as bytes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time

import aiohttp

from benchmarks.harness import Result, Sample, alternate, at_most, measure, median
from benchmarks.http_gateway import HOST, SPEECH, gateway
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service

TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."
ROUNDS = 100
TARGET = 1.1


def run() -> Result:
    """Two arms, one request at a time."""
    with service({**POOL_OF_TWO, "engines.preload": ["hibari"]}), gateway() as running:
        arms = asyncio.run(_measured(running.port))
    http_ms, realtime_ms = (measure(arms[name], "first_ms") for name in ("HTTP", "Realtime"))
    ratios = [over / under for over, under in zip(realtime_ms, http_ms, strict=True)]
    return Result(
        title="The Realtime API speaks as soon as HTTP does",
        arms=arms,
        claims=[
            at_most(
                "Realtime: first audio after response.create (hibari) over HTTP streaming",
                median(ratios),
                TARGET,
                "x",
                f"median of {ROUNDS} pairs; medians of each {median(realtime_ms):.1f} and "
                f"{median(http_ms):.1f} ms",
            )
        ],
    )


async def _measured(port: int) -> dict[str, list[Sample]]:
    """Both arms, on one event loop."""
    url = f"http://{HOST}:{port}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/v1/realtime?model=hibari") as socket,
    ):
        await socket.receive()
        loop = asyncio.get_running_loop()

        def in_turn() -> dict[str, list[Sample]]:
            def wait_for(arm: str) -> Sample:
                work = _over_http(session, url) if arm == "HTTP" else _over_realtime(socket)
                return asyncio.run_coroutine_threadsafe(work, loop).result(60.0)

            arms = {name: (lambda name=name: wait_for(name)) for name in ("HTTP", "Realtime")}
            return alternate(arms, ROUNDS, warmup=5)

        return await asyncio.to_thread(in_turn)


async def _over_http(session: aiohttp.ClientSession, url: str) -> Sample:
    body = {"input": TEXT, "model": "hibari", "response_format": "pcm"}
    started = time.perf_counter()
    async with session.post(f"{url}{SPEECH}", json=body) as answer:
        first = await answer.content.readany()
        first_at = time.perf_counter()
        rest = await answer.read()
    if answer.status != 200:
        raise ValueError(f"{answer.status}: {(first + rest).decode()}")
    return _sample(started, first_at)


async def _over_realtime(socket: aiohttp.ClientWebSocketResponse) -> Sample:
    message = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": TEXT}],
    }
    wanted = {"conversation": "none", "input": [message]}
    first_at = 0.0
    started = time.perf_counter()
    await socket.send_json({"type": "response.create", "response": wanted})
    while True:
        event = json.loads((await socket.receive(60.0)).data)
        match event["type"]:
            case "response.output_audio.delta" if not first_at:
                if base64.b64decode(event["delta"]):
                    first_at = time.perf_counter()
            case "response.done":
                return _sample(started, first_at)
            case "error":
                raise ValueError(str(event["error"]))


def _sample(started: float, first_at: float) -> Sample:
    now = time.perf_counter()
    return {"first_ms": (first_at - started) * 1e3, "full_ms": (now - started) * 1e3}
