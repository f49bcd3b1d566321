"""Ask for 64 sentences at once over HTTP, as a chat program does, and check every answer.

    python examples/burst.py

Each sentence is asked for alone first; in the burst each answer must be whole and as long
as its own sentence was, which the same seed makes certain. Exit codes: 0 ok, 2 usage,
3 nobody answers, 4 refused, 5 a wrong answer. `TTS_API_KEY` holds the gateway's key where
it needs one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time

import aiohttp

from supervisor.client import SupervisorError
from supervisor.client.discovery import find_gateway

NAMES = ["Ada", "Ben", "Cleopatra", "Dimitri", "Eve", "Ferdinand", "Guinevere", "Hal"]


def sentences(count: int) -> list[str]:
    """Different ones, of different lengths."""
    return [
        f"{NAMES[number % 8]} counts{' one more' * (number // 8 % 4)} and says {number}."
        for number in range(count)
    ]


async def ask(session: aiohttp.ClientSession, text: str) -> tuple[int, float, float]:
    """Bytes of audio, and seconds to the first and the last of them."""
    began = time.monotonic()
    first: float | None = None
    size = 0
    wanted = {"input": text, "voice": "alloy", "response_format": "pcm", "seed": 1}
    async with session.post("/v1/audio/speech", json=wanted) as answer:
        answer.raise_for_status()
        async for part in answer.content.iter_any():
            if first is None:
                first = time.monotonic() - began
            size += len(part)
    last = time.monotonic() - began
    return size, last if first is None else first, last


def report(name: str, seconds: list[float]) -> None:
    """Percentiles in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    p50, p95, p99 = (1000 * cuts[percent - 1] for percent in (50, 95, 99))
    print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")


async def burst(url: str, count: int) -> int:
    """All of it; returns how many answers were wrong."""
    key = os.environ.get("TTS_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else None
    texts = sentences(count)
    async with aiohttp.ClientSession(
        url, headers=headers, connector=aiohttp.TCPConnector(limit=count)
    ) as session:
        alone = [(await ask(session, text))[0] for text in texts]
        began = time.monotonic()
        together = await asyncio.gather(*(ask(session, text) for text in texts))
        took = time.monotonic() - began
    wrong = [
        f"{text!r}: {size} bytes instead of {expected}"
        for text, expected, (size, _first, _last) in zip(texts, alone, together, strict=True)
        if size != expected or size == 0
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{count} sentences in {took:.2f} s, {count - len(wrong)} right")
    report("first audio", [first for _size, first, _last in together])
    report("all audio", [last for _size, _first, last in together])
    return len(wrong)


def main() -> int:
    """Read the arguments and run; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", help="default: that of the supervisor of this user")
    parser.add_argument("--count", type=int, default=64)
    options = parser.parse_args()
    if options.count < 2:
        parser.error("--count must be 2 at least")
    try:
        url = options.url or find_gateway()
        return 5 if asyncio.run(burst(url, options.count)) else 0
    except SupervisorError as error:
        print(f"burst.py: {error}", file=sys.stderr)
        return 3
    except aiohttp.ClientResponseError as error:
        print(f"burst.py: refused: {error.status} {error.message}", file=sys.stderr)
        return 3 if error.status == 503 else 4
    except aiohttp.ClientConnectionError as error:
        print(f"burst.py: no answer: {error}; `supervisor start` runs it", file=sys.stderr)
        return 3
    except (aiohttp.ClientError, ValueError) as error:
        print(f"burst.py: {error}", file=sys.stderr)
        return 5


if __name__ == "__main__":
    sys.exit(main())
