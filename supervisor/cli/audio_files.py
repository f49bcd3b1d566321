"""Where `say` puts the audio: a file that appears whole or not at all, or a stream.

What arrives is written at once, so that an hour of speech needs no memory here and
a player at the end of a pipe starts with the first chunk.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import soundfile

from supervisor.client.audio import Samples, pcm16
from supervisor.files import replace_file

Write = Callable[[Samples], object]


class Format(NamedTuple):
    """A container and coding in libsndfile's words; None is the container's usual coding."""

    name: str
    container: str
    subtype: str | None = None
    endian: str | None = None


WAV = Format("wav", "WAV", "PCM_16")
RAW = Format("raw", "RAW", "FLOAT", "LITTLE")
"""32-bit float little-endian mono, as it comes over the wire."""

_FORMATS = {
    "wav": WAV,
    "raw": RAW,
    "pcm": RAW,
    "opus": Format("opus", "OGG", "OPUS"),
    "oga": Format("ogg", "OGG"),
    "aif": Format("aiff", "AIFF"),
}
_KNOWN = "wav, flac, ogg, opus, mp3, aiff, raw"


class UnknownFormatError(ValueError):
    """No such format; the message names those there are."""


def find_format(name: str) -> Format:
    """A format by its name or its files' suffix. Raises UnknownFormatError."""
    name = name.lower().removeprefix(".")
    if name in _FORMATS:
        return _FORMATS[name]
    if name.upper() in soundfile.available_formats():
        return Format(name, name.upper())
    raise UnknownFormatError(f"no audio format {name!r}; choose one of {_KNOWN} with --format")


@contextmanager
def audio_file(path: Path, form: Format, sample_rate: int) -> Iterator[Write]:
    """Put the audio into `path` when the block ends; on an error what was there stays.

    Something that is no regular file (a pipe, a device) is written as a stream.
    Raises OSError, soundfile.SoundFileError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream, audio_stream(stream, form, sample_rate) as write:
            yield write
        return
    with (
        replace_file(path.resolve(), durable=False) as file,
        _encoder(file, form, sample_rate) as write,
    ):
        yield write


@contextmanager
def audio_stream(stream: IO[bytes], form: Format, sample_rate: int) -> Iterator[Write]:
    """Write to a pipe as audio comes; where the format or a file wants its sizes, at the end."""
    if form == RAW:
        yield lambda samples: _send(stream, samples.astype("<f4"))
    elif form == WAV and not stream.seekable():
        stream.write(_endless_wav_header(sample_rate))
        yield lambda samples: _send(stream, pcm16(samples))
    else:
        with tempfile.NamedTemporaryFile() as aside:
            with _encoder(aside.file, form, sample_rate) as write:
                yield write
            aside.seek(0)
            shutil.copyfileobj(aside, stream)
    stream.flush()


@contextmanager
def _encoder(file: IO[bytes], form: Format, sample_rate: int) -> Iterator[Write]:
    """Fills a file that is empty yet."""
    with soundfile.SoundFile(
        *(file.fileno(), "w", sample_rate, 1, form.subtype, form.endian, form.container),
        closefd=False,
    ) as sound:
        if sound.subtype == "PCM_16":  # Rounded here and not by libsndfile.
            yield lambda samples: sound.write(pcm16(samples))
        else:
            yield sound.write


def _send(stream: IO[bytes], samples: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    stream.write(samples.tobytes())
    stream.flush()


def _endless_wav_header(sample_rate: int) -> bytes:
    """RIFF header of 16-bit mono whose sizes are unknown: all ones, as players accept it."""
    unknown = 0xFFFFFFFF
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", unknown, b"WAVE"),
        *(b"fmt ", 16, 1, 1, sample_rate, sample_rate * 2, 2, 16),
        *(b"data", unknown),
    )
