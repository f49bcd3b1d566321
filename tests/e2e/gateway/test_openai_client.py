"""The official client of the API speaks to the gateway as to OpenAI."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import openai
import pytest

from tests.e2e.gateway.decoding import RATE, decode, raw
from tests.e2e.gateway.serving import Serving

TEXT = "The quick brown fox jumps over the lazy dog. It does so every day."

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


@pytest.fixture(scope="module")
def client(gateway: Serving) -> Iterator[openai.OpenAI]:
    """The official client, pointed here."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_speech_whole(client: openai.OpenAI) -> None:
    """`create` returns audio of the length that the text takes."""
    speech = client.audio.speech.create(
        model="tts-1", voice="alloy", input=TEXT, response_format="pcm"
    )
    assert 3.0 < len(raw(speech.content)) / RATE < 12.0
    assert abs(raw(speech.content)).max() > 0.05


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav"])
def test_every_format_is_what_it_says(client: openai.OpenAI, format: Format) -> None:
    """The noop engine's tone of 1 ms a character comes back whole from each container."""
    text = "a tone that is as long as its text has characters and not any longer " * 3
    with client.audio.speech.with_streaming_response.create(
        model="noop", voice="tone", input=text.strip(), response_format=format
    ) as response:
        assert response.headers["Content-Type"].startswith("audio/")
        samples, rate = decode(b"".join(response.iter_bytes()))
    assert rate == 48_000 if format == "opus" else RATE  # Opus is always decoded at 48 kHz.
    assert len(samples) / rate == pytest.approx(len(text.strip()) / 1000, abs=0.11)
    assert abs(samples).max() == pytest.approx(0.1, abs=0.05)


def test_speech_streamed_to_a_file(client: openai.OpenAI, tmp_path: Path) -> None:
    """The client's own way to a file."""
    path = tmp_path / "speech.wav"
    with client.audio.speech.with_streaming_response.create(
        model="hibari", voice="heart", input=TEXT, response_format="wav"
    ) as response:
        response.stream_to_file(path)
    samples, rate = decode(path.read_bytes())
    assert len(samples) / rate > 3.0


def test_speech_as_events(gateway: Serving) -> None:
    """`stream_format: sse`: deltas that make up the same audio, and `done` at the end."""
    answer = gateway.speak("Hello.", model="noop", response_format="pcm", stream_format="sse")
    assert answer.headers["Content-Type"] == "text/event-stream"
    lines = answer.body.decode().removesuffix("\n\n").split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    audio = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert len(raw(audio)) == 6 * RATE // 1000
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["total_tokens"] == 6 + len(deltas)


def test_models(client: openai.OpenAI) -> None:
    """Engines and OpenAI's names are listed, the engine for tests is not; each can be asked for."""
    listed = {model.id for model in client.models.list()}
    assert {"hibari", "tts-1", "tts-1-hd"} <= listed
    assert "noop" not in listed
    for name in (*listed, "noop", "TTS-1-1106", "openai/gpt-4o-mini-tts-2025-12-15"):
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError, match="no engine 'gpt-9'"):
        client.models.retrieve("gpt-9")


def test_voices(gateway: Serving) -> None:
    """The default engine's default voice comes first; nobody is offered the voice for tests."""
    voices = gateway.ask("/v1/audio/voices").document["voices"]
    assert "tone" not in {voice["id"] for voice in voices}
    assert voices[0] == {
        "id": "heart",
        "name": "heart",
        "language": "en-US",
        "languages": ["en-US"],
        "model": "hibari",
        "default": True,
    }


def test_refusals_are_the_client_s_own_exceptions(client: openai.OpenAI) -> None:
    """Its users catch these; each message says what was wrong."""
    speech = client.audio.speech
    with pytest.raises(openai.BadRequestError, match="no voice 'hart'; nearest: heart"):
        speech.create(model="tts-1", voice="hart", input="Hello.")
    with pytest.raises(openai.NotFoundError, match="no engine 'gpt-9'"):
        speech.create(model="gpt-9", voice="alloy", input="Hello.")
    with pytest.raises(openai.BadRequestError, match="the text is empty") as empty:
        speech.create(model="tts-1", voice="alloy", input="  ")
    assert empty.value.param == "input"
    assert empty.value.code == "empty_text"
    with pytest.raises(openai.BadRequestError, match=r"outside 0\.25 to 4"):
        speech.create(model="tts-1", voice="alloy", input="Hello.", speed=5.0)
