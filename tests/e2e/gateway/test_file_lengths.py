"""How long a finished file is, as the programs see it that read audio in a Python household.

A reader that may be absent is skipped then, and says so. What a format promises is exact to the
sample; a reader that does not subtract what an mp3 or AAC encoder adds is off by its frames.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import soundfile
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.gateway.decoding import RATE
from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import OPTIONS

TEXT = "Good evening, everybody. " * 400
FORMATS = ("wav", "flac", "opus", "mp3", "aac")
FRAMES = {"mp3": 576 / RATE, "aac": 1024 / RATE}
"""Seconds of a frame of what has frames of its own."""

SAMPLE = 1.01 / RATE


@pytest.fixture(scope="module")
def files(gateway: Serving, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A finished file of each format, of the same speech; named as the gateway names it."""
    directory = tmp_path_factory.mktemp("finished")
    found = {}
    for name in FORMATS:
        answer = gateway.speak(TEXT, model="noop", voice="tone", response_format=name, stream=False)
        assert answer.status == 200, answer.error
        suffix = answer.headers["Content-Location"].rpartition(".")[2]
        found[name] = directory / f"speech.{suffix}"
        found[name].write_bytes(answer.body)
    return found


@pytest.fixture(scope="module")
def seconds(files: Mapping[str, Path]) -> float:
    """What was spoken: the samples of the one file that cannot be wrong about it."""
    return (files["wav"].stat().st_size - 44) / 2 / RATE


MAY_LACK = {"scipy": "scipy", "mutagen": "mutagen", "pydub": "audioop"}
"""What the tests' extra does not bring; the last is in Python no more from 3.13 on."""


def of_wave(path: Path) -> float:
    """What the standard library says."""
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()


def of_soundfile(path: Path) -> float:
    """What libsndfile says, and reads."""
    samples, rate = soundfile.read(path)
    frames: int = soundfile.info(path).frames
    assert len(samples) == frames
    length: float = frames / rate
    return length


READ = {
    "scipy": """
from scipy.io import wavfile
rate, samples = wavfile.read(path)
print(len(samples) / rate)
""",
    "mutagen": "import mutagen; print(mutagen.File(path).info.length)",
    "tinytag": "from tinytag import TinyTag; print(TinyTag.get(path).duration)",
    "pydub": """
from pydub import AudioSegment
sound = AudioSegment.from_file(path)
print(sound.frame_count() / sound.frame_rate)
""",
    "audioread": """
import audioread
with audioread.audio_open(path) as file:
    size = sum(map(len, file))
    print(size / 2 / file.channels / file.samplerate)
""",
}
"""What their users write. They run in a process of their own, with their own warnings."""


def of_module(name: str) -> Callable[[Path], float]:
    """What a library says that may be absent."""

    def length(path: Path) -> float:
        needed = MAY_LACK.get(name)
        if needed is not None and importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: {name} is not asked how long a file is")
        if name in {"pydub", "audioread"} and path.suffix != ".wav":
            program("ffmpeg")
        script = f"import sys; path = sys.argv[1]\n{READ[name]}"
        return float(printed([sys.executable, "-W", "ignore", "-c", script, str(path)]))

    return length


def of_ffprobe(path: Path) -> float:
    """What FFmpeg's own program says."""
    words = [program("ffprobe"), "-v", "error", "-show_format", "-of", "json", str(path)]
    return float(json.loads(printed(words))["format"]["duration"])


def program(name: str) -> str:
    """Where it is, or the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: it is not asked how long a file is (apt-get install ffmpeg)")
    return found


def printed(words: list[str]) -> str:
    """What a program prints; it has to end well."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


READERS: dict[str, tuple[Callable[[Path], float], dict[str, int]]] = {
    "wave": (of_wave, {"wav": 0}),
    "soundfile": (of_soundfile, {"wav": 0, "flac": 0, "opus": 0, "mp3": 0}),
    "scipy": (of_module("scipy"), {"wav": 0}),
    "mutagen": (of_module("mutagen"), {"wav": 0, "flac": 0, "opus": 0, "mp3": 0, "aac": 1}),
    "tinytag": (of_module("tinytag"), {"wav": 0, "flac": 0, "opus": 0, "mp3": 3, "aac": 0}),
    "pydub": (of_module("pydub"), {"wav": 0, "flac": 0, "mp3": 0, "aac": 1}),
    "audioread": (of_module("audioread"), {"wav": 0, "flac": 0, "opus": 0, "mp3": 0, "aac": 1}),
    "ffprobe": (of_ffprobe, {"wav": 0, "flac": 0, "opus": 0, "mp3": 3, "aac": 0}),
}
"""Each with the formats that it reads, and by how many of their frames it may be off."""


@pytest.mark.parametrize(
    ("reader", "name"), [(reader, name) for reader in READERS for name in READERS[reader][1]]
)
def test_a_reader_sees_the_length(
    files: Mapping[str, Path], seconds: float, reader: str, name: str
) -> None:
    """To the sample, or to the frames that this reader counts."""
    length, frames = READERS[reader]
    found = length(files[name])
    allowed = frames[name] * FRAMES.get(name, 0.0) + SAMPLE
    if reader == "ffprobe" and name == "opus":
        allowed = 0.0066  # It counts the pre-skip, which no player plays.
    if reader in {"tinytag", "ffprobe"} and name == "aac":
        allowed = 0.0011  # The length of an MP4 file is in milliseconds.
    assert found == pytest.approx(seconds, abs=allowed), f"{found - seconds:+f} s"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, where the system has one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("CI asks a browser, so it needs chromium (apt-get install chromium)")
        pytest.skip("no chromium: it is not asked how long a file is (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


IN_A_PAGE = """async ([body, seek]) => {
    const answer = await fetch("/v1/audio/speech", {method: "POST", body: JSON.stringify(body)});
    const place = new URL(answer.headers.get("Content-Location"), answer.url);
    await answer.arrayBuffer();
    const player = new Audio();
    player.preload = "auto";
    const told = (name) => new Promise((resolve, reject) => {
        player.addEventListener(name, resolve, {once: true});
        player.onerror = () => reject(player.error.message);
    });
    const known = told("loadedmetadata");
    player.src = place;
    await known;
    const there = told("seeked");
    player.currentTime = seek;
    await there;
    return [player.duration, player.currentTime];
}"""


@pytest.mark.parametrize("name", FORMATS)
def test_chromium_sees_the_length_and_seeks(
    browser: Browser, gateway: Serving, seconds: float, name: str
) -> None:
    """An <audio> with the address in Content-Location: its duration at once, and a jump."""
    page = browser.new_page()
    page.goto(f"{gateway.url}/openapi.json")
    body = {"input": TEXT, "model": "noop", "voice": "tone", "response_format": name}
    asked: list[Any] = [{**body, "stream": False}, seconds - 1]
    duration, now = page.evaluate(IN_A_PAGE, asked)
    page.close()
    assert duration == pytest.approx(seconds, abs=0.0066 if name == "opus" else 0.001)
    assert now == pytest.approx(seconds - 1, abs=0.001)
