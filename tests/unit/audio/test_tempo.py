"""Speech made faster or slower: as long as it should be, at its own pitch, however it is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest

from supervisor.audio.samples import Samples
from supervisor.audio.tempo import TempoChange, steps

RATE = 24_000


def tone(seconds: float, hertz: float = 220.0) -> Samples:
    """A sine at half of full scale."""
    times = np.arange(round(seconds * RATE)) / RATE
    samples: Samples = (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
    return samples


def changed(samples: Samples, tempo: float, piece: int) -> Samples:
    """All of it, put in by pieces of this length."""
    change = TempoChange(tempo, RATE)
    pieces = [change.change(samples[at : at + piece]) for at in range(0, len(samples), piece)]
    return np.concatenate([*pieces, change.finish()])


@pytest.mark.parametrize("tempo", [0.25, 0.4, 0.5, 0.6, 1.25, 2.0, 2.5, 4.0])
def test_length_and_pitch(tempo: float) -> None:
    """The length is exact, the tone the same, and as loud as it was."""
    samples = changed(tone(2.0), tempo, 2400)
    assert len(samples) == round(2.0 * RATE / tempo)
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    heard = np.argmax(spectrum) * RATE / len(middle)
    assert heard == pytest.approx(220.0, abs=5.0)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / math.sqrt(2), rel=0.05)


@pytest.mark.parametrize("tempo", [0.25, 0.5, 1.6, 2.0, 4.0])
def test_a_sound_comes_when_it_should(tempo: float) -> None:
    """So times that are divided by the tempo hold, to 0.04 s of the slower of the two."""
    samples = np.zeros(4 * RATE, np.float32)
    for begin in (0.5, 1.5, 3.0):
        at = round(begin * RATE)
        samples[at : at + RATE // 5] = tone(0.2)
    heard = np.flatnonzero(np.abs(changed(samples, tempo, 2400)) > 0.05) / RATE
    begins = [heard[0], *heard[1:][np.diff(heard) > 0.3 / tempo]]
    assert begins == pytest.approx(
        [0.5 / tempo, 1.5 / tempo, 3.0 / tempo], abs=0.04 / min(1.0, tempo)
    )


@pytest.mark.parametrize("tempo", [0.5, 1.5, 4.0])
def test_the_cuts_do_not_matter(tempo: float) -> None:
    """Pieces of any length make the same samples."""
    whole = changed(tone(1.0), tempo, RATE)
    for piece in (37, 1000, 24_000):
        assert np.array_equal(changed(tone(1.0), tempo, piece), whole)


def test_something_comes_before_all_is_in() -> None:
    """It streams: after half a second of sound most of that is there."""
    change = TempoChange(2.0, RATE)
    assert len(change.change(tone(0.5))) > 0.1 * RATE


@pytest.mark.parametrize("count", [0, 1, 5, 500])
@pytest.mark.parametrize("tempo", [0.25, 4.0])
def test_hardly_anything(tempo: float, count: int) -> None:
    """Nothing stays nothing, and a little keeps its length."""
    assert len(changed(np.ones(count, np.float32), tempo, 100)) == round(count / tempo)


@pytest.mark.parametrize("tempo", [0.1, 0.25, 0.3, 1.0, 3.0, 4.0, 10.0])
def test_steps(tempo: float) -> None:
    """Each is between a half and two, and together they make the tempo."""
    factors = list(steps(tempo))
    assert math.prod(factors) == pytest.approx(tempo)
    assert all(0.5 <= factor <= 2.0 for factor in factors)
