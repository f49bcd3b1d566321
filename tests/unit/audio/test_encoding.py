"""Encoders: nothing lost, something early, and the plain ones to the byte what FFmpeg makes."""

from __future__ import annotations

import io

import numpy as np
import pytest

from supervisor.audio.encoding import StreamEncoder
from supervisor.audio.files import open_encoder
from supervisor.audio.formats import FORMATS, EncodingError, UnknownRateError, at_rate
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
    elif FORMATS[name].bare:
        decoded, decoded_rate = decode(data, FORMATS[name].container)[0], 8_000
    else:
        decoded, decoded_rate = decode(data)
    assert len(decoded) / decoded_rate == pytest.approx(2.0, abs=0.12)
    energy = np.sum(decoded**2) / decoded_rate
    assert energy == pytest.approx(2.0 * 0.5**2 / 2, rel=0.12)  # LAME turns down by 5 %


@pytest.mark.parametrize("name", FORMATS)
def test_silence_without_samples(name: str) -> None:
    """A speech of no samples is an empty file, not an error."""
    form = FORMATS[name]
    open_encoder(form, 24_000, None if form.streams else io.BytesIO()).finish()


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


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 12_345])
@pytest.mark.parametrize("source", [22_050, 24_000, 44_100])
def test_another_rate_is_as_long_to_the_sample(source: int, rate: int) -> None:
    """In uneven pieces too; the tone stays where it was, without a delay."""
    count = source * 2 + 777
    tone = (0.5 * np.sin(np.arange(count) * 2 * np.pi * 440 / source)).astype(np.float32)
    encoder = open_encoder(at_rate(FORMATS["wav"], rate), source)
    pieces = [encoder.encode(part) for part in np.array_split(tone, [1, 778, 40_000])]
    samples, said = decode(b"".join(pieces) + encoder.finish())
    assert (len(samples), said) == (round(count * rate / source), rate)
    expected = np.sin(np.arange(len(samples)) * 2 * np.pi * 440 / rate) / 2
    assert np.abs(samples - expected)[200:-200].max() < 0.001


@pytest.mark.parametrize("name", ["mp3", "aac", "m4a", "opus"])
def test_every_rate_that_a_format_names_can_be_had(name: str) -> None:
    """And another one is refused in a line that names them."""
    tone = (0.5 * np.sin(np.arange(24_000) / 10)).astype(np.float32)
    for rate in FORMATS[name].rates:
        file = io.BytesIO()
        encoder = open_encoder(at_rate(FORMATS[name], rate), 24_000, file)
        encoder.encode(tone)
        encoder.finish()
        samples, heard = decode(file.getvalue())
        assert heard == (48_000 if name == "opus" else rate)
        assert len(samples) / heard == pytest.approx(1.0, abs=0.3)
    with pytest.raises(UnknownRateError, match="has no 10000 Hz; choose one of 8000, "):
        at_rate(FORMATS[name], 10_000)


def test_too_loud_is_clipped() -> None:
    """Beyond full scale stays at full scale instead of wrapping around."""
    encoder = open_encoder(FORMATS["pcm"], 24_000)
    data = encoder.encode(np.array([2.0, -2.0] * 500, np.float32)) + encoder.finish()
    assert raw(data).max() == pytest.approx(1.0, abs=0.001)
    assert raw(data).min() == -1.0
