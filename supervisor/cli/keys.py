"""`supervisor keygen` and `supervisor keys …`: keys of clients that connect over tcp."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import fail

if TYPE_CHECKING:
    from supervisor.broker.sockets.keys import Keys

app = typer.Typer(help="The keys that may connect over tcp.", no_args_is_help=True)

_RELOAD = "a running supervisor takes it over at SIGHUP"


def keygen(
    file: Annotated[
        Path | None,
        typer.Argument(help="Make a client's keys there; without it, the supervisor's own."),
    ] = None,
) -> None:
    """Make a pair of CURVE keys and print the public one.

    The supervisor's own pair is made once and kept; clients name its public key.
    """
    with _keys() as keys:
        if file is None:
            typer.echo(keys.make_server().public.hex())
            return
        from supervisor.broker.sockets.keys import new_pair
        from supervisor.wire.keyfile import write_key_file

        pair = new_pair()
        write_key_file(file, pair)
        typer.echo(pair.public.hex())


@app.command("allow")
def allow(
    key: Annotated[str, typer.Argument(help="The client's public key, as `keygen` printed it.")],
    name: Annotated[str, typer.Option(help="A name for it, for you.")] = "",
) -> None:
    """Let a client in."""
    with _keys() as keys:
        from supervisor.wire.keyfile import parse_key

        keys.allow(parse_key(key), name)
        typer.echo(f"allowed; {_RELOAD}", err=True)


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Print the keys that are let in, and their names."""
    with _keys() as keys:
        allowed = keys.allowed()
    if as_json:
        import json

        typer.echo(json.dumps([{"key": k.hex(), "name": name} for k, name in allowed.items()]))
        return
    for key, name in allowed.items():
        typer.echo(f"{key.hex()} {name}".rstrip())


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY|NAME", help="What `list` prints.")],
) -> None:
    """Let a client in no more."""
    with _keys() as keys:
        gone = keys.revoke(key)
        typer.echo(f"revoked {len(gone)}; {_RELOAD}", err=True)


@contextmanager
def _keys() -> Iterator[Keys]:
    """Keys of this user's state directory; a fault in them ends the command."""
    from supervisor.broker.sockets.keys import Keys
    from supervisor.config.paths import state_directory
    from supervisor.wire.keyfile import KeysError

    try:
        yield Keys(state_directory(os.environ))
    except KeysError as error:
        fail(2, str(error))
