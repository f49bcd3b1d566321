"""The loudness that a client asks for, on its way from an engine's samples to the packets."""

from __future__ import annotations

import numpy as np
import pytest

from workers.audio import KNEE, at_volume, pcm

LOUD = np.linspace(-1.0, 1.0, 20_001, dtype=np.float32)


def test_one_leaves_every_sample_as_it_is() -> None:
    """Also those of an engine that is too loud by itself."""
    assert bytes(pcm(at_volume(2 * LOUD, 1.0))) == bytes(pcm(2 * LOUD))


@pytest.mark.parametrize("volume", [0.0, 0.1, 0.5, 0.999])
def test_less_is_a_factor_and_nothing_else(volume: float) -> None:
    """Nothing is bent where nothing gets louder."""
    assert np.array_equal(at_volume(LOUD, volume), LOUD * np.float32(volume))


@pytest.mark.parametrize("volume", [1.001, 1.5, 2.0])
def test_more_is_never_clipped_nor_wrapped(volume: float) -> None:
    """Louder stays louder up to full scale; what is quiet enough is a factor; no corner."""
    heard = at_volume(LOUD, volume)
    assert heard.dtype == np.float32
    assert np.abs(heard).max() < 1.0
    assert (np.diff(heard.astype(float)) > 0).all()
    assert np.array_equal(heard, -at_volume(-LOUD, volume))
    quiet = np.abs(LOUD * np.float32(volume)) <= KNEE
    assert np.array_equal(heard[quiet], (LOUD * np.float32(volume))[quiet])
    slopes = np.diff(heard.astype(float)) / np.diff(LOUD.astype(float))
    assert np.abs(np.diff(slopes)).max() < 0.01


def test_an_engine_far_beyond_full_scale_is_held_there() -> None:
    """Ten times too loud, and twice that asked for."""
    assert np.abs(at_volume(10 * LOUD, 2.0)).max() <= 1.0


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_audio_is_refused_at_any_volume(wrong: float) -> None:
    """The limiter hides no broken engine."""
    samples = np.array([0.5, wrong], np.float32)
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(ValueError, match="not numbers"),
    ):
        pcm(at_volume(samples, 2.0))
