"""Requests as real programs send them, each of which some server refused."""

from __future__ import annotations

import pytest

from tests.e2e.gateway.serving import Serving


def test_null_is_as_if_it_was_not_there(gateway: Serving) -> None:
    """Some libraries send every field that they know."""
    fields = (
        *("model", "voice", "response_format", "speed", "stream_format", "language", "lang_code"),
        *("volume_multiplier", "seed", "markup", "unreadable", "pronunciations", "instructions"),
        "timestamp_granularities",
    )
    answer = gateway.ask("/v1/audio/speech", {"input": "Hi.", **dict.fromkeys(fields)})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert "X-Ignored" not in answer.headers
    nulls = dict.fromkeys((*fields, "stream", "return_timestamps"))
    assert gateway.ask("/dev/captioned_speech", {"input": "Hi.", **nulls}).status == 200


@pytest.mark.parametrize("text", [".", "…", "👍", "%", "@"])
def test_a_symbol_alone_is_spoken(gateway: Serving, text: str) -> None:
    """Its name, or a short silence."""
    answer = gateway.speak(text, response_format="wav")
    assert answer.status == 200
    assert len(answer.body) > 44


@pytest.mark.parametrize(
    "model", ["gpt-4o-mini-tts-2025-12-15", "tts-1-1106", "TTS-1", "openai/tts-1", "Hibari"]
)
def test_names_of_models(gateway: Serving, model: str) -> None:
    """They speak as their undated names, in small letters, without a maker, do."""
    assert gateway.speak("Hi.", model=model, response_format="pcm").status == 200


def test_lists_of_one_model(gateway: Serving) -> None:
    """`?model=` gives its voices, OpenAI's names all of them; what nobody knows is no list."""
    names = {
        model: {
            voice["id"]
            for voice in gateway.ask(f"/v1/audio/voices?model={model}").document["voices"]
        }
        for model in ("hibari", "HIBARI", "noop", "tts-1", "")
    }
    assert names["hibari"] == names["HIBARI"]
    assert names["noop"] == {"tone"}
    assert names["tts-1"] == names[""] >= names["hibari"]
    refused = gateway.ask("/v1/audio/voices?model=gpt-9")
    assert (refused.status, refused.error["code"]) == (404, "unknown_engine")
    legacy = gateway.ask("/v1/audio/voices?legacy=true").document["voices"]
    assert set(legacy) == names[""]


def test_models_where_open_webui_looks(gateway: Serving) -> None:
    """`models` of `/v1/audio/models`, each with id and name, besides OpenAI's list."""
    found = gateway.ask("/v1/audio/models").document
    assert found["data"] == gateway.ask("/v1/models").document["data"]
    assert {(model["id"], model["name"]) for model in found["models"]} >= {("tts-1", "tts-1")}
