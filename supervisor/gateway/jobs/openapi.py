"""The jobs' addresses in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.gateway.jobs.addresses import AUDIO, JOB, JOBS
from supervisor.gateway.jobs.records import KEY_CHARS, JobDocument, SpeechJobRequest
from supervisor.gateway.jobs.routes import KEY_HEADER, LONGEST_WAIT_S
from supervisor.gateway.openapi_forms import json_of, ref, refused
from supervisor.gateway.speech.asking import FORMAT_NAMES

_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_WAIT = {
    "name": "wait",
    "in": "query",
    "description": "Seconds that you would wait for it.",
    "schema": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_S},
}
_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "Your name for it, as `key` in the body.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS},
}


def described(audio: Mapping[str, Any]) -> dict[str, Any]:
    """The jobs and their audio."""
    removed = {"204": {"description": "It is gone."}}
    return {
        JOBS: {
            "post": {
                "operationId": "createJob",
                "summary": "Hand in a text to be spoken whoever waits for it.",
                "parameters": [_KEY],
                "requestBody": {"required": True, **json_of(ref(SpeechJobRequest))},
                "responses": {
                    "202": _job("It is written down, and will be spoken."),
                    "200": _job("It was handed in before, under the same key."),
                    **_refusals(400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503),
                },
            }
        },
        JOB: {
            "get": {
                "operationId": "getJob",
                "summary": "A job, and how far it is; as it ends within `wait`.",
                "parameters": [_ID, _WAIT],
                "responses": {"200": _job("The job."), **_refusals(400, 401, 403, 404, 410, 503)},
            },
            "delete": {
                "operationId": "removeJob",
                "summary": "Stop a job, and delete it with all that was spoken.",
                "parameters": [_ID],
                "responses": {**removed, **_refusals(401, 403, 404, 410, 503)},
            },
        },
        AUDIO: {
            "get": {
                "operationId": "getJobAudio",
                "summary": "A job's audio: what is there while it is spoken, then a whole file.",
                "parameters": [
                    _ID,
                    _WAIT,
                    _query("response_format", {"enum": list(FORMAT_NAMES)}),
                    _query("sample_rate", {"type": "integer"}),
                    {"name": "Range", "in": "header", "schema": {"type": "string"}},
                    {"name": "If-Range", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"description": "The audio.", "content": dict(audio)},
                    "206": {"description": "The range of it.", "content": dict(audio)},
                    **_refusals(400, 401, 403, 404, 409, 410, 413, 416, 500, 503, 507),
                },
            }
        },
    }


def _job(description: str) -> dict[str, Any]:
    return {"description": description, **json_of(ref(JobDocument))}


def _query(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": dict(schema)}


def _refusals(*statuses: int) -> dict[str, Any]:
    return {str(status): refused(status) for status in statuses}
