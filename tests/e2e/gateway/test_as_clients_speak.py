"""Requests as real programs send them, each of which some server refused."""

from __future__ import annotations

import base64
from typing import Any

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


@pytest.mark.parametrize(
    "path",
    ["/health", "/v1/models", "/v1/models/tts-1", "/v1/audio/voices", "/metrics", "/openapi.json"],
)
def test_a_slash_at_the_end(gateway: Serving, path: str) -> None:
    """It is the same address, whatever is asked of it, and no redirection."""
    with_slash = gateway.ask(f"{path}/")
    assert with_slash.status == gateway.ask(path).status == 200
    assert gateway.ask(f"{path}/", method="HEAD").status == 200


def test_a_slash_at_the_end_of_speech(gateway: Serving) -> None:
    """A POST is not sent again; metrics count it as what it is."""
    body = {"input": "Hi.", "model": "noop"}
    assert gateway.ask("/v1/audio/speech/", body).status == 200
    counted = gateway.ask("/metrics").body.decode()
    assert 'route="/v1/audio/speech"' in counted
    assert 'route="/v1/audio/speech/"' not in counted


@pytest.mark.parametrize("path", ["/v1//audio/speech", "//v1/audio///speech/"])
def test_a_slash_in_between(gateway: Serving, path: str) -> None:
    """Open WebUI's, where the base that it is given ends with one; counted as what it is."""
    assert gateway.ask(path, {"input": "Hi.", "model": "noop"}).status == 200
    voices = gateway.ask(path.replace("speech", "voices?model=noop").rstrip("/")).document
    assert [voice["id"] for voice in voices["voices"]] == ["tone"]
    assert 'route="//' not in gateway.ask("/metrics").body.decode()


def test_a_base_without_its_version(gateway: Serving) -> None:
    """Who forgot it is told where it is."""
    refused = gateway.ask("/audio/speech", {"input": "Hi."})
    assert (refused.status, refused.error["code"]) == (404, "unknown_url")
    assert "/v1" in str(refused.error["message"])


def test_a_request_has_a_name(gateway: Serving) -> None:
    """The client's own, else one of ours; what could be no name is not taken over."""
    ours = {gateway.ask("/health").headers["X-Request-Id"] for _ in range(3)}
    assert len(ours) == 3
    named = {"X-Request-Id": "trace-7:a/b=1"}
    for path in ("/health", "/v1/models", "/nowhere", "/v1/audio/voices?model=gpt-9"):
        assert gateway.ask(path, headers=named).headers["X-Request-Id"] == "trace-7:a/b=1"
    spoken = gateway.ask("/v1/audio/speech", {"input": "Hi.", "model": "noop"}, headers=named)
    assert spoken.headers["X-Request-Id"] == "trace-7:a/b=1"
    for name in ("", "a b", "x" * 129, "é", "a\tb"):
        given = gateway.ask("/health", headers={"X-Request-Id": name}).headers["X-Request-Id"]
        assert given.startswith("req_"), given


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


@pytest.mark.parametrize(
    ("speed", "own"), [(0.25, 0.5), (0.3, 0.5), (0.7, 0.7), (2.0, 2.0), (2.5, 2.0), (4.0, 2.0)]
)
def test_every_speed(gateway: Serving, speed: float, own: float) -> None:
    """OpenAI's range, beyond the `own` that the engine can do: its words in so much time, each
    heard when it is told to be.
    """
    text = "Good evening, this is the news of today, read as fast or as slowly as you like."

    def spoken(pace: float) -> dict[str, Any]:
        fields: dict[str, Any] = {"stream_format": "json", "timestamp_granularities": ["word"]}
        answer = gateway.speak(
            text, model="hibari", seed=1, speed=pace, response_format="pcm", **fields
        )
        document: dict[str, Any] = answer.document
        return document

    by_engine, wanted = spoken(own), spoken(speed)
    samples = [len(base64.b64decode(document["audio"])) // 2 for document in (by_engine, wanted)]
    assert samples[1] == pytest.approx(samples[0] * own / speed, abs=1)
    assert len(wanted["words"]) == len(text.split())
    for before, after in zip(by_engine["words"], wanted["words"], strict=True):
        assert after["word"] == before["word"]
        assert after["start"] == pytest.approx(before["start"] * own / speed, abs=0.001)
        assert after["text_start"] == before["text_start"]


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_a_silence_that_is_asked_for_is_as_long_at_any_speed(
    gateway: Serving, speed: float
) -> None:
    """Also where the engine cannot speak that fast or slowly, and its audio is made so."""
    sizes = [
        len(
            gateway.speak(
                f"Yes. [pause:{seconds}s] No.",
                model="hibari",
                seed=1,
                speed=speed,
                response_format="pcm",
            ).body
        )
        for seconds in (1, 3)
    ]
    assert (sizes[1] - sizes[0]) / 2 / 24_000 == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("speed", [0.24, 4.01, 0, -1])
def test_no_speed(gateway: Serving, speed: float) -> None:
    """What is beyond it is refused, with the bounds."""
    refused = gateway.speak("Hi.", speed=speed)
    assert (refused.status, refused.error["param"]) == (400, "speed")
    assert "0.25 to 4" in str(refused.error["message"])


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
