"""Parts that descriptions of the gateway's addresses are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from supervisor.gateway.errors import Error

REF: Final = "#/components/schemas/{name}"

REFUSALS: Mapping[int, str] = {
    400: "The request cannot be understood, or asks for something impossible.",
    401: "No key, or an unknown one.",
    403: "From a page of another site; or something that is not changed here.",
    404: "There is no such model, file, job or book, or nothing at this address.",
    408: "The body did not come in time.",
    410: "The job was removed, or ended without audio.",
    416: "The range is outside the file.",
    409: "What override.json holds cannot be changed: it is unreadable, or being edited. Or what "
    "is asked for is not spoken yet. Or a key belongs to another request.",
    413: "The request or its text is too long.",
    415: "The body is packed (Content-Encoding); send it as it is.",
    429: "Too much is queued; `Retry-After` says when to come back.",
    500: "The text could not be spoken.",
    507: "The gateway has no disk for a file.",
    503: "The supervisor is not there, or stops, or all connections are taken; `Retry-After` says "
    "when to come back.",
}


def get(
    summary: str, record: type[msgspec.Struct], unavailable: type[msgspec.Struct] = Error
) -> dict[str, Any]:
    """A GET with this record as its 200, and 503 with that one."""
    return {
        "summary": summary,
        "responses": {
            "200": {"description": summary, **json_of(ref(record))},
            "401": refused(401),
            "503": {"description": REFUSALS[503], **json_of(ref(unavailable))},
        },
    }


def refused(status: int) -> dict[str, Any]:
    """The answer of a refusal with this status."""
    return {"description": REFUSALS[status], **json_of(ref(Error))}


def ref(record: type[msgspec.Struct]) -> dict[str, str]:
    """A reference to the schema of a record."""
    return {"$ref": REF.format(name=record.__name__)}


def json_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A body of JSON with this schema."""
    return {"content": {"application/json": {"schema": schema}}}
