"""Jobs for the page: the latest, and the story of one, with what each state and event means.

Whoever may see the status may see these. They hold lengths and times, no text; what a person wrote
besides (pronunciations, a request's own key) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from supervisor.gateway.context import Context
from supervisor.gateway.page.data import UNCACHED
from supervisor.telling.stories import happened, job_state, urgency

SHOWN = 30

PATIENCE_S = 5.0

_ROW = (
    *("job", "state", "class", "durable", "engine", "voice", "segments", "segments_spoken"),
    *("retried", "age_s", "waited_s", "ran_s"),
)

_WHOLE = (*_ROW, "language", "speed", "characters", "message", "synthesis_s")


def routes(context: Context) -> list[web.RouteDef]:
    """GET /page/jobs and /page/jobs/{id}."""

    async def latest(_request: web.Request) -> web.Response:
        document = await context.client.jobs(limit=SHOWN, timeout=PATIENCE_S)
        rows = [_shown(job, _ROW) for job in document["jobs"]]
        return web.json_response({"jobs": rows, "more": document["more"]}, headers=UNCACHED)

    async def one(request: web.Request) -> web.Response:
        job = await context.client.jobs(request.match_info["job"], timeout=PATIENCE_S)
        shown = _shown(job, _WHOLE)
        shown["story"] = [
            {"at_s": event["at_s"], "said": happened(event["event"], event["details"])}
            for event in job["story"]
        ]
        return web.json_response(shown, headers=UNCACHED)

    return [web.get("/page/jobs", latest), web.get("/page/jobs/{job}", one)]


def _shown(job: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """These fields of a job, and its state and class in words."""
    words = {"said": job_state(job["state"]), "urgency": urgency(job.get("class"))}
    return {**words, **{name: job.get(name) for name in names}}
