"""One speech, one set of 16-bit samples: over HTTP and Wyoming, in a file and in a pipe."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize

from supervisor.audio.samples import pcm16
from supervisor.client import BadRequest, Client
from tests.e2e.gateway.decoding import RATE, decode, raw, tone
from tests.e2e.gateway.serving import Serving
from tests.e2e.gateway.test_wyoming_client import AUDIO_STOP, TONE, hear, talk
from tests.supervised import Supervised

SENTENCE = "The quick brown fox jumps over the lazy dog."

Int16 = NDArray[np.int16]


def steps(samples: NDArray[np.float64]) -> Int16:
    """The whole numbers that these were, before they were made fractions of full scale."""
    return (samples * 32768.0).astype(np.int16)


def spoken(heard: Int16) -> Int16:
    """What the noop engine has spoken where this was heard: its tone, in 16 bit.

    Not every way lets a client choose the seed, which fixes the tone's height.
    """
    hertz = tone(heard / 32768.0)
    assert hertz is not None, "not the tone"
    turns = np.arange(len(heard), dtype=np.float32) * np.float32(2 * np.pi * hertz / RATE)
    return pcm16(np.float32(0.1) * np.sin(turns))


def say(supervised: Supervised, *arguments: str) -> bytes:
    """Speak the sentence with the command line; what it wrote to the pipe."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", "say", SENTENCE, "--engine", "noop", *arguments],
        env=supervised.environ,
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout


def over_wyoming(port: int) -> Int16:
    """Speak it as Home Assistant does."""

    async def what(client: AsyncTcpClient) -> Int16:
        await client.write_event(Synthesize(text=SENTENCE, voice=TONE).event())
        samples, _events = await hear(client, AUDIO_STOP)
        return steps(samples)

    return talk(port, what)


def test_every_way_gives_the_same_samples(running_supervisor: Supervised, tmp_path: Path) -> None:
    """What the engine spoke, rounded once and alike: none is a step off in any way."""
    heard = {}
    with Serving(running_supervisor.environ, {"wyoming": "127.0.0.1:0"}) as gateway:
        for name in ("wav", "flac", "pcm"):
            answer = gateway.speak(SENTENCE, model="noop", response_format=name)
            assert answer.status == 200, answer.error
            decoded = raw(answer.body) if name == "pcm" else decode(answer.body)[0]
            heard[f"HTTP {name}"] = steps(decoded)
        heard["Wyoming"] = over_wyoming(gateway.wyoming_port())
    for name in ("wav", "flac", "aiff"):
        file = tmp_path / f"out.{name}"
        say(running_supervisor, "-o", str(file))
        heard[f"file {name}"] = soundfile.read(file, dtype="int16")[0]
    pipe = say(running_supervisor)
    heard["pipe"] = soundfile.read(io.BytesIO(pipe), dtype="int16")[0]
    for way, samples in heard.items():
        assert len(samples) == len(SENTENCE) * RATE // 1000, way
        assert np.array_equal(samples, spoken(samples)), way


def test_half_as_loud_is_half_as_loud_every_way(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """The same samples, times what was asked for; beside it nothing changes."""
    with Client(running_supervisor.endpoint) as client:
        plain, half, twice, nothing = (
            client.synthesize(SENTENCE, engine="noop", seed=7, volume=volume).samples
            for volume in (1.0, 0.5, 2.0, 0.0)
        )
        assert np.array_equal(half, plain * 0.5)
        assert np.array_equal(twice, plain * 2)
        assert not nothing.any()
        job = client.submit(SENTENCE, engine="noop", volume=0.5)
        job.result()
        assert client.jobs(job.id)["volume"] == 0.5
    file = tmp_path / "out.wav"
    say(running_supervisor, "-o", str(file), "--seed", "7", "--volume", "0.5")
    assert np.array_equal(soundfile.read(file, dtype="int16")[0], pcm16(plain * np.float32(0.5)))
    with Serving(running_supervisor.environ) as gateway:
        answer = gateway.speak(SENTENCE, model="noop", response_format="pcm", volume_multiplier=0.5)
        assert abs(np.abs(raw(answer.body)).max() - 0.05) < 0.001


@pytest.mark.parametrize("volume", [-0.1, 2.1, 1e308])
def test_a_volume_out_of_bounds_is_refused_every_way(
    running_supervisor: Supervised, volume: float
) -> None:
    """In one line that names the field and its bounds."""
    with Client(running_supervisor.endpoint) as client:
        with pytest.raises(BadRequest, match=r"volume .* is outside 0 to 2") as refused:
            client.synthesize(SENTENCE, volume=volume)
        assert (refused.value.code, refused.value.field) == ("out_of_range", "volume")
    with Serving(running_supervisor.environ) as gateway:
        answer = gateway.speak(SENTENCE, volume_multiplier=volume)
        assert (answer.status, answer.error["code"]) == (400, "out_of_range")
        assert answer.error["param"] == "volume_multiplier"


def test_a_seed_makes_the_same_samples_over_http(running_supervisor: Supervised) -> None:
    """A sentence of hibari, which draws its own noise; a seed that is none is refused."""
    with Serving(running_supervisor.environ) as gateway:
        first, again, other = (
            gateway.speak(SENTENCE, response_format="pcm", seed=seed).body for seed in (7, 7, 8)
        )
        assert first == again != other
        for wrong in (-1, 1 << 63, 1.5):
            answer = gateway.speak(SENTENCE, seed=wrong)
            assert (answer.status, answer.error["param"]) == (400, "seed")
