"""Encoders: nothing lost, something early, and the plain ones to the byte what FFmpeg makes."""

from __future__ import annotations

import numpy as np
import pytest

from supervisor.audio.encoding import StreamEncoder
from supervisor.audio.files import open_encoder
from supervisor.audio.formats import FORMATS, EncodingError
from supervisor.audio.plain import is_plain
from supervisor.audio.samples import Samples
from tests.e2e.gateway.decoding import decode, raw

STREAMED = [name for name, row in FORMATS.items() if row.streams]


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
@pytest.mark.parametrize("name", STREAMED)
def test_encoders(name: str, rate: int) -> None:
    """Uneven pieces at any engine's rate: nothing is lost, and something comes early."""
    samples = (0.5 * np.sin(np.arange(rate * 2) * 2 * np.pi * 440 / rate)).astype(np.float32)
    encoder = open_encoder(FORMATS[name], rate)
    cuts = np.cumsum([rate // 2, 1, 777, rate // 3])
    pieces = [encoder.encode(part) for part in np.array_split(samples, cuts)]
    assert pieces[0]
    data = b"".join([*pieces, encoder.finish()])
    if name == "raw":
        decoded, decoded_rate = np.frombuffer(data, "<f4").astype(np.float64), rate
    elif name == "pcm":
        decoded, decoded_rate = raw(data), 24_000
    else:
        decoded, decoded_rate = decode(data)
    assert len(decoded) / decoded_rate == pytest.approx(2.0, abs=0.12)
    energy = np.sum(decoded**2) / decoded_rate
    assert energy == pytest.approx(2.0 * 0.5**2 / 2, rel=0.12)  # LAME turns down by 5 %


@pytest.mark.parametrize("name", FORMATS)
def test_silence_without_samples(name: str) -> None:
    """A speech of no samples is an empty file, not an error."""
    open_encoder(FORMATS[name], 24_000).finish()


def ffmpeg(name: str, pieces: list[Samples]) -> bytes:
    """What FFmpeg streams of them, without a word about itself."""
    row = FORMATS[name]._replace(stream_options={"fflags": "+bitexact"})
    encoder = StreamEncoder(row, 24_000)
    return b"".join([encoder.encode(piece) for piece in pieces]) + encoder.finish()


@pytest.mark.parametrize("name", ["wav", "pcm", "raw"])
def test_uncompressed_is_what_ffmpeg_makes(name: str) -> None:
    """To the byte: header, rounding at the half, what is too loud; in pieces, and without any."""
    steps = np.arange(-70_000, 70_000, dtype=np.float32) / np.float32(1 << 16)
    assert is_plain(FORMATS[name], 24_000)
    for pieces in ([], [steps], np.array_split(steps, [1, 778, 40_000])):
        encoder = open_encoder(FORMATS[name], 24_000)
        ours = b"".join([encoder.encode(piece) for piece in pieces]) + encoder.finish()
        assert ours == ffmpeg(name, pieces)


def test_a_rate_that_a_format_cannot_have_is_an_error_of_its_own() -> None:
    """Not FFmpeg's, which nobody catches."""
    with pytest.raises(EncodingError, match="libmp3lame"):
        open_encoder(FORMATS["mp3"], 100_000).encode(np.zeros(4800, np.float32))


def test_too_loud_is_clipped() -> None:
    """Beyond full scale stays at full scale instead of wrapping around."""
    encoder = open_encoder(FORMATS["pcm"], 24_000)
    data = encoder.encode(np.array([2.0, -2.0] * 500, np.float32)) + encoder.finish()
    assert raw(data).max() == pytest.approx(1.0, abs=0.001)
    assert raw(data).min() == -1.0
