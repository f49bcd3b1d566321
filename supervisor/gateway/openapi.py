"""The gateway's OpenAPI document; the schema of the request comes from its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from aiohttp import web

from supervisor import __version__
from supervisor.audio.formats import FORMATS
from supervisor.gateway.context import Context
from supervisor.gateway.speech.routes import FormatName, SpeechRequest
from supervisor.gateway.speech.trace_context import TRACEPARENT, TRACESTATE

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}

_DIAGNOSTICS = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["success", "disabled", "error"]}},
}

_STATUS = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"type": "string"}, "reason": {"type": "string"}},
}

_MODELS = {
    "type": "object",
    "required": ["object", "data"],
    "properties": {"object": {"const": "list"}, "data": {"type": "array"}},
}

_VOICES = {
    "type": "object",
    "required": ["voices"],
    "properties": {
        "voices": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name", "language", "model", "default"],
            },
        }
    },
}

_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "string", "description": "JSON: a delta, the end, an error."}},
}

_CHANGE = {
    "type": "object",
    "description": "Part of an override.json.",
    "required": ["performance"],
    "additionalProperties": False,
    "properties": {
        "performance": {
            "type": "object",
            "required": ["dynamic_cpu_allocation"],
            "additionalProperties": False,
            "properties": {
                "dynamic_cpu_allocation": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": {
                        "cpu_target": {"type": "number"},
                        "hysteresis_factor": {"type": "number"},
                        "allocation_cooldown": {"type": "number"},
                        "min_cores": {"type": "integer"},
                        "max_cores": {"type": ["integer", "null"]},
                        "aggressive_mode": {"type": "boolean"},
                    },
                }
            },
        }
    },
}

_CHANGED = {
    "type": "object",
    "required": ["settings", "held_back"],
    "properties": {
        "settings": {
            "type": "object",
            "description": "Each setting of the request, by dotted key, as it is in force then.",
        },
        "held_back": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Those for which another source goes before override.json, and which.",
        },
    },
}

_REFUSALS: Mapping[int, str] = {
    400: "The request cannot be understood, or asks for something impossible.",
    401: "No key, or an unknown one.",
    403: "From a page of another site; or something that is not changed here.",
    404: "No such model or voice.",
    408: "The body did not come in time.",
    409: "What override.json holds cannot be changed: it is unreadable, or being edited.",
    413: "The request or its text is too long.",
    415: "The body is packed (Content-Encoding); send it as it is.",
    429: "Too much is queued; `Retry-After` says when to come back.",
    500: "The text could not be spoken.",
    503: "The supervisor is not there, or stops, or all connections are taken; `Retry-After` says "
    "when to come back.",
}


def routes(_context: Context) -> list[web.RouteDef]:
    """GET /openapi.json."""

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(document())

    return [web.get("/openapi.json", openapi)]


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(
        [SpeechRequest], ref_template="#/components/schemas/{name}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tts-supervisor gateway",
            "version": __version__,
            "description": "OpenAI's speech API, diagnostics and metrics of a speech pool.",
        },
        "paths": {
            "/v1/audio/speech": {"post": _speech()},
            "/v1/models": {
                "get": _get("Engines, and OpenAI's names for the default one.", _MODELS)
            },
            "/v1/audio/voices": {"get": _get("Voices of every engine.", _VOICES)},
            "/settings/override": {"post": _change()},
            "/diagnostics/cpu-allocation": {
                "get": _get("Cores, utilization, decisions.", _DIAGNOSTICS, _DIAGNOSTICS)
            },
            "/healthz": {"get": _get("The gateway lives.", _STATUS)},
            "/readyz": {"get": _get("The pool can take a job.", _STATUS, _STATUS)},
            "/metrics": {"get": _metrics()},
        },
        "components": {
            "schemas": {**components, "Error": _ERROR},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _speech() -> dict[str, Any]:
    audio: dict[str, Any] = {
        FORMATS[name].media_type: {"schema": {}} for name in get_args(FormatName)
    }
    schema = {"$ref": "#/components/schemas/SpeechRequest"}
    return {
        "operationId": "createSpeech",
        "summary": "Speak a text; the audio is sent as it is made.",
        "parameters": [
            {
                "name": name,
                "in": "header",
                "description": "W3C Trace Context; what is no such value is ignored.",
                "schema": {"type": "string"},
            }
            for name in (TRACEPARENT, TRACESTATE)
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": {
                "description": "The audio. An answer that is cut short has no ending.",
                "content": {**audio, "text/event-stream": {"schema": _EVENT}},
            },
            **{str(status): _refused(status) for status in _REFUSALS if status != 409},
        },
    }


def _change() -> dict[str, Any]:
    return {
        "operationId": "changeSettings",
        "summary": "Change settings of the allocation in override.json; only where keys are used.",
        "requestBody": {"required": True, **_json(_CHANGE)},
        "responses": {
            "200": {"description": "Written; the supervisor applies it.", **_json(_CHANGED)},
            **{
                str(status): _refused(status) for status in (400, 401, 403, 408, 409, 413, 415, 503)
            },
        },
    }


def _get(
    summary: str, schema: Mapping[str, Any], unavailable: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A GET that answers with this JSON, and with 503 and that JSON, or an error."""
    absent = {"$ref": "#/components/schemas/Error"} if unavailable is None else unavailable
    return {
        "summary": summary,
        "responses": {
            "200": {"description": summary, **_json(schema)},
            "401": _refused(401),
            "503": {"description": _REFUSALS[503], **_json(absent)},
        },
    }


def _metrics() -> dict[str, Any]:
    return {
        "summary": "Metrics for Prometheus.",
        "responses": {
            "200": {
                "description": "The text format, or OpenMetrics where that is asked for.",
                "content": {
                    "text/plain": {"schema": {"type": "string"}},
                    "application/openmetrics-text": {"schema": {"type": "string"}},
                },
            },
            "401": _refused(401),
        },
    }


def _refused(status: int) -> dict[str, Any]:
    return {
        "description": _REFUSALS[status],
        **_json({"$ref": "#/components/schemas/Error"}),
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
