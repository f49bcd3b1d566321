"""Engines of both protocols in one process: what each is told, and what is known of its voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from supervisor import marks
from supervisor.speech import Speech
from supervisor.wire.reading import Read
from supervisor.wire.worker import MAX_PACKET_BYTES, EngineState, encode
from workers.engine_set import EngineSet
from workers.engines import registry
from workers.engines.base import EngineInfo, Reading, Samples, Spoken, Voice, WordTime, spoken
from workers.reading_process import Readers

FREE = "CC0-1.0"
VOICES = (
    Voice("low", "en-GB", FREE, sample_rate=16_000),
    Voice("high", "en-US", FREE),
    Voice("both", "es-ES", FREE, languages=("ca", "es-ES")),
    Voice("more", "fr", FREE),
)


class First:
    """An engine of protocol 1, as its author wrote it then."""

    def describe(self) -> EngineInfo:
        return EngineInfo("first", 24_000, "v", (Voice("v", "en", FREE),), FREE)

    def load(self) -> None:
        pass

    def open(self, threads: int) -> FirstSession:
        assert threads >= 1
        return FirstSession()


class FirstSession:
    """Gives samples alone."""

    def synthesize(self, text: str, speech: Speech) -> Samples:
        return np.full(len(text), 0.5, np.float32)

    def terminate(self) -> None:
        pass


class Second:
    """An engine of protocol 2; remembers which voices each session was opened for."""

    protocol: ClassVar[int] = 2

    def __init__(self) -> None:
        self.opened: list[tuple[int, tuple[str, ...]]] = []
        self.warmed: list[str] = []

    def describe(self) -> EngineInfo:
        return EngineInfo("second", 22_050, "high", VOICES, FREE, mixes=True)

    def load(self) -> None:
        pass

    def open(self, threads: int, voices: Sequence[str] = ()) -> SecondSession:
        self.opened.append((threads, tuple(voices)))
        return SecondSession(self.warmed)

    def read(self, text: str, voice: str) -> Reading:
        return Reading(spoken=text, phonemes=voice)


class SecondSession:
    """Gives samples with the time of the text."""

    def __init__(self, warmed: list[str]) -> None:
        self._warmed = warmed

    def synthesize(self, text: str, speech: Speech) -> Spoken:
        self._warmed.append(speech.voice)
        samples = np.full(len(text), 0.5, np.float32)
        return Spoken(samples, (WordTime(0, len(text), 0.0, len(text) / 22_050),))

    def terminate(self) -> None:
        pass


class Crowded(First):
    """More voices than anybody can be told of."""

    def describe(self) -> EngineInfo:
        voices = tuple(Voice(f"speaker number {n}", "en", FREE) for n in range(5_000))
        return EngineInfo("crowded", 24_000, voices[0].name, voices, FREE)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Second:
    """The engine of protocol 2; `first` and `crowded` are there, too."""
    second = Second()
    made: dict[str, Any] = {"first": First(), "second": second, "crowded": Crowded()}

    def make(name: str, settings: Mapping[str, Any]) -> Any:
        return made[name]

    def catalogue(settings: Mapping[str, Any]) -> dict[str, EngineInfo]:
        return {name: engine.describe() for name, engine in made.items()}

    monkeypatch.setattr(registry, "make", make)
    monkeypatch.setattr(registry, "catalogue", catalogue)
    return second


@pytest.fixture
def engines(second: Second) -> EngineSet:
    """Both, loaded."""
    engines = EngineSet({})
    engines.load(["first", "second"])
    return engines


def states(engines: EngineSet) -> dict[str, EngineState]:
    """What the supervisor is told, by engine."""
    return {state.name: state for state in engines.catalogue().engines}


@pytest.mark.parametrize(("name", "voice"), [("first", "v"), ("second", "low")])
def test_engines_of_both_protocols_speak(engines: EngineSet, name: str, voice: str) -> None:
    """With one thread and with more; with times of words where the engine tells them."""
    for threads in (1, 2):
        if threads > 1:
            engines.rebuild(threads, warm=True)
        said = spoken(
            engines.session(name, voice).synthesize("Hello.", Speech(engine=name, voice=voice))
        )
        assert said.samples.size == 6
        assert [word.end for word in said.words] == ([6] if name == "second" else [])


def test_a_session_is_opened_for_the_voices_in_use(engines: EngineSet, second: Second) -> None:
    """At first the default one; later those of late, each part of a mix, and never all."""
    assert second.opened == [(1, ("high",))]
    for voice in ("low", "high", "low"):
        engines.session("second", voice)
    engines.rebuild(2, warm=True)
    assert second.opened[-1] == (2, ("high", "low"))
    assert second.warmed == ["low"], "warm in the voice that speaks"
    engines.session("second", "more")
    engines.session("second", "both(3)+high")
    engines.rebuild(3, warm=False)
    assert set(second.opened[-1][1]) == {"more", "both", "high"}


def test_each_voice_has_its_own_rate(engines: EngineSet) -> None:
    """A mix that of its largest part; a voice that names none, the engine's."""
    rates = [engines.sample_rate("second", v) for v in ("low", "high", "low(2)+high", "nobody")]
    assert rates == [16_000, 22_050, 16_000, 22_050]
    assert engines.sample_rate("first", "v") == 24_000
    told = {voice.name: voice.sample_rate for voice in states(engines)["second"].voices}
    assert told == {"low": 16_000, "high": 22_050, "both": 22_050, "more": 22_050}


def test_the_languages_of_a_voice_begin_with_its_own(engines: EngineSet) -> None:
    """Once each, also where the engine lists it again."""
    told = {voice.name: voice.languages for voice in states(engines)["second"].voices}
    assert (told["both"], told["low"]) == (("es-ES", "ca"), ("en-GB",))


def test_voices_beyond_number_take_no_other_engine_down(engines: EngineSet) -> None:
    """The engine is unavailable with the reason, and all others are told of."""
    found = states(engines)
    assert found["crowded"].unavailable == (
        "engine crowded lists 5000 voices, more than can be told of"
    )
    assert [found[name].unavailable for name in ("first", "second")] == [None, None]
    assert len(encode(engines.catalogue())) <= MAX_PACKET_BYTES


def test_an_engine_that_knows_no_marks_reads_what_is_written(second: Second) -> None:
    """A word whose pronunciation is given reaches it as its client wrote it."""
    text = f"A {marks.pronounced('Nguyen', 'wɪn')}."
    (said,) = Readers({}).answer(Read(number=1, engine="second", voice="low", texts=(text,))).said
    assert (said.spoken, said.phonemes) == ("A Nguyen.", "low")
