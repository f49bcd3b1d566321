"""Piper's voices as an engine: what it offers, and what it says for a text and a seed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from supervisor.speech import Speech
from tests.unit.engines.piper.small_voice import SAMPLES_PER_SYMBOL, description, voice
from tts_supervisor_piper import Piper, stock
from tts_supervisor_piper.description import DescriptionError, read
from workers.engines.base import Samples, Terminated


@pytest.fixture
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one voice of 16 kHz, and a file of two speakers with 22.05 kHz."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "voices"
    folder.mkdir()
    voice(folder / "de-low.onnx")
    voice(
        folder / "en-two.onnx",
        audio={"sample_rate": 22_050},
        language={"code": "en_GB"},
        num_speakers=2,
        speaker_id_map={"zoe": 1, "adam": 0},
    )
    (folder / "README.txt").write_text("not a voice")
    return folder


def piper(folder: Path, **settings: object) -> Piper:
    """The engine with the voices of this folder."""
    return Piper({"voices_dir": str(folder), **settings})


def say(engine: Piper, text: str, **options: object) -> Samples:
    """Spoken with one thread, in the low voice where no other is named."""
    speech = {"engine": "piper", "voice": "de-low", "seed": 1, **options}
    return engine.open(1).synthesize(text, Speech(**speech)).samples  # type: ignore[arg-type] # as given


def test_every_speaker_is_a_voice_with_its_rate_and_language(voices: Path) -> None:
    """A file of several offers them by name, in the order of their numbers."""
    info = piper(voices).describe()
    assert [(each.name, each.language, each.sample_rate) for each in info.voices] == [
        ("de-low", "de-DE", 16_000),
        ("en-two", "en-GB", 22_050),
        ("en-two#adam", "en-GB", 22_050),
        ("en-two#zoe", "en-GB", 22_050),
    ]
    assert (info.default_voice, info.unavailable) == ("de-low", None)


def test_a_thousand_speakers_are_not_a_thousand_voices(voices: Path) -> None:
    """The file's first ones, with their numbers for names where it gives none."""
    voice(voices / "many.onnx", num_speakers=904)
    many = [each.name for each in piper(voices).describe().voices if "many" in each.name]
    assert (many[:3], len(many)) == (["many", "many#0", "many#1"], 129)


def test_the_same_seed_gives_the_same_samples(voices: Path) -> None:
    """In another engine, too; another seed, speaker or text sounds otherwise."""
    first = say(piper(voices), "hello, you.")
    assert first.dtype == np.float32
    assert np.array_equal(first, say(piper(voices), "hello, you."))
    assert not np.array_equal(first, say(piper(voices), "hello, you.", seed=2))
    adam, zoe = (say(piper(voices), "hello.", voice=f"en-two#{name}") for name in ("adam", "zoe"))
    assert float(np.mean(zoe) - np.mean(adam)) == pytest.approx(0.01, abs=1e-4)
    assert np.array_equal(adam, say(piper(voices), "hello.", voice="en-two"))


def test_a_pad_stands_behind_the_begin_and_every_symbol(voices: Path) -> None:
    """As the models were taught: `^ _ a _ . _ $`. What a voice does not know is left out."""
    about = read(voices / "de-low.onnx.json")
    assert about.ids(about.known("a*.")) == [1, 0, 3, 0, 31, 0, 2]
    assert say(piper(voices), "a.").size == 7 * SAMPLES_PER_SYMBOL


@pytest.mark.parametrize(("speed", "count"), [(0.5, 1400), (1.0, 700), (2.0, 350)])
def test_speed_is_the_length_of_every_symbol(voices: Path, speed: float, count: int) -> None:
    """Twice as fast takes half as long."""
    assert say(piper(voices), "a.", speed=speed).size == count


def test_a_long_sentence_is_cut_and_not_cut_off(voices: Path) -> None:
    """Every word of it is said, in runs that the model takes."""
    once = say(piper(voices), "some words, ").size
    assert say(piper(voices), "some words, " * 200).size > 150 * once


@pytest.mark.parametrize(
    ("text", "voice", "reason"),
    [
        ("中文", "de-low", "none of 2 letters or digits"),
        ("hello", "nobody", "piper has no voice 'nobody'"),
        ("hello", "en-two#nobody", "piper has no voice 'en-two#nobody'"),
    ],
)
def test_what_cannot_be_spoken_is_refused(voices: Path, text: str, voice: str, reason: str) -> None:
    """In one line, in speech and in reading."""
    with pytest.raises(ValueError, match=reason):
        say(piper(voices), text, voice=voice)
    with pytest.raises(ValueError, match=reason):
        piper(voices).read(text, voice)


@pytest.mark.parametrize("text", ["", " ", "…", "?!", "- "])
def test_a_text_of_signs_is_no_sound(voices: Path, text: str) -> None:
    """And no error: the worker makes its silence."""
    assert say(piper(voices), text).size == 0


def test_a_voice_that_was_not_opened_is_made_ready_and_few_are_kept(
    voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session opened for one voice speaks with all, one model after the other."""
    built: list[str] = []
    make = stock.session

    def session_of(found: stock.Found, threads: int) -> object:
        built.append(found.name)
        return make(found, threads)

    monkeypatch.setattr(stock, "session", session_of)
    session = piper(voices, voices_kept=1).open(1, ["en-two#zoe", "gone"])
    assert built == ["en-two"]
    for name in ("en-two", "en-two#adam", "de-low", "en-two"):
        assert session.synthesize("a.", Speech(engine="piper", voice=name)).samples.size
    assert built == ["en-two", "de-low", "en-two"]


def test_terminate_without_work_does_not_hit_the_next(voices: Path) -> None:
    """A late one was meant for the segment before."""
    session = piper(voices).open(1)
    session.terminate()
    assert session.synthesize("a.", Speech(engine="piper", voice="de-low")).samples.size


def test_a_running_segment_can_be_stopped(voices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its next run, whatever is left of the text."""
    session = piper(voices).open(1, ["de-low"])
    runs: list[int] = []
    run = session._stopper.run

    def stopped_after_two(*given: object, **options: object) -> object:
        runs.append(1)
        if len(runs) == 3:
            session.terminate()
        return run(*given, **options)  # type: ignore[arg-type] # as given

    monkeypatch.setattr(session._stopper, "run", stopped_after_two)
    with pytest.raises(Terminated):
        session.synthesize("some words, " * 200, Speech(engine="piper", voice="de-low"))
    assert len(runs) == 3


def test_phonemes_of_a_text_are_those_that_the_model_gets(voices: Path) -> None:
    """Without what it does not have."""
    assert piper(voices).read("good day*, 5 trees!", "de-low").phonemes == "good day,  trees!"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"default_voice": "anna"}, "default_voice is 'anna'; there are de-low, en-two"),
        ({"voices_dir": "/nowhere"}, "has no voice: supervisor models pull piper --from"),
    ],
)
def test_what_is_missing_is_said_with_the_remedy(
    voices: Path, settings: dict[str, object], reason: str
) -> None:
    """In one line, and the engine is unavailable."""
    missing = Piper({"voices_dir": str(voices), **settings}).describe().unavailable
    assert missing is not None
    assert reason in missing


@pytest.mark.parametrize("kept", [0, 65, "3", 1.5])
def test_a_wrong_setting_is_refused(voices: Path, kept: object) -> None:
    """At once, with what is allowed."""
    with pytest.raises(ValueError, match="voices_kept is a whole number from 1 to 64"):
        piper(voices, voices_kept=kept)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"phoneme_type": "pinyin"}, "symbols of the kind 'pinyin', not espeak or text"),
        ({"phoneme_type": "espeak", "espeak": {}}, "names no voice of espeak-ng"),
        ({"audio": {"sample_rate": 96_000}}, "its sample rate is 96000 Hz"),
        ({"audio": {}}, "describes no Piper voice: .*sample_rate"),
        ({"phoneme_id_map": {"a": [1]}}, "no _ and no \\^ and no \\$"),
        ({"phoneme_id_map": {"_": [0], "^": [1], "$": [-2]}}, "negative numbers"),
        ({"num_speakers": 0}, "it has 0 speakers"),
        ({"num_speakers": 2, "speaker_id_map": {"a": 2}}, "names speakers beyond its 2"),
    ],
)
def test_a_description_that_cannot_be_used_says_why(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    """One line with the file's name."""
    path = tmp_path / "v.onnx.json"
    path.write_text(json.dumps(description(**changes)))
    with pytest.raises(DescriptionError, match=reason) as fault:
        read(path)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("code", "espeak", "tag"),
    [
        ("en_US", "en-us", "en-US"),
        ("pt_BR", "pt-br", "pt-BR"),
        ("de", "de", "de"),
        ("", "en-gb-x-rp", "en-GB-x-rp"),
        ("sr_RS", "sr", "sr-RS"),
        ("", "", "und"),
    ],
)
def test_the_language_is_a_tag(tmp_path: Path, code: str, espeak: str, tag: str) -> None:
    """Of the locale that the voice names, else of espeak-ng's voice."""
    path = tmp_path / "v.onnx.json"
    path.write_text(json.dumps(description(language={"code": code}, espeak={"voice": espeak})))
    assert read(path).tag == tag
