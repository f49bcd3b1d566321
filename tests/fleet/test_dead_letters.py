"""`supervisor fleet dlq`: jobs that failed for good are listed, handed in again, and forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.cli import app
from supervisor.nats.buckets import Bucket, subjects
from supervisor.nats.connection import Connection, Servers
from supervisor.nats.jetstream import ask, store
from supervisor.wire.client import Submit
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.headers import headers_of
from supervisor.wire.fleet.jobs import DeadLetter, Job, Outcome
from tests.fleet.servers import NatsServer, prepare

TEXT = "A secret text that ends workers."


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """A server that holds a fleet."""
    with NatsServer() as server:
        prepare([server.url], "toy")
        yield server


@pytest.fixture
def dead(server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NatsServer:
    """Three dead letters of two tenants, one of which no version can read."""
    monkeypatch.chdir(tmp_path)

    async def work() -> None:
        async with Connection(Servers((server.url,), "test")) as connection:
            for stream in (names.JOBS, "KV_dead", "KV_outcome"):
                await ask(connection, f"STREAM.PURGE.{stream}")
            for tenant in ("shop", "other"):
                name = names.job_name("batch", "toy", 0, tenant, "job1")
                submit = Submit(id="r", engine="toy", voice="v", seed=7)
                job = Job(id="job1", tenant=tenant, submit=submit, text=TEXT, submitted_ms=1000)
                # What was handed in at first, a moment ago: the servers remember its id.
                await store(connection, name.subject, codec.encode(job), headers_of(job))
                await ask(connection, f"STREAM.PURGE.{names.JOBS}", {"filter": name.subject})
                outcome = codec.encode(Outcome(id="job1", kind="failed", tenant=tenant))
                await Bucket(connection, names.OUTCOMES).put(name.key, outcome)
                letter = DeadLetter(
                    name=str(name),
                    job=job,
                    code="poison",
                    message="3 workers ended",
                    host="h1",
                    at_ms=61_000,
                )
                await Bucket(connection, names.DEAD).put(name.key, codec.encode(letter))
            await Bucket(connection, names.DEAD).put("other.broken", b"\xc1")

    asyncio.run(work())
    return server


def dlq(server: NatsServer, command: str, *arguments: str) -> Result:
    """Run `supervisor fleet dlq …`."""
    return CliRunner().invoke(app, ["fleet", "dlq", command, "--servers", server.url, *arguments])


def left(server: NatsServer) -> tuple[list[str], list[str], list[str]]:
    """Keys of the dead letters and of the outcomes, and the jobs that wait."""

    async def work() -> tuple[list[str], list[str], list[str]]:
        async with Connection(Servers((server.url,), "test")) as connection:
            keys = {}
            for name in (names.DEAD, names.OUTCOMES):
                bucket = Bucket(connection, name)
                keys[name] = [
                    key for key in sorted(await bucket.keys()) if await bucket.get(key) is not None
                ]
            jobs = sorted(await subjects(connection, names.JOBS))
            return keys[names.DEAD], keys[names.OUTCOMES], jobs

    return asyncio.run(work())


def test_they_are_told_without_their_texts(dead: NatsServer) -> None:
    """All of them or a tenant's, also what cannot be read; the text only where it is asked for."""
    listed = dlq(dead, "ls", "--json")
    rows = {row["job"]: row for row in json.loads(listed.stdout)}
    assert sorted(rows) == ["other.broken", "other.job1", "shop.job1"]
    assert rows["other.broken"]["code"] == "unreadable"
    told = rows["shop.job1"]
    assert (told["code"], told["host"], told["characters"]) == ("poison", "h1", len(TEXT))
    assert told["waited_s"] == 60.0
    table = dlq(dead, "ls", "--tenant", "shop").output
    assert "shop.job1" in table
    assert "other" not in table
    shown = dlq(dead, "show", "shop.job1").output
    assert "message: 3 workers ended" in shown
    assert TEXT not in listed.output + table + shown
    assert TEXT in dlq(dead, "show", "shop.job1", "--text").output
    nobody = dlq(dead, "show", "shop.job2")
    assert (nobody.exit_code, nobody.output) == (
        4,
        "supervisor: there is no dead letter 'shop.job2'\n",
    )


def test_one_that_is_handed_in_again_waits_as_if_it_had_never_failed(dead: NatsServer) -> None:
    """Its outcome is gone, and the servers do not take it for a copy, though the first was there
    a moment ago. What cannot be read stays.
    """
    done = dlq(dead, "requeue", "shop.job1")
    assert (done.exit_code, done.output) == (0, "1 job handed in again\n")
    letters, outcomes, jobs = left(dead)
    assert letters == ["other.broken", "other.job1"]
    assert outcomes == ["other.job1"]
    assert jobs == ["tts.1.job.batch.toy.0.shop.job1"]
    refused = dlq(dead, "requeue", "other.broken")
    assert (refused.exit_code, "other.broken: " in refused.output) == (4, True)
    unnamed = dlq(dead, "requeue")
    assert (unnamed.exit_code, "or say --all" in unnamed.output) == (2, True)


def test_those_that_are_forgotten_keep_their_outcomes(dead: NatsServer) -> None:
    """One, then all of a tenant, also what cannot be read."""
    assert dlq(dead, "drop", "shop.job1").output == "1 job forgotten\n"
    assert dlq(dead, "drop", "--all", "--tenant", "other").output == "2 jobs forgotten\n"
    assert left(dead) == ([], ["other.job1", "shop.job1"], [])
    assert dlq(dead, "ls").output == "there are none\n"
