"""A server that speaks TLS from the first byte: who is trusted, and what is said to the others."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import FleetError
from supervisor.nats.setup import check_jetstream
from tests.fleet.servers import NatsServer

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NatsServer, Path]]:
    """A server, and the certificate that it shows, which nobody else trusts."""
    directory = tmp_path_factory.mktemp("tls")
    made = "req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=nats -addext"
    command = ["openssl", *made.split(), "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", "server.key", "-out", "server.crt"]
    subprocess.run([*command, *files], cwd=directory, check=True, capture_output=True)
    tls = (
        f'tls {{ cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", '
        "handshake_first: true }"
    )
    with NatsServer(extra=tls) as server:
        yield server, directory / "server.crt"


def test_who_trusts_the_certificate_is_connected(guarded: tuple[NatsServer, Path]) -> None:
    """And all that goes on is as without TLS."""
    server, ca = guarded

    async def work() -> None:
        url = server.url.replace("nats://", "tls://")
        async with Connection(Servers((url,), "test", ca=str(ca))) as connection:
            await check_jetstream(connection)

    asyncio.run(work())


@pytest.mark.parametrize(
    ("scheme", "ca", "words"),
    [("tls", False, "certificate verify failed"), ("nats", False, "no NATS server at")],
)
def test_others_are_told_what_is_wrong(
    guarded: tuple[NatsServer, Path], scheme: str, ca: bool, words: str
) -> None:
    """A certificate that nobody vouches for, and an address without TLS: one line, in 2 s."""
    server, _ = guarded

    async def work() -> str:
        url = server.url.replace("nats://", f"{scheme}://")
        connection = Connection(Servers((url,), "test"))
        began = time.monotonic()
        with pytest.raises(FleetError) as caught:
            await connection.connect(2.0)
        assert time.monotonic() - began < 4
        await connection.close()
        return str(caught.value)

    assert words in asyncio.run(work())
