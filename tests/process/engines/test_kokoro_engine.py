"""Kokoro with its real weights."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from supervisor.speech import Speech
from workers.engines.base import Samples, Session, Terminated
from workers.engines.kokoro import Kokoro, voices
from workers.engines.kokoro.engine import MIXES_KEPT, KokoroSession

pytestmark = pytest.mark.timeout(600)
"""The first test waits for a model to be derived."""


@pytest.fixture(scope="module")
def session(kokoro_cache: Path) -> Session:
    """The wheels' voices with one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
        return Kokoro({}).open(1)


def test_speaks_the_same_each_time(session: Session) -> None:
    """English in a Japanese voice: audible, of a plausible length, the same to the bit."""
    samples = session.synthesize("Hello there.", Speech(engine="", voice="jf_alpha", seed=1))
    assert 0.8 < samples.size / 24_000 < 3
    assert 0.1 < np.abs(samples).max() < 1
    assert samples.dtype == np.float32
    assert np.array_equal(
        samples, session.synthesize("Hello there.", Speech(engine="", voice="jf_alpha", seed=2))
    )


def test_voice_and_speed_matter(session: Session) -> None:
    """Another voice sounds different, and speed 2 is about half as long."""
    alpha = session.synthesize(
        "Hello there, my friend.", Speech(engine="", voice="jf_alpha", seed=1)
    )
    kumo = session.synthesize("Hello there, my friend.", Speech(engine="", voice="jm_kumo", seed=1))
    fast = session.synthesize(
        "Hello there, my friend.", Speech(engine="", voice="jf_alpha", speed=2.0, seed=1)
    )
    assert alpha.size != kumo.size or not np.array_equal(alpha, kumo)
    assert fast.size == pytest.approx(alpha.size / 2, rel=0.3)


def test_a_mix_is_neither_of_its_voices_and_that_of_one_voice_is_that_voice(
    session: Session,
) -> None:
    """Halfway between two; the order of equal parts of one language does not matter."""
    alpha, kumo, both, turned, itself = (
        session.synthesize("Hello there, my friend.", Speech(engine="", voice=voice, seed=1))
        for voice in (
            "jf_alpha",
            "jm_kumo",
            "jf_alpha(1)+jm_kumo(1)",
            "jm_kumo(5)+jf_alpha(5)",
            "jf_alpha(1)+jf_alpha(1)",
        )
    )
    assert np.abs(both).max() > 0.1
    for other in (alpha, kumo):
        assert other.size != both.size or np.abs(other - both).max() > 0.05
    assert np.array_equal(both, turned)
    assert np.array_equal(alpha, itself)


def test_the_style_of_a_mix_is_the_weighted_mean(session: Session) -> None:
    """Row by row, in single precision; however many mixes are asked for, few are remembered."""
    assert isinstance(session, KokoroSession)
    alpha, kumo = session._voice("jf_alpha"), session._voice("jm_kumo")
    style = session._style(session._mix("jf_alpha(3)+jm_kumo(1)"))
    assert style.dtype == np.float32
    assert np.allclose(style, 0.75 * alpha + 0.25 * kumo, atol=1e-6)
    for weight in range(1, 3 * MIXES_KEPT):
        session._style(session._mix(f"jf_alpha({weight})+jm_kumo(1)"))
    assert len(session._mixed) == MIXES_KEPT
    assert session._style(session._mix("jf_alpha(3)+jm_kumo(1)")) is not style


def test_a_mix_with_a_voice_that_is_not_here_is_refused(session: Session) -> None:
    """As such a voice alone is."""
    with pytest.raises(ValueError, match="kokoro has no voice 'nobody'"):
        session.synthesize("Yes.", Speech(engine="", voice="jf_alpha+nobody", seed=1))


def test_more_tokens_than_a_run_takes(session: Session) -> None:
    """A text of over 510 tokens is split: every part of it adds its time."""
    few = session.synthesize(
        "seven " * 25, Speech(engine="", voice="jf_alpha", speed=4.0, seed=1)
    ).size
    many = session.synthesize(
        "seven " * 100, Speech(engine="", voice="jf_alpha", speed=4.0, seed=1)
    ).size
    assert many == pytest.approx(4 * few, rel=0.3)


def test_longest_run_uses_the_last_style(session: Session) -> None:
    """510 tokens, one more than there are rows to count them from 0, are one run."""
    assert isinstance(session, KokoroSession)
    style = session._voice("jf_alpha")
    assert style.shape == (voices.ROWS, voices.WIDTH)
    assert session._say(style, 8.0, "a" * voices.ROWS).size > 24_000


def test_terminate_stops_a_run(session: Session) -> None:
    """A run of many seconds ends soon after terminate, with Terminated, and the session then
    speaks as before; a terminate without a run has no effect.
    """
    assert isinstance(session, KokoroSession)
    before = session.synthesize("Yes.", Speech(engine="", voice="jf_alpha", seed=1))
    outcome: list[Samples | BaseException] = []

    def speak() -> None:
        try:
            outcome.append(
                session.synthesize(
                    "On and on, " * 60, Speech(engine="", voice="jf_alpha", speed=0.5, seed=1)
                )
            )
        except Terminated as stopped:
            outcome.append(stopped)

    thread = threading.Thread(target=speak)
    thread.start()
    while session._stopper._options is None:
        assert thread.is_alive()
    session.terminate()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(outcome[0], Terminated)
    session.terminate()
    assert np.array_equal(
        before, session.synthesize("Yes.", Speech(engine="", voice="jf_alpha", seed=1))
    )


def test_what_cannot_be_spoken(session: Session) -> None:
    """An unknown voice, and a script that nobody here reads, are refused in one line."""
    with pytest.raises(ValueError, match="kokoro has no voice 'af_hart'"):
        session.synthesize("Hello.", Speech(engine="", voice="af_hart", seed=1))
    with pytest.raises(ValueError, match=r"cannot read this .* 4 letters .*HEBREW LETTER"):
        session.synthesize("שלום!", Speech(engine="", voice="jf_alpha", seed=1))
