"""Addresses of the gateway, each of which may be asked for with a slash at its end.

Clients that join a base and a path send one. It is no other address, and no redirection: a client
may not repeat a POST, and a browser repeats no preflight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiohttp import web


def address(request: web.Request) -> str:
    """The path that was asked for, without a slash at its end."""
    return request.path.rstrip("/") or "/"


def route_of(request: web.Request) -> str:
    """The route that a request took, as it was declared, for a label; `none` for none."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical.rstrip("/") or "/"


def with_slashes(routes: Iterable[web.RouteDef]) -> Iterator[web.RouteDef]:
    """The routes, and each once more with a slash at its end."""
    for route in routes:
        yield route
        yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)
