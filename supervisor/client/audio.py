"""Results of a call: audio, timings, progress."""

from __future__ import annotations

import msgspec
import numpy as np

from supervisor.audio.samples import Samples
from supervisor.speech import Word

BYTES_PER_SAMPLE = 4


class Timings(msgspec.Struct, frozen=True):
    """Timings of a job, in seconds.

    By the client's clock, from the call on: `first_audio_s` until the first samples arrived (None
    for silence without samples), `total_s` until the last. By the supervisor's: `queued_s` from
    acceptance to the first segment's start, `synthesis_s` summed over segments.
    """

    first_audio_s: float | None
    total_s: float
    queued_s: float
    synthesis_s: float


class Progress(msgspec.Struct, frozen=True):
    """Progress of a job: segments whose audio has arrived, of how many, and seconds of audio.

    `estimated`: `segments` is an estimate from the length of a long text, until the end.
    """

    segments_done: int
    segments: int
    audio_s: float
    estimated: bool = False


class Audio(msgspec.Struct, frozen=True, eq=False):
    """A whole job's speech: `samples` float32 [n] at `sample_rate` Hz.

    Requests for the same text, voice and speed that give the same `seed` have the same
    samples. `job` is the id under which the supervisor knew it. `words` are there if they were
    asked for, as far as the engine tells when they are heard.
    """

    samples: Samples
    sample_rate: int
    seed: int
    job: str
    segments: int
    timings: Timings
    words: tuple[Word, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds of speech."""
        return len(self.samples) / self.sample_rate


def samples_of(pcm: bytes | bytearray | memoryview) -> Samples:
    """Samples of float32 little-endian PCM; writable, and a copy unless `pcm` is a bytearray."""
    samples = np.frombuffer(pcm, dtype="<f4").astype(np.float32, copy=False)
    return samples if samples.flags.writeable else samples.copy()
