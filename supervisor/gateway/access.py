"""Access checks: API keys, or without keys the Host and Origin of programs on this machine.

A browser is on this machine, but the pages in it are not: without a key a page of another site
could have texts spoken, and through a name that resolves to 127.0.0.1 it could read the answers.
So the Host must be an address, localhost or one of `http.public_hosts`, also the one that a trusted
proxy says it was asked for; and a page's Origin must be the gateway itself or one of
`http.cors_origins`. Who probes whether the gateway lives may call it as he likes.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from supervisor.config.sections.http import Http
from supervisor.gateway.connections.client_identity import bearer
from supervisor.gateway.connections.forwarded import forwarded
from supervisor.gateway.connections.slot_middleware import PROBES
from supervisor.gateway.cors import allows, preflight
from supervisor.gateway.errors import ApiError
from supervisor.gateway.keys import is_known
from supervisor.gateway.page.files import ADDRESSES
from supervisor.gateway.paths import address
from supervisor.gateway.speech.lists import is_list

OPEN = ADDRESSES | PROBES | {"/", "/openapi.json"}
"""Paths that need no key: they tell nothing of any client's work and cost nothing."""

LONGEST_NAME = 300
"""Characters of a Host or an Origin: a name has 253 at most. To take a longer one apart can take
40 ms of the event loop."""

_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_UNREADABLE = "(unreadable)"


def access(settings: Http) -> Middleware:
    """Middleware that lets through requests with access, and answers a browser's preflight."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and request.method == hdrs.METH_OPTIONS:
            return preflight(request, origin, settings)
        if not settings.api_keys and address(request) not in PROBES:
            _check_host(request, settings)
        if request.method not in _SAFE or hdrs.UPGRADE in request.headers:
            _check_origin(origin, request, settings)
        if settings.api_keys and not _is_open(request, settings):
            _check_key(request, settings)
        return await handler(request)

    return middleware


def _is_open(request: web.Request, settings: Http) -> bool:
    path = address(request)
    if settings.open_lists and is_list(path):
        return True
    return path in OPEN or request.path == settings.root_path


def _check_key(request: web.Request, settings: Http) -> None:
    key = bearer(request)
    if key is not None and is_known(key, settings.api_keys):
        return
    raise ApiError(
        401,
        "give a key of this gateway: Authorization: Bearer <key>",
        code="invalid_api_key",
        headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
    )


def _check_host(request: web.Request, settings: Http) -> None:
    """Raise ApiError unless the name that was asked for is ours. What a proxy says of it comes on
    top: a page that leads here through a name of its own can send that header, too.
    """
    for host in _hosts(request, settings):
        name = _host_name(host)
        if name in {"", "localhost", *settings.public_hosts} or name.endswith(".localhost"):
            continue
        if not _is_address(name):
            raise ApiError(
                403,
                f"host {name!r} is no address of this machine; use 127.0.0.1 or localhost, or "
                "configure http.public_hosts or http.api_keys",
                code="wrong_host",
            )


def _hosts(request: web.Request, settings: Http) -> list[str]:
    """The Host, and what a trusted proxy says was asked for."""
    told = forwarded(request, settings).host
    return [request.headers.get(hdrs.HOST, ""), *([] if told is None else [told])]


def _check_origin(origin: str | None, request: web.Request, settings: Http) -> None:
    if origin is None or allows(origin, settings):
        return
    try:
        asked_from = urlsplit(origin).netloc if _is_name(origin) else ""
    except ValueError:
        asked_from = ""
    if asked_from and asked_from in _hosts(request, settings):
        return
    text = f"pages of {origin[:LONGEST_NAME]!r} may not use this; see http.cors_origins"
    raise ApiError(403, text, code="wrong_origin")


def _host_name(host: str) -> str:
    """The Host header without its port."""
    try:
        return urlsplit(f"//{host}").hostname or "" if _is_name(host) else _UNREADABLE
    except ValueError:
        return _UNREADABLE


def _is_name(text: str) -> bool:
    """Whether the text can be, or hold, the name of a host."""
    return len(text) <= LONGEST_NAME and text.isascii()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
