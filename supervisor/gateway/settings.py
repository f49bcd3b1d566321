"""`POST /settings/override`: change settings of the allocation in the supervisor's override.json.

Only for a gateway that the supervisor started, and only where keys are configured: without a key a
program on this machine may ask for speech and no more. The supervisor watches the file and applies
it, as it does the change of an editor.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import msgspec
from aiohttp import web

from supervisor.config import files, loading, override, schema
from supervisor.config.changes import flat
from supervisor.config.errors import ConfigError
from supervisor.gateway.bodies import SETTINGS_BYTES, read_body, when_wanted
from supervisor.gateway.context import Context
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.gateway.page.trial import Trial
from supervisor.logs import get_logger

SECTION = ("performance", "dynamic_cpu_allocation")

CHANGEABLE = frozenset((*SECTION, name) for name in Trial.__struct_fields__)
"""Settings that the page can move."""

log = get_logger(__name__)


class Changed(msgspec.Struct, frozen=True):
    """The settings of the request as they are in force then, by dotted key; `held_back` names those
    for which another source goes before override.json, and which.
    """

    settings: dict[str, Any]
    held_back: dict[str, str]


def routes(context: Context) -> list[web.RouteDef]:
    """POST /settings/override."""

    async def change(request: web.Request) -> web.Response:
        if not context.settings.api_keys:
            raise _forbidden("settings are changed here only where http.api_keys is configured")
        if context.place is None:
            raise _forbidden("this gateway was not started by the supervisor: edit override.json")
        tree = read_change(await read_body(request, SETTINGS_BYTES))
        try:
            done = await asyncio.to_thread(override.change, context.place, tree, os.environ)
        except override.FileInTheWay as error:
            raise ApiError(409, str(error), code="override_unusable") from None
        except override.NotWritten as error:
            raise ApiError(503, str(error), type=SERVER, code="override_unwritable") from None
        except ConfigError as error:
            raise _wrong(error, tree) from None
        values = flat(done.loaded.settings)
        in_force = {key: values[key] for key in map(schema.dotted, override.paths(tree))}
        log.info("override.json was changed over HTTP: %s", in_force)
        return web.json_response(msgspec.to_builtins(Changed(in_force, done.held_back)))

    return [web.post("/settings/override", change, expect_handler=when_wanted)]


def read_change(body: bytes) -> dict[str, Any]:
    """Decode a body as a part of an override.json, and check it alone. Raises ApiError."""
    try:
        tree = files.parse(body.decode())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"the body is no JSON: {error}", code="bad_json") from None
    if not isinstance(tree, dict) or not tree:
        raise ApiError(400, "give an object with settings, as in override.json", code="bad_value")
    try:
        loading.check_tree(tree, "the request")
    except ConfigError as error:
        raise _wrong(error, tree) from None
    for path in override.paths(tree):
        if path not in CHANGEABLE:
            key = schema.dotted(path)
            raise _forbidden(f"{key} is not changed here: edit override.json", param=key)
    return tree


def _wrong(error: ConfigError, tree: dict[str, Any]) -> ApiError:
    """Error of a wrong value; `param` has the key at fault where it is one of the request's."""
    at_fault = (
        path for path in override.paths(tree) if any(path[: len(key)] == key for key in error.keys)
    )
    first = next(at_fault, None)
    param = None if first is None else schema.dotted(first)
    return ApiError(400, str(error), code="bad_value", param=param)


def _forbidden(reason: str, param: str | None = None) -> ApiError:
    return ApiError(403, reason, code="not_changeable", param=param)
