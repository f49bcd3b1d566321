"""A language that a client asks for: what it is read in, by whom, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from supervisor.broker.refused import Refused
from supervisor.broker.requests import complete, read_request
from supervisor.config import Settings
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Prosody
from supervisor.wire.client import Submit
from supervisor.wire.worker import Catalogue, EngineState, VoiceState


def voice(name: str, *languages: str) -> VoiceState:
    """A voice of its own language, which comes first, and of others."""
    return VoiceState(name, languages[0], "MIT", 24_000, languages)


VOICES = (
    voice("af_bella", "en-US"),
    voice("af_heart", "en-US"),
    voice("bf_emma", "en-GB", "en-US"),
    voice("ef_dora", "es", "en-US"),
    voice("em_alex", "es", "en-US"),
    voice("jf_alpha", "ja", "en-US"),
    voice("pf_dora", "pt-BR", "en-US"),
)
GERMAN = (voice("eva", "de-DE"), voice("hans", "de-AT"))
CATALOGUE = Catalogue(
    (
        EngineState("many", 24_000, "af_heart", VOICES, "MIT", 0.5, 2.0, None, mixes=True),
        EngineState("german", 24_000, "eva", GERMAN, "MIT", 0.5, 2.0, None),
        replace(
            EngineState("gone", 24_000, "x", (voice("x", "fr"),), "MIT", 0.5, 2.0, "install it"),
            further_languages={"zh": "pip install 'some[zh]'", "en-GB": "never told"},
        ),
    )
)


def read(text: str = "Hello there.", **fields: Any) -> JobRequest:
    """The job request for a SUBMIT with these fields."""
    settings = Settings.model_validate({"engines": {"default": "many"}})
    submit = Submit(id="a", **fields)
    request, reading = read_request(submit, text, CATALOGUE, settings, 0.0)
    while not reading.ended:
        reading.step()
    return complete(request, reading)


def spoken(**fields: Any) -> tuple[str, str, str | None]:
    """The engine, the voice and the language of a request; None is the voice's own."""
    speech = read(**fields).speech
    return speech.engine, speech.voice, speech.language


@pytest.mark.parametrize(
    ("name", "asked", "language"),
    [
        ("bf_emma", None, None),
        ("bf_emma", "en", None),
        ("bf_emma", "en-GB", None),
        ("bf_emma", "en_us", "en-US"),
        ("ef_dora", "es-MX", None),
        ("ef_dora", "EN", "en-US"),
        ("pf_dora", "pt", None),
        ("af_heart", "en-GB", None),
        ("jf_alpha", "en", "en-US"),
        ("jf_alpha(2)+af_heart(1)", "en", "en-US"),
        ("af_heart(2)+jf_alpha(1)", "en", None),
        ("ef_dora(2)+af_heart(1)", "es", None),
    ],
)
def test_a_voice_reads_a_language_of_its(
    name: str, asked: str | None, language: str | None
) -> None:
    """The engine is told the tag that it knows, or nothing where it is the voice's own."""
    assert spoken(voice=name, language=asked) == ("many", name, language)


@pytest.mark.parametrize(
    ("asked", "engine", "name"),
    [
        ("en", None, "af_heart"),
        ("en-AU", None, "af_heart"),
        ("en-GB", None, "bf_emma"),
        ("es", None, "ef_dora"),
        ("pt-PT", None, "pf_dora"),
        ("de", None, "eva"),
        ("de-AT", None, "hans"),
        ("de", "german", "eva"),
    ],
)
def test_a_language_alone_takes_a_voice_of_it(asked: str, engine: str | None, name: str) -> None:
    """The default one if it is one, else the first; of another engine where none is named."""
    expected = "german" if name in {"eva", "hans"} else "many"
    assert spoken(language=asked, engine=engine) == (expected, name, None)
    assert spoken(language=asked, engine=engine, voice="") == (expected, name, None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"voice": "af_heart", "language": "es"},
            "voice af_heart reads en-US; es is read by ef_dora, em_alex",
        ),
        (
            {"voice": "ef_dora", "language": "de"},
            "voice ef_dora reads es, en-US; de is read by eva of german, hans of german",
        ),
        (
            {"voice": "af_heart(2)+ef_dora(1)", "language": "es"},
            "voice af_heart, the largest part of the mix, reads en-US; es is read by ef_dora, em_",
        ),
        (
            {"engine": "german", "language": "pt"},
            "engine german reads de-DE, de-AT; pt is read by pf_dora of many",
        ),
        (
            {"voice": "bf_emma", "language": "fr"},
            "voice bf_emma reads en-GB, en-US; no voice reads fr; nearest: ",
        ),
        (
            {"voice": "bf_emma", "language": "xx-YY-zz"},
            "voice bf_emma reads en-GB, en-US; no voice reads xx-YY-zz; nearest: ",
        ),
        (
            {"engine": "german", "language": "zh-TW"},
            (
                "engine german reads de-DE, de-AT; no voice here reads zh-TW; for gone to read it: "
                "pip install 'some[zh]', then restart the supervisor"
            ),
        ),
    ],
)
def test_a_language_that_nobody_speaks_is_refused(fields: Mapping[str, str], message: str) -> None:
    """With what the voice reads, and who reads it, what to install, or what comes nearest."""
    with pytest.raises(Refused) as refused:
        read(**fields)
    assert (refused.value.code, refused.value.field) == ("unknown_language", "language")
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("language", ["", " ", "e", "en us", "\x1b[2J", "en-" + "x" * 10_000])
@pytest.mark.parametrize("name", [None, "af_heart"])
def test_what_is_no_tag_is_refused(name: str | None, language: str) -> None:
    """In a line that a terminal can show, whatever its length was."""
    with pytest.raises(Refused, match="is no language tag: write one such as en") as refused:
        read(voice=name, language=language)
    assert (refused.value.code, refused.value.field) == ("out_of_range", "language")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


def test_the_text_is_prepared_in_that_language() -> None:
    """Where it is cut, which letters are read, which pronunciations hold."""
    japanese = "はい。" * 40
    own = read(japanese, voice="jf_alpha").segments
    assert read(japanese, voice="jf_alpha", language="ja").segments == own
    assert not any(part.text for part in read(japanese, voice="jf_alpha", language="en").segments)
    said = {"chat": {"say": "shah", "language": "es"}}
    for language, text in ((None, "shah"), ("es", "shah"), ("en", "chat")):
        request = read("chat", voice="ef_dora", language=language, pronunciations=said)
        assert [part.text for part in request.segments] == [text]


def test_other_voices_of_a_text_read_that_language_if_they_can() -> None:
    """Each its own where nothing was asked for, or where it reads nothing like it."""
    text = '<speak>A <voice name="em_alex">b</voice> <voice name="af_bella">c</voice></speak>'

    def parts(language: str | None) -> list[tuple[str, str | None]]:
        request = read(text, voice="ef_dora", language=language)
        manners = [part.prosody or Prosody() for part in request.segments]
        speeches = [manner.applied(request.speech) for manner in manners]
        return [(speech.voice, speech.language) for speech in speeches]

    assert parts(None) == [("ef_dora", None), ("em_alex", None), ("af_bella", None)]
    assert parts("es") == [("ef_dora", None), ("em_alex", None), ("af_bella", None)]
    assert parts("en") == [("ef_dora", "en-US"), ("em_alex", "en-US"), ("af_bella", None)]


@pytest.mark.parametrize("language", [None, "en-US"])
def test_a_manner_is_kept_as_it_is_written_down(language: str | None) -> None:
    """In the journal, where a job's parts are lines."""
    manner = Prosody(rate=1.5, voice="em_alex", language=language)
    assert Prosody.decoded(manner.encoded()) == manner


def test_a_language_makes_another_request() -> None:
    """Under one key, too; and none is the request of ever."""
    mine = read(key="k").fingerprint
    assert read(key="k", language=None).fingerprint == mine
    assert read(key="k", language="en").fingerprint != mine
