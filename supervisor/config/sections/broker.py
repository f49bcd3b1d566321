"""Settings of the broker: addresses, connections, and limits on clients."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from supervisor.config.sections.addresses import is_host_port, is_loopback, parse_host_port
from supervisor.config.sections.declared import CONFLICT, RULE, Declared, Name, Section


class Broker(Section):
    """The section `broker`: limits on clients, and the TCP address."""

    max_text_bytes: Annotated[
        int,
        Field(ge=1, le=1 << 30, description="Longest text of one job, in UTF-8."),
        Declared("live", "bytes"),
    ] = 2 * 1_048_576
    max_jobs_per_client: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Jobs of one client in flight.",
        ),
        Declared("live", "jobs"),
    ] = 1024
    max_queued_jobs: Annotated[
        int,
        Field(ge=1, le=10_000_000, description="Jobs of all clients in flight."),
        Declared("live", "jobs"),
    ] = 10_000
    max_held_audio_mb: Annotated[
        int,
        Field(
            ge=1,
            le=1_048_576,
            description="Spoken audio in memory that clients have not taken yet, in all. A job "
            "whose audio waits gets no further worker at its share of the room that is left; a "
            "quarter is kept for clients that take what they are sent.",
        ),
        Declared("live", "MB"),
    ] = 64
    max_client_held_audio_mb: Annotated[
        int,
        Field(
            ge=1,
            le=1_048_576,
            description="Spoken audio in memory that one client has not taken yet.",
        ),
        Declared("live", "MB"),
    ] = 32
    max_connections: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Connections at once, on ipc and on tcp each; further ones are closed.",
        ),
        Declared("supervisor_restart", "connections"),
    ] = 1000
    tcp: Annotated[
        Name | None,
        Field(
            description="HOST:PORT, such as `192.0.2.1:8355`, where clients with an allowed key "
            "may connect from other machines; see `supervisor keygen`."
        ),
        Declared("supervisor_restart"),
    ] = None
    insecure_tcp: Annotated[
        bool,
        Field(
            description="Open `tcp` without keys: every process of this machine may use it. Only "
            "for addresses that other machines cannot reach."
        ),
        Declared("supervisor_restart"),
    ] = False

    @field_validator("tcp")
    @classmethod
    def _tcp_is_an_address(cls, tcp: str | None) -> str | None:
        if tcp is not None and not is_host_port(tcp):
            raise PydanticCustomError(RULE, "must be HOST:PORT, such as 192.0.2.1:8355")
        return tcp

    @model_validator(mode="after")
    def _insecure_stays_here(self) -> Self:
        if self.insecure_tcp and not (self.tcp and is_loopback(parse_host_port(self.tcp)[0])):
            raise PydanticCustomError(
                CONFLICT,
                "{high} needs {low} at an address of this machine alone, such as 127.0.0.1:8355",
                {"low": "tcp", "high": "insecure_tcp"},
            )
        return self
