"""Home Assistant's side: the protocol's own client speaks with the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from tests.e2e.gateway.decoding import RATE, raw, tone
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

T = TypeVar("T")

TONE = SynthesizeVoice(name="tone")


@pytest.fixture(scope="module")
def wyoming(running_supervisor: Supervised) -> Iterator[int]:
    """The port on which a gateway speaks the protocol."""
    with Serving(running_supervisor.environ, {"wyoming": "127.0.0.1:0"}) as serving:
        line = eventually(
            lambda: [x for x in serving.output.splitlines() if "Wyoming on" in x], "its address"
        )[0]
        yield int(line.rpartition(":")[2])
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def talk(port: int, what: Callable[[AsyncTcpClient], Awaitable[T]]) -> T:
    """Have a conversation on a connection of its own."""

    async def run() -> T:
        async with asyncio.timeout(60):
            client = AsyncTcpClient("127.0.0.1", port)
            await client.connect()
            try:
                return await what(client)
            finally:
                await client.disconnect()

    return asyncio.run(run())


async def next_event(client: AsyncTcpClient) -> Event:
    """The next event; there must be one."""
    event = await client.read_event()
    assert event is not None, "the gateway closed the connection"
    return event


async def hear(client: AsyncTcpClient, last: str) -> tuple[NDArray[np.float64], list[str]]:
    """All audio up to the event of type `last`, and the types of the other events."""
    audio, others = b"", []
    while True:
        event = await next_event(client)
        if AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            assert (chunk.rate, chunk.width, chunk.channels) == (RATE, 2, 1)
            audio += chunk.audio
        else:
            others.append(event.type)
            if event.type == last:
                return raw(audio), others


AUDIO_START = AudioStart(RATE, 2, 1).event().type
AUDIO_STOP = AudioStop().event().type
STOPPED = SynthesizeStopped().event().type


def test_it_describes_its_voices(wyoming: int) -> None:
    """Home Assistant lists them by language, and knows that text may come in pieces."""

    async def what(client: AsyncTcpClient) -> Info:
        await client.write_event(Ping(text="x").event())
        assert Pong.from_event(await next_event(client)).text == "x"
        await client.write_event(Describe().event())
        return Info.from_event(await next_event(client))

    (program,) = talk(wyoming, what).tts
    assert program.supports_synthesize_streaming
    assert (program.voices[0].name, program.voices[0].languages) == ("heart", ["en-US"])


def test_a_whole_text(wyoming: int) -> None:
    """Start, chunks, stop; twice on one connection, the second time with another voice."""

    async def what(client: AsyncTcpClient) -> None:
        english = SynthesizeVoice(language="en_GB")
        await client.write_event(Synthesize(text="Hello there.", voice=english).event())
        samples, events = await hear(client, AUDIO_STOP)
        assert events == [AUDIO_START, AUDIO_STOP]
        assert len(samples) > RATE // 2
        await client.write_event(Synthesize(text="Hello there.", voice=TONE).event())
        samples, _events = await hear(client, AUDIO_STOP)
        assert len(samples) == 12 * RATE // 1000
        assert tone(samples) is not None

    talk(wyoming, what)


def test_a_text_in_pieces(wyoming: int) -> None:
    """As a language model writes: sentences come in order, once, and before the last piece."""
    sentences = [f"This is number {'x' * length} of all." for length in range(1, 20)]
    text = " ".join(sentences)
    pieces = [text[start : start + 7] for start in range(0, len(text), 7)]

    async def what(client: AsyncTcpClient) -> NDArray[np.float64]:
        await client.write_event(SynthesizeStart(voice=TONE).event())
        for piece in pieces[:-1]:
            await client.write_event(SynthesizeChunk(text=piece).event())
        first = await next_event(client)
        assert AudioStart.is_type(first.type)
        await client.write_event(SynthesizeChunk(text=pieces[-1]).event())
        await client.write_event(Synthesize(text=text, voice=TONE).event())
        await client.write_event(SynthesizeStop().event())
        samples, events = await hear(client, STOPPED)
        assert events == [AUDIO_STOP, STOPPED]
        return samples

    samples = talk(wyoming, what)
    for sentence in sentences:
        length = len(sentence) * RATE // 1000
        assert tone(samples[:length]) is not None, sentence
        samples = samples[length:]
    assert len(samples) == 0


async def hear_nothing(client: AsyncTcpClient) -> list[str]:
    """The types of the events up to the end of the audio, in which there is nothing."""
    samples, events = await hear(client, AUDIO_STOP)
    assert len(samples) == 0
    return events


def test_errors_are_told(wyoming: int) -> None:
    """An unknown voice or language is an error event, of one line, and the connection goes on. The
    audio is begun and ended all the same: Home Assistant looks at nothing else.
    """

    async def what(client: AsyncTcpClient) -> None:
        await client.write_event(
            Synthesize(text="Hello.", voice=SynthesizeVoice(name="nobody")).event()
        )
        error = Error.from_event(await next_event(client))
        assert error.code == "unknown_voice"
        assert await hear_nothing(client) == [AUDIO_START, AUDIO_STOP]
        for name, language, code in (
            (None, "xx-YY-zz", "unknown_language"),
            ("heart", "es", "unknown_language"),
            (None, "e" * 10_000, "out_of_range"),
        ):
            voice = {"name": name, "language": language}
            await client.write_event(Event("synthesize", {"text": "Hello.", "voice": voice}))
            error = Error.from_event(await next_event(client))
            assert (error.code, len(error.text.splitlines())) == (code, 1)
            assert await hear_nothing(client) == [AUDIO_START, AUDIO_STOP]
        await client.write_event(Synthesize(text="Hello.", voice=TONE).event())
        _samples, events = await hear(client, AUDIO_STOP)
        assert events == [AUDIO_START, AUDIO_STOP]

    talk(wyoming, what)


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "…", "?!", "[pause:0s]"])
def test_a_text_with_nothing_to_say_is_begun_and_ended(wyoming: int, text: str) -> None:
    """Whole and in pieces: a client that opens its player at the start finds one to close."""

    async def what(client: AsyncTcpClient) -> None:
        await client.write_event(Synthesize(text=text, voice=TONE).event())
        samples, events = await hear(client, AUDIO_STOP)
        assert events == [AUDIO_START, AUDIO_STOP]
        assert not samples.any()
        await client.write_event(SynthesizeStart(voice=TONE).event())
        await client.write_event(SynthesizeChunk(text=text).event())
        await client.write_event(SynthesizeStop().event())
        _samples, events = await hear(client, STOPPED)
        assert events == [AUDIO_START, AUDIO_STOP, STOPPED]

    talk(wyoming, what)


def test_a_client_that_leaves_cancels_its_work(
    wyoming: int, running_supervisor: Supervised
) -> None:
    """Jobs of sentences that were not heard end with the connection."""
    before = running_supervisor.status()["jobs"]["cancelled"]

    async def what(client: AsyncTcpClient) -> None:
        await client.write_event(Synthesize(text="On and on. " * 20_000, voice=TONE).event())
        assert AudioStart.is_type((await next_event(client)).type)

    talk(wyoming, what)
    eventually(
        lambda: running_supervisor.status()["jobs"]["cancelled"] == before + 1, "it is cancelled"
    )


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"type": 1}\n',
        b'{"type": "synthesize"}\n',
        b'{"type": "synthesize", "data": {"text": 5}}\n',
        b'{"type": "synthesize", "data": []}\n',
        b'{"type": "synthesize-start", "data": {"voice": 7}}\n',
        b'{"type": "describe", "data_length": 99999999999}\n',
        b'{"type": "describe", "payload_length": -1}\n',
        b"a" * 1_000_000,
        b"[" * 60_000 + b"\n",
    ],
)
def test_what_is_no_event(wyoming: int, rubbish: bytes) -> None:
    """The connection ends or goes on; the next one is served."""

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", wyoming)
        try:
            writer.write(rubbish)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 10)
        except OSError:
            pass  # It was closed before everything was sent.
        finally:
            writer.close()

    asyncio.run(send())

    async def describe(client: AsyncTcpClient) -> None:
        await client.write_event(Describe().event())
        assert Info.is_type((await next_event(client)).type)

    talk(wyoming, describe)
