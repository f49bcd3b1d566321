"""What a home asks for reaches the supervisor, and what fails is counted and logged."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeVoice,
)

from supervisor.wire import client as wire
from supervisor.wire.codec import Body
from tests.e2e.gateway.serving import Serving
from tests.e2e.gateway.test_gateway_metrics import scrape
from tests.e2e.gateway.test_wyoming_client import (
    AUDIO_START,
    AUDIO_STOP,
    STOPPED,
    TONE,
    hear,
    next_event,
    talk,
)
from tests.supervised import Supervised, eventually
from tests.unit.client.scripted_peer import Answer, published, scripted_peer

VOICES = {"af_heart": "en-US", "bf_emma": "en-GB", "bm_george": "en-GB", "ef_dora": "es"}
ENGINES = {
    "hibari": {"default_voice": "heart", "voices": {"heart": "en-US"}, "sample_rate": 24_000},
    "kokoro": {"default_voice": "af_heart", "voices": VOICES, "sample_rate": 22_050},
}


@pytest.fixture
def home(running_supervisor: Supervised) -> Iterator[tuple[Serving, int]]:
    """A gateway of its own, whose counters are at zero, and its port for homes."""
    with Serving(running_supervisor.environ, {"wyoming": "127.0.0.1:0"}) as serving:
        yield serving, serving.wyoming_port()
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def refuse(message: wire.Message, _body: Body) -> list[Answer]:
    """A supervisor that has no room."""
    if not isinstance(message, wire.Submit):
        return []
    return [(wire.Error("conflict", "not now", id=message.id), None)]


@pytest.mark.parametrize(
    ("language", "voice", "engine", "rate"),
    [
        ("en-GB", "bf_emma", "kokoro", 22_050),
        ("en_gb", "bf_emma", "kokoro", 22_050),
        ("en-US", "heart", "hibari", 24_000),
        ("en-AU", "heart", "hibari", 24_000),
        ("es-MX", "ef_dora", "kokoro", 22_050),
    ],
)
def test_a_region_goes_before_the_language(
    tmp_path: Path, language: str, voice: str, engine: str, rate: int
) -> None:
    """A British voice for en-GB where there is one, though the default engine speaks English; the
    audio of a refused text is begun at the rate of that voice.
    """
    with scripted_peer(tmp_path, refuse, ENGINES) as peer:

        async def what(client: AsyncTcpClient) -> None:
            wanted = SynthesizeVoice(language=language)
            await client.write_event(Synthesize(text="Hello.", voice=wanted).event())
            assert Error.from_event(await next_event(client)).code == "conflict"
            start = await next_event(client)
            assert (start.type, start.data["rate"]) == (AUDIO_START, rate)
            assert (await next_event(client)).type == AUDIO_STOP

        with Serving(published(tmp_path, peer), {"wyoming": "127.0.0.1:0"}) as serving:
            talk(serving.wyoming_port(), what)
        (asked,) = peer.wait_for(wire.Submit)
        assert isinstance(asked, wire.Submit)
        assert (asked.voice, asked.engine, asked.language) == (voice, engine, language)


def test_texts_are_counted(home: tuple[Serving, int]) -> None:
    """Whole and streamed, with the time to their first audio; none is left running."""
    serving, port = home

    async def what(client: AsyncTcpClient) -> None:
        await client.write_event(Synthesize(text="Hello.", voice=TONE).event())
        await hear(client, AUDIO_STOP)
        await client.write_event(SynthesizeStart(voice=TONE).event())
        await client.write_event(SynthesizeChunk(text="One. Two. Three.").event())
        assert (await next_event(client)).type == AUDIO_START
        assert scrape(serving)["tts_wyoming_requests_running", ""] == 1
        await client.write_event(SynthesizeStop().event())
        await hear(client, STOPPED)
        await client.write_event(SynthesizeStart(voice=TONE).event())
        await client.write_event(SynthesizeChunk(text="Never ended").event())

    talk(port, what)

    def settled() -> bool:
        found = scrape(serving)
        streamed = found.get(("tts_wyoming_requests_total", "streamed"))
        return streamed == 2 and found["tts_wyoming_requests_running", ""] == 0

    eventually(settled, "the text that nobody ended runs no more")
    found = scrape(serving)
    assert found["tts_wyoming_requests_total", "whole"] == 1
    assert found["tts_wyoming_first_audio_seconds_count", ""] == 2


def test_a_writer_that_thinks_is_not_waited_for(home: tuple[Serving, int]) -> None:
    """The time to the first audio begins with the first piece of a text, not with its announcement:
    what is measured is within what the client sees.
    """
    serving, port = home

    async def what(client: AsyncTcpClient) -> float:
        await client.write_event(SynthesizeStart(voice=TONE).event())
        await asyncio.to_thread(serving.speak, "While it thinks, another one speaks. " * 5)
        began = time.monotonic()
        await client.write_event(SynthesizeChunk(text="One. Two. Three.").event())
        assert (await next_event(client)).type == AUDIO_START
        await next_event(client)
        waited = time.monotonic() - began
        await client.write_event(SynthesizeStop().event())
        await hear(client, STOPPED)
        return waited

    waited = talk(port, what)
    assert scrape(serving)["tts_wyoming_first_audio_seconds_sum", ""] <= waited


def test_failures_are_counted_and_logged(home: tuple[Serving, int]) -> None:
    """Each is counted; of a kind, one line a minute tells it, without the text."""
    serving, port = home

    async def what(client: AsyncTcpClient) -> None:
        nobody = SynthesizeVoice(name="nobody")
        await client.write_event(SynthesizeStart(voice=nobody).event())
        await client.write_event(SynthesizeChunk(text="One. Two. A secret.").event())
        await client.write_event(SynthesizeStop().event())
        samples, events = await hear(client, STOPPED)
        assert len(samples) == 0
        assert events == ["error", AUDIO_START, AUDIO_STOP, STOPPED]
        foreign = SynthesizeVoice(language="xx-YY")
        await client.write_event(Synthesize(text="Hello.", voice=foreign).event())
        await hear(client, AUDIO_STOP)

    talk(port, what)
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(b"nonsense\n")
        assert connection.recv(1) == b""
    found = scrape(serving)
    assert found["tts_wyoming_errors_total", "unknown_voice"] == 1
    assert found["tts_wyoming_errors_total", "unknown_language"] == 1
    assert found["tts_wyoming_errors_total", "bad_event"] == 1
    assert found["tts_wyoming_requests_running", ""] == 0
    lines = [line for line in serving.output.splitlines() if "gateway: Wyoming: " in line]
    kinds = [line.partition("gateway: Wyoming: ")[2].split()[0] for line in lines]
    assert kinds == ["unknown_voice", "unknown_language", "bad_event"]
    assert "'nobody'" in lines[0]
    assert "xx-YY" in lines[1]
    assert "secret" not in serving.output
