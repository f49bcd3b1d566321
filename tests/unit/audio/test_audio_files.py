"""What `say` writes: files that appear whole or not at all, and streams."""

from __future__ import annotations

import io
import os
import resource
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from supervisor.audio.files import audio_file, audio_stream
from supervisor.audio.formats import FORMATS, UnknownFormatError, find_format
from supervisor.audio.plain import PlainEncoder
from supervisor.audio.wav import HEADER_BYTES, wav_header
from supervisor.gateway.speech.asking import FORMAT_NAMES
from tests.e2e.gateway.decoding import decode

RATE = 24_000
WAV, RAW, PCM = FORMATS["wav"], FORMATS["raw"], FORMATS["pcm"]
TONE = (0.5 * np.sin(np.arange(RATE) / 10)).astype(np.float32)


class Pipe(io.BytesIO):
    """A stream that cannot go back."""

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize(
    "name", ["wav", "flac", "ogg", "opus", "mp3", "aiff", "WAV", ".aif", "oga"]
)
def test_each_format_can_be_read_back(tmp_path: Path, name: str) -> None:
    """A file of every promised format holds the audio at its rate and length."""
    path = tmp_path / "out"
    with audio_file(path, find_format(name), RATE) as write:
        for part in np.split(TONE, 10):
            write(part)
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    assert len(samples) == pytest.approx(RATE, abs=2500)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.1)


def test_raw_is_the_samples_themselves(tmp_path: Path) -> None:
    """Raw is what came over the wire, bit by bit, in a file and in a pipe."""
    path, pipe = tmp_path / "out.raw", Pipe()
    with audio_file(path, RAW, RATE) as write:
        write(TONE)
    with audio_stream(pipe, RAW, RATE) as write:
        write(TONE)
    assert path.read_bytes() == pipe.getvalue() == TONE.astype("<f4").tobytes()


def test_a_wav_pipe_has_the_samples_of_a_wav_file(tmp_path: Path) -> None:
    """The same speech is the same audio wherever it goes, loud peaks included."""
    loud, path, pipe = TONE * 3, tmp_path / "out.wav", Pipe()
    with audio_file(path, WAV, RATE) as write:
        write(loud)
    with audio_stream(pipe, WAV, RATE) as write:
        write(loud)
    from_file, _ = soundfile.read(path, dtype="int16")
    assert pipe.getvalue()[44:] == from_file.astype("<i2").tobytes()
    assert from_file.max() == 32767
    from_pipe, rate = soundfile.read(io.BytesIO(pipe.getvalue()), dtype="int16")
    assert rate == RATE
    assert np.array_equal(from_pipe, from_file)


@pytest.mark.parametrize("name", ["wav", "flac", "aiff"])
def test_a_16_bit_file_has_the_samples_of_every_other_way(tmp_path: Path, name: str) -> None:
    """Halves, and what is too loud, are as over HTTP."""
    steps = np.arange(-70_000, 70_000, dtype=np.float32) / np.float32(1 << 16)
    path = tmp_path / "out"
    with audio_file(path, find_format(name), RATE) as write:
        write(steps)
    samples, _rate = soundfile.read(path, dtype="int16")
    assert samples.astype("<i2").tobytes() == PlainEncoder(PCM, RATE).encode(steps)


@pytest.mark.parametrize("name", ["aac", "m4a"])
def test_aac_can_be_read_back(tmp_path: Path, name: str) -> None:
    """As every format; libsndfile cannot read this one."""
    path = tmp_path / f"out.{name}"
    with audio_file(path, FORMATS[name], RATE) as write:
        write(TONE)
    samples, rate = decode(path.read_bytes())
    assert rate == RATE
    assert len(samples) == pytest.approx(RATE, abs=2500)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "aiff"])
def test_a_finished_file_says_how_long_it_is(tmp_path: Path, name: str) -> None:
    """In its header: a player shows the length and can seek at once."""
    path = tmp_path / "out"
    with audio_file(path, FORMATS[name], RATE) as write:
        for part in np.split(TONE, 10):
            write(part)
    assert soundfile.info(path).frames == RATE
    assert (b"Info" in path.read_bytes()[:200]) == (name == "mp3")


def test_every_format_of_http_can_be_a_file() -> None:
    """By the same name and with the same row."""
    for name in FORMAT_NAMES:
        assert find_format(name) is FORMATS[name]


def test_a_file_too_long_for_its_header_says_the_most_it_can() -> None:
    """More than 4 GiB do not wrap around to a short file."""
    header = wav_header(RATE, 5 << 30)
    assert header[4:8] == header[40:44] == b"\xff" * 4
    assert len(header) == HEADER_BYTES


@pytest.mark.parametrize("name", ["wav", "flac", "opus", "mp3", "aac", "pcm", "raw"])
def test_a_pipe_gets_audio_as_it_comes(name: str) -> None:
    """A player at the other end starts with the first chunk, not with the last."""
    pipe = Pipe()
    with audio_stream(pipe, FORMATS[name], RATE) as write:
        write(TONE)
        early = len(pipe.getvalue())
        write(TONE)
    assert early > len(pipe.getvalue()) / 3


def test_a_pipe_gets_what_needs_its_sizes_at_the_end() -> None:
    """AIFF cannot be read without them."""
    pipe = Pipe()
    with audio_stream(pipe, FORMATS["aiff"], RATE) as write:
        write(TONE)
        assert pipe.getvalue() == b""
    assert soundfile.info(io.BytesIO(pipe.getvalue())).frames == RATE


def test_standard_output_into_a_file_has_its_sizes() -> None:
    """`say … > x.wav` is a complete WAV file: no reader has to guess its length."""
    stream = io.BytesIO()
    with audio_stream(stream, WAV, RATE) as write:
        write(TONE)
    assert soundfile.info(io.BytesIO(stream.getvalue())).frames == RATE
    assert int.from_bytes(stream.getvalue()[4:8], "little") == len(stream.getvalue()) - 8


def test_an_interrupted_file_never_appears(tmp_path: Path) -> None:
    """Neither half a file nor a leftover: what was there before is still there."""
    path = tmp_path / "out.wav"
    path.write_bytes(b"before")

    def interrupted() -> None:
        with audio_file(path, WAV, RATE) as write:
            write(TONE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["out.wav"]


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "aiff"])
def test_no_room_is_an_error_that_leaves_no_file(tmp_path: Path, name: str) -> None:
    """Whoever encodes: the system's own error, nothing on standard error, nothing left."""
    noise = np.random.default_rng(1).uniform(-1, 1, RATE).astype(np.float32)

    def fill() -> None:
        with audio_file(tmp_path / "out", FORMATS[name], RATE) as write:
            for _ in range(20):
                write(noise)

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []


def test_a_link_keeps_being_one(tmp_path: Path) -> None:
    """The file it names is replaced, not the link."""
    target, link = tmp_path / "target.wav", tmp_path / "link.wav"
    target.write_bytes(b"before")
    link.symlink_to(target)
    with audio_file(link, WAV, RATE) as write:
        write(TONE)
    assert link.is_symlink()
    assert soundfile.info(target).frames == RATE


def test_a_named_pipe_is_written_as_a_stream(tmp_path: Path) -> None:
    """A file that is no regular one is not replaced by one."""
    path, read = tmp_path / "fifo", list[bytes]()
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    with audio_file(path, WAV, RATE) as write:
        write(TONE)
    reader.join()
    assert len(read[0]) == 44 + 2 * RATE
    assert path.is_fifo()


def test_an_unknown_format_names_those_there_are() -> None:
    """A misspelled suffix is found before anything is spoken."""
    with pytest.raises(
        UnknownFormatError, match="no audio format 'mp4'; choose one of wav, flac, opus"
    ):
        find_format("mp4")
