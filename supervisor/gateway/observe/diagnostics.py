"""Diagnostics document of the allocation, health, and readiness.

The document is the supervisor's own, from its status; added here are its age, and an error where
there is none.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from aiohttp import web

from supervisor.client import SupervisorError
from supervisor.gateway.context import Context
from supervisor.gateway.errors import RETRY_AFTER_S
from supervisor.gateway.observe.snapshot import RECORDED_S
from supervisor.wire.status import Allocation, Status


class Diagnostics(Allocation, frozen=True, kw_only=True):
    """The allocation as it was `snapshot_age_s` seconds ago."""

    snapshot_age_s: float


class NoDiagnostics(msgspec.Struct, frozen=True):
    """Diagnostics are unknown; `error` says why."""

    status: Literal["error"]
    error: str


class Health(msgspec.Struct, frozen=True):
    """Whether the gateway lives, or the pool can take a job; `reason` says why not."""

    status: Literal["ok", "ready", "unready"]
    reason: str | msgspec.UnsetType = msgspec.UNSET
    warnings: list[str] | msgspec.UnsetType = msgspec.UNSET


def routes(context: Context) -> list[web.RouteDef]:
    """GET /diagnostics/cpu-allocation, /health and /healthz, /readyz."""

    async def allocation(_request: web.Request) -> web.Response:
        try:
            snapshot = await context.status.get(RECORDED_S)
        except SupervisorError as error:
            return _uncached(allocation_error(str(error)), 503)
        return _uncached(allocation_document(snapshot.document, snapshot.age_s))

    async def health(_request: web.Request) -> web.Response:
        return _uncached(msgspec.to_builtins(Health("ok")))

    async def ready(_request: web.Request) -> web.Response:
        try:
            status = (await context.status.get()).status
            reason, warnings = why_unready(status), status.journal.warnings
        except SupervisorError as error:
            reason, warnings = str(error), []
        if degraded := context.client.degraded:
            warnings = [*warnings, f"fleet: degraded, this host speaks alone: {degraded}"]
        if reason is None:
            found = Health("ready", warnings=warnings or msgspec.UNSET)
            return _uncached(msgspec.to_builtins(found))
        return _uncached(msgspec.to_builtins(Health("unready", reason)), 503)

    return [
        web.get("/diagnostics/cpu-allocation", allocation),
        web.get("/health", health),
        web.get("/healthz", health),
        web.get("/readyz", ready),
    ]


def allocation_document(status: dict[str, Any], age_s: float) -> dict[str, Any]:
    """The diagnostics of a status document that was made `age_s` seconds ago."""
    return {**status["allocation"], "snapshot_age_s": round(age_s, 3)}


def allocation_error(reason: str) -> dict[str, Any]:
    """The answer where the diagnostics are unknown."""
    document: dict[str, Any] = msgspec.to_builtins(NoDiagnostics("error", reason))
    return document


def why_unready(status: Status) -> str | None:
    """The reason why the pool cannot take a job now; None when it can."""
    state = status.supervisor.state
    if state != "running":
        return f"the supervisor is {state}"
    if not any(worker.takes_work for worker in status.workers):
        fatal = status.pool.fatal_slots
        failing = f": slots {fatal} keep failing, see supervisor status" if fatal else ""
        return f"no worker is ready{failing}"
    return None


def _uncached(document: dict[str, Any], status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return web.json_response(document, status=status, headers=headers)
