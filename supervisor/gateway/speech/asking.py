"""A body that asks for speech becomes a job, and the job's audio bytes of the wanted format."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from supervisor.audio.formats import FORMATS, AudioFormat
from supervisor.client import AsyncJob
from supervisor.gateway.connections.client_identity import request_client
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.trace_context import trace_context
from supervisor.gateway.speech.voices import KOKORO_LANGUAGES, engine_of, voice_of
from supervisor.speech import LeftOut, Markup, Unreadable
from supervisor.wire.client import Welcome

FormatName = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
"""OpenAI's, of those that there are."""

NAME_CHARS = 1024
"""Longest name of an engine or a voice: as long as a mix may be."""


class VoiceId(msgspec.Struct, frozen=True):
    """A voice as OpenAI's newer clients name their own."""

    id: Annotated[str, msgspec.Meta(max_length=NAME_CHARS)]


ModelName = Annotated[
    Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] | None,
    msgspec.Meta(description="An engine; OpenAI's names mean the default one."),
]
VoiceName = Annotated[
    Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] | VoiceId | None,
    msgspec.Meta(description="A voice of the engine, or one of OpenAI's names."),
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
        + ", ".join(f"{letter} {tag}" for letter, tag in KOKORO_LANGUAGES.items())
        + "."
    ),
]
Speed = Annotated[float, msgspec.Meta(description="A factor; 1.0 is the voice's own pace.")]


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
    """OpenAI's body, without `instructions`, which no engine here could follow."""

    input: Annotated[str, msgspec.Meta(description="The text.")]
    model: ModelName = None
    voice: VoiceName = None
    language: Language = None
    lang_code: LangCode = None
    response_format: FormatName = "mp3"
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
    stream_format: Literal["audio", "sse", "json"] = "audio"
    timestamp_granularities: Annotated[
        list[Literal["word"]] | None,
        msgspec.Meta(description="Times of the words, in the events or the JSON of the answer."),
    ] = None


async def accepted(
    context: Context,
    request: web.Request,
    wanted: SpeechRequest,
    *,
    words: bool,
    open: bool = False,
) -> AsyncJob:
    """Submit a body's text as a job of the request's client; with `words` for their times, too.
    An `open` one is the first of a text that goes on.

    Raises ApiError, SupervisorError for a refusal.
    """
    terms = trace_context(request)
    terms["volume"], terms["words"] = wanted.volume_multiplier, words
    terms["open"] = open
    terms["markup"], terms["unreadable"] = wanted.markup, wanted.unreadable
    terms["pronunciations"] = wanted.pronunciations
    terms["language"] = asked_language(wanted.language, wanted.lang_code)
    terms["on_behalf"] = request_client(request, context.settings)
    welcome = await context.welcome()
    engine, voice = engine_and_voice(wanted.model, wanted.voice, terms["language"], welcome)
    return await context.client.submit(
        wanted.input, voice, engine, wanted.speed, seed=wanted.seed, **terms
    )


def engine_and_voice(
    model: str | None, voice: VoiceId | str | None, language: str | None, welcome: Welcome
) -> tuple[str | None, str | None]:
    """What the supervisor is asked for: names of its engines and voices, None for the default."""
    engine = engine_of(model)
    name = voice.id if isinstance(voice, VoiceId) else voice
    described = welcome.engines.get(engine or welcome.default_engine, {})
    return engine, voice_of(name, language, described)


def asked_language(language: str | None, lang_code: str | None) -> str | None:
    """The tag of the language that a body asks for. Raises ApiError."""
    if lang_code is None:
        return language
    if language is not None:
        reason = "give `language` or `lang_code`, not both"
        raise ApiError(400, reason, code="bad_value", param="lang_code")
    if lang_code not in KOKORO_LANGUAGES:
        reason = f"`lang_code` is one of {', '.join(KOKORO_LANGUAGES)}; `language` takes any tag"
        raise ApiError(400, reason, code="bad_value", param="lang_code")
    return KOKORO_LANGUAGES[lang_code]


def encoded(
    context: Context,
    job: AsyncJob,
    wanted: SpeechRequest,
    count: Callable[[int], None] = lambda _samples: None,
) -> AsyncIterator[bytes]:
    """The job's audio as bytes of the wanted format; `count` gets the samples in each piece.

    Raises SupervisorError.
    """
    return in_format(context, job, FORMATS[wanted.response_format], count)


async def in_format(
    context: Context,
    job: AsyncJob,
    format: AudioFormat,
    count: Callable[[int], None] = lambda _samples: None,
) -> AsyncIterator[bytes]:
    """The same in this format."""
    encoder = await context.encoders.open(format, job.sample_rate)
    async for samples in job:
        count(len(samples))
        piece = await encoder.encode(samples)
        del samples  # Four times what is sent of them, and the reader may be slow.
        yield piece
    yield await encoder.finish()


def headers_of(job: AsyncJob) -> dict[str, str]:
    """What is known of a job before its audio."""
    headers = {"X-Job-Id": job.id}
    if job.left_out:
        headers["X-Left-Out"] = _header(job.left_out)
    return headers


def _header(left_out: Iterable[LeftOut]) -> str:
    """What was left out as the value of a header, which has few characters."""
    told = "; ".join(map(str, left_out))
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in told)
