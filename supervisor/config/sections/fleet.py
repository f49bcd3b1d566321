"""Settings of the fleet: which NATS servers this host joins, and what it takes there."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from supervisor.config.sections.declared import RULE, Declared, Name, Section
from supervisor.wire.fleet.names import as_token

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SERVER = re.compile(
    r"(?:nats|tls)://(?:[^\s/@]+@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?"
)

SERVERS: Final = 16
"""Most servers that are listed; a client learns of the others of a cluster by itself."""

Weight = Annotated[int, Field(ge=1, le=1000)]


class Weights(Section):
    """The section `fleet.weights`: shares of the classes in the work on durable jobs."""

    high: Annotated[
        Weight,
        Field(description="Share of `high` in the work that this host takes."),
        Declared("live"),
    ] = 8
    normal: Annotated[
        Weight,
        Field(description="Share of `normal` in the work that this host takes."),
        Declared("live"),
    ] = 3
    batch: Annotated[
        Weight,
        Field(description="Share of `batch` in the work that this host takes."),
        Declared("live"),
    ] = 1


class Fleet(Section):
    """The section `fleet`: many supervisors that share work over NATS. Without servers, none."""

    servers: Annotated[
        list[Name],
        Field(
            max_length=SERVERS,
            description="NATS servers to join, such as `nats://10.0.0.1:4222`, or `tls://…`; with "
            "an empty list this host stays alone. It needs the extra `fleet`.",
        ),
        Declared("supervisor_restart"),
    ] = []
    credentials: Annotated[
        Name | None,
        Field(
            description="File with this host's credentials for them: a `.creds` file, or the seed "
            "of an nkey. Only its owner may be able to read it (mode 0600)."
        ),
        Declared("supervisor_restart"),
    ] = None
    ca: Annotated[
        Name | None,
        Field(
            description="File with the certificates that the servers' are checked against; null: "
            "those of the system."
        ),
        Declared("supervisor_restart"),
    ] = None
    name: Annotated[
        Name | None,
        Field(
            description="Name of this host in the fleet, of letters, digits, `-` and `_`, and no "
            "other host's; null: the host name."
        ),
        Declared("supervisor_restart"),
    ] = None
    weights: Weights = Weights()
    lanes: Annotated[
        int,
        Field(
            ge=1,
            le=16,
            description="Queues for each engine and class, over which tenants are spread, so that "
            "one cannot hold up all. The same on all hosts.",
        ),
        Declared("live"),
    ] = 1
    lease_s: Annotated[
        float,
        Field(
            ge=1,
            le=3600,
            description="How long a job is left with a host that does not report progress before "
            "another one takes it.",
        ),
        Declared("live", "s"),
    ] = 30.0
    part_s: Annotated[
        float,
        Field(
            ge=1,
            le=3600,
            description="Predicted work of a part, where a long text is cut into parts that "
            "several hosts speak.",
        ),
        Declared("live", "s"),
    ] = 60.0
    prefetch: Annotated[
        int,
        Field(
            ge=0,
            le=64,
            description="Jobs taken beyond one a core, so that no worker waits for its next.",
        ),
        Declared("live", "jobs"),
    ] = 1
    spill_s: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="Predicted wait on this host above which live speech is offered to others.",
        ),
        Declared("supervisor_restart", "s"),
    ] = 0.3
    max_jobs: Annotated[
        int,
        Field(
            ge=1,
            le=10_000_000,
            description="Durable jobs that may wait in the fleet; more are refused as busy. "
            "`supervisor fleet setup` applies it.",
        ),
        Declared("live", "jobs"),
    ] = 100_000
    max_bytes_mb: Annotated[
        int,
        Field(
            ge=1,
            le=10_000_000,
            description="Room for their texts, and as much for their audio. `supervisor fleet "
            "setup` applies it.",
        ),
        Declared("live"),
    ] = 4096
    retention_s: Annotated[
        float,
        Field(
            ge=60,
            le=315_360_000,
            description="How long outcomes and audio are kept. `supervisor fleet setup` "
            "applies it.",
        ),
        Declared("live", "s"),
    ] = 86_400.0
    replicas: Annotated[
        Literal[1, 3, 5] | None,
        Field(
            description="Servers that hold each job and outcome; null: 3 where there are 3 servers "
            "or more, else 1. `supervisor fleet setup` applies it."
        ),
        Declared("live"),
    ] = None
    audio_replicas: Annotated[
        Literal[1, 3, 5] | None,
        Field(
            description="Servers that hold the audio; null: as many as `replicas`. With one no job "
            "ends while that one is away. `supervisor fleet setup` applies it."
        ),
        Declared("live"),
    ] = None
    accept_work: Annotated[
        bool,
        Field(description="Take durable jobs of the fleet."),
        Declared("live"),
    ] = True
    accept_live: Annotated[
        bool,
        Field(description="Speak live for other hosts that are busy."),
        Declared("live"),
    ] = True
    storing: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="Spoken jobs that are stored at once; null: as many as cores.",
        ),
        Declared("live", "jobs"),
    ] = None
    ping_s: Annotated[
        float,
        Field(
            ge=0.5,
            le=60,
            description="How often the connection is tried; it counts as cut after two unanswered.",
        ),
        Declared("supervisor_restart", "s"),
    ] = 2.0
    outage: Annotated[
        Literal["local", "refuse"],
        Field(
            description="Durable jobs while no server answers: `local` keeps them on this host, "
            "`refuse` refuses them."
        ),
        Declared("supervisor_restart"),
    ] = "local"

    @field_validator("servers")
    @classmethod
    def _are_servers(cls, servers: list[str]) -> list[str]:
        for server in servers:
            if not _SERVER.fullmatch(server):
                raise PydanticCustomError(
                    RULE, "{server} is not an address like nats://HOST:4222", {"server": server}
                )
        return servers

    @field_validator("name")
    @classmethod
    def _is_a_token(cls, name: str | None) -> str | None:
        if name is not None and not _TOKEN.fullmatch(name):
            raise PydanticCustomError(
                RULE, "{name} holds more than letters, digits, - and _", {"name": name}
            )
        return name


def host_token(settings: Fleet, hostname: str) -> str:
    """The name of this host in the fleet: the set one, else the host name as one token."""
    return settings.name or as_token(hostname)
