"""Checks of a fleet for `supervisor fleet doctor`: its streams, its hosts, and what a user may."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from supervisor.cli.fleet.server_checks import check_peers
from supervisor.cli.host_checks import Finding
from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.gathering import gather
from supervisor.nats.jetstream import ask
from supervisor.nats.layout import Layout, streams
from supervisor.nats.limits import server_time
from supervisor.nats.rights import denied, may_publish
from supervisor.nats.setup import config_change, plan
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.live import Heartbeat
from supervisor.wire.fleet.permissions import Role, rights
from supervisor.wording import counted

_FULL: Final = 0.8
_ANSWER: Final = "start the servers that are down; an election takes up to 9 s, so ask again"
_SETUP: Final = "run `supervisor fleet setup`"


_ACTS: Final = {"publish": "send to", "subscribe": "hear", "answer": "answer"}


_FEWER: Final = Finding(
    "replicas",
    "warning",
    f"{names.AUDIO} is held by fewer servers than the jobs: no job ends while its one is away",
    "set fleet.audio_replicas to null, and run setup",
)


async def check_layout(connection: Connection, layout: Layout) -> list[Finding]:
    """What `setup` would do with these settings."""
    try:
        planned = await plan(connection, layout)
    except FleetError as error:
        if error.code == "forbidden":
            return [Finding("setup", "note", f"not looked at: {error}", "ask as an operator")]
        advice = _ANSWER if error.code == "unavailable" else "mend it, and run setup"
        return [Finding("setup", "problem", str(error), advice)]
    changes = [*(change for change, _, _ in planned.changes), config_change(planned)]
    missing = [change.what for change in changes if change.act == "created"]
    other = [f"{each.what} ({', '.join(each.fields)})" for each in changes if each.act == "changed"]
    findings: list[Finding] = []
    if missing:
        findings.append(Finding("setup", "problem", f"missing: {', '.join(missing)}", _SETUP))
    if other:
        found = f"other than these settings say: {', '.join(other)}"
        findings.append(Finding("setup", "warning", found, _SETUP))
    if not findings:
        held = counted(layout.replicas, "server")
        found = f"{len(changes)} streams, buckets and consumers are as they should be, on {held}"
        findings.append(Finding("setup", "ok", found))
    return findings


async def check_streams(
    connection: Connection, layout: Layout
) -> tuple[list[Finding], float | None]:
    """Each stream's servers and room; and by how much our clock is behind the servers' (None where
    nobody may say).
    """
    findings: list[Finding] = []
    offset: float | None = None
    for stream in streams(layout):
        before = time.time()
        try:
            info = await ask(connection, f"STREAM.INFO.{stream['name']}")
        except FleetError:
            continue
        if "ts" in info:
            offset = server_time(info["ts"]) - (before + time.time()) / 2
        findings += check_peers(stream["name"], info)
        if stream["name"] == names.AUDIO and info["config"]["num_replicas"] < layout.replicas:
            findings.append(_FEWER)
        findings += _room(stream["name"], info)
        if stream["name"] == names.JOBS:
            findings += await _handed_out(connection, info)
    return findings, offset


def _room(name: str, info: dict[str, Any]) -> Iterator[Finding]:
    state, config = info["state"], info["config"]
    for field, limit in (("messages", "max_msgs"), ("bytes", "max_bytes")):
        most, used = config.get(limit, -1), state[field]
        if most > 0 and used > _FULL * most:
            yield Finding(
                "room",
                "warning",
                f"{name} holds {used:,} of {most:,} {field}",
                "add hosts, or raise fleet.max_jobs or fleet.max_bytes_mb and run setup",
            )


async def _handed_out(connection: Connection, info: dict[str, Any]) -> list[Finding]:
    """Whether each job that waits has a consumer, and each of those a host that asks."""
    findings: list[Finding] = []
    waiting = 0
    try:
        listed = await ask(connection, f"CONSUMER.LIST.{names.JOBS}")
    except FleetError:
        return []
    for consumer in listed.get("consumers") or ():
        pending, held = consumer.get("num_pending", 0), consumer.get("num_ack_pending", 0)
        waiting += pending + held
        if pending and not held and not consumer.get("num_waiting"):
            findings.append(
                Finding(
                    "queue",
                    "warning",
                    f"{counted(pending, 'job')} of {consumer['name']} wait, and no host asks",
                    "start a host that speaks this engine, and look at `supervisor fleet status`",
                )
            )
    alone = info["state"]["messages"] - waiting
    if alone > 0:
        findings.append(
            Finding(
                "queue",
                "problem",
                f"{counted(alone, 'job')} in {names.JOBS} that no consumer hands out",
                "run setup with the --engine and fleet.lanes that they were submitted for",
            )
        )
    return findings


async def check_hosts(connection: Connection) -> list[Finding]:
    """Who is there: at least one, each name once, of schemas that fit."""
    try:
        answers = await gather(connection, names.WHO)
    except FleetError as error:
        return [Finding("hosts", "note", f"not asked: {error}")]
    heard: list[Heartbeat] = []
    unread = 0
    for answer in answers:
        try:
            heard.append(codec.decode(answer, Heartbeat))
        except (codec.Unreadable, codec.NewerSchema):
            unread += 1
    findings: list[Finding] = []
    twice = [name for name, times in Counter(each.host for each in heard).items() if times > 1]
    if twice:
        advice = "give each host a name of its own (fleet.name)"
        found = f"more than one host calls itself {', '.join(sorted(twice))}"
        findings.append(Finding("hosts", "problem", found, advice))
    if unread:
        advice = "upgrade this machine, or that host"
        found = f"{counted(unread, 'host')} that this version cannot read"
        findings.append(Finding("hosts", "warning", found, advice))
    if not heard:
        advice = "start a supervisor with fleet.servers set to these"
        return [*findings, Finding("hosts", "note", "none answers", advice)]
    slots, free = sum(each.slots for each in heard), sum(each.free for each in heard)
    named = ", ".join(sorted({each.host for each in heard})[:10])
    found = f"{counted(len(heard), 'host')} ({named}), {free} of {counted(slots, 'slot')} free"
    return [*findings, Finding("hosts", "ok", found)]


async def check_rights(connection: Connection, role: Role, name: str, tenant: str) -> list[Finding]:
    """Whether this user may do all that its role needs, each tried by itself; and whether more."""
    try:
        wanted = rights(role, name, tenant, connection.inbox)
        lacking = await denied(connection, wanted)
        too_much = await may_publish(connection, "$JS.API.STREAM.DELETE.doctor")
    except (FleetError, names.NameRefused) as error:
        return [Finding("permissions", "problem", str(error), "look at the servers' log")]
    who = f"{role} {name}" if role != "gateway" else f"gateway {name} of tenant {tenant}"
    if lacking:
        option = f" --tenant {tenant}" if tenant != names.DEFAULT_TENANT else ""
        advice = f"`supervisor fleet auth permissions {role} {name}{option}` prints what it needs"
        return [
            Finding("permissions", "problem", f"{who} may not {_ACTS[act]} {subject}", advice)
            for act, subject in lacking
        ]
    if role == "operator":
        return [Finding("permissions", "ok", f"{who} may do everything")]
    if too_much:
        return [
            Finding(
                "permissions",
                "note",
                f"{who} may do all that it needs, and more: it could remove streams",
                "give it a user of its own: `supervisor fleet auth add`",
            )
        ]
    return [Finding("permissions", "ok", f"{who} may do what it needs, and no more")]
