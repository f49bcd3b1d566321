"""`supervisor fleet doctor`: problems of a fleet's servers, and what to do about them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile
from supervisor.cli.fleet.common import (
    PATIENCE_S,
    AsJson,
    CaOption,
    CredentialsOption,
    ServersOption,
    fleet_settings,
    layout_of,
    say_nothing,
    target_of,
)

if TYPE_CHECKING:
    from supervisor.cli.host_checks import Finding
    from supervisor.config import Settings


def doctor(  # noqa: PLR0913, PLR0917 (each option is an argument)
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    role: Annotated[
        Literal["host", "gateway", "operator"],
        typer.Option("--as", help="Whose rights the user of these credentials is to have."),
    ] = "host",
    tenant: Annotated[
        str, typer.Option(metavar="NAME", help="Tenant of a gateway, or of a host's own one.")
    ] = "default",
    monitor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Monitoring of a server, such as http://127.0.0.1:8222; default: port 8222 of "
            "each, where it answers. Repeatable.",
        ),
    ] = None,
    server_config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A server's configuration, to look up what it syncs."),
    ] = None,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Look at the NATS servers, at what they keep for the fleet, at clocks and hosts, and try each
    right that this user needs; exit code 2 for a problem.

    Nothing is changed, and no job is touched. Whether servers write to disk what they confirm is
    something that they tell in their monitoring alone.
    """
    from supervisor.cli.doctor import report

    settings = fleet_settings(servers, credentials, ca, config, override, set_)
    findings = asyncio.run(
        examine(settings, role, tenant, monitors=monitor or [], server_config=server_config)
    )
    report(findings, as_json=as_json)


async def examine(
    settings: Settings,
    role: Literal["host", "gateway", "operator"],
    tenant: str,
    *,
    monitors: list[str],
    server_config: Path | None,
) -> list[Finding]:
    """All findings."""
    from supervisor.cli.fleet.fleet_checks import (
        check_hosts,
        check_layout,
        check_rights,
        check_streams,
    )
    from supervisor.cli.fleet.server_checks import (
        check_clock,
        check_payload,
        check_road,
        check_servers,
        check_sync,
    )
    from supervisor.cli.host_checks import Finding
    from supervisor.nats.connection import Connection
    from supervisor.nats.errors import FleetError
    from supervisor.nats.setup import check_jetstream

    target = target_of(settings)
    findings = [*await check_servers(target), *check_road(target)]
    if all(finding.level == "problem" for finding in findings if finding.check == "server"):
        return findings
    connection = Connection(target)
    connection.on_forbidden = say_nothing
    try:
        await connection.connect(PATIENCE_S)
        findings.append(check_payload(connection))
        findings += await check_sync(connection, monitors, server_config)
        if role != "gateway":
            await check_jetstream(connection)
            layout = layout_of(settings, connection)
            findings += await check_layout(connection, layout)
            found, offset = await check_streams(connection, layout)
            findings += [*found, check_clock(offset)]
        findings += await check_rights(connection, role, target.name, tenant)
        findings += await check_hosts(connection)
    except FleetError as error:
        if not any(finding.level == "problem" for finding in findings):
            findings.append(Finding("server", "problem", str(error), "look at the servers' log"))
    finally:
        await connection.close()
    return findings
