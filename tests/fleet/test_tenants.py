"""A host and two tenants, each with exactly its rights: all of it works, and nobody reaches what is
another's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from supervisor.cli import app
from supervisor.client import Client, SupervisorError
from supervisor.nats.figures import read_figures
from supervisor.nats.gathering import gather
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.live import Bid
from tests.fleet.users import USERS, Place, let_in, user
from tests.supervised import Supervised, eventually

FORBIDDEN = "Violation"
"""In what the server logs of a refusal."""

TEXT = "One sentence. And a second one."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server, and one host that has joined it with a key of its own. In the end the server's log
    knows of no refusal but those of the spy, and of who tried to drain the host.
    """
    with let_in(tmp_path_factory.mktemp("users"), USERS, "noop") as place:
        settings = {
            "engines.default": "noop",
            "engines.preload": ["noop"],
            "fleet.servers": [place.server.url],
            "fleet.name": "h1",
            "fleet.credentials": str(place.keys["h1"]),
        }
        with Supervised(settings) as host:
            eventually(lambda: asyncio.run(bids(place)), "the host bids")
            yield place
            assert host.stop() == 0, host.output
        refused = [line for line in place.server.log.read_text().splitlines() if FORBIDDEN in line]
        theirs = ("TENANT_other/", f'"{names.drain_subject("h1")}"')
        unexpected = [line for line in refused if not any(words in line for words in theirs)]
        assert not unexpected, "the host, or the tenant, lacks a right that it needs"


async def bids(place: Place) -> bool:
    """Whether a host says how soon it could speak."""
    async with user(place, "ops") as ops:
        return bool(await gather(ops, names.bid_subject("noop"), codec.encode(Bid()), 0.2))


def client(place: Place, name: str, tenant: str) -> Client:
    """A client with this user's key that says it is this tenant's."""
    return Client(place.server.url, credentials=place.keys[name], tenant=tenant)


def test_a_tenant_speaks_live_and_leaves_work_behind(place: Place) -> None:
    """Both on a host in another account; another gateway of the tenant reads what came of it."""
    with client(place, "web1", "shop") as shop, client(place, "web2", "shop") as second:
        live = shop.synthesize(TEXT, engine="noop", seed=1)
        job = shop.submit(TEXT, engine="noop", seed=1, durable=True)
        left = job.result(30)
        assert (left.samples == live.samples).all()
        again = second.attach(job.id).result(30)
        assert (again.samples == live.samples).all()


def test_another_tenant_reaches_none_of_it(place: Place) -> None:
    """By the job's id it is told that it may not, at once; pretending to be the tenant, too."""
    with client(place, "web1", "shop") as shop:
        job = shop.submit(TEXT, engine="noop", durable=True)
        job.result(30)
        for tenant in ("other", "shop"):
            with client(place, "spy", tenant) as spy:
                for act in (
                    lambda spy=spy: spy.attach(job.id).result(10),
                    lambda spy=spy: spy.cancel(job.id),
                    lambda spy=spy: spy.jobs(job.id),
                ):
                    with pytest.raises(SupervisorError, match=r"may not|no job|not yours"):
                        act()
        with (
            client(place, "spy", "shop") as spy,
            pytest.raises(SupervisorError, match="may not send to"),
        ):
            spy.submit(TEXT, engine="noop", durable=True)
        assert shop.attach(job.id).result(30).samples.size


def test_a_tenant_is_told_how_much_waits(place: Place) -> None:
    """The host, which has the janitor's seat alone here, keeps these figures."""

    async def told() -> bool:
        async with user(place, "web1") as shop:
            return await read_figures(shop) is not None

    eventually(lambda: asyncio.run(told()), "the fleet's figures are kept")


def test_a_host_is_drained_and_takes_part_again(place: Place) -> None:
    """By an operator from anywhere; no other host may do that."""

    def drain(name: str, *arguments: str) -> Result:
        key = str(place.keys[name])
        server = ("--servers", place.server.url, "--credentials", key, "--json")
        return CliRunner().invoke(app, ["fleet", "drain", *arguments, *server])

    drained = drain("ops", "h1")
    assert drained.exit_code == 0, drained.output
    told = json.loads(drained.stdout)
    assert (told["host"], told["draining"], told["running"]) == ("h1", True, 0)
    assert not asyncio.run(bids(place))
    assert drain("h2", "h1").exit_code == 4
    missing = drain("ops", "h3")
    assert (missing.exit_code, "those that answer: h1" in missing.output) == (3, True)
    assert json.loads(drain("ops", "h1", "--undo").stdout)["draining"] is False
    eventually(lambda: asyncio.run(bids(place)), "the host bids again")
