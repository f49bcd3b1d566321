"""Table of the audio formats, for HTTP and for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

OPENAI_RATE = 24_000
"""Samples per second of raw PCM, which cannot say it itself."""

TELEPHONE_RATE = 8_000
"""Samples per second of G.711, which cannot say it either."""

_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


class UnknownFormatError(ValueError):
    """No such format; the message names those there are."""


class UnknownRateError(ValueError):
    """A format has no such sample rate; the message names those it has."""


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
    aliases: tuple[str, ...] = ()
    """What other speech APIs call it."""
    options: Mapping[str, str] = {}
    """Of the container."""
    stream_options: Mapping[str, str] = {}
    """Of the container where it cannot go back to complete its header."""
    effort: Mapping[str, str] = {}
    """Of the codec. Its own choice costs mp3 twice and AAC four times as much, for nothing
    that could be heard in speech at these bit rates."""
    rates: tuple[int, ...] = ()
    """Sample rates that the codec has, in Hz; any where none is listed."""
    encoder: str | None = None
    """Name of the encoder in the file; None for FFmpeg's own choice."""
    streams: bool = True
    """Whether it can be read without the sizes that only the end knows."""
    finished: str | None = None
    """Format that has its place in a whole file, where this one cannot say how long it is."""
    bare: bool = False
    """Whether it is samples alone, which do not say their rate."""
    most_bytes: int | None = None
    """Longest file that says how long it is; None: none is too long."""


_ROWS = (
    AudioFormat("wav", "audio/wav", "wav", "pcm_s16le", most_bytes=0xFFFFFFFF),
    AudioFormat("flac", "audio/flac", "flac", "flac"),
    # A page every 0.2 s (in µs) instead of every second: it can be played so much earlier.
    AudioFormat(
        *("opus", "audio/ogg", "ogg", "libopus"),
        rate=OPENAI_RATE,
        bit_rate=48_000,
        suffixes=("ogg", "oga"),
        options={"page_duration": "200000"},
        rates=(8_000, 12_000, 16_000, 24_000, 48_000),
    ),
    # A Xing header would have to be completed at the end, which a stream cannot. Some readers take
    # the samples that the encoder adds from the length only where LAME is named, which it is.
    AudioFormat(
        *("mp3", "audio/mpeg", "mp3", "libmp3lame"),
        bit_rate=96_000,
        options={"id3v2_version": "0"},
        stream_options={"write_xing": "0"},
        effort={"compression_level": "7"},
        rates=_MPEG_RATES,
        encoder="LAME3.100",
    ),
    # ADTS has no length; readers guess it from the bit rate, 10 % wrong where there are pauses.
    AudioFormat(
        *("aac", "audio/aac", "adts", "aac"),
        bit_rate=96_000,
        effort={"aac_coder": "fast"},
        rates=_MPEG_RATES,
        finished="m4a",
    ),
    AudioFormat(
        *("m4a", "audio/mp4", "ipod", "aac"),
        bit_rate=96_000,
        effort={"aac_coder": "fast"},
        rates=_MPEG_RATES,
        streams=False,
        most_bytes=256_000_000,  # Its index is kept in memory until the end: 7 MB an hour.
    ),
    AudioFormat("aiff", "audio/aiff", "aiff", "pcm_s16be", suffixes=("aif",), streams=False),
    AudioFormat(
        *("pcm", "audio/pcm", "s16le", "pcm_s16le"),
        rate=OPENAI_RATE,
        aliases=("pcm_s16le", "s16le", "pcm16", "linear16"),
        bare=True,
    ),
    AudioFormat(
        *("ulaw", "audio/PCMU", "mulaw", "pcm_mulaw"),
        rate=TELEPHONE_RATE,
        aliases=("mulaw", "pcm_mulaw", "g711_ulaw", "pcmu"),
        bare=True,
    ),
    AudioFormat(
        *("alaw", "audio/PCMA", "alaw", "pcm_alaw"),
        rate=TELEPHONE_RATE,
        aliases=("pcm_alaw", "g711_alaw", "pcma"),
        bare=True,
    ),
    # What comes over the wire, as it is.
    AudioFormat("raw", "application/octet-stream", "f32le", "pcm_f32le"),
)

FORMATS: Mapping[str, AudioFormat] = {row.name: row for row in _ROWS}


def find_format(name: str) -> AudioFormat:
    """A format by its name, its files' suffix or another API's name for it, in letters of any case.

    Raises UnknownFormatError.
    """
    wanted = name.lower().removeprefix(".")
    for row in _ROWS:
        if wanted in {row.name, *row.suffixes, *row.aliases}:
            return row
    known = ", ".join(FORMATS)
    raise UnknownFormatError(f"no audio format {wanted!r}; choose one of {known}")


def in_file(format: AudioFormat) -> AudioFormat:
    """The format of a whole file, which says how long it is where there is one that can."""
    return format if format.finished is None else FORMATS[format.finished]


def at_rate(format: AudioFormat, rate: int) -> AudioFormat:
    """The format at another sample rate, in Hz. Raises UnknownRateError."""
    if format.rates and rate not in format.rates:
        known = ", ".join(map(str, format.rates))
        raise UnknownRateError(f"{format.name} has no {rate} Hz; choose one of {known}")
    media_type = f"{format.media_type};rate={rate}" if format.bare else format.media_type
    return format._replace(rate=rate, media_type=media_type)
