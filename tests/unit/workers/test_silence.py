"""What is put around a sound, whatever the model left there."""

from __future__ import annotations

import numpy as np
import pytest

from workers.engines.base import Spoken
from workers.silence import paced, silence, sound, without_stops

RATE = 1000
TONE = np.full(RATE, 0.5, np.float32)


@pytest.mark.parametrize(("before", "behind"), [(0, 0), (330, 520), (20, 900), (1000, 10)])
@pytest.mark.parametrize("wanted", [0.0, 0.08, 0.2, 0.6, 2.0])
def test_the_silence_between_two_sounds_is_the_one_that_is_wanted(
    before: int, behind: int, wanted: float
) -> None:
    """Of segments one after another; 80 ms are left at least, and the sound is whole."""
    one = paced(Spoken(np.pad(TONE, (before, behind))), RATE, wanted).samples
    other = paced(Spoken(np.pad(TONE, (500, 500))), RATE, wanted).samples
    heard = np.flatnonzero(np.abs(np.concatenate([one, other])) > 0.01)
    (gap,) = (int(size) for size in np.diff(heard) if size > 20)
    assert gap == pytest.approx(max(wanted, 0.08) * RATE, abs=3)
    assert heard.size == pytest.approx(2 * RATE, abs=25), "it fades in and out"


def test_what_the_model_left_is_kept_as_far_as_it_reaches() -> None:
    """Breath and room are not cut off where there is to be a silence anyway."""
    breath = np.full(400, 0.005, np.float32)
    samples = paced(Spoken(np.concatenate([TONE, breath])), RATE, 0.65).samples
    assert samples.size == RATE + 600
    assert np.array_equal(samples[RATE : RATE + 380], breath[:380])
    assert not samples[RATE + 400 :].any()


def test_it_comes_out_of_silence_and_ends_there() -> None:
    """A cut in the middle of what is not heard does not click either."""
    noise = np.full(900, 0.009, np.float32)
    samples = paced(Spoken(np.concatenate([noise, TONE, noise])), RATE, 0.0).samples
    assert samples[0] == samples[-1] == 0
    assert samples.size == RATE + 80


def test_no_sound_is_silence_alone() -> None:
    """Of the length that was asked for; and there is no place where it begins."""
    samples = paced(Spoken(np.full(500, 0.001, np.float32)), RATE, 0.6).samples
    assert np.array_equal(samples, silence(RATE, 0.55))
    assert sound(np.zeros(0, np.float32), RATE) == (0, 0)


def test_rounding_does_not_move_an_end() -> None:
    """A session with more threads rounds differently; the audio stays equally long."""
    rng = np.random.default_rng(7)
    hum = np.pad(np.linspace(0, 1, 900, dtype=np.float32) ** 3, (300, 400))
    samples = hum * np.sin(np.arange(hum.size, dtype=np.float32))
    near = samples + rng.normal(0, 1e-5, samples.size).astype(np.float32)
    assert sound(near, RATE) == sound(samples, RATE)


def test_a_breath_inside_is_no_longer_than_it_may_be() -> None:
    """The longest stay where sentences end inside; what is short enough, and the sound, stay."""
    quiet = [np.zeros(size, np.float32) for size in (200, 400, 700, 600)]
    samples = np.concatenate([TONE, *(part for gap in quiet for part in (gap, TONE))])

    def gaps(stops: int) -> list[int]:
        heard = np.flatnonzero(
            np.abs(without_stops(Spoken(samples), RATE, 0.3, stops).samples) > 0.01
        )
        assert heard.size >= 5 * RATE - 4
        return [int(size) - 1 for size in np.diff(heard) if size > 20]

    assert gaps(0) == pytest.approx([200, 300, 300, 300], abs=3)
    assert gaps(1) == pytest.approx([200, 300, 700, 300], abs=3)
    assert gaps(2) == pytest.approx([200, 300, 700, 600], abs=3)
    assert without_stops(Spoken(samples), RATE, 0.3, 3).samples is samples
    assert without_stops(Spoken(samples[:0]), RATE, 0.3, 0).samples.size == 0
