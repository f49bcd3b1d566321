"""`supervisor fleet drain`: a host takes no more work of the fleet."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import fail
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
    from supervisor.nats.connection import Connection
    from supervisor.wire.fleet.live import Heartbeat

_LOOK_S = 0.5


def drain(
    host: Annotated[
        str | None, typer.Argument(help="Its name in the fleet; default: this machine's.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Have it take part again.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Wait no longer than this; the drain goes on by itself (exit code 4).",
        ),
    ] = None,
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    as_json: AsJson = False,
) -> None:
    """Have a host take no more work of the fleet, return what it has not begun, and finish the
    rest; wait for that.

    Its own clients are served as ever. It holds until the host's supervisor starts anew, or until
    --undo. A supervisor that is stopped (`supervisor drain`, SIGTERM) does this by itself.
    """
    target = target_of(fleet_settings(servers, credentials, ca))
    name = host or target.name
    began = time.monotonic()
    deadline = None if timeout is None else began + timeout
    beat = run(target, lambda connection: _drain(connection, name, deadline, undo=undo))
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        state = {"host": name, "draining": beat.draining, "running": beat.running}
        print_json({**state, "seconds": seconds})
    if beat.running and not undo:
        left = counted(beat.running, "job")
        fail(4, f"{name} still speaks {left} of the fleet; it takes no more, and goes on by itself")
    if not as_json:
        done = "takes part again" if undo else f"drained in {seconds:g} s; --undo has it take part"
        typer.echo(f"{name} {done}")


async def _drain(
    connection: Connection, host: str, deadline: float | None, *, undo: bool
) -> Heartbeat:
    """Ask until it speaks nothing of the fleet any more, or the time is over; its last word."""
    from supervisor.nats.errors import FleetError
    from supervisor.wire.fleet import codec, names
    from supervisor.wire.fleet.live import Drain, Heartbeat

    try:
        subject = names.drain_subject(host)
    except names.NameRefused as error:
        fail(2, str(error))
    told = -1
    while True:
        try:
            answer = await connection.request(subject, codec.encode(Drain(off=undo)))
            beat = codec.decode(answer.data, Heartbeat)
        except FleetError as error:
            if error.code != "no_stream":
                raise
            raise FleetError("unavailable", await _nobody(connection, host)) from None
        except (codec.NewerSchema, codec.Unreadable) as error:
            raise FleetError("refused", f"{host}: {error}") from None
        left = None if deadline is None else deadline - time.monotonic()
        if undo or not beat.running or (left is not None and left <= 0):
            return beat
        if beat.running != told:
            told = beat.running
            typer.echo(f"draining {host}: {counted(told, 'job')} left", err=True)
        await asyncio.sleep(_LOOK_S if left is None else min(_LOOK_S, left))


async def _nobody(connection: Connection, host: str) -> str:
    """That a host is not there, and who is."""
    from supervisor.nats.gathering import hosts

    there = ", ".join(beat.host for beat in await hosts(connection)) or "none"
    return f"there is no host {host!r} in the fleet; those that answer: {there}"
