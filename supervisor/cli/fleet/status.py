"""`supervisor fleet status`: its hosts, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail
from supervisor.cli.fleet.common import (
    AsJson,
    CaOption,
    CredentialsOption,
    ServersOption,
    fleet_settings,
    print_json,
    run,
    target_of,
)

if TYPE_CHECKING:
    from supervisor.nats.backlog import Waiting
    from supervisor.nats.connection import Connection
    from supervisor.telling.fleet import HostRow

_COLUMNS = ("host", "state", "slots", "free", "jobs", "speed", "engines", "version", "schema")
_LEAST = ("schema", "version", "speed", "engines", "jobs")


def status(
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Show the hosts of the fleet and what waits: those that answer within a second."""
    settings = fleet_settings(servers, credentials, ca, config, override, set_)

    async def work(connection: Connection) -> tuple[list[HostRow], dict[str, Waiting]]:
        import asyncio

        from supervisor.nats.backlog import backlog
        from supervisor.nats.gathering import hosts
        from supervisor.nats.setup import read_config
        from supervisor.telling.fleet import host_row

        fleet = await read_config(connection)
        if fleet is None:
            fail(3, "no fleet is set up on these servers: run `supervisor fleet setup`")
        found, jobs = await asyncio.gather(hosts(connection), backlog(connection, fleet))
        return [host_row(host) for host in found], jobs

    rows, jobs = run(target_of(settings), work)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins({"hosts": rows, "waiting": jobs}))
        return
    _show(rows, jobs)


def _show(rows: list[HostRow], jobs: dict[str, Waiting]) -> None:
    from rich.console import Console

    from supervisor.cli.tables import FittingTable
    from supervisor.telling.fleet import summary, unlike
    from supervisor.telling.times import span

    console = Console(highlight=False, markup=False)
    told = summary(rows, {name: found.jobs for name, found in jobs.items()})
    console.print(told, soft_wrap=True)
    if rows:
        table = FittingTable(_COLUMNS, _LEAST)
        for row in rows:
            table.add(
                row.name,
                row.said,
                row.slots,
                row.free,
                row.running,
                f"{row.speed:g}",
                ", ".join(row.engines) or None,
                row.version or None,
                row.schema,
            )
        console.print(table)
    for name, found in jobs.items():
        if found.jobs:
            work, age = span(found.seconds), span(found.oldest_s)
            console.print(f"{name}: {work} of one core's work, the oldest for {age}")
    if differs := unlike(rows):
        console.print(differs, soft_wrap=True)
