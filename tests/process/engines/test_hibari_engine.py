"""hibari with its real model."""

from __future__ import annotations

import shutil
from pathlib import Path

import hibari
import numpy as np
import pytest
from hibari import voices

from supervisor.speech import Speech
from workers.engines.base import PullError
from workers.engines.hibari import Hibari, HibariSession

SENTENCE = "The quick brown fox jumps over the lazy dog."


@pytest.fixture(scope="module")
def session() -> HibariSession:
    """The bundled voice with one thread."""
    return Hibari({}).open(1)


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of hibari's."""
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "hibari"))
    return tmp_path / "hibari"


def test_speaks_as_hibari_itself(session: HibariSession) -> None:
    """Through our session and reader a plain sentence is hibari's own audio to the bit."""
    ours = session.synthesize(SENTENCE, Speech(engine="", voice="heart", seed=7)).samples
    assert np.array_equal(ours, hibari.Hibari()(SENTENCE, seed=7))
    assert ours.dtype == np.float32
    assert 0.1 < np.abs(ours).max() < 1


def test_seed_decides_the_noise(session: HibariSession) -> None:
    """The same seed gives the same samples, another seed others of the same length."""
    first, again, other = (
        session.synthesize(SENTENCE, Speech(engine="", voice="heart", seed=s)).samples
        for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert first.size == other.size
    assert not np.array_equal(first, other)


def test_speed_shortens(session: HibariSession) -> None:
    """Twice the speed is about half the duration."""
    normal = session.synthesize(SENTENCE, Speech(engine="", voice="heart", seed=1)).samples.size
    assert session.synthesize(
        SENTENCE, Speech(engine="", voice="heart", speed=2.0, seed=1)
    ).samples.size == pytest.approx(normal / 2, rel=0.1)


def test_more_phonemes_than_a_run_takes(session: HibariSession) -> None:
    """300 digits are about 1,500 phonemes: all are spoken, four times as many as 75."""
    few = session.synthesize("7" * 75, Speech(engine="", voice="heart", seed=1)).samples.size
    many = session.synthesize("7" * 300, Speech(engine="", voice="heart", seed=1)).samples.size
    assert many == pytest.approx(4 * few, rel=0.1)


def test_what_cannot_be_spoken(session: HibariSession) -> None:
    """Another script and an unknown voice are refused in one line; marks are silence."""
    with pytest.raises(ValueError, match=r"cannot read this .* 5 letters .*HIRAGANA LETTER"):
        session.synthesize("こんにちは", Speech(engine="", voice="heart", seed=1))
    with pytest.raises(ValueError, match="hibari has no voice 'emma'"):
        session.synthesize(SENTENCE, Speech(engine="", voice="emma", seed=1))
    assert session.synthesize("…", Speech(engine="", voice="heart", seed=1)).samples.size == 0


def test_only_voices_that_are_here_are_listed(tmp_path: Path, no_cache: Path) -> None:
    """A file with the right name and wrong content is no voice, and nothing is downloaded."""
    (tmp_path / str(voices.VOICES["emma"]["file"])).write_bytes(b"damaged")
    engine = Hibari({"voices_dir": str(tmp_path)})
    assert [voice.name for voice in engine.describe().voices] == ["heart"]
    present = [model.name for model in engine.models() if model.path]
    assert present == ["hibari-heart"]


def test_further_voice_is_pulled_and_spoken(
    tmp_path: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model file that is given goes into the cache, and its voice reads the British way.

    The bundled model stands in for the British one, whose file is not in the wheel.
    """
    source = tmp_path / "given.onnx"
    shutil.copy(voices.voice_path("heart"), source)
    with pytest.raises(PullError, match="is not the model of hibari's voice emma"):
        Hibari({}).pull("hibari-emma", source)
    monkeypatch.setitem(voices.VOICES["emma"], "sha256", voices.VOICES["heart"]["sha256"])
    assert Hibari({}).pull("hibari-emma", source).path == str(no_cache / "bf_emma.int8.onnx")
    engine = Hibari({})
    assert [voice.name for voice in engine.describe().voices] == ["heart", "emma"]
    session = engine.open(1)
    american, british = (
        session.synthesize(
            "I saw her there in the bath.", Speech(engine="", voice=name, seed=1)
        ).samples
        for name in ("heart", "emma")
    )
    assert british.size > 24_000
    assert not np.array_equal(american, british)
