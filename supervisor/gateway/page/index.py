"""`GET /` and the page's files, read once and served from memory; nothing comes from elsewhere.

A browser gets the page; a client that does not ask for HTML (curl, a program) gets a list of
addresses.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from aiohttp import hdrs, web

from supervisor.gateway.page.files import ASSETS, PAGE, PREFIX

INDEX = """tts-supervisor

POST /v1/audio/speech             speech, as OpenAI's API has it
GET  /v1/audio/files/{name}       a finished file, or a range of it
POST /dev/captioned_speech        speech with times of words, as Kokoro-FastAPI has it
POST /dev/dialogue, /dev/phonemize, /v1/audio/voices/combine
                                  more of it
GET  /v1/audio/stream             a WebSocket: text in as it is written, audio out
POST /v1/audio/phonemes           how a text is read
POST /v1/audio/jobs               a text that is spoken whoever waits for it
GET  /v1/audio/jobs/{id}, /v1/audio/jobs/{id}/audio
                                  the job, and its audio; DELETE removes it
POST /v1/books                    an EPUB or a text becomes an audiobook
GET  /v1/books, /v1/books/{id}    the books, and how far they are; DELETE removes one
POST /v1/books/{id}/pause, /v1/books/{id}/resume
GET  /v1/books/{id}/cover, /v1/books/{id}/chapters/{number}, /v1/books/{id}/audiobook.m4b
GET  /v1/models, /v1/models/{name}, /v1/audio/models
                                  engines
GET  /v1/realtime                 a WebSocket, as OpenAI's Realtime API has it
GET  /v1/audio/voices             voices
GET  /diagnostics/cpu-allocation  cores, utilization, decisions
GET  /events                      what happens, as it happens
GET  /fleet/size                  of a fleet: the hosts that there are and should be
POST /settings/override           settings of the allocation, with a key
GET  /metrics                     for Prometheus
GET  /health, /healthz, /readyz   for probes
GET  /openapi.json                all of this for programs
"""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    hdrs.CACHE_CONTROL: "no-cache",  # Ask each time whether it is still the same.
    hdrs.VARY: "Accept",
}


def routes() -> list[web.RouteDef]:
    """GET / and GET /page/static/NAME."""
    served = {name: _File(name, kind) for name, kind in {PAGE: "text/html", **ASSETS}.items()}

    async def page(request: web.Request) -> web.Response:
        if "text/html" not in request.headers.get(hdrs.ACCEPT, ""):
            return web.Response(text=INDEX, headers={hdrs.VARY: "Accept"})
        return served[PAGE].answer(request)

    async def asset(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in ASSETS:
            raise web.HTTPNotFound
        return served[name].answer(request)

    return [web.get("/", page), web.get(PREFIX + "{name}", asset)]


class _File:
    """One file of `static/`, of the media type `kind`."""

    def __init__(self, name: str, kind: str) -> None:
        self._body = files(__package__).joinpath("static", name).read_bytes()
        self._kind = kind
        self._tag = hashlib.sha256(self._body).hexdigest()[:16]

    def answer(self, request: web.Request) -> web.Response:
        known = any(tag.value == self._tag for tag in request.if_none_match or ())
        response = web.Response(status=304 if known else 200, headers=_HEADERS)
        response.etag = self._tag
        if not known:
            response.body = self._body
            response.content_type = self._kind
            response.charset = "utf-8"
        return response
