"""Settings of the log and of traces."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from supervisor.config.sections.declared import RULE, Declared, Name, Section

Level = Literal["debug", "info", "warning", "error"]


class Logging(Section):
    """The section `logging`: levels, format, and content of the log."""

    level: Annotated[
        Level,
        Field(description="Least severe level that is logged."),
        Declared("live"),
    ] = "info"
    levels: Annotated[
        dict[Name, Level],
        Field(
            description="The same for components where it differs, such as "
            '`{"gateway": "warning", "pool.workers": "debug"}`: what `logger` of a JSON line has '
            "after `supervisor.`."
        ),
        Declared("live"),
    ] = {}
    format: Annotated[
        Literal["text", "json"],
        Field(description="Lines for people, or one JSON object per line."),
        Declared("live"),
    ] = "text"
    text: Annotated[
        bool,
        Field(description="Whether the text of jobs may appear in the log."),
        Declared("live"),
    ] = False


class Tracing(Section):
    """The section `tracing`: traces of jobs, and their collector."""

    enabled: Annotated[
        bool,
        Field(
            description="Send a trace of every job to an OpenTelemetry collector (extra `otel`)."
        ),
        Declared("live"),
    ] = False
    endpoint: Annotated[
        Name | None,
        Field(
            description="Where the collector takes OTLP over HTTP, such as "
            "`http://127.0.0.1:4318/v1/traces`; null leaves it to the variables "
            "`OTEL_EXPORTER_OTLP_…`, and to localhost where they say nothing."
        ),
        Declared("live"),
    ] = None

    @field_validator("endpoint")
    @classmethod
    def _is_a_whole_url(cls, endpoint: str | None) -> str | None:
        if endpoint is None:
            return None
        if not _is_collector(endpoint):
            raise PydanticCustomError(
                RULE, "must be a URL with its path, such as http://127.0.0.1:4318/v1/traces"
            )
        if "@" in urlsplit(endpoint).netloc:
            raise PydanticCustomError(
                RULE, "must hold no password; credentials go into OTEL_EXPORTER_OTLP_HEADERS"
            )
        return endpoint


def _is_collector(url: str) -> bool:
    """Whether this may be the URL of a collector, path included."""
    try:
        parts = urlsplit(url)
        usable = parts.port != 0  # reading it raises for what is no port
    except ValueError:
        return False
    return (
        usable
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.path not in {"", "/"}
        and url.isprintable()
        and " " not in url
    )
