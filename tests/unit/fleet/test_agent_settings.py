"""Each setting of the agent does something: it reaches what goes by it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from supervisor.config import Settings
from supervisor.config.handover import handover
from supervisor.fleet.process import Process
from supervisor.fleet.settings import AgentSettings, take_over
from supervisor.wire.fleet.jobs import Config
from supervisor.wire.fleet.names import as_token


def given(**fleet: Any) -> AgentSettings:
    """What an agent is given."""
    return take_over(handover(Settings(fleet={"servers": ["nats://127.0.0.1:1"], **fleet})))


def process(**fleet: Any) -> Process:
    """An agent of a host that speaks one engine, in a fleet for two; it is not connected."""
    made = Process(given(**fleet), lambda _told: None)
    made.agent.reconfigure(
        engines={"noop": {}, "broken": {"unavailable": "no model"}},
        config=Config(engines=("noop", "broken", "unknown"), lanes=2),
    )
    return made


def rules(**fleet: Any) -> Any:
    """The rules of the machine under these settings."""

    async def make() -> Any:
        return process(**fleet).agent.machine.rules

    return asyncio.run(make())


@pytest.mark.parametrize(
    ("fleet", "field", "value"),
    [
        ({"weights": {"high": 5, "normal": 4, "batch": 3}}, "weights", (5, 4, 3)),
        ({"prefetch": 3}, "prefetch", 3),
        ({"lease_s": 12.0}, "lease_s", 12.0),
        ({"storing": 7}, "storing", 7),
        ({"accept_work": False}, "sources", ()),
        ({"name": "left"}, "host", "left"),
        ({}, "host", as_token(socket.gethostname())),
    ],
)
def test_rules_follow_the_settings(fleet: dict[str, Any], field: str, value: object) -> None:
    """At the start and, but for the name, live."""
    assert getattr(rules(**fleet), field) == value

    async def change() -> object:
        made = process()
        made.reconfigure(given(**fleet))
        return getattr(made.agent.machine.rules, field)

    if field != "host":
        assert getattr(rules(), field) != value
        assert asyncio.run(change()) == value


def test_it_asks_for_what_it_can_speak() -> None:
    """One consumer for each class and lane of an engine that the fleet has and this host speaks."""
    consumers = {source.consumer for source in rules().sources}
    assert consumers == {
        f"{klass}_noop_{lane}" for klass in ("high", "normal", "batch") for lane in (0, 1)
    }


def test_it_connects_as_the_settings_say() -> None:
    """Servers, name, credentials, certificates, and how soon a cut is noticed."""

    async def make() -> Any:
        servers = ["nats://a:4222", "nats://b:4222"]
        made = process(servers=servers, name="left", credentials="c", ca="d", ping_s=3.0)
        return made.connection.servers

    servers = asyncio.run(make())
    assert servers.urls == ("nats://a:4222", "nats://b:4222")
    assert (servers.name, servers.credentials, servers.ca, servers.ping_s) == ("left", "c", "d", 3)
