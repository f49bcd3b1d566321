"""`supervisor fleet auth`: what it writes lets users into a real server, and out of it again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.cli import app
from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import FleetError
from tests.fleet.servers import BINARY, NatsServer


def auth(directory: Path, command: str, *arguments: str) -> Result:
    """Run `supervisor fleet auth …` for this directory."""
    words = ["fleet", "auth", command, *arguments, "--directory", str(directory)]
    return CliRunner().invoke(app, words)


@pytest.fixture
def server() -> Iterator[NatsServer]:
    """A server whose configuration includes users.conf of its directory `users`; not started."""
    server = NatsServer(extra='include "users/users.conf"')
    try:
        yield server
    finally:
        server.close()


def test_users_come_and_go(server: NatsServer) -> None:
    """Who is added comes in once the server has read its users again; who is removed is out at that
    moment, and is told so. The server takes what is written at each step.
    """
    users = server.directory / "users"
    assert auth(users, "add", "host", "h1").exit_code == 0
    server.start().wait_listening()
    assert auth(users, "add", "gateway", "web1", "--tenant", "shop").exit_code == 0
    valid = [str(BINARY), "-t", "-c", str(server.directory / "nats.conf")]
    subprocess.run(valid, check=True, capture_output=True)
    key = users / "web1.nk"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600

    told: list[str] = []

    async def joined() -> Connection | None:
        connection = Connection(Servers((server.url,), "web1", str(key)))
        try:
            await connection.connect(5)
        except FleetError as error:
            told.append(str(error))
            await connection.close()
            return None
        return connection

    async def work() -> None:
        assert await joined() is None
        reload(server)
        async with asyncio.timeout(20):
            while (connection := await joined()) is None:
                pass
            assert auth(users, "remove", "web1").exit_code == 0
            ended = asyncio.Event()
            connection.on_change = ended.set
            reload(server)
            await ended.wait()
        await connection.close()

    asyncio.run(work())
    assert told
    assert all("refuses these credentials" in words for words in told)
    assert not key.exists()


def reload(server: NatsServer) -> None:
    """Have it read its configuration again, as `nats-server --signal reload` does."""
    os.kill(server.pid, signal.SIGHUP)


def test_what_is_there_stays_and_what_is_wrong_changes_nothing(tmp_path: Path) -> None:
    """Names that no subject can have, of another role, of nobody; a list that was broken."""
    assert auth(tmp_path, "add", "host", "h1", "h2").exit_code == 0
    before = (tmp_path / "users.conf").read_text()
    seed = (tmp_path / "h1.nk").read_text()
    assert "h1 is there already" in auth(tmp_path, "add", "host", "h1").output
    for arguments, words in (
        (("add", "gateway", "h1"), "h1 is a host of tenant default already"),
        (("add", "host", "../h3"), "is no name for a fleet"),
        (("add", "host", "h3", "--tenant", "a.b"), "is no name for a fleet"),
        (("add", "host"), "name at least one user"),
        (("remove", "nobody"), "there is no user 'nobody'"),
    ):
        refused = auth(tmp_path, *arguments)
        assert (refused.exit_code, words in refused.output) == (2, True), refused.output
        assert refused.output.count("\n") == 1
    assert (tmp_path / "users.conf").read_text() == before
    listed = json.loads(auth(tmp_path, "list", "--json").stdout)
    assert [(each["role"], each["name"]) for each in listed] == [("host", "h1"), ("host", "h2")]
    # A key that is there already is used: one of one's own, or of an attempt that was cut short.
    (tmp_path / "users.json").unlink()
    assert auth(tmp_path, "add", "host", "h1", "h2").exit_code == 0
    assert (tmp_path / "h1.nk").read_text() == seed
    assert (tmp_path / "users.conf").read_text() == before
    (tmp_path / "users.json").write_text('[{"name": "x\\"y", "role": "host", "key": "U"}]')
    broken = auth(tmp_path, "list")
    assert (broken.exit_code, "users.json: " in broken.output) == (2, True)


def test_permissions_are_printed_for_other_configurations() -> None:
    """As nats-server has them, or as JSON for a program that calls nsc."""
    printed = CliRunner().invoke(app, ["fleet", "auth", "permissions", "host", "h1"]).output
    assert "allow_responses: { max: -1, expires: 1h }" in printed
    assert '"_I.KEY.>"' in printed
    words = ["fleet", "auth", "permissions", "gateway", "w", "--tenant", "shop", "--json"]
    told = json.loads(CliRunner().invoke(app, words).stdout)
    assert "tts.1.job.*.*.*.shop.*" in told["publish"]
    assert told["answers"] is False
