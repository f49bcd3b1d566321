"""How the reading process answers: what engines say of a text, or why they cannot read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from hibari import voices

from supervisor import marks
from supervisor.speech import Speech
from supervisor.wire.reading import Read, Said
from workers.engines import registry
from workers.engines.base import Reading
from workers.engines.hibari import Hibari, HibariSession
from workers.engines.noop import Noop
from workers.reading_process import Readers

VOICE = voices.DEFAULT


class Quoting(Noop):
    """Fails with the text in its message, or cannot read it, as the text says."""

    def read(self, text: str, voice: str) -> Reading:
        if text.startswith("fail"):
            raise RuntimeError(f"cannot read {text!r}")
        raise ValueError("only Latin" if text.startswith("plain") else f"what is {text!r}?")


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    """The engines that are installed, and `quoting`."""
    make = registry.make

    def with_quoting(name: str, settings: registry.Settings) -> Any:
        return Quoting({}) if name == "quoting" else make(name, settings)

    monkeypatch.setattr(registry, "make", with_quoting)
    return Readers({})


def read(
    readers: Readers, engine: str, *texts: str, voice: str = VOICE, language: str | None = None
) -> tuple[Said, ...]:
    """The answer to one request."""
    request = Read(number=3, engine=engine, voice=voice, texts=texts, language=language)
    answer = readers.answer(request)
    assert answer.number == 3
    return answer.said


def test_words_and_phonemes_are_told(readers: Readers) -> None:
    """What is said for what is written, and how it sounds; each text by itself."""
    doctor, lead = read(readers, "hibari", "Dr. Smith paid $3.50.", "Covered with lead.")
    assert doctor.spoken == "Doctor Smith paid three dollars and fifty cents."
    assert doctor.phonemes == "dˈɑktəɹ smˈɪθ pˈAd θɹˈi dˈɑləɹz ænd fˈɪfti sˈɛnts."
    assert (lead.spoken, lead.skipped, lead.error) == ("Covered with lead.", (), None)


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        ("Dr. Smith ★.", ("★",)),
        ("*bold* and ★ stars", ("*", "*", "★")),
        ("Hello 中文, friend", ("中文,",)),
        ("Naïve “café” — 20 °C…", ()),
        ("a & b @ c", ()),
    ],
)
def test_what_is_written_and_not_said_is_named(
    readers: Readers, text: str, skipped: tuple[str, ...]
) -> None:
    """As it is written, in order: signs without a reading, words in a script without a sound."""
    (said,) = read(readers, "hibari", text)
    assert said.skipped == skipped


def test_what_cannot_be_read_does_not_stop_the_others(readers: Readers) -> None:
    """The reason is the one that a job would end with."""
    chinese, english = read(readers, "hibari", "中文", "Yes.")
    assert chinese.unreadable
    assert chinese.error is not None
    assert chinese.error.startswith("cannot read this in this voice: none of 2 letters or digits")
    assert (english.phonemes, english.error) == ("jˈɛs.", None)


def test_an_engine_that_does_not_tell_says_the_text(readers: Readers) -> None:
    """Without the marks of a pronunciation, which are for engines that read them."""
    text = f"Say {marks.pronounced('tomato', 'təmɑːtəʊ')}."
    assert read(readers, "noop", text, voice="tone") == (Said(spoken="Say tomato."),)


def test_an_engine_is_asked_in_the_language_that_is_read(readers: Readers) -> None:
    """None is the voice's own. One whose `read` takes no language does not tell of another."""
    assert read(readers, "hibari", "Hi.", language="en-US") == read(readers, "hibari", "Hi.")
    (own,) = read(readers, "quoting", "plain")
    assert own.error == "only Latin"
    assert read(readers, "quoting", "plain", language="es") == (Said(spoken="plain"),)


def test_engines_are_not_trusted_with_the_text(readers: Readers) -> None:
    """A refusal keeps its words unless they quote the text; a fault is told by type and place."""
    refused, quoted, failed = read(
        readers, "quoting", "plainly Кириллица", "a secret recipe", "fail: a secret recipe"
    )
    assert (refused.error, refused.unreadable) == ("only Latin", True)
    assert quoted.unreadable
    assert not failed.unreadable
    for said in (quoted, failed):
        assert said.error is not None
        assert "secret" not in said.error
    assert "RuntimeError in test_reading_process.py" in str(failed.error)


def test_unknown_voices_and_engines_are_told(readers: Readers) -> None:
    """One line each; nothing ends."""
    (voice,) = read(readers, "hibari", "Hi.", voice="nobody")
    assert (voice.error, voice.unreadable) == ("hibari has no voice 'nobody'", True)
    (engine,) = read(readers, "none", "Hi.")
    assert engine.error is not None
    assert "no engine 'none'" in engine.error


class GivenError(Exception):
    """What a model was given: the numbers of its phonemes."""


class Model:
    """Stands for a voice's model."""

    def run(self, _outputs: object, inputs: Mapping[str, Any], _options: object) -> NoReturn:
        raise GivenError(*inputs["ids"][0].tolist())


def test_the_phonemes_are_those_that_the_model_gets() -> None:
    """Symbol by symbol, also where some of what was read is not in its alphabet."""
    text = "Hello 日本, Слово & “quoted” naïve (x)."
    session = HibariSession({VOICE: Model()}, {})
    with pytest.raises(GivenError) as given:
        session.synthesize(text, Speech(engine="hibari", voice=VOICE))
    _pad, *numbers, _ = given.value.args
    shown = Hibari({}).read(text, VOICE).phonemes.strip()
    pairs = set(zip(shown, numbers, strict=True))
    assert len(pairs) == len(set(shown)) == len(set(numbers))


def test_reading_loads_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """No session of a voice is built, and no thread started."""
    engine = Hibari({})
    engine.read("Hello.", VOICE)
    before = len(os.listdir("/proc/self/task"))
    monkeypatch.setattr("workers.engines.hibari.build_session", None)
    assert engine.read("Hello.", VOICE).phonemes == "həlˈO."
    assert len(os.listdir("/proc/self/task")) == before
