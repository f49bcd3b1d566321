"""A client's durable jobs against a real server, with a host that the test plays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import msgspec
import numpy as np
import pytest

from supervisor.client import (
    AsyncClient,
    BadRequest,
    Busy,
    Client,
    JobCancelled,
    JobFailed,
    NoSupervisor,
    Refused,
)
from supervisor.nats.buckets import subjects
from supervisor.nats.connection import Connection, Servers
from supervisor.wire.fleet import names
from supervisor.wire.fleet.jobs import Outcome
from supervisor.wire.fleet.names import PIECE_BYTES, parse_name
from tests.fleet.scripted_host import ScriptedHost
from tests.fleet.servers import NatsServer, prepare
from tests.supervised import eventually

LONG = "This is a sentence of a long text, and there are many of them. " * 100
PART_S = 40.0
"""LONG is 126 predicted seconds: four parts."""

Work = Callable[[AsyncClient, ScriptedHost], Awaitable[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """A server that is set up for a fleet of one engine."""
    with NatsServer() as started:
        prepare([started.url], "noop", "other", part_s=PART_S, max_jobs=10_000)
        yield started


def play(server: NatsServer, work: Work) -> None:
    """Have work done with a client and a host."""

    async def played() -> None:
        async with playing(server) as (client, host):
            await work(client, host)

    asyncio.run(played())


@asynccontextmanager
async def playing(server: NatsServer) -> AsyncIterator[tuple[AsyncClient, ScriptedHost]]:
    """A client and a host."""
    async with Connection(Servers((server.url,), "host")) as connection:
        host = ScriptedHost(connection)
        await host.open()
        async with AsyncClient(server.url, patience=0) as client:
            yield client, host


def pcm(seed: int, samples: int = 1_000) -> bytes:
    """Some audio."""
    drawn = np.random.default_rng(seed).standard_normal(samples)
    return drawn.astype("<f4").tobytes()


def test_parts_are_heard_in_order_as_they_are_done(server: NatsServer) -> None:
    """The second part may be done first; who listens hears the first first, and then at once. All
    of it is what the parts are, also for who attaches from elsewhere.
    """

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        job = await client.submit(LONG, seed=7, durable=True)
        name = parse_name(job.id)
        assert name.parts == 4
        parts = [pcm(number, 100_000) for number in range(4)]
        await host.settle(name.part(1), parts[1], first_segment=1)
        before = await client.jobs(job.id)
        assert (before["state"], before["parts_done"], before["parts"]) == ("running", 1, 4)
        chunks = job.chunks(20)
        waiting = asyncio.ensure_future(anext(chunks))
        await host.settle(name.part(0), parts[0])
        heard = [await waiting]
        while sum(map(len, heard)) < 200_000:
            heard.append(await anext(chunks))
        for number in (3, 2):
            await host.settle(name.part(number), parts[number])
        heard += [chunk async for chunk in chunks]
        assert np.concatenate(heard).tobytes() == b"".join(parts)
        async with AsyncClient(server.url) as elsewhere:
            whole = await (await elsewhere.attach(job.id)).result(20)
        assert whole.samples.tobytes() == b"".join(parts)
        assert (whole.seed, whole.segments) == (7, 4)
        assert (await client.jobs(job.id))["state"] == "done"

    play(server, work)


def test_a_key_is_one_job_however_often_it_is_handed_in(server: NatsServer) -> None:
    """While it waits and when it is done, in another class as well, and with its first seed;
    another text or voice under the key is a conflict.
    """

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        first = await client.submit("Once.", durable=True, key="k")
        again = await client.submit("Once.", durable=True, key="k", priority=9)
        assert (again.id, again.seed) == (first.id, first.seed)
        for done in (False, True):
            if done:
                await host.settle(parse_name(first.id), pcm(1))
            with pytest.raises(BadRequest, match="another request") as refused:
                await client.submit("Twice.", durable=True, key="k")
            assert refused.value.code == "conflict"
            with pytest.raises(BadRequest, match="another request"):
                await client.submit("Once.", "tone", durable=True, key="k")
        last = await client.submit("Once.", durable=True, key="k")
        assert (last.id, last.seed) == (first.id, first.seed)
        assert (await last.result(10)).samples.tobytes() == pcm(1)
        other = await client.submit("Once.", durable=True, key="k", on_behalf="somebody")
        assert other.id != first.id

    play(server, work)


def test_what_a_dead_submitter_left_is_completed_under_its_key(server: NatsServer) -> None:
    """Two of four parts are in the queue; handed in again, all are, each once, of one seed."""

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        job = await client.submit(LONG, durable=True, key="half")
        name = parse_name(job.id)
        for number in (2, 3):
            await host.connection.request(
                "$JS.API.STREAM.PURGE.JOBS",
                msgspec.json.encode({"filter": name.part(number).subject}),
            )
        for number in (0, 1):
            await host.settle(name.part(number), pcm(number))
        with pytest.raises(JobFailed, match="never handed in"):
            await job.result(30)
        again = await client.submit(LONG, durable=True, key="half")
        assert (again.id, again.seed) == (job.id, job.seed)
        left = {s for s in await subjects(host.connection, names.JOBS) if name.id in s}
        assert left == {name.part(number).subject for number in (2, 3)}

    play(server, work)


def test_a_long_text_lies_beside_its_job(server: NatsServer) -> None:
    """A message holds half a megabyte; a longer text, and one of many parts, lies there once."""
    text = "Ä sentence that is one of very many in this text. " * 20_000

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        job = await client.submit(text, durable=True, deadline=900.0)
        name = parse_name(job.id)
        assert name.parts > 100
        body = text.encode()
        laid = {s for s in await subjects(host.connection, names.AUDIO) if ".text." in s}
        assert len(laid) == -(-len(body) // PIECE_BYTES)
        left = await subjects(host.connection, names.JOBS)
        for part in name.each():
            assert left.pop(part.subject) == 1

    play(server, work)


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [("failed", "poison", JobFailed), ("expired", "", JobFailed), ("cancelled", "", JobCancelled)],
)
def test_an_outcome_that_is_no_audio_is_that_error(
    server: NatsServer, kind: str, code: str, error: type[JobFailed]
) -> None:
    """Also if it is that of the last part, while the first is still spoken."""

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        job = await client.submit(LONG, durable=True)
        last = parse_name(job.id).part(3)
        await host.write(
            last,
            Outcome(id=last.id, tenant=last.tenant, kind=kind, code=code, message="so it is"),  # type: ignore[arg-type]
        )
        with pytest.raises(error, match="so it is") as failed:
            await job.result(10)
        assert failed.value.code == (code or kind)
        assert (await client.jobs(job.id))["state"] == kind

    play(server, work)


def test_audio_that_is_gone_or_changed_is_never_heard_as_speech(server: NatsServer) -> None:
    """The error says that the result is lost; an outcome of another job is none of this one."""

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        gone = await client.submit("Gone.", durable=True)
        await host.settle(parse_name(gone.id), pcm(1), pieces=3, bytes=600_000)
        changed = await client.submit("Changed.", durable=True)
        await host.settle(parse_name(changed.id), pcm(1), sha256="0" * 64)
        for job in (gone, changed):
            with pytest.raises(JobFailed) as lost:
                await job.result(10)
            assert lost.value.code == "result_lost"
        forged = await client.submit("Forged.", durable=True)
        await host.settle(parse_name(forged.id), pcm(1), tenant="other")
        with pytest.raises(JobFailed, match="not its own"):
            await forged.result(10)

    play(server, work)


def test_what_no_fleet_can_do_is_told_at_once(server: NatsServer) -> None:
    """An engine that nobody is set up for, one that no host speaks now, jobs of others, lists."""

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        del host
        began = time.monotonic()
        for asked, code in (
            ({"engine": "nope"}, "unknown_engine"),
            ({"engine": "a.b"}, "unknown_engine"),
        ):
            with pytest.raises(BadRequest, match="there are: noop, other") as refused:
                await client.submit("Hi.", durable=True, **asked)  # type: ignore[arg-type]
            assert refused.value.code == code
        with pytest.raises(Refused, match="no host of the fleet that speaks the engine 'other'"):
            await client.submit("Hi.", engine="other", durable=True)
        real = await client.submit("Hi.", durable=True)
        for job in (
            "normal.noop.0.default.nope",
            "normal.noop.0.default.nope.9999",
            f"{real.id}.9999",
            "normal.noop.0.shop.nope",
            "normal.noop.0",
        ):
            with pytest.raises(BadRequest) as unknown:
                await client.cancel(job)
            assert unknown.value.code == "not_found"
            with pytest.raises(BadRequest) as missing:
                await client.attach(job)
            assert missing.value.code == "not_found"
        with pytest.raises(BadRequest, match="no list"):
            await client.jobs()
        with pytest.raises(BadRequest, match="empty"):
            await client.submit(" \n", durable=True)
        with pytest.raises(BadRequest, match="whole"):
            await client.submit("", durable=True, open=True)
        assert time.monotonic() - began < 8

    play(server, work)


def test_a_full_queue_is_busy_with_a_time() -> None:
    """A long text of which a part does not fit is handed in again under its key, and goes on where
    it stopped.
    """

    async def work(client: AsyncClient, host: ScriptedHost) -> None:
        job = await client.submit("First.", durable=True)
        with pytest.raises(Busy) as busy:
            await client.submit(LONG, durable=True, key="k")
        assert busy.value.retry_after_ms is not None
        assert busy.value.retry_after_ms >= 1000
        await host.settle(parse_name(job.id), pcm(1))
        again = parse_name((await client.submit(LONG, durable=True, key="k")).id)
        left = {part.subject for part in again.each()}
        assert set(await subjects(host.connection, names.JOBS)) == left
        assert len(left) == 4

    with NatsServer() as small:
        prepare([small.url], "noop", part_s=PART_S, max_jobs=4)
        play(small, work)


def test_jobs_outlive_the_server_and_who_listens_goes_on() -> None:
    """While no server is there a submission is refused in time, and what waits waits; the first
    listener hears its job when it is back.
    """
    with NatsServer() as server:
        prepare([server.url], "noop", part_s=PART_S)

        async def work() -> None:
            async with playing(server) as (client, host):
                job = await client.submit("Through it all.", durable=True)
                listening = asyncio.ensure_future(job.result(60))
                await asyncio.to_thread(server.kill)
                with pytest.raises(Refused) as refused:
                    await client.submit("Now?", durable=True)
                assert refused.value.code == "fleet_unavailable"
                assert refused.value.retryable
                server.start()
                await asyncio.to_thread(server.wait_listening)
                await asyncio.to_thread(eventually, lambda: host.connection.up, "a server again")
                await host.settle(parse_name(job.id), pcm(5))
                assert (await listening).samples.tobytes() == pcm(5)

        asyncio.run(work())


def test_plain_code_has_the_same(server: NatsServer) -> None:
    """`Client` on a thread of its own, and nothing of it left when it is closed."""

    async def host() -> None:
        async with Connection(Servers((server.url,), "host")) as connection:
            played = ScriptedHost(connection)
            await played.open()
            await asyncio.to_thread(plain, played, asyncio.get_running_loop())

    def plain(played: ScriptedHost, loop: asyncio.AbstractEventLoop) -> None:
        with Client(server.url) as client:
            assert list(client.engines()) == ["noop"]
            job = client.submit("Plain.", durable=True, words=True)
            asyncio.run_coroutine_threadsafe(
                played.settle(parse_name(job.id), pcm(3)), loop
            ).result(10)
            assert job.result(10).samples.tobytes() == pcm(3)
            with client.attach(job.id) as again:
                assert np.concatenate(list(again)).tobytes() == pcm(3)

    asyncio.run(host())


def test_servers_without_a_fleet_say_what_to_do() -> None:
    """At once, though a client has patience with what may pass."""
    with NatsServer() as bare, Client(bare.url) as client:
        with pytest.raises(Refused, match=r"no fleet is set up at nats://.*supervisor fleet setup"):
            client.submit("Hi.", durable=True)
        with pytest.raises(NoSupervisor, match="no host of the fleet"):
            client.submit("Hi.")


def test_nobody_there_is_one_line_that_says_so() -> None:
    """No server at all; and the error comes in seconds, not minutes."""
    began = time.monotonic()
    with pytest.raises(NoSupervisor, match="no NATS server at nats://127"):
        Client("nats://127.0.0.1:9").submit("Hi.", durable=True)
    assert time.monotonic() - began < 15
