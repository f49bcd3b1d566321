"""W3C trace context of an HTTP request, handed on with its job.

The gateway makes no spans and checks nothing: the supervisor ignores what is no trace
context, as the recommendation asks.
"""

from __future__ import annotations

from aiohttp import web

from supervisor.client.request import Terms

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"


def trace_context(request: web.Request) -> Terms:
    """The request's trace context as terms of a job: none without exactly one `traceparent`.

    Several lines of `tracestate` are one list.
    """
    parents = request.headers.getall(TRACEPARENT, ())
    if len(parents) != 1:
        return {}
    states = request.headers.getall(TRACESTATE, ())
    return {"traceparent": parents[0], "tracestate": ",".join(states) or None}
