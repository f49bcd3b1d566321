"""The page at `GET /`: its files, the data behind it, and the trial of settings.

Addresses under `/page/` are the page's own and may change with it; what programs use is in the
OpenAPI document.
"""

from __future__ import annotations

from aiohttp import web

from supervisor.gateway.context import Context
from supervisor.gateway.page import data, hosts, index, jobs, tuning
from supervisor.gateway.page.history import History
from supervisor.gateway.page.recorder import Recorder


def add_to(app: web.Application, context: Context) -> None:
    """Add the page's routes, and record the last hour and day for it while the gateway runs."""
    history = History()
    recorder = Recorder(context.status, history.take)
    app.cleanup_ctx.append(recorder.running)
    app.add_routes(index.routes())
    app.add_routes(data.routes(context, recorder, history))
    app.add_routes(jobs.routes(context))
    app.add_routes(hosts.routes(context))
    app.add_routes(tuning.routes(context, recorder))
