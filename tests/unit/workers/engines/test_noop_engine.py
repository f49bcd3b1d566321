"""The engine without a model: deterministic, and telling segments apart."""

from __future__ import annotations

import numpy as np
import pytest

from supervisor.speech import Speech
from workers.engines.noop import Noop

SESSION = Noop({}).open(1)


def test_length_follows_text_and_speed() -> None:
    """A millisecond for each character at speed 1."""
    assert SESSION.synthesize("x" * 100, Speech(engine="", voice="tone")).size == 2400
    assert SESSION.synthesize("x" * 100, Speech(engine="", voice="tone", speed=2.0)).size == 1200


def test_same_arguments_same_samples_and_others_not() -> None:
    """Text and seed decide the audio, so that a mix-up of segments shows."""
    samples = SESSION.synthesize("hello", Speech(engine="", voice="tone", seed=1))
    assert np.array_equal(
        samples, SESSION.synthesize("hello", Speech(engine="", voice="tone", seed=1))
    )
    assert not np.array_equal(
        samples, SESSION.synthesize("hullo", Speech(engine="", voice="tone", seed=1))
    )
    assert not np.array_equal(
        samples, SESSION.synthesize("hello", Speech(engine="", voice="tone", seed=2))
    )
    assert samples.dtype == np.float32
    assert 0 < np.abs(samples).max() <= 0.1


def test_unknown_voice_is_refused() -> None:
    """The voice is checked as in any engine."""
    with pytest.raises(ValueError, match="noop has no voice 'heart'"):
        SESSION.synthesize("hello", Speech(engine="", voice="heart"))
