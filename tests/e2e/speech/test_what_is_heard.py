"""What a listener hears and a client is told: silences where a text has them, what was left out,
and a sound for every text in which there is something. Over each way in.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from supervisor.client import Client
from supervisor.wire import client as protocol
from tests.e2e.gateway.decoding import RATE, raw
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

AUDIBLE = 0.01
STOP_S = 0.35
"""A silence that is heard as the end of a sentence."""

SENTENCES = (
    "We left before sunrise because the road over the high pass is closed in the afternoon.",
    "Every member shall have the right to see the complete record of the meeting, of whatever age.",
    "Nobody had climbed the tower since the winter in which the bell came down with its beam.",
)
"""Each is longer than the first segment of a job."""

ONE_BY_ONE = (
    (
        "The committee met again in the small room behind the library, because the large hall was "
        "being painted for the visit of the governor."
    ),
    (
        "Whoever wants to see the old maps should ask the keeper of the archive before noon, as "
        "she closes the iron door herself every day."
    ),
    (
        "Nobody in the village could remember a winter in which the river had been frozen from the "
        "mill down to the harbour for so long."
    ),
)
"""Sentences of 120 to 150 characters, as a language model writes them."""

Audio = NDArray[np.floating[Any]]


class Home(NamedTuple):
    """A gateway, and its port for homes."""

    gateway: Serving
    port: int


@pytest.fixture(scope="module")
def home(running_supervisor: Supervised) -> Iterator[Home]:
    """HTTP and Wyoming, beside the supervisor that all tests share."""
    with Serving(running_supervisor.environ, {"wyoming": "127.0.0.1:0"}) as serving:
        yield Home(serving, serving.wyoming_port())
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


@pytest.fixture(scope="module")
def client(running_supervisor: Supervised) -> Iterator[Client]:
    """The Python client."""
    with Client(running_supervisor.endpoint) as client:
        yield client


def silences(samples: Audio, least_s: float = STOP_S) -> list[float]:
    """Seconds of each silence between two sounds that is not shorter."""
    gaps = np.diff(np.flatnonzero(np.abs(samples) > AUDIBLE)) / RATE
    return [float(gap) for gap in gaps[gaps >= least_s]]


def told(places: tuple[Any, ...]) -> list[tuple[str, int | None, int]]:
    """What was left out, and where."""
    return [(place.what, place.at, place.chars) for place in places]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_sentence_stops_before_its_end(client: Client, sentence: str) -> None:
    """Alone, and in the middle of a text."""
    assert silences(client.synthesize(sentence, seed=1).samples) == []
    among = client.synthesize(f"Wait. {sentence} Go on.", seed=1).samples
    assert silences(among) == pytest.approx([0.6, 0.6], abs=0.03)


@pytest.mark.parametrize("sentences", [SENTENCES, ONE_BY_ONE], ids=["short", "long"])
def test_sentences_that_come_one_by_one_do_not_stop_before_their_ends(
    home: Home, sentences: tuple[str, ...]
) -> None:
    """As a voice assistant hands them in: between two of them is one silence, and no other."""

    async def talk() -> bytes:
        client = AsyncTcpClient("127.0.0.1", home.port)
        await client.connect()
        try:
            await client.write_event(SynthesizeStart().event())
            for sentence in sentences:
                await client.write_event(SynthesizeChunk(text=f"{sentence} ").event())
            await client.write_event(SynthesizeStop().event())
            audio = b""
            async with asyncio.timeout(60):
                while (event := await client.read_event()) is not None:
                    if AudioChunk.is_type(event.type):
                        audio += AudioChunk.from_event(event).audio
                    elif AudioStop.is_type(event.type):
                        break
            return audio
        finally:
            await client.disconnect()

    between = silences(raw(asyncio.run(talk())))
    assert between == pytest.approx([0.6, 0.6], abs=0.03)


def test_the_pause_after_a_paragraph_is_longer_than_after_a_sentence(client: Client) -> None:
    """By as much as the settings say; a heading is between the two."""
    text = "The lamp went out. The sea was calm.\n\nMorning\n\nThe keeper was gone."
    sentence, paragraph, heading = silences(client.synthesize(text, seed=1).samples)
    assert (sentence, heading, paragraph) == pytest.approx((0.6, 0.8, 1.0), abs=0.03)


def test_items_of_markdown_are_apart(client: Client) -> None:
    """Nothing is heard of the signs, and the heading has its own pause."""
    text = "# Things\n\n* **Flour**\n* Butter\n* Eggs\n"
    heading, *items = silences(client.synthesize(text, seed=1).samples)
    assert heading == pytest.approx(0.8, abs=0.03)
    assert items == pytest.approx([0.6, 0.6], abs=0.03)


def test_what_is_left_out_is_told_over_the_wire(running_supervisor: Supervised) -> None:
    """When the job is accepted and when it is done: what, where it begins, how many characters."""
    text = "She bowed to the old man. こんばんは。 Then she left."
    with running_supervisor.wire() as peer:
        peer.send(protocol.Submit("a", seed=1, credit=1 << 30), text.encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, protocol.Accepted)
        end, audio = peer.outcome()
    assert isinstance(end, protocol.End)
    assert told(accepted.left_out) == told(end.left_out) == [("Hiragana", 26, 5)]
    assert len(silences(np.frombuffer(audio, "<f4"))) == 1, "both sentences are heard"


def test_what_is_left_out_is_told_over_http(home: Home) -> None:
    """In a header, beside a whole answer."""
    sign = "The sign {} means exit."
    heard, plain = (
        home.gateway.speak(sign.format(word), response_format="pcm", seed=1)
        for word in ("出口", "")
    )
    assert (heard.status, plain.status) == (200, 200)
    assert heard.headers["X-Left-Out"] == "2 characters (Chinese characters) at 9"
    assert "X-Left-Out" not in plain.headers
    assert heard.body == plain.body


def test_what_is_left_out_is_told_by_the_command(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """On a line of its own, and it is no failure."""
    spoken = say(running_supervisor, tmp_path, "The sign 出口 means exit.")
    assert spoken.stderr.decode() == "left out: 2 characters (Chinese characters) at 9\n"


@pytest.mark.parametrize("text", ["%", "@", "👍", "&", "5"])
def test_a_sign_alone_is_its_name(home: Home, text: str) -> None:
    """Whoever sends it wants to hear something."""
    answer = home.gateway.speak(text, response_format="pcm")
    assert answer.status == 200
    assert np.abs(raw(answer.body)).max() > AUDIBLE
    assert asyncio.run(events(home, text)) == ["audio-start", "audio-stop"]


@pytest.mark.parametrize("text", [".", "…", "?!", "---", "***", "( )", "<br>", "こんばんは"])
def test_a_text_without_a_word_is_a_short_silence(home: Home, text: str) -> None:
    """And no error, for a part of a longer text may well be one."""
    answer = home.gateway.speak(text, response_format="pcm")
    assert answer.status == 200
    samples = raw(answer.body)
    assert 0.1 < len(samples) / RATE < 1
    assert not samples.any()
    assert asyncio.run(events(home, text)) == ["audio-start", "audio-stop"]


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
def test_an_empty_text_is_refused(home: Home, text: str) -> None:
    """Over HTTP, where a status can tell it; over Wyoming it is begun and ended."""
    answer = home.gateway.speak(text)
    assert (answer.status, answer.error["code"]) == (400, "empty_text")
    assert asyncio.run(events(home, text)) == ["audio-start", "audio-stop"]


async def events(home: Home, text: str) -> list[str]:
    """The events with which Wyoming answers a text, but for its audio."""
    client = AsyncTcpClient("127.0.0.1", home.port)
    await client.connect()
    try:
        await client.write_event(Synthesize(text=text).event())
        found: list[str] = []
        async with asyncio.timeout(60):
            while (event := await client.read_event()) is not None:
                if AudioChunk.is_type(event.type):
                    assert found == [AudioStart(RATE, 2, 1).event().type]
                else:
                    found.append(event.type)
                if AudioStop.is_type(event.type):
                    break
        return found
    finally:
        await client.disconnect()


def say(supervised: Supervised, place: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`supervisor say` into `out.wav`."""
    command = [sys.executable, "-W", "error", "-m", "supervisor", "say", *arguments]
    done = subprocess.run(
        [*command, "-o", "out.wav", "--seed", "1"],
        env=supervised.environ,
        cwd=place,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(
    ("encoding", "notice"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("cp1252", "book.txt is not UTF-8; read as Windows-1252\n"),
    ],
)
def test_a_book_from_windows_is_spoken(
    running_supervisor: Supervised, client: Client, tmp_path: Path, encoding: str, notice: str
) -> None:
    """It sounds as the same text does that is given as an argument."""
    text = "“Zoë’s café – it’s open,” he said."
    (tmp_path / "book.txt").write_bytes(text.encode(encoding))
    spoken = say(running_supervisor, tmp_path, "-f", "book.txt")
    assert spoken.stderr.decode() == notice
    samples, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert rate == RATE
    expected = client.synthesize(text, seed=1).samples
    assert samples.size == expected.size
    assert np.allclose(samples, expected, atol=0.001)
