"""Table of the audio formats, for HTTP and for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

OPENAI_RATE = 24_000
"""Samples per second of raw PCM, which cannot say it itself."""


class UnknownFormatError(ValueError):
    """No such format; the message names those there are."""


class EncodingError(Exception):
    """FFmpeg cannot make this format of these samples; the message is its own."""


class AudioFormat(NamedTuple):
    """FFmpeg's names and options for a format.

    `rate` in Hz, None for the engine's own; `bit_rate` in bit/s, None where the codec has none.
    """

    name: str
    media_type: str
    container: str
    codec: str
    rate: int | None = None
    bit_rate: int | None = None
    suffixes: tuple[str, ...] = ()
    """Of files, besides the name."""
    options: Mapping[str, str] = {}
    """Of the container."""
    stream_options: Mapping[str, str] = {}
    """Of the container where it cannot go back to complete its header."""
    effort: Mapping[str, str] = {}
    """Of the codec. Its own choice costs mp3 twice and AAC four times as much, for nothing
    that could be heard in speech at these bit rates."""
    streams: bool = True
    """Whether it can be read without the sizes that only the end knows."""


_ROWS = (
    AudioFormat("wav", "audio/wav", "wav", "pcm_s16le"),
    AudioFormat("flac", "audio/flac", "flac", "flac"),
    # A page every 0.2 s (in µs) instead of every second: it can be played so much earlier.
    AudioFormat(
        *("opus", "audio/ogg", "ogg", "libopus"),
        rate=OPENAI_RATE,
        bit_rate=48_000,
        suffixes=("ogg", "oga"),
        options={"page_duration": "200000"},
    ),
    # A Xing header would have to be completed at the end, which a stream cannot.
    AudioFormat(
        *("mp3", "audio/mpeg", "mp3", "libmp3lame"),
        bit_rate=96_000,
        options={"id3v2_version": "0"},
        stream_options={"write_xing": "0"},
        effort={"compression_level": "7"},
    ),
    AudioFormat(
        *("aac", "audio/aac", "adts", "aac"), bit_rate=96_000, effort={"aac_coder": "fast"}
    ),
    AudioFormat("aiff", "audio/aiff", "aiff", "pcm_s16be", suffixes=("aif",), streams=False),
    AudioFormat("pcm", "audio/pcm", "s16le", "pcm_s16le", rate=OPENAI_RATE),
    # What comes over the wire, as it is.
    AudioFormat("raw", "application/octet-stream", "f32le", "pcm_f32le"),
)

FORMATS: Mapping[str, AudioFormat] = {row.name: row for row in _ROWS}

TELEPHONE: Mapping[str, AudioFormat] = {
    "pcmu": AudioFormat("pcmu", "audio/pcmu", "mulaw", "pcm_mulaw", rate=8_000),
    "pcma": AudioFormat("pcma", "audio/pcma", "alaw", "pcm_alaw", rate=8_000),
}
"""G.711, a byte for a sample: for those who put speech on a telephone line, not for files."""


def find_format(name: str) -> AudioFormat:
    """A format by its name or its files' suffix. Raises UnknownFormatError."""
    wanted = name.lower().removeprefix(".")
    for row in _ROWS:
        if wanted == row.name or wanted in row.suffixes:
            return row
    known = ", ".join(FORMATS)
    raise UnknownFormatError(f"no audio format {wanted!r}; choose one of {known} with --format")
