"""A client with no more rights than a tenant's: all that durable jobs need, of its own alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from supervisor.client import AsyncClient, BadRequest, Refused
from supervisor.wire.fleet.names import parse_name
from tests.fleet.scripted_host import ScriptedHost
from tests.fleet.users import USERS, let_in, user

TEXT = "This is a sentence, and there are many of them in this text. " * 100
PCM = b"\0\0\0\0" * 100_000


def test_a_tenant_uses_its_own_jobs_and_no_others(tmp_path: Path) -> None:
    """Handed in, asked about, heard and attached to with a gateway's rights; of another tenant's it
    knows nothing, and who names the wrong tenant is told that it may not, at once.
    """
    with let_in(tmp_path, USERS, "noop") as place:

        def client(name: str, tenant: str) -> AsyncClient:
            keys = place.keys[name]
            return AsyncClient(place.server.url, credentials=keys, tenant=tenant, patience=0)

        async def work() -> None:
            async with user(place, "h1") as connection:
                host = ScriptedHost(connection)
                await host.open()
                async with client("web1", "shop") as web, client("spy", "other") as spy:
                    job = await web.submit(TEXT, durable=True, key="k", seed=7)
                    name = parse_name(job.id)
                    assert name.tenant == "shop"
                    assert name.parts > 1
                    assert (await web.jobs(job.id))["state"] == "queued"
                    for part in name.each():
                        await host.settle(part, PCM)
                    assert (await job.result(20)).samples.tobytes() == PCM * name.parts
                    async with client("web2", "shop") as other:
                        assert (
                            await other.submit(TEXT, durable=True, key="k", seed=7)
                        ).id == job.id
                    for ask in (spy.attach, spy.jobs):
                        with pytest.raises(BadRequest) as unknown:
                            await ask(job.id)
                        assert unknown.value.code == "not_found"
                async with client("spy", "shop") as liar:
                    with pytest.raises(Refused, match="may not") as forbidden:
                        await liar.attach(job.id)
                    assert forbidden.value.code == "forbidden"
                    with pytest.raises(Refused, match="may not"):
                        await liar.submit("Hi.", durable=True)

        asyncio.run(work())
