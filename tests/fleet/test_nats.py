"""What NATS is to us, against a real server: errors with codes, buckets, pulls, audio in pieces."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.nats import audio
from supervisor.nats.audio import PIECE, AudioWriter
from supervisor.nats.buckets import Bucket, subjects
from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import Code, FleetError
from supervisor.nats.jetstream import MSG_ID, ask, store
from supervisor.nats.pulls import Delivery, Pulls
from supervisor.wire.fleet import names
from tests.fleet.servers import NatsServer, prepare

USERS = """
authorization {
  users: [
    { user: all, password: p, permissions: { publish: ">", subscribe: ">" } }
    { user: few, password: p, permissions: { publish: ["$JS.API.INFO"], subscribe: "_I.few.>" } }
  ]
}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """One that has a fleet of few jobs, and two users."""
    with NatsServer(extra=USERS) as started:
        prepare([_url(started, "all")], "noop", max_jobs=6)
        yield started


def _url(server: NatsServer, user: str, password: str = "p") -> str:  # noqa: S107 (of a test)
    return f"nats://{user}:{password}@{server.host}:{server.port}"


def run(server: NatsServer, work: Callable[[Connection], Awaitable[None]]) -> None:
    """Do something over a connection that may do everything."""

    async def connected() -> None:
        async with Connection(Servers((_url(server, "all"),), "all")) as connection:
            await work(connection)

    asyncio.run(connected())


async def refused(work: Awaitable[object]) -> Code:
    """The code with which something fails."""
    with pytest.raises(FleetError) as failed:
        await work
    assert "\n" not in str(failed.value)
    return failed.value.code


def test_a_subject_holds_one_job_and_a_full_stream_says_so(server: NatsServer) -> None:
    """The same message again is the same; another one under its subject is a duplicate, which is
    told from a full stream.
    """

    async def work(connection: Connection) -> None:
        subject = f"{names.PREFIX}.job.batch.noop.0.t."
        first = await store(connection, f"{subject}a", b"1", {MSG_ID: "a"})
        again = await store(connection, f"{subject}a", b"1", {MSG_ID: "a"})
        assert (again.seq, again.duplicate) == (first.seq, True)
        assert await refused(store(connection, f"{subject}a", b"2")) == "duplicate"
        for name in "bcdef":
            await store(connection, subject + name, b"")
        assert await refused(store(connection, f"{subject}g", b"")) == "full"
        assert await refused(store(connection, "nobody.listens", b"")) == "no_stream"
        assert await refused(ask(connection, "STREAM.INFO.NONE")) == "not_found"
        large = bytes(connection.max_payload + 1)
        assert await refused(store(connection, f"{subject}h", large)) == "too_long"
        await ask(connection, f"STREAM.PURGE.{names.JOBS}")

    run(server, work)


def test_a_key_is_created_once(server: NatsServer) -> None:
    """Until it is deleted, or its time is over."""

    async def work(connection: Connection) -> None:
        bucket = Bucket(connection, names.FLEET)
        revision = await bucket.create("t.a", b"1")
        assert await refused(bucket.create("t.a", b"2")) == "exists"
        assert await refused(bucket.replace("t.a", b"2", revision + 1)) == "exists"
        await bucket.replace("t.a", b"2", revision)
        found = await bucket.get("t.a")
        assert found is not None
        assert found == await bucket.get_near("t.a")
        assert found.value == b"2"
        await bucket.delete("t.a")
        assert await bucket.get("t.a") is await bucket.get_near("t.a") is None
        await bucket.create("t.a", b"3", ttl_s=1)
        assert await refused(bucket.create("t.a", b"4", ttl_s=1)) == "exists"
        deadline = time.monotonic() + 20
        while await bucket.get("t.a") is not None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        await bucket.create("t.a", b"5")
        assert "t.a" in await bucket.keys("t.>")

    run(server, work)


def test_what_is_forbidden_fails_at_once(server: NatsServer) -> None:
    """And so do wrong credentials: neither waits for an answer that will not come."""

    async def work() -> None:
        async with Connection(Servers((_url(server, "few"),), "few")) as connection:
            began = time.monotonic()
            assert await refused(store(connection, "tts.1.job.Any", b"", within=30)) == "forbidden"
            assert time.monotonic() - began < 5
            await ask(connection, "INFO")
        for url in (_url(server, "all", "wrong"), server.url):
            connection = Connection(Servers((url,), "x"))
            assert await refused(connection.connect(30)) == "forbidden"
            await connection.close()

    asyncio.run(work())


def test_credentials_that_others_can_read_are_refused(tmp_path: Path) -> None:
    """As is a file that is none, before anything is sent."""

    async def work(path: Path) -> str:
        connection = Connection(Servers(("nats://127.0.0.1:1",), "x", credentials=str(path)))
        with pytest.raises(FleetError) as failed:
            await connection.connect(5)
        with suppress(FleetError):
            await connection.close()
        return str(failed.value)

    seed = tmp_path / "seed"
    assert "No such file" in asyncio.run(work(seed))
    seed.write_text("SU" + "A" * 56)
    seed.chmod(0o644)
    assert f"chmod 600 {seed}" in asyncio.run(work(seed))
    seed.chmod(0o600)
    seed.write_text("a password")
    assert "neither" in asyncio.run(work(seed))


class Seen:
    """What becomes of pulls."""

    def __init__(self) -> None:
        self.got: list[tuple[int, Delivery]] = []
        self.over: dict[int, str | None] = {}

    def delivered(self, pull: int, delivery: Delivery) -> None:
        self.got.append((pull, delivery))

    def heard(self, pull: int) -> None:
        """Nothing here waits for that."""

    def ended(self, pull: int, failed: str | None) -> None:
        self.over[pull] = failed


async def until(probe: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + 20
    while not probe():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_each_pull_knows_its_jobs(server: NatsServer) -> None:
    """Whichever of many is answered, its own number is told; what nobody waits for is told, too."""

    async def work(connection: Connection) -> None:
        seen = Seen()
        pulls = Pulls(connection, names.JOBS, seen)
        consumer = names.consumer("normal", "noop", 0)
        subject = f"{names.PREFIX}.job.normal.noop.0.t."
        for name in "abc":
            await store(connection, subject + name, b"")
        await pulls.ask(1, consumer, 2, 0, 0)
        await pulls.ask(2, consumer, 2, 0, 0)
        await pulls.ask(3, consumer, 2, 0, 0)
        await until(lambda: len(seen.got) == 3 and len(seen.over) == 2)
        assert sorted(pull for pull, _ in seen.got) == [1, 1, 2]
        assert seen.over == {2: None, 3: None}
        await seen.got[0][1].give_back()
        await pulls.ask(4, consumer, 1, 20, 5)
        await until(lambda: len(seen.got) == 4)
        assert (seen.got[3][0], seen.got[3][1].deliveries) == (4, 2)
        for _, delivery in seen.got[1:]:
            await delivery.lengthen()
            await delivery.ack()
        assert not await subjects(connection, names.JOBS, f"{subject}>")
        await pulls.ask(5, "no_such_consumer", 1, 20, 0)
        await until(lambda: 5 in seen.over)
        assert seen.over[5]
        await pulls.forget()

    run(server, work)


def test_audio_is_read_from_any_byte(server: NatsServer) -> None:
    """In pieces, and a piece that is gone is told."""

    async def work(connection: Connection) -> None:
        subject = f"{names.PREFIX}.audio.t.id.h.e.1"
        whole = bytes(range(256)) * (3 * PIECE // 256) + b"rest"
        writer = AudioWriter(connection, subject, 5)
        for begin in range(0, len(whole), 100_000):
            await writer.write(whole[begin : begin + 100_000])
        written = await writer.finish()
        assert (written.pieces, written.size) == (4, len(whole))
        for start in (0, 1, PIECE - 1, PIECE, 3 * PIECE + 3, len(whole)):
            pieces = audio.read(connection, names.AUDIO, subject, len(whole), start)
            assert b"".join([piece async for piece in pieces]) == whole[start:]
        assert await audio.remove(connection, subject) == 4
        pieces = audio.read(connection, names.AUDIO, subject, len(whole))
        assert await refused(anext(pieces)) == "not_found"

    run(server, work)


def test_nothing_is_sent_late(server: NatsServer) -> None:
    """While the server is away everything fails at once, and is not sent when it is back; the
    connection mends itself.
    """

    async def work(connection: Connection) -> None:
        subject = f"{names.PREFIX}.job.high.noop.0.t.late"
        server.kill()
        await until(lambda: not connection.up)
        began = time.monotonic()
        assert await refused(store(connection, subject, b"", within=0)) == "unavailable"
        assert time.monotonic() - began < 1
        server.start()
        await until(lambda: connection.up)
        await ask(connection, "INFO", within=20)
        assert not await subjects(connection, names.JOBS, subject)
        await store(connection, subject, b"", within=20)

    run(server, work)
