"""Kokoro with its real weights."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from supervisor.speech import Speech
from workers.engines.base import Samples, Terminated
from workers.engines.kokoro import Kokoro, voices
from workers.engines.kokoro.engine import MIXES_KEPT, KokoroSession
from workers.engines.kokoro.inputs import vocabulary
from workers.engines.kokoro.reading import sounds

pytestmark = pytest.mark.timeout(600)
"""The first test waits for a model to be derived."""


@pytest.fixture(scope="module")
def session(kokoro_cache: Path) -> KokoroSession:
    """The wheels' voices with one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
        return Kokoro({}).open(1)


def test_speaks_the_same_each_time(session: KokoroSession) -> None:
    """English in a Japanese voice: audible, of a plausible length, the same to the bit."""
    samples = session.synthesize(
        "Hello there.", Speech(engine="", voice="jf_alpha", seed=1)
    ).samples
    assert 0.8 < samples.size / 24_000 < 3
    assert 0.1 < np.abs(samples).max() < 1
    assert samples.dtype == np.float32
    assert np.array_equal(
        samples,
        session.synthesize("Hello there.", Speech(engine="", voice="jf_alpha", seed=2)).samples,
    )


def test_voice_and_speed_matter(session: KokoroSession) -> None:
    """Another voice sounds different, and speed 2 is about half as long."""
    alpha = session.synthesize(
        "Hello there, my friend.", Speech(engine="", voice="jf_alpha", seed=1)
    ).samples
    kumo = session.synthesize(
        "Hello there, my friend.", Speech(engine="", voice="jm_kumo", seed=1)
    ).samples
    fast = session.synthesize(
        "Hello there, my friend.", Speech(engine="", voice="jf_alpha", speed=2.0, seed=1)
    ).samples
    assert alpha.size != kumo.size or not np.array_equal(alpha, kumo)
    assert fast.size == pytest.approx(alpha.size / 2, rel=0.3)


def test_a_mix_is_neither_of_its_voices_and_that_of_one_voice_is_that_voice(
    session: KokoroSession,
) -> None:
    """Halfway between two; the order of equal parts of one language does not matter."""
    alpha, kumo, both, turned, itself = (
        session.synthesize(
            "Hello there, my friend.", Speech(engine="", voice=voice, seed=1)
        ).samples
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


def test_a_mix_speaks_as_the_weighted_mean_of_its_styles(
    session: KokoroSession, kokoro_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A voice whose table is that mean, put beside the others, says the same to the bit."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
    found = Kokoro({}).collections()
    alpha, kumo = (voices.style(found[name], name) for name in ("jf_alpha", "jm_kumo"))
    mean = np.float32(0.75) * alpha + np.float32(0.25) * kumo
    further = tmp_path / "further.npz"
    further.write_bytes(voices.packed({"jf_mean": mean}))
    expected = (
        Kokoro({"voices_path": str(further)})
        .open(1)
        .synthesize("Yes.", Speech(engine="", voice="jf_mean", seed=1))
        .samples
    )
    mixed = session.synthesize(
        "Yes.", Speech(engine="", voice="jf_alpha(3)+jm_kumo(1)", seed=1)
    ).samples
    assert np.array_equal(mixed, expected)


def test_few_mixes_are_remembered(session: KokoroSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for: each table is half a megabyte."""
    made: list[weakref.ref[voices.Style]] = []
    mean = voices.mean

    def noted(parts: Sequence[tuple[voices.Style, float]]) -> voices.Style:
        style = mean(parts)
        made.append(weakref.ref(style))
        return style

    monkeypatch.setattr(voices, "mean", noted)
    for weight in range(11, 2 * MIXES_KEPT + 11):
        mix = f"jf_alpha({weight})+jm_kumo(1)"
        session.synthesize("Yes.", Speech(engine="", voice=mix, speed=4.0, seed=1))
    assert len(made) == 2 * MIXES_KEPT
    assert sum(style() is not None for style in made) == MIXES_KEPT


def test_a_mix_with_a_voice_that_is_not_here_is_refused(session: KokoroSession) -> None:
    """As such a voice alone is."""
    with pytest.raises(ValueError, match="kokoro has no voice 'nobody'"):
        session.synthesize("Yes.", Speech(engine="", voice="jf_alpha+nobody", seed=1))


def test_more_tokens_than_a_run_takes(session: KokoroSession) -> None:
    """A text of over 510 tokens is split: every part of it adds its time."""
    few = session.synthesize(
        "seven " * 25, Speech(engine="", voice="jf_alpha", speed=4.0, seed=1)
    ).samples.size
    many = session.synthesize(
        "seven " * 100, Speech(engine="", voice="jf_alpha", speed=4.0, seed=1)
    ).samples.size
    assert many == pytest.approx(4 * few, rel=0.3)


def test_the_longest_run_has_a_style(session: KokoroSession) -> None:
    """510 tokens, one more than there are rows to count them from 0, are spoken."""
    text, known = "seven " * 73, vocabulary()
    assert sum(symbol in known for symbol in sounds(text, "jf_alpha").symbols) == voices.ROWS == 510
    assert (
        session.synthesize(
            text, Speech(engine="", voice="jf_alpha", speed=4.0, seed=1)
        ).samples.size
        > 24_000
    )


def test_terminate_stops_a_run(session: KokoroSession) -> None:
    """A run of many seconds ends soon after terminate, with Terminated, and the session then
    speaks as before; a terminate without a run has no effect.
    """
    before = session.synthesize("Yes.", Speech(engine="", voice="jf_alpha", seed=1)).samples
    outcome: list[Samples | BaseException] = []

    def speak() -> None:
        try:
            outcome.append(
                session.synthesize(
                    "On and on, " * 60, Speech(engine="", voice="jf_alpha", speed=0.5, seed=1)
                ).samples
            )
        except Terminated as stopped:
            outcome.append(stopped)

    thread = threading.Thread(target=speak)
    thread.start()
    until = time.monotonic() + 5
    while thread.is_alive() and time.monotonic() < until:  # As a worker: until it has its effect.
        session.terminate()
        thread.join(0.01)
    assert not thread.is_alive()
    assert isinstance(outcome[0], Terminated)
    session.terminate()
    assert np.array_equal(
        before, session.synthesize("Yes.", Speech(engine="", voice="jf_alpha", seed=1)).samples
    )


def test_what_cannot_be_spoken(session: KokoroSession) -> None:
    """An unknown voice, and a script that nobody here reads, are refused in one line."""
    with pytest.raises(ValueError, match="kokoro has no voice 'af_hart'"):
        session.synthesize("Hello.", Speech(engine="", voice="af_hart", seed=1))
    with pytest.raises(ValueError, match=r"cannot read this .* 4 letters .*HEBREW LETTER"):
        session.synthesize("שלום!", Speech(engine="", voice="jf_alpha", seed=1))
