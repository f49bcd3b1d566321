"""Headers of a job's message: what the broker, and who only counts jobs, must see without the body.

A reader takes what it can of them: broken ones count as absent, for the body has all of it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from supervisor.wire.fleet.codec import SCHEMA
from supervisor.wire.fleet.jobs import Job
from supervisor.wire.fleet.names import outcome_key
from supervisor.wire.trace_context import header_or_none

MESSAGE_ID: Final = "Nats-Msg-Id"
_SCHEMA, _DEADLINE, _TENANT = "Tts-Schema", "Tts-Deadline", "Tts-Tenant"
_COST, _PART, _REQUEST = "Tts-Cost-S", "Tts-Part", "Tts-Request"
_DIGITS = 18


class JobHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers of a job's message say. `id` is the key of its outcome, `deadline_ms` Unix
    time, `cost_s` the predicted time of one core, `part` which of how many.
    """

    id: str = ""
    schema: int = SCHEMA
    tenant: str = ""
    request: str = ""
    deadline_ms: int | None = None
    cost_s: float = 0.0
    part: tuple[int, int] | None = None
    traceparent: str | None = None
    tracestate: str | None = None


def headers_of(job: Job) -> dict[str, str]:
    """The headers of a job's message."""
    headers = {
        MESSAGE_ID: outcome_key(job.tenant, job.id),
        _SCHEMA: str(job.schema),
        _TENANT: job.tenant,
        _COST: f"{job.cost_s:.3f}",
    }
    if job.request:
        headers[_REQUEST] = job.request
    if job.deadline_ms is not None:
        headers[_DEADLINE] = str(job.deadline_ms)
    if job.part is not None:
        headers[_PART] = f"{job.part[0]}/{job.part[1]}"
    for name in ("traceparent", "tracestate"):
        value = header_or_none(getattr(job.submit, name))
        if value is not None and value.isprintable():
            headers[name] = value
    return headers


def read_headers(headers: Mapping[str, str] | None) -> JobHeaders:
    """Read the headers of a job's message."""
    found = headers or {}
    return JobHeaders(
        id=found.get(MESSAGE_ID, ""),
        schema=_integer(found.get(_SCHEMA, "")) or SCHEMA,
        tenant=found.get(_TENANT, ""),
        request=found.get(_REQUEST, ""),
        deadline_ms=_integer(found.get(_DEADLINE, "")),
        cost_s=_seconds(found.get(_COST, "")),
        part=_part(found.get(_PART, "")),
        traceparent=header_or_none(found.get("traceparent")),
        tracestate=header_or_none(found.get("tracestate")),
    )


def _integer(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None


def _seconds(number: str) -> float:
    try:
        seconds = float(number)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _part(which: str) -> tuple[int, int] | None:
    number, count = (_integer(half) for half in which.partition("/")[::2])
    if number is None or count is None or number >= count:
        return None
    return number, count
