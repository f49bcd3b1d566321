"""`supervisor fleet setup` and `doctor` against a real server: what they make, keep and refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supervisor.cli import app
from supervisor.nats.buckets import purge, subjects
from supervisor.nats.connection import Connection, Message, Servers
from supervisor.nats.jetstream import ask, store
from supervisor.nats.pulls import GROUP
from supervisor.nats.setup import read_config
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.jobs import Config
from supervisor.wire.fleet.live import Heartbeat
from tests.fleet.servers import NatsServer


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """A server that everybody of this machine may use."""
    with NatsServer() as server:
        yield server


@pytest.fixture
def empty(server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NatsServer:
    """The server without any stream; the command finds no settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUPERVISOR_FLEET__MAX_BYTES_MB", "500")

    async def work(connection: Connection) -> None:
        for name in (await ask(connection, "STREAM.NAMES")).get("streams") or ():
            await ask(connection, f"STREAM.DELETE.{name}")

    with_connection(server, work)
    return server


def with_connection(server: NatsServer, work: Callable[[Connection], Awaitable[Any]]) -> Any:
    """What the work returns that is done on a connection."""

    async def connected() -> Any:
        async with Connection(Servers((server.url,), "test")) as connection:
            return await work(connection)

    return asyncio.run(connected())


def fleet(server: NatsServer, *arguments: str) -> Result:
    """Run `supervisor fleet …` for this server."""
    command, *rest = arguments
    return CliRunner().invoke(app, ["fleet", command, "--servers", server.url, *rest])


def test_it_can_be_run_again_and_changes_only_what_differs(empty: NatsServer) -> None:
    """The second run keeps all; what others have set stays; a new lane and engine are added."""
    first = fleet(empty, "setup", "--json")
    assert first.exit_code == 0, first.output
    assert {each["act"] for each in json.loads(first.stdout)["changes"]} == {"created"}

    async def mark(connection: Connection) -> None:
        info = await ask(connection, f"STREAM.INFO.{names.JOBS}")
        described = {**info["config"], "description": "ours"}
        await ask(connection, f"STREAM.UPDATE.{names.JOBS}", described)

    with_connection(empty, mark)
    again = fleet(empty, "setup", "--set", "fleet.max_jobs=200000")
    assert "changed   stream JOBS: max_msgs" in again.output
    more = fleet(empty, "setup", "--set", "fleet.lanes=2", "--set", "fleet.max_jobs=200000")
    assert "created   consumer batch_hibari_1" in more.output
    fleet(empty, "setup", "--engine", "toy", "--set", "fleet.max_jobs=200000", "--lower")

    async def look(connection: Connection) -> tuple[Any, Config | None, Any]:
        info = await ask(connection, f"STREAM.INFO.{names.JOBS}")
        consumer = await ask(connection, f"CONSUMER.INFO.{names.JOBS}.high_toy_0")
        return info["config"], await read_config(connection), consumer["config"]

    stream, config, consumer = with_connection(empty, look)
    assert (stream["description"], stream["max_msgs"]) == ("ours", 200_000)
    assert config is not None
    assert (config.engines, config.lanes) == (("hibari", "toy"), 1)
    assert (consumer["max_waiting"], consumer["priority_groups"]) == (10_000, ["hosts"])


def test_nothing_is_lowered_unasked_and_nothing_stored_is_dropped(empty: NatsServer) -> None:
    """Limits, retention and lanes: refused in one line each; with --lower as far as all fits."""
    fleet(empty, "setup", "--set", "fleet.lanes=2")

    async def fill(connection: Connection) -> None:
        for number in range(3):
            subject = names.job_name("normal", "hibari", 1, "t", f"j{number}").subject
            await store(connection, subject, b"text")

    with_connection(empty, fill)
    for setting, words in (
        ("fleet.max_jobs=2", "max_msgs 100,000 → 2 would be lower (fleet.max_jobs)"),
        ("fleet.max_bytes_mb=1", "would be lower (fleet.max_bytes_mb)"),
        ("fleet.retention_s=60", "max_age 86,400 s → 60 s would be lower (fleet.retention_s)"),
        ("fleet.lanes=1", "2 → 1 lanes would be fewer (fleet.lanes)"),
    ):
        lanes = () if "lanes" in setting else ("--set", "fleet.lanes=2")
        refused = fleet(empty, "setup", "--set", setting, *lanes)
        assert (refused.exit_code, words in refused.output) == (4, True), refused.output
        assert refused.output.count("\n") == 1
    lanes_of = ("--set", "fleet.lanes=2", "--lower")
    dropping = fleet(empty, "setup", "--set", "fleet.max_jobs=2", *lanes_of)
    assert "would drop what is stored" in dropping.output
    assert fleet(empty, "setup", "--set", "fleet.max_jobs=3", *lanes_of).exit_code == 0
    fewer = fleet(empty, "setup", "--set", "fleet.max_jobs=3", "--lower")
    assert "jobs wait in lane 1" in fewer.output
    waiting = with_connection(empty, lambda connection: subjects(connection, names.JOBS))
    assert len(waiting) == 3


def test_what_the_servers_cannot_hold_is_told_with_what_to_do(empty: NatsServer) -> None:
    """More room than they have, more replicas than there are servers."""
    large = fleet(empty, "setup", "--set", "fleet.max_bytes_mb=900000")
    assert (large.exit_code, "raise max_file_store" in large.output) == (4, True)
    three = fleet(empty, "setup", "--replicas", "3")
    assert (three.exit_code, "--replicas 1" in three.output) == (4, True)
    assert three.output.count("\n") == 1


def test_what_is_not_ours_is_left_alone(empty: NatsServer) -> None:
    """A stream JOBS of somebody else, a server of another machine without credentials, and one that
    is not there.
    """

    async def theirs(connection: Connection) -> None:
        await ask(connection, "STREAM.CREATE.JOBS", {"name": "JOBS", "subjects": ["orders.>"]})

    with_connection(empty, theirs)
    refused = fleet(empty, "setup")
    assert (refused.exit_code, "is not ours" in refused.output) == (4, True)
    names_left = with_connection(empty, lambda connection: ask(connection, "STREAM.NAMES"))
    assert names_left["streams"] == ["JOBS"]
    far = CliRunner().invoke(app, ["fleet", "setup", "--servers", "nats://192.0.2.1:4222"])
    assert (far.exit_code, "without --credentials" in far.output) == (2, True)
    nobody = CliRunner().invoke(app, ["fleet", "setup", "--servers", "nats://127.0.0.1:1"])
    assert (nobody.exit_code, "no NATS server at nats://127.0.0.1:1" in nobody.output) == (3, True)
    wrong = CliRunner().invoke(app, ["fleet", "setup", "--servers", "http://127.0.0.1"])
    assert (wrong.exit_code, "is not an address like" in wrong.output) == (2, True)


def test_a_schema_waits_until_all_hosts_know_it(empty: NatsServer) -> None:
    """One that this version does not know, and one that a host that is there does not; nothing is
    changed then.
    """
    newer = fleet(empty, "setup", "--schema", "99")
    assert (newer.exit_code, "newer than this version knows" in newer.output) == (4, True)

    async def work(connection: Connection) -> Result:
        old = codec.encode(Heartbeat(host="old-one", epoch="a", max_schema=0))

        async def answer(message: Message) -> None:
            await connection.publish(message.reply, old)

        await connection.subscribe(names.WHO, answer)
        await connection.flush()
        return await asyncio.to_thread(fleet, empty, "setup", "--schema", "1")

    behind = with_connection(empty, work)
    assert (behind.exit_code, "not known to old-one: upgrade" in behind.output) == (4, True)
    made = with_connection(empty, lambda connection: ask(connection, "STREAM.NAMES"))
    assert not made.get("streams")


def test_six_hundred_hosts_wait_for_one_kind_of_job(empty: NatsServer) -> None:
    """The servers' default is 512 open pulls of a consumer; the next one would be refused."""
    fleet(empty, "setup")
    refused: list[dict[str, str]] = []

    async def work(connection: Connection) -> int:
        async def heard(message: Message) -> None:
            refused.append(dict(message.headers or {}))

        inbox = connection.new_inbox()
        await connection.subscribe(f"{inbox}.*", heard)
        pull = json.dumps({"batch": 1, "expires": 20_000_000_000, "group": GROUP}).encode()
        asked = f"$JS.API.CONSUMER.MSG.NEXT.{names.JOBS}.normal_hibari_0"
        for number in range(600):
            await connection.publish(asked, pull, reply=f"{inbox}.{number}")
        await connection.flush()
        info = await ask(connection, f"CONSUMER.INFO.{names.JOBS}.normal_hibari_0")
        return int(info["num_waiting"])

    assert with_connection(empty, work) == 600
    assert not refused


def findings(result: Result) -> dict[str, list[str]]:
    """What doctor found of each subject: levels and words."""
    found: dict[str, list[str]] = {}
    for each in json.loads(result.stdout)["findings"]:
        found.setdefault(each["check"], []).append(f"{each['level']}: {each['found']}")
    return found


def test_doctor_finds_what_is_missing_and_then_nothing(empty: NatsServer) -> None:
    """Exit code 2 before setup, 0 after it; the server's monitoring tells what it syncs."""
    monitor = f"http://127.0.0.1:{empty.monitor}"
    before = fleet(empty, "doctor", "--json", "--monitor", monitor)
    assert before.exit_code == 2
    assert findings(before)["setup"][0].startswith("problem: missing: stream JOBS")
    fleet(empty, "setup")
    after = fleet(empty, "doctor", "--json", "--monitor", monitor)
    assert after.exit_code == 0, after.output
    found = findings(after)
    assert found["sync"] == ["ok: n1 writes to disk what it confirms"]
    assert found["setup"][0].startswith("ok: 9 streams")
    assert found["clock"][0].startswith("ok: ")
    assert "and more: it could remove streams" in found["permissions"][0]
    text = fleet(empty, "doctor", "--monitor", monitor)
    assert text.output.splitlines()[-1] == "0 problems, 0 warnings"


def test_doctor_sees_jobs_that_nobody_will_speak(empty: NatsServer) -> None:
    """Of an engine without consumers, and of one whose hosts are all away; also a consumer that
    others have made, with room for 512 hosts, and two hosts of one name.
    """
    fleet(empty, "setup")

    async def work(connection: Connection) -> Result:
        for engine in ("hibari", "unknown"):
            await store(connection, names.job_name("high", engine, 0, "t", "j").subject, b"text")
        for epoch in ("a", "b"):
            beat = codec.encode(Heartbeat(host="h1", epoch=epoch))

            async def answer(message: Message, beat: bytes = beat) -> None:
                await connection.publish(message.reply, beat)

            await connection.subscribe(names.WHO, answer)
        await connection.flush()
        return await asyncio.to_thread(fleet, empty, "doctor", "--json")

    found = findings(with_connection(empty, work))
    assert "problem: 1 job in JOBS that no consumer hands out" in found["queue"]
    assert "warning: 1 job of high_hibari_0 wait, and no host asks" in found["queue"]
    assert "problem: more than one host calls itself h1" in found["hosts"]
    with_connection(empty, lambda connection: purge(connection, names.JOBS, ">"))

    async def small(connection: Connection) -> None:
        info = await ask(connection, f"CONSUMER.INFO.{names.JOBS}.high_hibari_0")
        await ask(connection, f"CONSUMER.DELETE.{names.JOBS}.high_hibari_0")
        config = {**info["config"], "max_waiting": 512}
        body = {"stream_name": names.JOBS, "config": config}
        await ask(connection, f"CONSUMER.CREATE.{names.JOBS}.high_hibari_0", body)

    with_connection(empty, small)
    found = findings(fleet(empty, "doctor", "--json"))
    assert "max_waiting is 512, needed is 10000" in found["setup"][0]


def test_doctor_says_what_it_cannot_know(empty: NatsServer, tmp_path: Path) -> None:
    """Whether a server syncs: from its configuration, or not at all. One server that does not
    answer is a warning, all of them a problem.
    """
    fleet(empty, "setup")
    assert findings(fleet(empty, "doctor", "--json"))["sync"][0].startswith("warning: whether")
    file = tmp_path / "nats.conf"
    file.write_text("jetstream { sync_interval: 2m }")
    found = findings(fleet(empty, "doctor", "--json", "--server-config", str(file)))
    assert found["sync"] == [f"problem: {file} does not say sync_interval: always"]
    both = f"{empty.url},nats://127.0.0.1:1"
    done = CliRunner().invoke(app, ["fleet", "doctor", "--json", "--servers", both])
    assert [each.partition(":")[0] for each in findings(done)["server"]] == ["ok", "warning"]
    none = CliRunner().invoke(app, ["fleet", "doctor", "--servers", "nats://127.0.0.1:1"])
    assert (none.exit_code, none.output.startswith("problem   server")) == (2, True)
