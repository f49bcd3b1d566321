"""OpenAPI document of the gateway; its schemas come from the records and settings in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from supervisor import __version__
from supervisor.audio.formats import FORMATS
from supervisor.config.sections.performance import DynamicCpuAllocation
from supervisor.gateway.books import openapi as books
from supervisor.gateway.books.records import BookDocument, BookList
from supervisor.gateway.context import Context
from supervisor.gateway.errors import Error
from supervisor.gateway.jobs import openapi as jobs
from supervisor.gateway.jobs.records import JobDocument, SpeechJobRequest
from supervisor.gateway.observe.diagnostics import Diagnostics, Health, NoDiagnostics
from supervisor.gateway.openapi_forms import REF, REFUSALS, get, json_of, ref, refused
from supervisor.gateway.settings import CHANGEABLE, SECTION, Changed
from supervisor.gateway.speech.asking import FORMAT_NAMES, SpeechRequest
from supervisor.gateway.speech.captioned import LINES, CaptionedRequest
from supervisor.gateway.speech.finished import FILES
from supervisor.gateway.speech.kokoro_fastapi import (
    DialogueRequest,
    Phonemized,
    PhonemizeRequest,
    VoiceNames,
)
from supervisor.gateway.speech.phonemes import PhonemesRequest
from supervisor.gateway.speech.trace_context import TRACEPARENT, TRACESTATE
from supervisor.gateway.speech.voices import AudioModelList, Model, ModelList, Voice, VoiceList
from supervisor.reading.text import ReadText
from supervisor.telling.fleet import FleetSize
from supervisor.wire.events import EVENTS

_RECORDS = (
    SpeechRequest,
    CaptionedRequest,
    DialogueRequest,
    PhonemizeRequest,
    Phonemized,
    PhonemesRequest,
    ReadText,
    Voice,
    Model,
    ModelList,
    AudioModelList,
    VoiceList,
    Diagnostics,
    NoDiagnostics,
    Health,
    FleetSize,
    Changed,
    SpeechJobRequest,
    JobDocument,
    BookDocument,
    BookList,
    Error,
)

_NOT_OF_SPEECH = frozenset({409, 410, 416})

_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "string", "description": "JSON: a delta, the end, an error."}},
}


def routes(_context: Context) -> list[web.RouteDef]:
    """GET /openapi.json."""

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(document())

    return [web.get("/openapi.json", openapi)]


def document() -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    audio: dict[str, Any] = {FORMATS[name].media_type: {"schema": {}} for name in FORMAT_NAMES}
    _, components = msgspec.json.schema_components(_RECORDS, ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tts-supervisor gateway",
            "version": __version__,
            "description": "OpenAI's speech API, diagnostics and metrics of a speech pool.",
        },
        "servers": [{"url": "./", "description": "Where this document is."}],
        "paths": {
            "/v1/audio/speech": {"post": _speech(audio)},
            FILES: {"get": _file(audio)},
            **jobs.described(audio),
            **books.described(),
            "/v1/audio/phonemes": {"post": _phonemes()},
            "/v1/audio/stream": {"get": _socket("streamText", "text in as it is written")},
            "/v1/realtime": {"get": _socket("realtime", "OpenAI's Realtime API, as it speaks")},
            "/dev/captioned_speech": {"post": _captioned()},
            "/dev/dialogue": {"post": _dialogue(audio)},
            "/dev/phonemize": {
                "post": _post("phonemize", "Phonemes of a text.", PhonemizeRequest, Phonemized)
            },
            "/v1/audio/voices/combine": {
                "post": {
                    **_post("combineVoices", "The name of a mix of voices.", Voice, Voice),
                    "requestBody": {"required": True, **json_of(_names())},
                }
            },
            "/v1/models": {
                "get": get("Engines, and OpenAI's names for the default one.", ModelList)
            },
            "/v1/models/{name}": {"get": _one_model()},
            "/v1/audio/models": {"get": get("The same, for Open WebUI.", AudioModelList)},
            "/v1/audio/voices": {"get": _voices()},
            "/settings/override": {"post": _change()},
            "/diagnostics/cpu-allocation": {
                "get": get("Cores, utilization, decisions.", Diagnostics, NoDiagnostics)
            },
            "/events": {"get": _events()},
            "/health": {"get": get("The gateway lives.", Health)},
            "/healthz": {"get": get("The gateway lives.", Health)},
            "/readyz": {"get": get("The pool can take a job.", Health, Health)},
            "/fleet/size": {"get": _fleet_size()},
            "/metrics": {"get": _metrics()},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _speech(audio: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "createSpeech",
        "summary": "Speak a text; the audio is sent as it is made, or as a finished file.",
        "parameters": [
            {
                "name": name,
                "in": "header",
                "description": "W3C Trace Context; what is no such value is ignored.",
                "schema": {"type": "string"},
            }
            for name in (TRACEPARENT, TRACESTATE)
        ],
        "requestBody": {"required": True, **json_of(ref(SpeechRequest))},
        "responses": {
            "200": {
                "description": "The audio. An answer that is cut short has no ending.",
                "content": {
                    **audio,
                    "text/event-stream": {"schema": _EVENT},
                    "application/json": {"schema": {"type": "object"}},
                },
            },
            **{str(status): refused(status) for status in REFUSALS if status not in _NOT_OF_SPEECH},
        },
    }


def _file(audio: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "getFile",
        "summary": "A finished file that is kept, or a range of it.",
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "Range", "in": "header", "schema": {"type": "string"}},
            {"name": "If-Range", "in": "header", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {"description": "The file.", "content": dict(audio)},
            "206": {"description": "The range of it.", "content": dict(audio)},
            **{str(status): refused(status) for status in (401, 403, 404, 416)},
        },
    }


def _socket(name: str, what: str) -> dict[str, Any]:
    """What OpenAPI can say of a WebSocket; its messages are described in docs/HTTP.md."""
    return {
        "operationId": name,
        "summary": f"A WebSocket: {what}; audio and times of words out.",
        "responses": {
            "101": {"description": "The connection speaks WebSocket from here on."},
            "426": {"description": "No WebSocket was asked for.", **json_of(ref(Error))},
            **{str(status): refused(status) for status in (400, 401, 403, 503)},
        },
    }


def _dialogue(audio: Mapping[str, Any]) -> dict[str, Any]:
    described = _speech(audio)
    return {
        **described,
        "operationId": "createDialogue",
        "summary": "Speak what several say in turn, as Kokoro-FastAPI does.",
        "requestBody": {"required": True, **json_of(ref(DialogueRequest))},
    }


def _names() -> dict[str, Any]:
    """The body that names the voices of a mix: no object, as Kokoro-FastAPI has it."""
    return msgspec.json.schema(VoiceNames)


def _captioned() -> dict[str, Any]:
    return {
        "operationId": "createCaptionedSpeech",
        "summary": "Speak a text, and tell when each word is heard, as Kokoro-FastAPI does.",
        "requestBody": {"required": True, **json_of(ref(CaptionedRequest))},
        "responses": {
            "200": {
                "description": "A line of JSON for each piece of audio; one document without "
                "`stream`.",
                "content": {
                    LINES: {"schema": {"type": "string"}},
                    "application/json": {"schema": {"type": "object"}},
                },
            },
            **{str(status): refused(status) for status in REFUSALS if status not in _NOT_OF_SPEECH},
        },
    }


def _phonemes() -> dict[str, Any]:
    summary = "How a text is read: its words, phonemes and pauses. Nothing is spoken."
    return _post("readText", summary, PhonemesRequest, ReadText)


def _post(
    name: str, summary: str, body: type[msgspec.Struct], answer: type[msgspec.Struct]
) -> dict[str, Any]:
    """A POST of one record that is answered with another."""
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, **json_of(ref(body))},
        "responses": {
            "200": {"description": summary, **json_of(ref(answer))},
            **{
                str(status): refused(status)
                for status in (400, 401, 403, 404, 408, 413, 415, 500, 503)
            },
        },
    }


def _change() -> dict[str, Any]:
    return {
        "operationId": "changeSettings",
        "summary": "Change settings of the allocation in override.json; only where keys are used.",
        "requestBody": {"required": True, **json_of(_change_schema())},
        "responses": {
            "200": {"description": "Written; the supervisor applies it.", **json_of(ref(Changed))},
            **{str(status): refused(status) for status in (400, 401, 403, 408, 409, 413, 415, 503)},
        },
    }


def _one_model() -> dict[str, Any]:
    """A GET with the name of a model in its path."""
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    found = get("An engine, by any name that it is known by.", Model)
    return {
        **found,
        "parameters": [name],
        "responses": {**found["responses"], "404": refused(404)},
    }


def _fleet_size() -> dict[str, Any]:
    found = get("How many hosts the fleet should have, and why.", FleetSize)
    return {**found, "responses": {**found["responses"], "404": refused(404)}}


def _voices() -> dict[str, Any]:
    found = get("Voices of every engine, or of one.", VoiceList)
    model = {"name": "model", "in": "query", "schema": {"type": "string"}}
    model["description"] = "An engine; OpenAI's names mean all of them."
    return {
        **found,
        "parameters": [model],
        "responses": {**found["responses"], "404": refused(404)},
    }


def _events() -> dict[str, Any]:
    kinds = {"name": "events", "in": "query", "schema": {"type": "string"}}
    kinds["description"] = f"Some of {', '.join(EVENTS)}, with commas between; all without."
    last = {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}
    last["description"] = "The `id` of the last event that came: those after it come first."
    return {
        "operationId": "watchEvents",
        "summary": "What happens in the pool, as it happens.",
        "parameters": [kinds, last],
        "responses": {
            "200": {
                "description": "Server-sent events, until the supervisor stops.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **{str(status): refused(status) for status in (400, 401, 403, 503)},
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
            "401": refused(401),
        },
    }


def _change_schema() -> dict[str, Any]:
    """The settings that may be changed, with the bounds and descriptions of their declaration."""
    declared = DynamicCpuAllocation.model_json_schema()["properties"]
    for setting in declared.values():
        del setting["default"]  # What is left out stays as it is.
    changeable = {key: declared[key] for key in declared if (*SECTION, key) in CHANGEABLE}
    return _tree({SECTION[0]: _tree({SECTION[1]: _tree(changeable)})})


def _tree(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A part of an override.json that names at least one of these."""
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": properties,
    }
