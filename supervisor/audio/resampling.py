"""Another sample rate: FFmpeg's resampler, and an encoder that is fed by it.

The length is exact: as many samples as last as long as what came in, to the nearest one, whatever
the filter holds back or adds. Loads FFmpeg.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

import av
import numpy as np

from supervisor.audio.samples import Samples, joined, of_length


class Encodes(Protocol):
    """What every encoder does."""

    def encode(self, samples: Samples) -> bytes:
        """Bytes that can be sent after these samples; may be empty."""

    def finish(self) -> bytes:
        """The last bytes."""


class Resampler:
    """Makes mono samples at `source` Hz such at `target` Hz. Not for two threads at once."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=target)
        self._taken = self._given = 0

    def resample(self, samples: Samples) -> Samples:
        """What can be told of the samples so far."""
        if not len(samples):
            return samples
        plane = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(plane, format="flt", layout="mono")
        frame.sample_rate = self._source
        frame.pts, frame.time_base = self._taken, Fraction(1, self._source)
        self._taken += len(samples)
        return self._take(frame)

    def finish(self) -> Samples:
        """The rest."""
        if not self._taken:
            return np.zeros(0, np.float32)
        missing = round(self._taken * self._target / self._source) - self._given
        return of_length(self._take(None), missing)

    def _take(self, frame: av.AudioFrame | None) -> Samples:
        parts = (part.to_ndarray().reshape(-1) for part in self._resampler.resample(frame))
        samples = joined(part.astype(np.float32, copy=False) for part in parts)
        self._given += len(samples)
        return samples


class ResampledEncoder:
    """An encoder of samples at one rate that is given them at another."""

    def __init__(self, encoder: Encodes, resampler: Resampler) -> None:
        self._encoder, self._resampler = encoder, resampler

    def encode(self, samples: Samples) -> bytes:
        """Bytes that can be sent after these samples; may be empty."""
        return self._encode(self._resampler.resample(samples))

    def finish(self) -> bytes:
        """The last bytes, with the ending that the format wants."""
        return self._encode(self._resampler.finish()) + self._encoder.finish()

    def _encode(self, samples: Samples) -> bytes:
        return self._encoder.encode(samples) if len(samples) else b""
