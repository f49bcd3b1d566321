"""Addresses below `http.root_path`, as a reverse proxy passes them on that does not cut it off.

A request gets its address without that path before anything else sees it, so a route, an access
check and a label of a metric know one form alone. Addresses without it stay as they are: probes
and programs of this machine use these.
"""

from __future__ import annotations

from aiohttp import web


def serve_below(server: web.Server, root_path: str) -> None:
    """Have the server take addresses below this path for ours, beside those without it."""
    make = server.request_factory

    def request_of(*given: object) -> web.BaseRequest:
        request = make(*given)  # type: ignore[arg-type]  # handed on as it came
        url = request.rel_url
        if not url.raw_path.startswith(f"{root_path}/"):
            return request
        path = url.raw_path.removeprefix(root_path)
        return request.clone(rel_url=url.with_path(path, encoded=True, keep_query=True))

    server.request_factory = request_of


def routes(root_path: str) -> list[web.RouteDef]:
    """GET of the path itself: the page's own links are below it, so it needs the slash."""

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": f"{root_path}/"})

    return [web.get(root_path, redirect)]
