"""A body that asks for speech becomes a job, and the job's audio bytes of the wanted format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, NamedTuple, TypeVar, get_args

import msgspec
from aiohttp import web

from supervisor.client.request import Terms
from supervisor.gateway.bodies import parse, read_body
from supervisor.gateway.connections.client_identity import request_client
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.ignored import told
from supervisor.gateway.speech.pace import Pace, PacedJob, SpokenJob, pace_of
from supervisor.gateway.speech.trace_context import trace_context
from supervisor.gateway.speech.voices import engine_of, engine_with, voice_of
from supervisor.speech import LeftOut, Markup, RequestClass, Unreadable
from supervisor.wire.client import Welcome
from supervisor.wire.languages import KOKORO_LETTERS

FORMAT_NAMES: Final = ("mp3", "opus", "aac", "flac", "wav", "pcm", "m4a", "ulaw", "alaw")
"""OpenAI's, and what others have besides."""

NAME_CHARS = 1024
"""Longest name of an engine or a voice: as long as a mix may be."""


CLASS_HEADER: Final = "X-TTS-Class"
"""The class of a request, for programs whose bodies cannot name it."""


HOST_HEADER: Final = "X-TTS-Host"
"""The host of the fleet that speaks, where it is not this one."""


class VoiceId(msgspec.Struct, frozen=True):
    """A voice as OpenAI's newer clients name their own."""

    id: Annotated[str, msgspec.Meta(max_length=NAME_CHARS)]


ModelName = Annotated[
    Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] | None,
    msgspec.Meta(
        description="An engine; OpenAI's names mean the one that has the voice, else the default."
    ),
]
VoiceName = Annotated[
    Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] | VoiceId | None,
    msgspec.Meta(description="A voice, or one of OpenAI's names."),
]
Language = Annotated[
    str | None,
    msgspec.Meta(
        description="BCP 47 tag of the language to read the text in, one that the voice reads; "
        "without a voice, one that reads it speaks."
    ),
]
LangCode = Annotated[
    str | None,
    msgspec.Meta(
        description="The same as Kokoro's letter, in place of `language`: "
        + ", ".join(f"{letter} {tag}" for letter, tag in KOKORO_LETTERS.items())
        + "."
    ),
]
FormatName = Annotated[
    str,
    msgspec.Meta(
        max_length=NAME_CHARS,
        description="In letters of any case; names of other APIs are understood, such as "
        "`linear16` or `mulaw`.",
        extra_json_schema={"enum": list(FORMAT_NAMES)},
    ),
]
Speed = Annotated[
    float, msgspec.Meta(description="A factor, 0.25 to 4; 1.0 is the voice's own pace.")
]


MarkupName = Annotated[
    Markup | None, msgspec.Meta(description="What the text is written in; the default finds out.")
]
UnreadableName = Annotated[
    Unreadable | None,
    msgspec.Meta(description="What becomes of letters that the voice cannot read."),
]
Pronunciations = Annotated[
    dict[str, str | dict[str, str | bool | None] | None] | None,
    msgspec.Meta(
        description="Words, and how they are said: /phonemes/, another spelling, or null for what "
        "is to be read as it is written."
    ),
]


class SpeechRequest(msgspec.Struct, frozen=True):
    """OpenAI's body, and what there is besides; what is not followed is in `ignored`."""

    input: Annotated[str, msgspec.Meta(description="The text.")]
    model: ModelName = None
    voice: VoiceName = None
    language: Language = None
    lang_code: LangCode = None
    response_format: FormatName = "mp3"
    sample_rate: Annotated[
        Annotated[int, msgspec.Meta(ge=8_000, le=48_000)] | None,
        msgspec.Meta(
            description="Samples per second; the engine's own where it is not given, and for raw "
            "samples 24,000, for `ulaw` and `alaw` 8,000."
        ),
    ] = None
    stream: Annotated[
        bool | None,
        msgspec.Meta(
            description="Whether the audio is sent as it is made. False: as a finished file, which "
            "says how long it is; over HTTP/1.0 that is the default."
        ),
    ] = None
    speed: Speed = 1.0
    volume_multiplier: Annotated[
        float, msgspec.Meta(description="A factor, 0 to 2; 1.0 is as loud as the engine speaks.")
    ] = 1.0
    seed: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] | None,
        msgspec.Meta(description="The same seed makes the same samples; without one it is drawn."),
    ] = None
    markup: MarkupName = None
    unreadable: UnreadableName = None
    pronunciations: Pronunciations = None
    allow_voice_tags: Annotated[
        bool, msgspec.Meta(description='The same as `markup: "tags"`, where there is no `markup`.')
    ] = False
    ssml: Annotated[
        bool, msgspec.Meta(description='The same as `markup: "ssml"`, where there is no `markup`.')
    ] = False
    request_class: Annotated[
        Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] | None,
        msgspec.Meta(
            description="How urgent it is: somebody waits for it, listens to it, or neither. By "
            f"the text where it is not given, and not in the header `{CLASS_HEADER}` either.",
            extra_json_schema={"enum": list(get_args(RequestClass))},
        ),
    ] = msgspec.field(default=None, name="class")
    stream_format: Literal["audio", "sse", "json"] = "audio"
    timestamp_granularities: Annotated[
        list[Literal["word"]] | None,
        msgspec.Meta(description="Times of the words, in the events or the JSON of the answer."),
    ] = None


Body = TypeVar("Body", bound=SpeechRequest)


async def asked(request: web.Request, kind: type[Body]) -> tuple[Body, dict[str, str]]:
    """The body of a request, and the header that tells what of it is ignored. Raises ApiError."""
    body = await read_body(request)
    return parse(body, kind), told(body)


class Order(NamedTuple):
    """What the supervisor is asked for: beside the text and the seed of the body."""

    voice: str | None
    engine: str | None
    pace: Pace
    terms: Terms


async def accepted(
    context: Context,
    request: web.Request,
    wanted: SpeechRequest,
    *,
    words: bool,
    open: bool = False,
) -> SpokenJob:
    """Submit a body's text as a job of the request's client; with `words` for their times, too.
    An `open` one is the first of a text that goes on.

    Raises ApiError, SupervisorError for a refusal.
    """
    voice, engine, pace, terms = await order_of(context, request, wanted)
    terms["words"], terms["open"] = words, open
    job = await context.client.submit(
        wanted.input, voice, engine, pace.speed, seed=wanted.seed, **terms
    )
    context.metrics.spoken_by(job.host)
    return job if pace.tempo == 1.0 else PacedJob(job, pace.tempo, context.encoders)


async def order_of(context: Context, request: web.Request, wanted: SpeechRequest) -> Order:
    """What a body asks the supervisor for. Raises ApiError, SupervisorError."""
    terms = trace_context(request)
    terms["volume"] = wanted.volume_multiplier
    terms["markup"], terms["unreadable"] = _markup(wanted), wanted.unreadable
    terms["pronunciations"] = wanted.pronunciations
    terms["language"] = asked_language(wanted.language, wanted.lang_code)
    terms["on_behalf"] = request_client(request, context.settings)
    terms["request_class"] = _class(wanted.request_class, request.headers.get(CLASS_HEADER))
    welcome = await context.welcome()
    engine, voice = engine_and_voice(wanted.model, wanted.voice, terms["language"], welcome)
    pace = pace_of(wanted.speed, engine, None if voice else terms["language"], welcome)
    terms["tempo"] = pace.tempo
    return Order(voice, engine, pace, terms)


def _class(named: str | None, header: str | None) -> str | None:
    """The class of a request, that of the body before that of the header."""
    given = header if named is None else named
    return None if given is None else given.strip().lower()


def _markup(wanted: SpeechRequest) -> Markup | None:
    """What the text is written in, by either way to say so."""
    by_flags: Markup | None = "ssml" if wanted.ssml else "tags" if wanted.allow_voice_tags else None
    return wanted.markup or by_flags


def engine_and_voice(
    model: str | None, voice: VoiceId | str | None, language: str | None, welcome: Welcome
) -> tuple[str | None, str | None]:
    """What the supervisor is asked for: names of its engines and voices, None for the default."""
    name = voice.id if isinstance(voice, VoiceId) else voice
    engine = engine_of(model, welcome.engines)
    if engine is None and name:
        engine = engine_with(name, welcome)
    described = welcome.engines.get(engine or welcome.default_engine, {})
    return engine, voice_of(name, language, described)


def asked_language(language: str | None, lang_code: str | None) -> str | None:
    """The tag of the language that a body asks for. Raises ApiError."""
    if lang_code is None:
        return language
    if language is not None:
        reason = "give `language` or `lang_code`, not both"
        raise ApiError(400, reason, code="bad_value", param="lang_code")
    if lang_code not in KOKORO_LETTERS:
        reason = f"`lang_code` is one of {', '.join(KOKORO_LETTERS)}; `language` takes any tag"
        raise ApiError(400, reason, code="bad_value", param="lang_code")
    return KOKORO_LETTERS[lang_code]


def headers_of(job: SpokenJob) -> dict[str, str]:
    """What is known of a job before its audio."""
    by = {} if job.host is None else {HOST_HEADER: job.host}
    return {"X-Job-Id": job.id, **by, **told_left_out(job.left_out)}


def told_left_out(left_out: Iterable[LeftOut]) -> dict[str, str]:
    """The header that tells what was left out, if anything was; a header has few characters."""
    told = "; ".join(map(str, left_out))
    safe = "".join(char if char.isascii() and char.isprintable() else "?" for char in told)
    return {"X-Left-Out": safe} if safe else {}
