"""What the commands of a fleet share: where its servers are, connecting, errors as one line."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

import typer

from supervisor.cli.common import fail

if TYPE_CHECKING:
    from supervisor.config import Settings
    from supervisor.nats.connection import Connection
    from supervisor.nats.connection import Servers as Target
    from supervisor.nats.layout import Layout

_Result = TypeVar("_Result")

ServersOption = Annotated[
    str | None,
    typer.Option(
        "--servers",
        metavar="URL[,URL]",
        help="NATS servers, such as nats://10.0.0.1:4222; default: fleet.servers.",
    ),
]
CredentialsOption = Annotated[
    Path | None,
    typer.Option(
        "--credentials",
        metavar="FILE",
        help="A .creds file or the seed of an nkey (mode 0600); default: fleet.credentials.",
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE", help="Certificates that the servers' are checked against."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

PATIENCE_S = 2.0
"""Longest wait for the first server to answer."""

_REPLICAS = 3
"""Servers that hold each job, where there are as many or more and nothing else is said."""

_EXIT = {"unavailable": 3, "no_stream": 3, "too_long": 2}


def fleet_settings(
    servers: str | None,
    credentials: Path | None,
    ca: Path | None,
    config: Path | None = None,
    override: Path | None = None,
    set_: list[str] | None = None,
) -> Settings:
    """The settings, with what the options say of the fleet; ends the command where they are not
    valid, name no server, or the extra is missing.
    """
    from supervisor import config as configuration

    given = list(set_ or [])
    if servers is not None:
        urls = [each.strip() for each in servers.split(",") if each.strip()]
        given.append(f"fleet.servers={json.dumps(urls)}")
    given += [
        f"fleet.{name}={file.absolute()}"
        for name, file in (("credentials", credentials), ("ca", ca))
        if file is not None
    ]
    try:
        assignments = configuration.assignments(given)
        settings = configuration.load(config, override, os.environ, assignments).settings
    except configuration.ConfigError as error:
        fail(2, str(error))
    if not settings.fleet.servers:
        fail(2, "no NATS servers: give --servers nats://HOST:4222, or set fleet.servers")
    need_extra()
    return settings


def need_extra() -> None:
    """End the command where the extra is not installed."""
    if find_spec("nats") is None or find_spec("nkeys") is None:
        from supervisor.installing import how_to_install

        fail(2, f"the extra `fleet` is missing: {how_to_install('fleet')}")


def target_of(settings: Settings) -> Target:
    """Where the settings have this host connect, and as whom."""
    from supervisor.config.sections.fleet import host_token
    from supervisor.nats.connection import Servers

    fleet = settings.fleet
    return Servers(
        urls=tuple(fleet.servers),
        name=host_token(fleet, socket.gethostname()),
        credentials=fleet.credentials,
        ca=fleet.ca,
        ping_s=fleet.ping_s,
    )


def is_guarded(target: Target) -> bool:
    """Whether one has to say who one is, or the servers can be reached from this machine alone."""
    from supervisor.config.sections.addresses import is_loopback

    if target.credentials is not None:
        return True
    urls = [urlsplit(url) for url in target.urls]
    return all(url.username is not None or is_loopback(url.hostname or "") for url in urls)


def layout_of(
    settings: Settings,
    connection: Connection,
    engines: list[str] | None = None,
    replicas: int | None = None,
) -> Layout:
    """What the settings ask for, on the servers that there are; ends the command where an engine
    has a name that no subject can have.
    """
    from supervisor.nats.layout import Layout
    from supervisor.wire.fleet.names import NameRefused, token

    fleet = settings.fleet
    try:
        spoken = engines or [settings.engines.default, *settings.engines.preload]
        known = tuple(sorted({token(name) for name in spoken}))
    except NameRefused as error:
        fail(2, f"--engine: {error}")
    auto = _REPLICAS if len(connection.known_servers) >= _REPLICAS else 1
    held = replicas or fleet.replicas or auto
    return Layout(
        engines=known,
        lanes=fleet.lanes,
        replicas=held,
        audio_replicas=min(held, fleet.audio_replicas or held),
        lease_s=fleet.lease_s,
        max_jobs=fleet.max_jobs,
        max_bytes=fleet.max_bytes_mb * 1_000_000,
        retention_s=fleet.retention_s,
        part_s=fleet.part_s,
    )


def run(target: Target, work: Callable[[Connection], Awaitable[_Result]]) -> _Result:
    """Connect, do the work, and leave; an error of the fleet ends the command with one line."""
    from supervisor.nats.connection import Connection
    from supervisor.nats.errors import FleetError

    async def connected() -> _Result:
        connection = Connection(target)
        connection.on_forbidden = say_nothing
        try:
            await connection.connect(PATIENCE_S)
            return await work(connection)
        finally:
            with suppress(FleetError):
                await connection.close()

    try:
        return asyncio.run(connected())
    except FleetError as error:
        fail(_EXIT.get(error.code, 4), str(error))


def say_nothing(_act: str, _subject: str) -> None:
    """About what is forbidden: the request that fails says it."""


def print_json(document: Any) -> None:  # noqa: ANN401 (what JSON can say)
    """Print a document on standard output."""
    typer.echo(json.dumps(document, indent=2))
