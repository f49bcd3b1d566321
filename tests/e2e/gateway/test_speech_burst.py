"""Many requests at once, as a chat program sends an answer: one for each sentence."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.e2e.gateway.decoding import RATE, raw, tone
from tests.e2e.gateway.serving import Serving

COUNT = 64


async def burst(url: str, bodies: list[dict[str, str]]) -> list[bytes]:
    """The answers, in the order of the requests, which all run at once."""

    async def ask(session: aiohttp.ClientSession, body: dict[str, str]) -> bytes:
        async with session.post(f"{url}/v1/audio/speech", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    connector = aiohttp.TCPConnector(limit=COUNT)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await asyncio.gather(*(ask(session, body) for body in bodies))


def test_64_parallel_requests_are_whole_and_not_mixed(gateway: Serving) -> None:
    """Each answer is as long as its own text, and a single pure tone from start to end."""
    texts = ["x" * (10 + number) for number in range(COUNT)]
    bodies = [{"model": "noop", "input": text, "response_format": "pcm"} for text in texts]
    for text, answer in zip(texts, asyncio.run(burst(gateway.url, bodies)), strict=True):
        samples = raw(answer)
        assert len(samples) == len(text) * RATE // 1000
        assert tone(samples) is not None


def test_64_parallel_sentences_are_spoken_as_if_alone(gateway: Serving) -> None:
    """With a real engine: every sentence is as long as when it is asked for by itself."""
    sentences = [f"Number {number} is the one." for number in range(8)]
    bodies = [{"input": text, "voice": "alloy", "response_format": "pcm"} for text in sentences]
    alone = [len(answer) for body in bodies for answer in asyncio.run(burst(gateway.url, [body]))]
    together = asyncio.run(burst(gateway.url, bodies * (COUNT // len(bodies))))
    assert [len(answer) for answer in together] == alone * (COUNT // len(bodies))


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
