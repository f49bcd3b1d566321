"""Many requests at once, as a chat program sends an answer: one for each sentence."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import aiohttp
import numpy as np

from supervisor.client import Client
from tests.e2e.gateway.decoding import RATE, raw, tone
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

COUNT = 64


class Heard(NamedTuple):
    """One answer: whose job it says it is, and its bytes."""

    job: str
    body: bytes


async def burst(url: str, bodies: list[dict[str, str]]) -> list[Heard]:
    """The answers, in the order of the requests, which all run at once."""

    async def ask(session: aiohttp.ClientSession, body: dict[str, str]) -> Heard:
        async with session.post(f"{url}/v1/audio/speech", json=body) as response:
            assert response.status == 200, await response.text()
            return Heard(response.headers["X-Job-Id"], await response.read())

    connector = aiohttp.TCPConnector(limit=COUNT)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await asyncio.gather(*(ask(session, body) for body in bodies))


def test_64_parallel_requests_are_whole_and_not_mixed(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """Texts of one length: each answer is the one tone that its own text has with its seed."""
    texts = [f"This is number {number:02}." for number in range(COUNT)]
    bodies = [{"model": "noop", "input": text, "response_format": "pcm"} for text in texts]
    answers = asyncio.run(burst(gateway.url, bodies))
    assert len({answer.job for answer in answers}) == COUNT
    check(running_supervisor, bodies, answers)
    assert all(tone(raw(answer.body)) is not None for answer in answers)


def test_64_parallel_sentences_are_spoken_as_if_alone(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """With a real engine, 64 sentences: each sounds as when it is asked for by itself."""
    sentences = [f"Number {number} is the one." for number in range(COUNT)]
    bodies = [{"input": text, "voice": "alloy", "response_format": "pcm"} for text in sentences]
    answers = asyncio.run(burst(gateway.url, bodies))
    check(running_supervisor, bodies, answers)


def check(supervised: Supervised, bodies: list[dict[str, str]], answers: list[Heard]) -> None:
    """Each answer is its own text spoken once more, alone, with the seed that its job had."""
    with Client(supervised.endpoint) as client:
        for body, answer in zip(bodies, answers, strict=True):
            seed = client.jobs(answer.job)["seed"]
            alone = client.synthesize(body["input"], engine=body.get("model"), seed=seed).samples
            heard = raw(answer.body)
            assert len(heard) == len(alone), body
            likeness = np.corrcoef(heard, alone)[0, 1]  # Threads add in another order.
            assert likeness > 0.9, (body, likeness)


def test_long_texts_at_once_are_taken(gateway: Serving) -> None:
    """More texts over 32 kB than the supervisor cuts at once: none is refused while the pool has
    time for them.
    """
    texts = [f"{'word ' * 7000}{number}." for number in range(12)]
    bodies = [{"model": "noop", "input": text, "response_format": "pcm"} for text in texts]
    for text, answer in zip(texts, asyncio.run(burst(gateway.url, bodies)), strict=True):
        assert len(answer.body) >= 0.95 * len(text) * RATE // 1000 * 2


def test_a_long_text_keeps_its_order(gateway: Serving) -> None:
    """Segments that are spoken in parallel arrive in the order of the text, none missing.

    Each sentence has its own length, and where the text has it there is one pure tone.
    """
    sentences = [f"{'word ' * words}end." for words in range(10, 40)]
    answer = gateway.speak(" ".join(sentences), model="noop", voice="tone", response_format="pcm")
    samples = raw(answer.body)
    for sentence in sentences:
        length = len(sentence) * RATE // 1000
        assert tone(samples[:length]) is not None, sentence
        samples = samples[length:]
    assert len(samples) == 0
