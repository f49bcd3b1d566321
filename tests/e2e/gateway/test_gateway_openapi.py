"""The gateway does what its own OpenAPI document says, also when it is asked for nonsense."""

from __future__ import annotations

import re

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from supervisor.gateway.openapi import document
from tests.e2e.gateway.serving import Serving

schema = schemathesis.openapi.from_dict(document())


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


def test_every_route_is_documented(gateway: Serving) -> None:
    """The index names the same addresses as the document."""
    index = gateway.ask("/").body.decode()
    named = set(re.findall(r"(/[\w/.-]+)", index)) - {"/openapi.json"}
    assert named == set(gateway.ask("/openapi.json").document["paths"])


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
    }
