"""The audio formats of the speech API: one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

FormatName = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

OPENAI_RATE = 24_000
"""Samples per second of raw PCM, which cannot say it itself."""

UNCOMPRESSED = "pcm_s16le"
"""The codec that is none."""


class AudioFormat(NamedTuple):
    """How FFmpeg calls it. `rate` in Hz, None for the engine's own; `bit_rate` in bit/s,
    None where the codec has none.
    """

    media_type: str
    container: str
    codec: str
    rate: int | None = None
    bit_rate: int | None = None
    options: Mapping[str, str] = {}
    """Of the container."""
    effort: Mapping[str, str] = {}
    """Of the codec. Its own choice costs mp3 twice and AAC four times as much, for nothing
    that could be heard in speech at these bit rates."""


FORMATS: Mapping[FormatName, AudioFormat] = {
    # Xing and ID3 headers would have to be completed at the end, which a stream cannot.
    "mp3": AudioFormat(
        "audio/mpeg",
        "mp3",
        "libmp3lame",
        bit_rate=96_000,
        options={"write_xing": "0", "id3v2_version": "0"},
        effort={"compression_level": "7"},
    ),
    # A page every 0.2 s (in µs) instead of every second: it can be played so much earlier.
    "opus": AudioFormat(
        "audio/ogg",
        "ogg",
        "libopus",
        rate=OPENAI_RATE,
        bit_rate=48_000,
        options={"page_duration": "200000"},
    ),
    "aac": AudioFormat("audio/aac", "adts", "aac", bit_rate=96_000, effort={"aac_coder": "fast"}),
    "flac": AudioFormat("audio/flac", "flac", "flac"),
    # Sizes in the header are 0xFFFFFFFF: not known yet.
    "wav": AudioFormat("audio/wav", "wav", UNCOMPRESSED, options={"fflags": "+bitexact"}),
    "pcm": AudioFormat("audio/pcm", "s16le", UNCOMPRESSED, rate=OPENAI_RATE),
}
