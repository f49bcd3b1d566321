"""Addresses that the users of Kokoro-FastAPI know, beside those of `captioned`.

`/dev/dialogue` speaks turns in one answer, `/dev/phonemize` tells phonemes, and
`/v1/audio/voices/combine` the name of a mix, which is a voice like any other: there is no file to
be kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from aiohttp import web

from supervisor.gateway.bodies import parse, parse_as, read_body, when_wanted
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech import routes as speech
from supervisor.gateway.speech.asking import NAME_CHARS, SpeechRequest, asked
from supervisor.gateway.speech.phonemes import BODY_BYTES, PhonemesRequest, phonemes_of
from supervisor.gateway.speech.voices import mix

COMBINE: Final = "/v1/audio/voices/combine"
_MOST_NAMES: Final = 8
_COMBINE_BYTES: Final = 16 * 1024

VoiceNames = (
    Annotated[str, msgspec.Meta(max_length=NAME_CHARS)]
    | Annotated[
        list[Annotated[str, msgspec.Meta(max_length=NAME_CHARS)]],
        msgspec.Meta(max_length=_MOST_NAMES),
    ]
)


_VOICE_NAMES: Final[msgspec.json.Decoder[str | list[str]]] = msgspec.json.Decoder(VoiceNames)


class PhonemizeRequest(msgspec.Struct, frozen=True):
    """A text, and the letter of its language, as `lang_code` of speech has it."""

    text: str
    language: str = "a"


class Phonemized(msgspec.Struct, frozen=True):
    """Answer of `POST /dev/phonemize`. `tokens` is empty: no client's text becomes them here."""

    phonemes: str
    tokens: list[int]


class Turn(msgspec.Struct, frozen=True):
    """What one speaker says; `voice_id` is the same as `voice`."""

    text: str
    voice: Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] = ""
    voice_id: Annotated[str, msgspec.Meta(max_length=NAME_CHARS)] = ""


class DialogueRequest(SpeechRequest, frozen=True, kw_only=True):
    """Turns in their order, in place of a text; the rest as for speech."""

    input: str = ""
    turns: Annotated[list[Turn], msgspec.Meta(min_length=1)]
    pause_between_turns: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0


def routes(context: Context) -> list[web.RouteDef]:
    """POST /dev/dialogue, /dev/phonemize and /v1/audio/voices/combine."""

    async def dialogue(request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        wanted, ignored = await asked(request, DialogueRequest)
        spoken = msgspec.structs.replace(
            wanted,
            input=_tagged(wanted.turns, wanted.pause_between_turns),
            voice=_speaker(wanted.turns[0]) or wanted.voice,
            markup="tags",
        )
        return await speech.answer(context, request, spoken, ignored, started)

    async def phonemize(request: web.Request) -> web.Response:
        wanted = parse(await read_body(request, BODY_BYTES), PhonemizeRequest)
        text = PhonemesRequest(wanted.text, lang_code=wanted.language)
        read = await phonemes_of(context, request, text)
        phonemes = " ".join(each.phonemes for each in read.segments if each.phonemes)
        return web.json_response(msgspec.to_builtins(Phonemized(phonemes, [])))

    async def combine(request: web.Request) -> web.Response:
        given = parse_as(await read_body(request, _COMBINE_BYTES), _VOICE_NAMES)
        names = given if isinstance(given, str) else "+".join(given)
        found = mix(names.replace(" ", ""), await context.welcome())
        return web.json_response(msgspec.to_builtins(found))

    return [
        web.post("/dev/dialogue", dialogue, expect_handler=when_wanted),
        web.post("/dev/phonemize", phonemize, expect_handler=when_wanted),
        web.post(COMBINE, combine, expect_handler=when_wanted),
    ]


def _speaker(turn: Turn) -> str:
    return (turn.voice or turn.voice_id).strip()


def _tagged(turns: Sequence[Turn], pause_s: float) -> str:
    """The turns as one text with tags (`markup: tags`). Raises ApiError."""
    for turn in turns:
        if not _speaker(turn) or set(_speaker(turn)) & set("[]\n"):
            reason = "each turn has a `voice`, which is the name of a voice or a mix"
            raise ApiError(400, reason, code="bad_value", param="turns")
        if not turn.text.strip():
            raise ApiError(400, "each turn has a `text`", code="empty_text", param="turns")
    between = f" [pause:{pause_s:.3f}s] " if pause_s else " "
    return between.join(f"[voice:{_speaker(turn)}] {turn.text.strip()}" for turn in turns)
