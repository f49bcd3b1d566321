"""Addresses of the gateway, each of which may be asked for with a slash too many.

Clients that join a base and a path send one: at the end, or in between where the base ends with one
(Open WebUI). It is no other address, and no redirection: a client may not repeat a POST, and a
browser repeats no preflight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from aiohttp import web

_SLASHES: Final = re.compile("//+")


def address(request: web.Request) -> str:
    """The path that was asked for, without a slash at its end."""
    return request.path.rstrip("/") or "/"


def route_of(request: web.Request) -> str:
    """The route that a request took, as it was declared, for a label; `none` for none."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical.rstrip("/") or "/"


def merge_slashes(server: web.Server) -> None:
    """Have the server take several slashes in a row for one, before anything else sees a path."""
    make = server.request_factory

    def request_of(*given: object) -> web.BaseRequest:
        request = make(*given)  # type: ignore[arg-type]  # handed on as it came
        url = request.rel_url
        if "//" not in url.raw_path:
            return request
        path = _SLASHES.sub("/", url.raw_path)
        return request.clone(rel_url=url.with_path(path, encoded=True, keep_query=True))

    server.request_factory = request_of


def with_slashes(routes: Iterable[web.RouteDef]) -> Iterator[web.RouteDef]:
    """The routes, and each once more with a slash at its end."""
    for route in routes:
        yield route
        yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)
