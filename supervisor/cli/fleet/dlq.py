"""`supervisor fleet dlq`: jobs that failed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from supervisor.cli.common import fail, local_time
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
from supervisor.wording import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from supervisor.nats.connection import Connection
    from supervisor.nats.dead_letters import Unread
    from supervisor.wire.fleet.jobs import DeadLetter

app = typer.Typer(
    name="dlq",
    help="Jobs that failed for good: look, retry, forget.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Keys = Annotated[
    list[str] | None, typer.Argument(metavar="JOB", help="TENANT.ID, as `ls` prints it.")
]
All = Annotated[bool, typer.Option("--all", help="All of them, or all of --tenant.")]
Tenant = Annotated[str | None, typer.Option(metavar="NAME", help="Those of one tenant alone.")]


@app.command("ls", short_help="List them, the latest last.")
def ls(
    tenant: Tenant = None,
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs that failed for good: a text that ends workers, one that no voice can read.

    They are kept for 30 days. No text is shown.
    """
    target = target_of(fleet_settings(servers, credentials, ca))

    async def work(connection: Connection) -> list[tuple[str, DeadLetter | Unread]]:
        from supervisor.nats.dead_letters import dead_letters

        return [each async for each in dead_letters(connection, tenant)]

    found = run(target, work)
    rows = sorted((_row(key, letter) for key, letter in found), key=lambda row: row["at"])
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo("there are none")
        return
    from rich.console import Console

    from supervisor.cli.tables import FittingTable

    table = FittingTable(
        ("job", "failed", "code", "engine", "characters", "attempts", "host"),
        ("attempts", "host", "characters", "engine"),
    )
    for row in rows:
        failed = local_time(row["at"]) if row["at"] else None
        table.add(
            row["job"],
            failed,
            row["code"],
            *(row.get(name) for name in ("engine", "characters", "attempts", "host")),
        )
    Console(highlight=False).print(table)


@app.command("show", short_help="Show what is known of one.")
def show(
    job: Annotated[str, typer.Argument(metavar="JOB", help="TENANT.ID, as `ls` prints it.")],
    text: Annotated[
        bool,
        typer.Option(
            "--text", help="Print its text too, unless that was too long for the job itself."
        ),
    ] = False,
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    as_json: AsJson = False,
) -> None:
    """Show what is known of one job that failed for good: why, where, and what was asked for."""
    target = target_of(fleet_settings(servers, credentials, ca))

    async def work(connection: Connection) -> DeadLetter | Unread | None:
        from supervisor.nats.dead_letters import dead_letter

        return await dead_letter(connection, job)

    letter = run(target, work)
    if letter is None:
        fail(4, f"there is no dead letter {job!r}")
    row = _row(job, letter)
    if text:
        row["text"] = _text_of(letter)
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        shown = local_time(value) if name == "at" and value else value
        typer.echo(f"{name}: {'–' if shown is None else shown}")


@app.command("requeue", short_help="Hand jobs in again.")
def requeue(
    jobs: Keys = None,
    all_: All = False,
    tenant: Tenant = None,
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
) -> None:
    """Hand jobs in again under their own names, as if they had never failed.

    Do so when what made them fail is mended: a voice was installed, an engine upgraded.
    """

    async def again(connection: Connection, key: str, letter: DeadLetter | Unread) -> None:
        from supervisor.nats.dead_letters import Unread
        from supervisor.nats.dead_letters import requeue as hand_in
        from supervisor.nats.errors import FleetError

        if isinstance(letter, Unread):
            raise FleetError("refused", f"{key}: {letter.why}")
        await hand_in(connection, key, letter)

    count = _each(fleet_settings(servers, credentials, ca), jobs, again, tenant, everything=all_)
    typer.echo(f"{counted(count, 'job')} handed in again")


@app.command("drop", short_help="Forget jobs.")
def drop(
    jobs: Keys = None,
    all_: All = False,
    tenant: Tenant = None,
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
) -> None:
    """Forget jobs that failed for good, with their texts. Their outcomes stay as long as others."""

    async def forget(connection: Connection, key: str, _letter: DeadLetter | Unread) -> None:
        from supervisor.nats.dead_letters import drop as remove

        await remove(connection, key)

    count = _each(fleet_settings(servers, credentials, ca), jobs, forget, tenant, everything=all_)
    typer.echo(f"{counted(count, 'job')} forgotten")


def _each(
    settings: Any,  # noqa: ANN401 (Settings, which is loaded late)
    jobs: list[str] | None,
    act: Callable[[Connection, str, DeadLetter | Unread], Awaitable[None]],
    tenant: str | None,
    *,
    everything: bool,
) -> int:
    """Do it with each that is named, or with all; returns how many that were."""
    if bool(jobs) == everything:
        fail(2, "name jobs as `supervisor fleet dlq ls` prints them, or say --all")

    async def work(connection: Connection) -> int:
        from supervisor.nats.dead_letters import dead_letter, dead_letters
        from supervisor.nats.errors import FleetError

        if everything:
            found = [each async for each in dead_letters(connection, tenant)]
        else:
            found = []
            for key in dict.fromkeys(jobs or ()):
                letter = await dead_letter(connection, key)
                if letter is None:
                    raise FleetError("refused", f"there is no dead letter {key!r}")
                found.append((key, letter))
        for key, letter in found:
            await act(connection, key, letter)
        return len(found)

    return run(target_of(settings), work)


def _row(key: str, letter: DeadLetter | Unread) -> dict[str, Any]:
    """What is told of a dead letter; never its text."""
    from supervisor.nats.dead_letters import Unread

    if isinstance(letter, Unread):
        return {"job": key, "at": 0.0, "code": "unreadable", "message": letter.why}
    submit = letter.job.submit
    text = letter.job.text
    return {
        "job": key,
        "at": letter.at_ms / 1000,
        "code": letter.code,
        "message": letter.message,
        "host": letter.host,
        "attempts": letter.attempts,
        "engine": submit.engine,
        "voice": submit.voice,
        "characters": None if text is None else len(text),
        "bytes": letter.job.text_bytes if text is None else len(text.encode()),
        "owner": letter.job.owner or None,
        "waited_s": round(max(0.0, (letter.at_ms - letter.job.submitted_ms) / 1000), 1),
    }


def _text_of(letter: DeadLetter | Unread) -> str | None:
    from supervisor.nats.dead_letters import Unread

    return None if isinstance(letter, Unread) else letter.job.text
