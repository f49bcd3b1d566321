"""`supervisor fleet auth`: the users of a fleet's servers, kept in a directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from supervisor.cli.common import fail
from supervisor.cli.fleet.common import AsJson, need_extra, print_json

if TYPE_CHECKING:
    from supervisor.nats.server_config import User

app = typer.Typer(
    name="auth",
    help="Users of the NATS servers: keys and permissions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

RoleName = Literal["host", "gateway", "operator"]

Directory = Annotated[
    Path,
    typer.Option(help="Where keys, users.json and users.conf are; made where it is not there."),
]
RoleArgument = Annotated[RoleName, typer.Argument(help="What the users are to be.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME", help="Their names, one or more.")
]
Tenant = Annotated[
    str, typer.Option(metavar="NAME", help="Tenant of a gateway, or of a host's own one.")
]

_DIRECTORY = Path("fleet-auth")
_LIST, _CONFIG = "users.json", "users.conf"
_INCLUDE = "include it in each server's configuration; then: nats-server --signal reload"


@app.command("add", short_help="Make users, and write the servers' configuration anew.")
def add(
    role: RoleArgument,
    names: Names = None,
    tenant: Tenant = "default",
    directory: Directory = _DIRECTORY,
) -> None:
    """Make users of the servers: for each a key in NAME.nk, and all of them in users.conf, with
    exactly what each needs.

    A host needs the name that it has in the fleet. A gateway, or a program with
    `Client("nats://…")`, speaks for one tenant and can neither hear, read nor name what others
    have. An operator may everything; `setup`, `dlq` and `drain` need one. Who is there already
    stays as he is.
    """
    from supervisor.nats.server_config import User
    from supervisor.wire.fleet.names import NameRefused, token

    need_extra()
    names = _named(names)
    users = _read(directory)
    try:
        for name in (*names, tenant):
            token(name)
    except NameRefused as error:
        fail(2, str(error))
    for name in names:
        before = users.get(name)
        if before is not None and (before.role, before.tenant) != (role, tenant):
            what = f"{before.role} of tenant {before.tenant}"
            fail(2, f"{name} is a {what} already; choose another name, or remove it first")
    for name in names:
        if name in users:
            typer.echo(f"{role} {name} is there already")
            continue
        file = directory / f"{name}.nk"
        users[name] = User(name=name, role=role, tenant=tenant, key=_key(file))
        typer.echo(f"{role} {name}: its key is {file}; put it there with mode 0600, {_use(role)}")
    _write(directory, users)


@app.command("remove", short_help="Remove users, and write the servers' configuration anew.")
def remove(
    names: Names = None,
    directory: Directory = _DIRECTORY,
) -> None:
    """Remove users and their keys. The servers let them in until they have read users.conf again,
    which also ends their connections.
    """
    need_extra()
    names = _named(names)
    users = _read(directory)
    for name in names:
        if name not in users:
            fail(2, f"there is no user {name!r} in {directory}")
    for name in names:
        del users[name]
        (directory / f"{name}.nk").unlink(missing_ok=True)
    _write(directory, users)


@app.command("list")
def list_(directory: Directory = _DIRECTORY, as_json: AsJson = False) -> None:
    """Print the users: role, name, tenant and public key."""
    import msgspec

    users = sorted(_read(directory).values(), key=lambda user: (user.role, user.tenant, user.name))
    if as_json:
        print_json(msgspec.to_builtins(users))
        return
    for user in users:
        typer.echo(f"{user.role:8}  {user.name}  {user.tenant}  {user.key}")


@app.command("permissions", short_help="Print what a user needs, as nats-server has it.")
def permissions(
    role: RoleArgument,
    name: Annotated[str, typer.Argument(help="The name of the host, or any other user's.")],
    key: Annotated[
        str, typer.Option(metavar="KEY", help="Its public nkey (U…), which its inboxes begin with.")
    ] = "KEY",
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Print the permissions that a user needs, for a configuration of your own or for nsc.

    A gateway that is not to be trusted needs an account of its own besides; users.conf of `add`
    shows how it imports what it uses.
    """
    import msgspec

    from supervisor.nats.server_config import permissions as as_config
    from supervisor.wire.fleet.names import NameRefused
    from supervisor.wire.fleet.permissions import INBOX, rights

    need_extra()
    try:
        given = rights(role, name, tenant, f"{INBOX}.{key}")
    except NameRefused as error:
        fail(2, str(error))
    if as_json:
        print_json(msgspec.to_builtins(given))
    else:
        typer.echo(f"permissions: {as_config(given)}")


def _named(names: list[str] | None) -> list[str]:
    if not names:
        fail(2, "name at least one user")
    return names


def _use(role: RoleName) -> str:
    return {
        "host": "and set fleet.credentials and fleet.name",
        "gateway": "and name it: Client(…, credentials=FILE)",
        "operator": "and name it: --credentials FILE",
    }[role]


def _read(directory: Path) -> dict[str, User]:
    """The users in a directory, by name; none where it is not there."""
    import msgspec

    from supervisor.nats.credentials import is_public_key
    from supervisor.nats.server_config import User
    from supervisor.wire.fleet.names import NameRefused, token

    path = directory / _LIST
    try:
        users = msgspec.json.decode(path.read_bytes(), type=list[User])
        for user in users:
            token(user.name)
            token(user.tenant)
            if not is_public_key(user.key):
                raise NameRefused(f"{user.name} has no public key")
    except FileNotFoundError:
        return {}
    except OSError as error:
        fail(2, f"{path}: {error.strerror}")
    except (msgspec.MsgspecError, NameRefused) as error:
        fail(2, f"{path}: {error}")
    return {user.name: user for user in users}


def _write(directory: Path, users: dict[str, User]) -> None:
    """Write the list and the configuration that is made of it."""
    import msgspec

    from supervisor.files import replace_file
    from supervisor.nats.server_config import server_config

    ordered = sorted(users.values(), key=lambda user: user.name)
    listed = msgspec.json.format(msgspec.json.encode(ordered), indent=2)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in ((_LIST, listed), (_CONFIG, server_config(ordered).encode())):
            with replace_file(directory / name, durable=True) as file:
                file.write(content)
    except OSError as error:
        fail(2, f"{error.filename}: {error.strerror}")
    typer.echo(f"{directory / _CONFIG}: {_INCLUDE}")


def _key(path: Path) -> str:
    """The public key to the seed in a file, which is made where it is not there."""
    from supervisor.nats.credentials import new_user, read_credentials
    from supervisor.nats.errors import FleetError

    made = new_user()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        try:
            return read_credentials(path).key
        except FleetError as error:
            fail(2, str(error))
    except OSError as error:
        fail(2, f"{path}: {error.strerror}")
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(f"{made.seed}\n")
    return made.key
