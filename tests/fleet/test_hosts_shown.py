"""The hosts of a fleet as people and programs see them: the command, the page's data, metrics."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from supervisor.nats.connection import Connection, Message, Servers
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import encode
from supervisor.wire.fleet.live import Heartbeat
from tests.e2e.gateway.serving import Listening
from tests.fleet.servers import NatsServer, prepare
from tests.supervised import Supervised, eventually

HOSTS = (
    Heartbeat(host="anna", epoch="1", version="0.1.0", slots=3, free=2, running=1, speed=2.0),
    Heartbeat(host="bert", epoch="1", version="0.1.0", slots=3, why="it is hot", speed=2.0),
)


class Told:
    """Hosts that only tell of themselves, on a thread of their own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._ready.wait(20)

    async def _run(self) -> None:
        async with Connection(Servers((self._url,), "told")) as connection:

            async def answer(message: Message) -> None:
                for host in HOSTS:
                    await connection.publish(message.reply, encode(host))

            await connection.subscribe(names.WHO, answer)
            await connection.flush()
            self._ready.set()
            while not self._end.is_set():
                with suppress(FleetError):  # The servers may be away.
                    for host in HOSTS:
                        await connection.publish(names.heartbeat_subject(host.host), encode(host))
                        # What is no heartbeat, or pretends to be another host's, is no host.
                        await connection.publish(names.heartbeat_subject("c"), encode(host))
                    await connection.publish(names.heartbeat_subject("d"), b"\xff" * 100)
                await asyncio.sleep(0.2)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """A server with a fleet on it."""
    with NatsServer() as server:
        prepare([server.url], "noop")
        yield server


@pytest.fixture(scope="module")
def told(server: NatsServer) -> Iterator[None]:
    """Its hosts."""
    told = Told(server.url)
    yield
    told.close()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`supervisor fleet status`, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", "fleet", "status", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )


@pytest.mark.usefixtures("told")
def test_the_command_shows_hosts_and_what_waits(server: NatsServer) -> None:
    """In a sentence and a table, or as JSON."""
    done = command("--servers", server.url)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first == ("2 hosts with 6 slots: 1 job at work, bert takes none; nothing waits.")
    assert any(line.startswith("bert") and "takes none: it is hot" in line for line in rest)
    document = json.loads(command("--servers", server.url, "--json").stdout)
    assert [host["name"] for host in document["hosts"]] == ["anna", "bert"]
    assert [host["state"] for host in document["hosts"]] == ["ready", "held"]
    nothing = {"jobs": 0, "seconds": 0.0, "oldest_s": 0.0, "first_seq": 0}
    assert document["waiting"] == dict.fromkeys(("high", "normal", "batch"), nothing)


def test_where_there_is_none_it_says_what_to_do() -> None:
    """One line and an exit code: no server, no fleet on it."""
    done = command("--servers", "nats://127.0.0.1:1")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "127.0.0.1:1" in done.stderr
    done = command()
    assert done.returncode == 2
    assert "--servers" in done.stderr
    with NatsServer() as bare:
        done = command("--servers", bare.url)
        assert done.returncode == 3
        assert "supervisor fleet setup" in done.stderr


@pytest.mark.usefixtures("told")
def test_the_gateway_tells_of_them_and_works_on_without_the_servers(server: NatsServer) -> None:
    """On the page's data and in the metrics; when the servers are gone it says so, speaks as
    before, and shows the hosts again when they are back.
    """
    settings = {
        "http.enabled": True,
        "http.port": 0,
        "fleet.servers": [server.url],
        "fleet.name": "carl",
    }
    with Supervised(settings) as supervised:
        gateway = Listening("127.0.0.1", int(supervised.url.rpartition(":")[2]))

        def hosts() -> Any:
            return gateway.ask("/page/hosts").document

        assert gateway.ask("/page/about").document["fleet"] is True
        eventually(lambda: len(hosts()["hosts"]) == 3, "its own host is one of them")
        shown = hosts()
        assert [host["name"] for host in shown["hosts"]] == ["anna", "bert", "carl"]
        assert str(shown["said"]).startswith("3 hosts with ")
        eventually(lambda: gateway.ask("/fleet/size").status == 200, "its figures are kept")
        metrics = gateway.ask("/metrics").body.decode()
        assert 'tts_fleet_hosts{state="held"} 1.0' in metrics
        assert "tts_fleet_hosts_desired" in metrics
        server.kill()
        away = eventually(lambda: hosts()["trouble"], "it is noticed")
        assert "works on alone" in str(away)
        assert "tts_fleet_up 0.0" in gateway.ask("/metrics").body.decode()
        assert gateway.ask("/v1/audio/speech", {"input": "Good evening."}).status == 200
        server.start().wait_listening()
        eventually(lambda: hosts()["hosts"], "they are heard again")
