"""`supervisor fleet setup`: streams, buckets and consumers on the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail
from supervisor.cli.fleet.common import (
    AsJson,
    CaOption,
    CredentialsOption,
    ServersOption,
    fleet_settings,
    is_guarded,
    layout_of,
    print_json,
    run,
    target_of,
)
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.nats.connection import Connection
    from supervisor.nats.layout import Layout
    from supervisor.nats.setup import Change


def setup(  # noqa: PLR0913, PLR0917 (each option is an argument)
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    replicas: Annotated[
        int | None,
        typer.Option(
            min=1, max=5, help="Servers that hold each job; default: 3 of three or more, else 1."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="Engine that hosts speak; default: those of the settings. Repeatable."),
    ] = None,
    schema: Annotated[
        int | None,
        typer.Option(min=1, help="Newest schema of jobs from now on, once all hosts know it."),
    ] = None,
    lower: Annotated[
        bool,
        typer.Option("--lower", help="Lower limits too, as long as all that is stored still fits."),
    ] = False,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Have the NATS servers hold what a fleet needs: streams, buckets and consumers.

    It can be run again at any time: what is there stays, what differs from the settings is
    changed, and nothing is lowered, as the servers would drop what no longer fits. Hosts and
    clients change none of it, so their users need no right to.
    """
    settings = fleet_settings(servers, credentials, ca, config, override, set_)
    target = target_of(settings)
    if not is_guarded(target):
        fail(2, "without --credentials a fleet is set up on a server of this machine alone")

    async def work(connection: Connection) -> tuple[Layout, list[Change]]:
        from supervisor.nats.setup import set_up

        layout = layout_of(settings, connection, engine, replicas)
        return layout, await set_up(connection, layout, schema=schema, lower=lower)

    layout, changes = run(target, work)
    if as_json:
        import msgspec

        document = {"changes": changes, "replicas": layout.replicas, "engines": layout.engines}
        print_json(msgspec.to_builtins(document))
        return
    for change in changes:
        if change.act != "kept":
            fields = f": {', '.join(change.fields)}" if change.fields else ""
            typer.echo(f"{change.act:8}  {change.what}{fields}")
    kept = sum(change.act == "kept" for change in changes)
    on = counted(layout.replicas, "server")
    typer.echo(f"the fleet is set up, each job on {on}; {kept} of {len(changes)} were so already")
