"""The gateway does what its own OpenAPI document says, also when it is asked for nonsense."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from supervisor.client import AsyncClient
from supervisor.config import Settings
from supervisor.gateway.access import OPEN
from supervisor.gateway.app import make_app
from supervisor.gateway.context import make_context
from supervisor.gateway.keys import hash_key
from supervisor.gateway.openapi import document
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

KEY = "sk-for-schemathesis"

schema = schemathesis.openapi.from_dict(document()).exclude(path="/events")
"""Without the one answer that does not end: `test_events` has that."""


@schema.parametrize()
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_document_is_kept(
    case: schemathesis.Case,  # type: ignore[type-arg]  # evaluated, where it takes no argument
    gateway: Serving,
) -> None:
    """No server error; status, media type and body are among those that the document names."""
    case.call_and_validate(
        base_url=gateway.url,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


@schema.parametrize()
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_is_kept_where_keys_are_asked_for(
    case: schemathesis.Case,  # type: ignore[type-arg]  # evaluated, where it takes no argument
    guarded: Serving,
) -> None:
    """The same with the right key; without one nothing but 401, or what needs none."""
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    key = {"Authorization": f"Bearer {KEY}"}
    with_key = case.call_and_validate(base_url=guarded.url, headers=key, checks=checks)
    assert with_key.status_code != 401
    without = case.call_and_validate(base_url=guarded.url, checks=checks)
    assert without.status_code == 401 or case.path in OPEN


@pytest.fixture(scope="module")
def guarded(
    running_supervisor: Supervised, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A gateway that asks for a key, with books of its own."""
    environ = {
        **running_supervisor.environ,
        "SUPERVISOR_STATE_DIR": str(tmp_path_factory.mktemp("state")),
    }
    with Serving(environ, {"api_keys": [hash_key(KEY)]}) as serving:
        yield serving
        assert "Traceback" not in serving.output, serving.output


UNLISTED = {
    "/",
    "/openapi.json",
    "/page/about",
    "/page/history",
    "/page/hosts",
    "/page/jobs",
    "/page/jobs/{job}",
    "/page/simulation",
    "/page/static/{name}",
    "/page/status",
    "/page/trace",
}
"""The page, with what it alone asks for, and the document itself."""


def test_every_route_is_documented(gateway: Serving) -> None:
    """Those that the server really has are those of the document, method by method, and the index
    names them.
    """
    client = AsyncClient("ipc:///nowhere")
    context = make_context(Settings(), client)
    served = {
        (route.resource.canonical.rstrip("/") or "/", route.method)
        for route in make_app(context).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    context.encoders.close()
    named = {
        (path, method.upper()) for path, item in document()["paths"].items() for method in item
    }
    assert {route for route in served if route[0] not in UNLISTED} == named
    assert {path for path, _ in served} >= UNLISTED
    assert gateway.ask("/openapi.json").document == json.loads(json.dumps(document()))
    index = gateway.ask("/").body.decode()
    listed = set(re.findall(r"(/[\w/.{}-]+)", index)) - {"/openapi.json"}
    assert listed == {path for path, _ in named}


def test_the_request_s_schema_comes_from_its_record(gateway: Serving) -> None:
    """Formats and required fields are those that the code checks."""
    components = gateway.ask("/openapi.json").document["components"]["schemas"]
    request = components["SpeechRequest"]
    assert request["required"] == ["input"]
    assert set(request["properties"]["response_format"]["enum"]) == {
        "mp3",
        "opus",
        "aac",
        "flac",
        "wav",
        "pcm",
        "m4a",
        "ulaw",
        "alaw",
    }
