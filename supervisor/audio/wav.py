"""WAV files of 16-bit mono samples: the header, and whole files."""

from __future__ import annotations

import struct
from pathlib import Path

from supervisor.audio.samples import Samples, pcm16

HEADER_BYTES = 44
_BYTES_PER_SAMPLE = 2
_UNKNOWN = 0xFFFFFFFF
"""For a size that is not known yet, or is larger than the field; players read to the end then."""


def wav_header(sample_rate: int, data_bytes: int | None = None) -> bytes:
    """RIFF header of 16-bit mono at `sample_rate` Hz; `data_bytes` None: how many follow is not
    known, as in a stream.
    """
    data = _UNKNOWN if data_bytes is None else min(data_bytes, _UNKNOWN)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", min(data + HEADER_BYTES - 8, _UNKNOWN), b"WAVE", b"fmt ", 16, 1, 1),
        *(sample_rate, sample_rate * _BYTES_PER_SAMPLE, _BYTES_PER_SAMPLE, 16),
        *(b"data", data),
    )


def write_wav(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write a whole file. Raises OSError."""
    data = pcm16(samples).tobytes()
    path.write_bytes(wav_header(sample_rate, len(data)) + data)
