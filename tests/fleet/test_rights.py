"""Users with the configuration of `supervisor fleet auth`: each may what it needs, and no more.

One real server for all of it; its configuration is the one that the command writes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from supervisor.nats.buckets import Bucket, purge, subjects
from supervisor.nats.connection import Connection, Message, Servers
from supervisor.nats.credentials import new_user
from supervisor.nats.errors import FleetError
from supervisor.nats.gathering import gather
from supervisor.nats.jetstream import ask, store
from supervisor.nats.rights import denied, may_publish
from supervisor.wire.fleet import names
from supervisor.wire.fleet.permissions import Role, rights
from tests.fleet.users import USERS, Place, let_in, user


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server that lets these users in, and holds a fleet."""
    with let_in(tmp_path_factory.mktemp("users"), USERS, "toy") as place:
        yield place


def job(tenant: str, id: str) -> str:
    """The subject of a job."""
    return names.job_name("normal", "toy", 0, tenant, id).subject


async def refusal(work: Awaitable[object]) -> FleetError:
    """The error with which it fails, at once: no request waits for its time-out."""
    began = time.monotonic()
    with pytest.raises(FleetError) as caught:
        await work
    assert caught.value.code == "forbidden"
    assert time.monotonic() - began < 1.0
    return caught.value


@pytest.mark.parametrize(("name", "role", "tenant"), USERS)
def test_each_may_all_that_it_needs(place: Place, name: str, role: Role, tenant: str) -> None:
    """Every right is tried by itself; only an operator could remove a stream."""

    async def work() -> None:
        async with user(place, name) as connection:
            assert await denied(connection, rights(role, name, tenant, connection.inbox)) == []
            could = await may_publish(connection, "$JS.API.STREAM.DELETE.nothing")
            assert could == (role == "operator")

    asyncio.run(work())


def test_what_is_lacking_is_found(place: Place) -> None:
    """One host's key does not do for another one's name, and a gateway's not for a host."""

    async def work() -> None:
        async with user(place, "h1") as connection:
            lacking = await denied(connection, rights("host", "h2", "default", connection.inbox))
            assert lacking == [
                ("publish", "tts.1.hb.h2"),
                ("subscribe", "tts.1.talk.h2.*.*"),
                ("subscribe", "tts.1.drain.h2"),
            ]
        async with user(place, "web1") as connection:
            lacking = await denied(connection, rights("host", "web1", "shop", connection.inbox))
            assert ("publish", "$JS.ACK.JOBS.>") in lacking
            assert ("publish", "$KV.outcome.>") in lacking

    asyncio.run(work())


@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.CREATE.MINE",
        "$JS.API.STREAM.UPDATE.JOBS",
        "$JS.API.STREAM.DELETE.JOBS",
        "$JS.API.STREAM.PURGE.KV_outcome",
        "$JS.API.STREAM.MSG.DELETE.KV_outcome",
        "$JS.API.STREAM.SNAPSHOT.JOBS",
        "$JS.API.CONSUMER.CREATE.JOBS.mine",
        "$JS.API.CONSUMER.DELETE.JOBS.normal_toy_0",
        "$KV.fleet.config",
        "tts.1.hb.h2",
        "tts.1.drain.h2",
        names.job_name("high", "toy", 0, "shop", "x").subject,
        names.talk_subject("h2", "shop", "x"),
        "_I.anybody.x",
    ],
)
def test_a_host_may_nothing_else(place: Place, subject: str) -> None:
    """It changes no stream, speaks for no other host or tenant, and tells nobody unasked."""

    async def work() -> None:
        async with user(place, "h1") as host:
            assert not await may_publish(host, subject)

    asyncio.run(work())


def test_a_tenant_hands_in_its_own_jobs_alone(place: Place) -> None:
    """Its own are confirmed, and recognised when they come again; another's are refused at once,
    with a reason.
    """

    async def work() -> None:
        async with user(place, "web1") as shop, user(place, "spy") as spy:
            await store(shop, job("shop", "mine"), b"text", {"Nats-Msg-Id": "mine"})
            again = await store(shop, job("shop", "mine"), b"text", {"Nats-Msg-Id": "mine"})
            assert again.duplicate
            error = await refusal(store(spy, job("shop", "theirs"), b"text"))
            assert "may not send to tts.1.job.normal.toy.0.shop.theirs" in str(error)
            await refusal(store(spy, names.text_subject("shop", "x", 0), b"text"))

    asyncio.run(work())


def test_a_tenant_reads_its_own_outcomes_and_audio_alone(place: Place) -> None:
    """Also with a body that names another's, and there is nothing that lists or removes."""

    async def work() -> None:
        async with (
            user(place, "h1") as host,
            user(place, "web1") as shop,
            user(place, "spy") as spy,
        ):
            outcomes = Bucket(host, names.OUTCOMES)
            await outcomes.create(names.outcome_key("shop", "read"), b"an outcome")
            piece = names.audio_subject("shop", names.audio_object("read", "h1", "e", 1), 0)
            await store(host, piece, b"audio")
            own = await Bucket(shop, names.OUTCOMES).get_near(names.outcome_key("shop", "read"))
            assert own is not None
            assert own.value == b"an outcome"
            heard = await shop.request(f"$JS.API.DIRECT.GET.{names.AUDIO}.{piece}")
            assert heard.data == b"audio"
            key = names.outcome_key("shop", "read")
            await refusal(Bucket(spy, names.OUTCOMES).get_near(key))
            await refusal(spy.request(f"$JS.API.DIRECT.GET.{names.AUDIO}.{piece}"))
            another = names.outcome_key("other", "x")
            sly = await spy.request(
                f"$JS.API.DIRECT.GET.KV_outcome.$KV.outcome.{another}",
                b'{"multi_last": ["$KV.outcome.shop.>"]}',
            )
            assert sly.data == b""
            await refusal(ask(spy, f"STREAM.MSG.GET.{names.AUDIO}", {"last_by_subj": piece}))
            await refusal(subjects(spy, names.JOBS))
            await refusal(purge(spy, names.JOBS, ">"))
            await refusal(ask(spy, f"CONSUMER.MSG.NEXT.{names.JOBS}.normal_toy_0", {"batch": 1}))
            await refusal(Bucket(shop, names.OUTCOMES).put(key, b"forged"))

    asyncio.run(work())


@pytest.mark.parametrize("name", ["h1", "web1", "spy"])
def test_nobody_hears_what_is_for_others(place: Place, name: str) -> None:
    """Neither inboxes, nor jobs, nor conversations with a host that one is not."""
    heard: list[str] = []

    async def work() -> None:
        async with user(place, "web2") as other, user(place, name) as connection:
            connection.on_forbidden = lambda act, subject: heard.append(f"{act} {subject}")
            wanted = (f"{other.inbox}.>", "_I.>", ">", "tts.1.job.>", "tts.1.talk.h2.*.*", "$JS.>")
            for subject in wanted:
                await connection.subscribe(subject, ignore)
            await connection.flush()
            assert heard == [f"subscription {subject.lower()}" for subject in wanted]

    asyncio.run(work())


async def ignore(_: Message) -> None:
    """Nothing is to come."""


def test_an_answer_of_the_servers_reaches_nobody_elses_subject(place: Place) -> None:
    """Permissions do not look at where an answer is to go. A tenant that names a subject of others
    there has nothing written to it: no outcome is forged, no job handed in, none acknowledged.
    """

    async def work() -> None:
        async with user(place, "h1") as host, user(place, "spy") as spy:
            outcomes = Bucket(host, names.OUTCOMES)
            own, theirs = names.outcome_key("other", "mine"), names.outcome_key("shop", "theirs")
            await outcomes.create(own, b"what the spy had spoken")
            await outcomes.create(theirs, b"true")
            asked = f"$JS.API.DIRECT.GET.KV_outcome.$KV.outcome.{own}"
            for reply in (
                f"$KV.outcome.{theirs}",
                job("shop", "forged"),
                "$JS.ACK.JOBS.a.1.1.1.1.0",
            ):
                await spy.publish(asked, reply=reply)
                await spy.publish(job("other", "bait"), b"text", reply=reply)
            await spy.flush()
            found = await outcomes.get(theirs)
            assert found is not None
            assert found.value == b"true"
            assert not await subjects(host, names.JOBS, job("shop", "forged"))

    asyncio.run(work())


def test_live_speech_finds_its_way_and_no_other(place: Place) -> None:
    """Several hosts bid, one speaks with the gateway, which takes hundreds of messages to one
    reply; a gateway of another tenant cannot speak there, nor can a host unasked.
    """

    async def work() -> None:
        async with (
            user(place, "h1") as one,
            user(place, "h2") as two,
            user(place, "web1") as shop,
            user(place, "spy") as spy,
        ):
            for host in (one, two):
                await host.subscribe("tts.1.bid.*", answering(host, 1))
                await host.flush()
            assert len(await gather(shop, names.bid_subject("toy"), within=0.3)) == 2
            await one.subscribe("tts.1.talk.h1.*.*", answering(one, 300))
            await one.flush()
            talk = names.talk_subject("h1", "shop", names.random_id())
            assert len(await gather(shop, talk, within=0.5)) == 300
            await refusal(spy.request(talk))
            inbox = shop.new_inbox()
            assert not await may_publish(one, inbox)

    asyncio.run(work())


def answering(host: Connection, times: int) -> Callable[[Message], Awaitable[None]]:
    """Answers each message so many times; one of a check has no reply."""

    async def answer(message: Message) -> None:
        for _ in range(times if message.reply else 0):
            await host.publish(message.reply, b"x" * 1000)

    return answer


def test_whom_the_server_does_not_know_is_told_so_at_once(place: Place, tmp_path: Path) -> None:
    """With a key that nobody allowed, and without one: in one line, long before any time-out."""
    stranger = tmp_path / "stranger.nk"
    stranger.write_text(new_user().seed)
    stranger.chmod(0o600)

    async def work(credentials: str | None) -> FleetError:
        connection = Connection(Servers((place.server.url,), "stranger", credentials))
        try:
            return await refusal(connection.connect(10.0))
        finally:
            await connection.close()

    assert "refuses these credentials" in str(asyncio.run(work(str(stranger))))
    assert "asks for credentials" in str(asyncio.run(work(None)))


def test_who_waits_for_no_answer_is_told_when_he_sends_there_again(place: Place) -> None:
    """As packets of a conversation are: nobody repeats them until somebody gives up."""

    async def work() -> None:
        async with user(place, "spy") as spy:
            talk = names.talk_subject("h1", "shop", "x")
            await spy.publish(talk)
            await spy.flush()
            error = await refusal(spy.publish(talk))
            assert "may not send to tts.1.talk.h1.shop.x" in str(error)

    asyncio.run(work())
