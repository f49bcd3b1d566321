"""From SUBMIT to a job or a refusal: each thing that may be wrong, with its code and its words."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from supervisor.broker.refused import Refused
from supervisor.broker.requests import (
    MAX_CREDIT,
    MAX_DEADLINE_MS,
    MAX_SEED,
    complete,
    read_again,
    read_open_request,
    read_request,
    read_text,
)
from supervisor.config import Settings
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest, TraceContext
from supervisor.wire.client import Submit
from supervisor.wire.worker import Catalogue, EngineState, VoiceState

NOW = 50.0

TRACED = Settings.model_validate({"tracing": {"enabled": True}})
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

VOICES = tuple(
    VoiceState(name, "en-US", "Apache-2.0", 24_000)
    for name in ("heart", "bella", "michael", "emma")
)
MIXED = (
    VoiceState("alpha", "en-US", "Apache-2.0", 24_000),
    VoiceState("beta", "ja", "Apache-2.0", 24_000),
    VoiceState("c+d", "fr", "Apache-2.0", 24_000),
)
RATES = (
    VoiceState("wide", "en-US", "MIT", 22_050),
    VoiceState("narrow", "de-DE", "MIT", 16_000),
    VoiceState("slim", "de-DE", "MIT", 16_000),
)
CATALOGUE = Catalogue(
    (
        EngineState("hibari", 24_000, "heart", VOICES, "Apache-2.0", 0.5, 2.0, None),
        EngineState("kokoro", 24_000, "", (), "", 0.5, 2.0, "pip install 'tts-supervisor[kokoro]'"),
        EngineState("mixer", 24_000, "alpha", MIXED, "Apache-2.0", 0.5, 2.0, None, mixes=True),
        EngineState("rates", 22_050, "wide", RATES, "MIT", 0.5, 2.0, None, mixes=True),
        EngineState("test", 24_000, "heart", VOICES, "MIT", 0.5, 2.0, None, offered=False),
    )
)


def read(
    text: str = "Hello there.",
    fields: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
) -> JobRequest:
    """The job request for a SUBMIT with these fields."""
    submit = Submit(**{"id": "a", **(fields or {})})
    request, reading = read_request(submit, text, CATALOGUE, settings or Settings(), NOW)
    while not reading.ended:
        reading.step()
    return complete(request, reading)


def test_what_is_left_open_is_filled_in() -> None:
    """Default engine, its default voice, and a seed of our own that the protocol can carry."""
    request = read()
    assert (request.speech.engine, request.speech.voice) == ("hibari", "heart")
    assert request.sample_rate == 24_000
    assert request.segments == sentences("Hello there.")
    assert 0 <= request.speech.seed <= MAX_SEED
    assert read(fields={"seed": 0}).speech.seed == 0


def test_terms_are_taken_over_and_a_deadline_counts_from_now() -> None:
    """Priority and durability as asked; milliseconds on the wire are a moment in here."""
    request = read(fields={"priority": 9, "deadline_ms": 1500, "durable": True})
    assert (request.priority, request.deadline, request.durable) == (9, NOW + 1.5, True)
    assert read().deadline is None


@pytest.mark.parametrize(
    "other",
    [{"engine": "hibari"}, {"voice": "bella"}, {"speed": 1.5}, {"seed": 7}, {"durable": True}],
)
def test_the_fingerprint_tells_requests_apart(other: dict[str, Any]) -> None:
    """Whatever decides what is spoken, or was promised about it, is in it; and so is the text."""
    mine = read(fields={"key": "k"}).fingerprint
    assert read(fields={"key": "k", **other}).fingerprint != mine
    assert read("Hello here.", {"key": "k"}).fingerprint != mine
    assert not read().fingerprint


def test_a_later_attempt_has_the_same_fingerprint() -> None:
    """Less time left, another request id, other credit: it is the same request still."""
    first = read(fields={"key": "k", "deadline_ms": 9000})
    later = {"id": "b", "key": "k", "deadline_ms": 50, "priority": 9, "credit": 0, "progress": True}
    assert read(fields=later).fingerprint == first.fingerprint


def test_the_order_of_pronunciations_makes_no_other_request() -> None:
    """They come in a map, which a client may write in any order; what they say counts."""
    said = {"Nguyen": "win", "Read": {"say": "red", "case": True}}
    turned = {"Read": {"case": True, "say": "red"}, "Nguyen": "win"}
    mine = read(fields={"key": "k", "pronunciations": said}).fingerprint
    assert read(fields={"key": "k", "pronunciations": turned}).fingerprint == mine
    other = {**said, "Nguyen": "wen"}
    assert read(fields={"key": "k", "pronunciations": other}).fingerprint != mine


def test_a_trace_context_is_kept_where_jobs_are_traced() -> None:
    """As it came, with the moment of its arrival; and nothing at all where they are not."""
    fields = {"traceparent": TRACEPARENT, "tracestate": "a=1", "key": "k"}
    traced = read(fields=fields, settings=TRACED)
    assert traced.trace == TraceContext(TRACEPARENT, "a=1", NOW)
    assert read(fields=fields).trace is None
    assert traced.fingerprint == read(fields={"key": "k"}).fingerprint, "it is the same request"


@pytest.mark.parametrize("value", [None, "", "x" * 513, "\u00e9"])
def test_what_can_be_no_trace_context_is_none(value: str | None) -> None:
    """The job is traced all the same, and does not keep what a client made up."""
    fields = {"traceparent": value, "tracestate": value}
    assert read(fields=fields, settings=TRACED).trace == TraceContext("", "", NOW)


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"speed": math.nan}, "out_of_range", "speed nan is outside 0.5"),
        ({"speed": math.inf}, "out_of_range", "speed inf is outside 0.5"),
        ({"speed": 0.0}, "out_of_range", "outside 0.5 to 2"),
        ({"speed": -1.0}, "out_of_range", "outside 0.5 to 2"),
        ({"speed": 2.1}, "out_of_range", "outside 0.5 to 2"),
        ({"seed": -1}, "out_of_range", "seed"),
        ({"seed": MAX_SEED + 1}, "out_of_range", "seed"),
        ({"credit": -1}, "out_of_range", "credit"),
        ({"credit": MAX_CREDIT + 1}, "out_of_range", "credit"),
        ({"priority": -1}, "out_of_range", "priority"),
        ({"priority": 10}, "out_of_range", "priority"),
        ({"deadline_ms": -1}, "out_of_range", "deadline_ms"),
        ({"deadline_ms": MAX_DEADLINE_MS + 1}, "out_of_range", "deadline_ms"),
        ({"key": ""}, "bad_message", "1 to 256"),
        ({"key": "x" * 257}, "bad_message", "1 to 256"),
        ({"id": ""}, "bad_message", "1 to 128"),
        ({"id": "x" * 129}, "bad_message", "1 to 128"),
        ({"engine": "hibary"}, "unknown_engine", "nearest: hibari"),
        ({"engine": "zzz"}, "unknown_engine", "there are: hibari, kokoro, mixer, rates$"),
        ({"engine": "kokoro"}, "engine_unavailable", "pip install"),
        ({"voice": "hart"}, "unknown_voice", "nearest: heart"),
        ({"voice": "zzz"}, "unknown_voice", "there are: heart, bella"),
    ],
)
def test_each_wrong_field_is_refused_by_its_code(
    fields: dict[str, Any], code: str, words: str
) -> None:
    """And the message holds what helps: the bounds, or the nearest names."""
    with pytest.raises(Refused, match=words) as refusal:
        read(fields=fields)
    assert refusal.value.code == code
    assert not refusal.value.retryable


@pytest.mark.parametrize("text", ["", " \n\t", "\u0301\u200b", "\ufeff"])
def test_an_empty_text_is_refused(text: str) -> None:
    """Nothing can be seen of it: somebody forgot it."""
    with pytest.raises(Refused, match="the text is empty") as refusal:
        read(text)
    assert refusal.value.code == "empty_text"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *[
            (silent, "")
            for silent in ("...", "?!", "— … “”", "* * *", "---", "こんばんは", "<p></p>")
        ],
        *[(named, named) for named in ("%", "👍", "👍🏽 ❤️", "+ =")],
    ],
)
def test_a_text_of_signs_is_their_names_or_a_silence(text: str, said: str) -> None:
    """A client that hands in one sentence after the other must not fail over a row of dots."""
    assert read(text).segments == sentences(said)


@pytest.mark.parametrize("field", ["engine", "voice"])
def test_a_very_long_name_does_not_come_back_in_full(field: str) -> None:
    """A message is for people, and must not carry a client's 16 KB back and into logs."""
    with pytest.raises(Refused) as refusal:
        read(fields={field: "\x1b" * 10_000})
    assert len(str(refusal.value)) < 500
    assert "\x1b" not in str(refusal.value)


def test_text_must_be_utf8_without_nul_and_within_bounds() -> None:
    """The place of the fault is named, so that it can be found in a book."""
    assert read_text("Grüße".encode(), 100) == "Grüße"
    for body, code, words in (
        (b"abc\xff", "bad_text", "byte 3 is 0xff"),
        (b"\xed\xa0\x80", "bad_text", "byte 0 is 0xed"),
        (b"ab\0c", "bad_text", "NUL character at position 2"),
        (b"x" * 101, "text_too_long", "101 bytes, more than 100"),
    ):
        with pytest.raises(Refused, match=words) as refusal:
            read_text(body, 100)
        assert refusal.value.code == code


@pytest.mark.parametrize(
    ("asked", "voice"),
    [
        ("alpha(2)+beta(1)", "alpha(2)+beta(1)"),
        ("alpha(1)+alpha(1)", "alpha"),
        ("beta(3)", "beta"),
        ("c+d", "c+d"),
    ],
)
def test_a_mix_is_taken_as_it_stands_and_one_of_one_voice_is_that_voice(
    asked: str, voice: str
) -> None:
    """A voice whose name looks like a mix is itself."""
    assert read(fields={"engine": "mixer", "voice": asked}).speech.voice == voice


def test_a_mix_is_cut_in_the_language_of_its_largest_part() -> None:
    """Japanese ends its sentences without a space."""
    text = "\u306f\u3044\u3002" * 40
    japanese = read(text, {"engine": "mixer", "voice": "beta"}).segments
    assert read(text, {"engine": "mixer", "voice": "alpha(1)+beta(2)"}).segments == japanese


@pytest.mark.parametrize(
    ("engine", "voice", "code", "says"),
    [
        ("mixer", "alpha+bata", "unknown_voice", "has no voice 'bata'; nearest: beta"),
        ("mixer", "alpha(0)+beta", "out_of_range", "voice: the weight of 'alpha' must be"),
        ("mixer", "alpha+", "out_of_range", "is no voice with a weight"),
        ("mixer", "+".join(["alpha"] * 9), "out_of_range", "at most 8 voices"),
        ("hibari", "heart+bella", "unknown_voice", "'heart+bella', and it cannot mix voices"),
    ],
)
def test_a_mix_that_cannot_be_is_refused(engine: str, voice: str, code: str, says: str) -> None:
    """With the part that is wrong, or the engine that cannot."""
    with pytest.raises(Refused) as caught:
        read(fields={"engine": engine, "voice": voice})
    assert caught.value.code == code
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("voice", "rate"),
    [(None, 22_050), ("narrow", 16_000), ("narrow+slim(2)", 16_000)],
)
def test_a_job_has_the_rate_of_its_voice(voice: str | None, rate: int) -> None:
    """The default voice's, the one that was asked for, or that of all voices of a mix."""
    assert read(fields={"engine": "rates", "voice": voice}).sample_rate == rate


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Hello.", {"voice": "wide+slim"}),
        ('<speak>One. <voice name="slim">Two.</voice></speak>', {"voice": "wide"}),
    ],
)
def test_voices_of_two_rates_do_not_speak_in_one_job(text: str, fields: dict[str, str]) -> None:
    """Neither in a mix nor in turns: the audio of a job has one sample rate."""
    with pytest.raises(
        Refused, match="'wide' speaks at 22050 Hz and 'slim' at 16000 Hz"
    ) as refused:
        read(text, {"engine": "rates", **fields})
    assert (refused.value.code, refused.value.field) == ("out_of_range", "voice")


def test_silences_are_those_of_the_moment_in_which_the_job_came() -> None:
    """A change holds for the jobs after it, so that a job sounds the same to its end."""
    settings = Settings.model_validate(
        {"segments": {"sentence_pause_s": 0.1, "heading_pause_s": 0.2, "paragraph_pause_s": 3}}
    )
    request = read("A title\n\nOne.\n\nTwo, and", settings=settings)
    ends = [part.ends for part in request.segments]
    assert ends == ["heading", "paragraph", "sentence"]
    assert [request.pauses.after(end, 2.0) for end in ends] == [0.1, 1.5, 0.05]
    assert request.pauses.after("phrase", 2.0) == 0
    assert request.pauses.after(1.5, 2.0) == 1.5, "what a text asks for is the same at any speed"


def test_an_option_that_is_left_open_is_not_in_the_fingerprint() -> None:
    """Nor one that says the default, however it came: the request is the same."""
    mine = read(fields={"key": "k"}).fingerprint
    came = msgspec.msgpack.decode(msgspec.msgpack.encode({"speed": 1.0, "volume": 1.0}))
    assert read(fields={"key": "k", **came}).fingerprint == mine
    bare = hashlib.blake2b(msgspec.msgpack.encode(({}, False, "Hello.")), digest_size=16)
    assert read("Hello.", {"key": "k"}).fingerprint == bare.digest(), "as any later version has it"


def test_a_durable_open_text_is_read_on_by_the_voice_that_began_it() -> None:
    """Though another engine is the default one after the restart, or a mix was asked for."""
    for asked, default, language in (
        (Submit("a", open=True, durable=True), "hibari", "en-US"),
        (Submit("a", open=True, durable=True, language="de"), "rates", "de-DE"),
        (Submit("a", open=True, durable=True, voice="alpha+beta(2)"), "mixer", "ja"),
    ):
        before = Settings.model_validate({"engines": {"default": default}})
        request, _read, first = read_open_request(asked, CATALOGUE, before, NOW)
        after = Settings.model_validate({"engines": {"default": "test"}})
        _read, later = read_again(request, CATALOGUE, after, NOW)
        assert first == later == language
