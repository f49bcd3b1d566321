"""What there is to speak with: `GET /v1/models`, `/v1/audio/models` and `/v1/audio/voices`.

With `http.open_lists` they are told without a key (`access`): they name engines and voices, and
nothing of any client's.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from supervisor.gateway.context import Context
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.gateway.speech.asking import NAME_CHARS
from supervisor.gateway.speech.voices import (
    AudioModelList,
    ModelList,
    VoiceList,
    engine_of,
    listed,
    model,
    models,
)
from supervisor.wire.client import Welcome

MODELS: Final = "/v1/models"
AUDIO_MODELS: Final = "/v1/audio/models"
VOICES: Final = "/v1/audio/voices"


def is_list(path: str) -> bool:
    """Whether an address is that of such a list, or of an entry."""
    return path in {MODELS, AUDIO_MODELS, VOICES} or path.startswith(f"{MODELS}/")


def routes(context: Context) -> list[web.RouteDef]:
    """GET /v1/models, /v1/models/ID, /v1/audio/models and /v1/audio/voices."""

    async def list_models(_request: web.Request) -> web.Response:
        welcome = await context.welcome()
        return _answer(ModelList("list", models(welcome.engines, welcome.default_engine)))

    async def list_audio_models(_request: web.Request) -> web.Response:
        welcome = await context.welcome()
        found = models(welcome.engines, welcome.default_engine)
        return _answer(AudioModelList("list", found, found))

    async def one_model(request: web.Request) -> web.Response:
        name = request.match_info["name"].rstrip("/")
        _known(name, await context.welcome())
        return _answer(model(name))

    async def list_voices(request: web.Request) -> web.Response:
        welcome = await context.welcome()
        wanted = _known(request.query.get("model"), welcome)
        if wanted is None:
            found = listed(welcome.engines, welcome.default_engine)
        else:
            found = listed({wanted: welcome.engines[wanted]}, wanted)
        if request.query.get("legacy", "").lower() in {"1", "true"}:
            return web.json_response({"voices": [voice.name for voice in found]})
        return _answer(VoiceList(found))

    return [
        web.get(MODELS, list_models),
        web.get(f"{MODELS}/{{name:.+}}", one_model),
        web.get(AUDIO_MODELS, list_audio_models),
        web.get(VOICES, list_voices),
    ]


def _known(name: str | None, welcome: Welcome) -> str | None:
    """The engine of a model's name, None for one of OpenAI's. Raises ApiError."""
    engine = engine_of(name, welcome.engines)
    if engine is None:
        return None
    if engine not in welcome.engines:
        reason = f"no engine {engine[:NAME_CHARS]!r}; GET {MODELS} lists those there are"
        raise ApiError(404, reason, code="unknown_engine", param="model")
    unavailable = welcome.engines[engine].get("unavailable")
    if unavailable is not None:
        raise ApiError(503, unavailable, type=SERVER, code="engine_unavailable", param="model")
    return engine


def _answer(found: msgspec.Struct) -> web.Response:
    return web.json_response(msgspec.to_builtins(found))
