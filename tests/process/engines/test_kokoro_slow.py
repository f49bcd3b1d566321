"""Kokoro's real weights at slow speeds: a sentence is as long as it is, and no vowel around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from supervisor.speech import Speech
from workers.engines.base import Samples
from workers.engines.kokoro import Kokoro
from workers.engines.kokoro.engine import SAMPLE_RATE, KokoroSession
from workers.engines.kokoro.reading import sounds
from workers.session import build_session
from workers.silence import sound
from workers.word_times import Run

pytestmark = pytest.mark.timeout(600)
"""The first test waits for a model to be derived."""

SLOW = (0.7, 0.5)

ONSET_S = 0.125
"""A sentence may be heard so long before its first phoneme's time: at speed 1 up to 100 ms."""

BEHIND_S = 0.1
"""It may be heard so much longer than at speed 1 from the last phoneme's time on."""


def speech(voice: str, speed: float) -> Speech:
    """A voice at a speed."""
    return Speech(engine="", voice=voice, speed=speed, seed=1)


def hiss(samples: Samples) -> float:
    """Share of the energy of the first 75 ms that are heard which is above 2 kHz: 0.7 and more of
    an s or sh, under 0.1 of a vowel.
    """
    begin, _ = sound(samples, SAMPLE_RATE)
    first = samples[begin : begin + round(0.075 * SAMPLE_RATE)]
    power = np.abs(np.fft.rfft(first)) ** 2
    high = np.fft.rfftfreq(first.size, 1 / SAMPLE_RATE) > 2000
    return float(power[high].sum() / power.sum())


def told(session: KokoroSession, text: str, asked: Speech) -> tuple[Run, Sequence[float]]:
    """A run, and its durations."""
    run = session.run(sounds(text, asked.voice).symbols, asked)
    assert run.durations is not None
    return run, run.durations


@pytest.fixture(scope="module", params=["none", "exact", "calibrated"])
def session(request: pytest.FixtureRequest, kokoro_cache: Path) -> KokoroSession:
    """Each model with one thread: as it was published, and what is made of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
        return Kokoro({"optimization": request.param}).open(1)


@pytest.mark.parametrize(
    ("voice", "text"), [("jf_alpha", "Seven ships."), ("jm_kumo", "She said so.")]
)
def test_a_slow_sentence_begins_with_its_own_sound(
    session: KokoroSession, voice: str, text: str
) -> None:
    """What begins with s or sh begins with a hiss, as it does at speed 1."""
    for speed in SLOW:
        assert hiss(session.synthesize(text, speech(voice, speed)).samples) > 0.6


def test_the_published_model_alone_begins_with_a_vowel(kokoro_cache: Path) -> None:
    """What the test above is for: one speed for a whole run, and nothing hisses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
        engine = Kokoro({"optimization": "none"})
        source = KokoroSession(build_session(engine.source(), 1), engine.collections())
    heard = source.synthesize("Seven ships.", speech("jf_alpha", 0.7)).samples
    assert hiss(heard) < 0.1
    assert source.run("sˈɛvən.", speech("jf_alpha", 0.7)).durations is None


@pytest.mark.parametrize(("voice", "text"), [("jf_alpha", "Every man."), ("jm_kumo", "A cat.")])
def test_a_slow_sentence_is_heard_when_it_is_said(
    session: KokoroSession, voice: str, text: str
) -> None:
    """A vowel that is written at the begin is said when its time comes, as loud as at speed 1 to
    6 dB; nothing is heard long before it or after the last phoneme.
    """
    first: dict[float, float] = {}
    behind: dict[float, float] = {}
    for speed in (1.0, 0.5):
        run, durations = told(session, text, speech(voice, speed))
        begin, end = sound(run.samples, SAMPLE_RATE)
        onset = durations[0]
        assert onset - ONSET_S * SAMPLE_RATE <= begin <= onset + 0.05 * SAMPLE_RATE
        first[speed] = float(np.abs(run.samples[begin : begin + SAMPLE_RATE // 8]).max())
        behind[speed] = end - sum(durations[:-3])  # The last phoneme, its mark, the pad.
    assert behind[0.5] <= behind[1.0] + BEHIND_S * SAMPLE_RATE
    assert first[1.0] / 2 < first[0.5] < first[1.0] * 2


def test_durations_add_up(session: KokoroSession) -> None:
    """One for each symbol and for the two pads, whole frames, as many samples as there are."""
    spoken = sounds("Well, seven ships sailed south.", "jf_alpha").symbols
    run = session.run(spoken, speech("jf_alpha", 0.7))
    assert run.durations is not None
    assert len(run.durations) == len(spoken) + 2
    assert sum(run.durations) == run.samples.size


def test_more_threads_say_the_same(kokoro_cache: Path, session: KokoroSession) -> None:
    """At a slow speed too; the durations are the same in every model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
        two = Kokoro({"optimization": "none"}).open(2)
        one = Kokoro({"optimization": "none"}).open(1)
    asked = speech("jf_alpha", 0.7)
    alone = one.synthesize("Seven ships.", asked).samples
    assert np.array_equal(two.synthesize("Seven ships.", asked).samples, alone)
    assert session.synthesize("Seven ships.", asked).samples.size == alone.size
