"""Samples in 16 bit: one rounding, and no wrapping around."""

from __future__ import annotations

import numpy as np

from supervisor.audio.samples import pcm16


def test_it_rounds_to_the_nearest_and_clips() -> None:
    """A half goes to the even neighbour; full scale is the end in both directions."""
    steps = [0.0, 0.5, 1.5, 2.49, -0.5, -1.5, 32766.6, 32767.5, 32768.0, 1e9, -32768.0, -1e9]
    samples = np.array(steps, np.float32) / np.float32(32768)
    assert pcm16(samples).tolist() == [
        *(0, 0, 2, 2, 0, -2),
        *(32767, 32767, 32767, 32767, -32768, -32768),
    ]


def test_16_bit_audio_survives_the_way_there_and_back() -> None:
    """Every value that 16 bit can hold comes back as itself, so nothing is scaled twice."""
    every = np.arange(-32768, 32768, dtype=np.int16)
    assert np.array_equal(pcm16(every.astype(np.float32) / np.float32(32768)), every)


def test_what_it_is_given_stays_as_it_is() -> None:
    """The caller's samples are not scaled in place."""
    samples = np.array([0.25, -0.25], np.float32)
    pcm16(samples)
    assert samples.tolist() == [0.25, -0.25]
