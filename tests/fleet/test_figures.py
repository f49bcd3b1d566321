"""What waits in the fleet and how many hosts there should be, from a real queue to the command."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from supervisor.cli import app
from supervisor.fleet.agent import Agent
from supervisor.fleet.backlog import BacklogKeeper
from supervisor.nats.backlog import Waiting, backlog
from supervisor.nats.buckets import Bucket, purge
from supervisor.nats.connection import Connection, Message, Servers
from supervisor.nats.figures import read_figures
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import encode
from supervisor.wire.fleet.jobs import Config
from supervisor.wire.fleet.live import Backlog, Heartbeat
from tests.fleet import publishing
from tests.fleet.servers import NatsServer, prepare

CONFIG = Config(engines=("noop",), lanes=1)
HOSTS = (
    Heartbeat(host="anna", epoch="1", slots=3, running=2, speed=2.0),
    Heartbeat(host="bert", epoch="1", slots=3, speed=2.0),
    Heartbeat(host="cleo", epoch="1", slots=3, speed=2.0, draining=True),
)


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """A server with a fleet on it."""
    with NatsServer() as server:
        prepare([server.url], "noop")
        yield server


def plan(server: NatsServer, *arguments: str) -> Any:
    """`supervisor fleet plan`, to its end."""
    return CliRunner().invoke(app, ["fleet", "plan", "--servers", server.url, *arguments])


async def publish(connection: Connection, klass: names.FleetClass, *costs_s: float) -> None:
    """Jobs of these costs."""
    for cost_s in costs_s:
        name, job = publishing.job("Good evening.", klass=klass)
        await publishing.publish(connection, (name, replace(job, cost_s=cost_s)))


def test_before_anybody_keeps_them_the_command_says_so(server: NatsServer) -> None:
    """One line and an exit code."""
    done = plan(server)
    assert (done.exit_code, done.stderr.count("\n")) == (3, 1), done.output
    assert "no host of the fleet keeps its figures" in done.stderr


def test_what_waits_is_counted_with_its_work(server: NatsServer) -> None:
    """Of few jobs all are read, of many some; the oldest says since when."""

    async def look() -> None:
        async with Connection(Servers((server.url,), "look")) as connection:
            assert set((await backlog(connection, CONFIG)).values()) == {Waiting()}
            await publish(connection, "high", 1.0, 2.0, 6.0)
            await publish(connection, "batch", *[50.0, 70.0] * 20)
            await asyncio.sleep(0.2)
            found = await backlog(connection, CONFIG)
            assert found["high"].jobs == 3
            assert found["high"].seconds == pytest.approx(9.0)
            assert found["high"].first_seq == 1
            assert 0.2 <= found["high"].oldest_s < 60
            assert found["normal"] == Waiting()
            assert found["batch"].jobs == 40
            assert found["batch"].seconds == pytest.approx(40 * 60, rel=0.17)

    asyncio.run(look())


def test_one_host_keeps_them_and_everybody_reads_them(server: NatsServer) -> None:
    """Hosts that drain do not count; a new keeper goes on where the last one was."""

    async def keep() -> None:
        async with Connection(Servers((server.url,), "keep")) as connection:

            async def answer(message: Message) -> None:
                for host in HOSTS:
                    await connection.publish(message.reply, encode(host))

            await connection.subscribe(names.WHO, answer)
            agent = cast(
                "Agent",
                SimpleNamespace(connection=connection, config=CONFIG, broker_time=time.time),
            )
            keeper = BacklogKeeper(agent)
            await keeper.begin()
            await publish(connection, "high", *[100.0] * 6)
            await keeper.look()
            found = await read_figures(connection)
            assert found is not None
            assert (found.hosts, found.speed, found.busy) == (2, 4.0, 2.0)
            assert found.because == "backlog"
            assert found.desired > 2
            await purge(connection, names.JOBS, f"{names.PREFIX}.job.>")
            successor = BacklogKeeper(agent)
            await successor.begin()
            await successor.look()
            again = await read_figures(connection)
            assert again is not None
            assert again.jobs == {"high": 0, "normal": 0, "batch": 0}
            assert again.desired == found.desired

    asyncio.run(keep())
    done = plan(server)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("2 hosts, ")
    assert "4 core-seconds a second, 2.0 of them at work" in done.output
    document = json.loads(plan(server, "--json").output)
    assert document["hosts_desired"] > 2
    assert document["backlog_seconds"] == {"high": 0.0, "normal": 0.0, "batch": 0.0}


def test_figures_that_nobody_keeps_any_more_are_none(server: NatsServer) -> None:
    """Older than a few minutes, they tell nothing of today."""

    async def leave() -> None:
        async with Connection(Servers((server.url,), "leave")) as connection:
            at_ms = round(1000 * (time.time() - 300))
            bucket = Bucket(connection, names.FLEET)
            await bucket.put(names.BACKLOG, encode(Backlog(hosts=3, desired=3, at_ms=at_ms)))

    asyncio.run(leave())
    assert plan(server).exit_code == 3
