"""`POST /v1/audio/phonemes`: how a text is read, for those who want to know why it sounds so.

The body is that of `/v1/audio/speech`, as far as it decides what is said. `reader` has the process
that reads, and the bounds.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from aiohttp import web

from supervisor.gateway.bodies import parse, read_body, when_wanted
from supervisor.gateway.connections.client_identity import request_client
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.asking import (
    LangCode,
    Language,
    MarkupName,
    ModelName,
    Pronunciations,
    Speed,
    UnreadableName,
    VoiceName,
    asked_language,
    engine_and_voice,
)
from supervisor.gateway.speech.pace import pace_of
from supervisor.reading.text import ReadText
from supervisor.wire.client import Submit, Welcome

MOST_CHARS: Final = 20_000
"""Characters of a text: more than anybody looks through."""

BODY_BYTES: Final = 256 * 1024
"""Room for so many characters in JSON's longest way to write them, and for the names."""


class PhonemesRequest(msgspec.Struct, frozen=True):
    """What decides how a text is read."""

    input: Annotated[
        str,
        msgspec.Meta(description="The text.", extra_json_schema={"maxLength": MOST_CHARS}),
    ]
    model: ModelName = None
    voice: VoiceName = None
    language: Language = None
    lang_code: LangCode = None
    speed: Speed = 1.0
    markup: MarkupName = None
    unreadable: UnreadableName = None
    pronunciations: Pronunciations = None


def routes(context: Context) -> list[web.RouteDef]:
    """POST /v1/audio/phonemes."""

    async def phonemes(request: web.Request) -> web.Response:
        wanted = parse(await read_body(request, BODY_BYTES), PhonemesRequest)
        found = await phonemes_of(context, request, wanted)
        return web.Response(
            body=msgspec.json.encode(found), content_type="application/json", charset="utf-8"
        )

    return [web.post("/v1/audio/phonemes", phonemes, expect_handler=when_wanted)]


async def phonemes_of(context: Context, request: web.Request, wanted: PhonemesRequest) -> ReadText:
    """How a text is read for the client of this request. Raises ApiError, SupervisorError."""
    if len(wanted.input) > MOST_CHARS:
        reason = f"the text has {len(wanted.input):,} characters, more than {MOST_CHARS:,}"
        raise ApiError(413, reason, code="text_too_long", param="input")
    client = request_client(request, context.settings)
    submit = _submit(wanted, await context.welcome(), client)
    return await context.reader.read(submit, wanted.input.encode())


def _submit(wanted: PhonemesRequest, welcome: Welcome, client: str | None) -> Submit:
    """The request by which the supervisor would be asked to speak it for this client."""
    language = asked_language(wanted.language, wanted.lang_code)
    engine, voice = engine_and_voice(wanted.model, wanted.voice, language, welcome)
    if engine is None and (voice is not None or language is None):
        engine = welcome.default_engine
    pace = pace_of(wanted.speed, engine, language, welcome)
    return Submit(
        id="read",
        engine=engine,
        voice=voice,
        language=language,
        speed=pace.speed,
        markup=wanted.markup,
        unreadable=wanted.unreadable,
        pronunciations=wanted.pronunciations,
        on_behalf=client,
    )
