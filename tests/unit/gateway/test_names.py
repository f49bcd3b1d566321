"""Names of models and voices as clients send them, and the engine that they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from supervisor.gateway.speech.asking import VoiceId, engine_and_voice
from supervisor.gateway.speech.voices import engine_of, listed, models, voice_of
from supervisor.wire.client import Welcome

ENGINES: Mapping[str, Mapping[str, Any]] = {
    "hibari": {"default_voice": "heart", "voices": {"heart": "en-US"}},
    "kokoro": {
        "default_voice": "af_heart",
        "voices": {"af_heart": "en-US", "af_alloy": "en-US", "bf_emma": "en-GB", "ef_dora": "es"},
        "mixes": True,
    },
    "noop": {"default_voice": "tone", "voices": {"tone": "und"}, "offered": False},
    "piper": {
        "default_voice": "thorsten",
        "voices": {"thorsten": "de-DE"},
        "unavailable": "piper has no model yet",
    },
}


def welcome(default: str = "hibari") -> Welcome:
    """A supervisor with these engines."""
    return Welcome("e", "1", default, dict(ENGINES))


@pytest.mark.parametrize(
    "model",
    [
        *(None, "", "tts-1", "TTS-1", "tts-1-hd", "gpt-4o-mini-tts", "tts-1-1106"),
        *("gpt-4o-mini-tts-2025-12-15", "openai/tts-1", "OpenAI/TTS-1-HD-1106"),
    ],
)
def test_models_of_openai_name_no_engine(model: str | None) -> None:
    """Nor do they in capitals, with a date, or with their maker before them."""
    assert engine_of(model, ENGINES) is None


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        ("kokoro", "kokoro"),
        ("Kokoro", "kokoro"),
        ("hexgrad/Kokoro-82M", "kokoro"),
        ("onnx-community/Kokoro-82M-v1.0-ONNX", "kokoro"),
        ("HIBARI", "hibari"),
        ("noop", "noop"),
        ("gpt-9", "gpt-9"),
        ("kokoros", "kokoros"),
        ("tts-2", "tts-2"),
        ("some/other-2024", "some/other-2024"),
    ],
)
def test_names_of_models(model: str, engine: str) -> None:
    """Capitals and a repository's name lead to the engine; what nobody knows stays as it is."""
    assert engine_of(model, ENGINES) == engine


@pytest.mark.parametrize("model", [None, "tts-1", "gpt-4o-mini-tts-2025-12-15"])
@pytest.mark.parametrize(
    ("voice", "meant"),
    [
        ("heart", (None, "heart")),
        ("af_heart", ("kokoro", "af_heart")),
        ("AF_Heart", ("kokoro", "af_heart")),
        ("af_heart(2)+bf_emma", ("kokoro", "af_heart(2)+bf_emma")),
        ("af_heart+heart", (None, "af_heart+heart")),
        ("thorsten", ("piper", "thorsten")),
        ("tone", ("noop", "tone")),
        ("nobody", (None, "nobody")),
        ("alloy", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_voice_leads_to_its_engine(
    model: str | None, voice: str | None, meant: tuple[str | None, str | None]
) -> None:
    """Where the model says nothing of an engine. An engine that is not there is to say so, the one
    for tests is there for who knows it, and OpenAI's names stay with the default engine.
    """
    assert engine_and_voice(model, voice, None, welcome()) == meant


def test_a_model_that_is_an_engine_keeps_the_voice() -> None:
    """Who names both means both, and is refused where they do not fit."""
    assert engine_and_voice("hibari", "af_heart", None, welcome()) == ("hibari", "af_heart")
    assert engine_and_voice("Noop", VoiceId("tone"), None, welcome()) == ("noop", "tone")


@pytest.mark.parametrize(("voice", "meant"), [("Alloy", "af_alloy"), ("EF_DORA", "ef_dora")])
def test_voices_in_capitals(voice: str, meant: str) -> None:
    """They are those that are written so but for the capitals."""
    assert voice_of(voice, None, ENGINES["kokoro"]) == meant


def test_the_engine_for_tests_is_offered_to_nobody() -> None:
    """Unless it was made the default one: then whoever looks must find something."""
    assert "noop" not in {model.id for model in models(ENGINES, "hibari")}
    assert "tone" not in {voice.id for voice in listed(ENGINES, "hibari")}
    assert models(ENGINES, "noop")[0].id == "noop"
    assert listed(ENGINES, "noop")[0].id == "tone"
