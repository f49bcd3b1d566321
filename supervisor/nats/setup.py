"""Make the servers hold what a fleet needs: streams, buckets, consumers, and what all hosts share.

Whatever is there already stays, what differs is changed, and nothing is lowered: the servers would
drop the oldest of what no longer fits. All is looked at before anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec

from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.gathering import hosts
from supervisor.nats.jetstream import ask
from supervisor.nats.layout import (
    LEAST_SERVER,
    MAX_CONSUMERS,
    Document,
    Layout,
    consumers,
    streams,
)
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.jobs import Config

_CREATE_S: Final = 20.0
"""Longest time for one stream or consumer: at three replicas a leader is elected first."""

_IDENTITY: Final = ("retention", "storage", "subjects")
"""What a stream is. Where these differ, it is somebody else's of the same name."""

_CONSUMER_IDENTITY: Final = ("filter_subject", "ack_policy", "max_waiting", "priority_policy")
"""What the servers do not change in a consumer."""

_LIMITS: Final = {
    "max_msgs": "fleet.max_jobs",
    "max_bytes": "fleet.max_bytes_mb",
    "max_age": "fleet.retention_s",
    "num_replicas": "fleet.replicas",
}
"""Limits that are not lowered, and the settings that they come from."""

Act = Literal["created", "changed", "kept", "removed"]


class Change(msgspec.Struct, frozen=True):
    """What was done about a stream, a bucket or a consumer; `fields` are those that changed."""

    what: str
    act: Act
    fields: tuple[str, ...] = ()


class _Found(NamedTuple):
    """A stream or consumer as the servers have it; None, where they have none."""

    config: Document | None
    state: Mapping[str, Any]
    now: str = ""


async def set_up(
    connection: Connection, layout: Layout, *, schema: int | None = None, lower: bool = False
) -> list[Change]:
    """Create what is missing and change what differs; returns what was done about each.

    `schema`: the newest by which jobs may be written from now on; None leaves it. `lower`: also
    lower limits, as long as all that is stored still fits. Raises FleetError, `refused` for what is
    not lowered or is not ours: then nothing was changed.
    """
    check_version(connection.server_version)
    await check_jetstream(connection)
    config = await read_config(connection)
    if schema is not None:
        await _check_schema(connection, config, schema)
    layout, removed = await _merged(connection, layout, config, lower=lower)
    wanted_streams, wanted_consumers = list(streams(layout)), list(consumers(layout))
    if len(wanted_consumers) > MAX_CONSUMERS:
        raise FleetError(
            "refused",
            f"{len(layout.engines)} engines in {layout.lanes} lanes are {len(wanted_consumers)} "
            f"consumers, {MAX_CONSUMERS} are the most: lower fleet.lanes",
        )
    found = [await _stream(connection, each["name"]) for each in wanted_streams]
    held = [await _consumer(connection, each["name"]) for each in wanted_consumers]
    refusals = [
        *(
            why
            for want, have in zip(wanted_streams, found, strict=True)
            for why in refused(want, have.config, have.state, have.now, lower=lower)
        ),
        *(
            why
            for want, have in zip(wanted_consumers, held, strict=True)
            for why in _refused_consumer(want, have.config)
        ),
    ]
    if refusals:
        raise FleetError("refused", "; ".join(refusals))
    changes = [
        await _make_stream(connection, want, have)
        for want, have in zip(wanted_streams, found, strict=True)
    ]
    changes += [
        await _make_consumer(connection, want, have)
        for want, have in zip(wanted_consumers, held, strict=True)
    ]
    changes.append(await _write_config(connection, config, layout, schema))
    for name in removed:
        await ask(connection, f"CONSUMER.DELETE.{names.JOBS}.{name}")
        changes.append(Change(f"consumer {name}", "removed"))
    return changes


def check_version(version: str) -> None:
    """Raise FleetError for a server that is older than the fleet needs."""
    if not is_new_enough(version):
        least = ".".join(map(str, LEAST_SERVER))
        raise FleetError(
            "refused",
            f"the server is nats-server {version or 'of no version'}; the fleet needs {least} or "
            "newer (older ones lose acknowledged messages, and serve no pulls by priority)",
        )


async def check_jetstream(connection: Connection) -> None:
    """Raise FleetError where these servers, or this user's account, have no JetStream."""
    try:
        await ask(connection, "INFO")
    except FleetError as error:
        if error.code != "no_stream":
            raise
        raise FleetError(
            "refused",
            f"no JetStream at {connection.where}: the servers need "
            "`jetstream { store_dir: …, sync_interval: always }`, and its account "
            "`jetstream: enabled`",
        ) from None


async def _check_schema(connection: Connection, config: Config | None, schema: int) -> None:
    """Raise FleetError for a schema that somebody who is there could not read."""
    if schema > codec.SCHEMA:
        raise FleetError(
            "refused", f"schema {schema} is newer than this version knows ({codec.SCHEMA})"
        )
    if config is not None and schema < config.max_schema:
        raise FleetError(
            "refused",
            f"jobs of schema {config.max_schema} may wait already: it is not lowered to {schema}",
        )
    behind = [host.host for host in await hosts(connection) if host.max_schema < schema]
    if behind:
        raise FleetError(
            "refused", f"schema {schema} is not known to {', '.join(behind)}: upgrade them first"
        )


def is_new_enough(version: str) -> bool:
    """Whether a server of this version will do; one that is being developed counts as what it
    will be.
    """
    numbers = version.partition("-")[0].split(".")
    if len(numbers) != len(LEAST_SERVER) or not all(number.isdigit() for number in numbers):
        return False
    return tuple(map(int, numbers)) >= LEAST_SERVER


async def read_config(connection: Connection) -> Config | None:
    """What the whole fleet shares; None where no `setup` has been run. Raises FleetError."""
    try:
        entry = await Bucket(connection, names.FLEET).get(names.CONFIG)
    except FleetError as error:
        if error.code == "not_found":
            return None
        raise
    if entry is None:
        return None
    try:
        return codec.decode(entry.value, Config)
    except (codec.Unreadable, codec.NewerSchema) as error:
        raise FleetError("refused", f"the fleet's configuration: {error}") from None


def refused(
    want: Document,
    have: Document | None,
    state: Mapping[str, Any],
    now: str = "",
    *,
    lower: bool = False,
) -> Iterator[str]:
    """Why a stream must not be made from what it is into what is wanted: a line each, none for
    none. `state` and `now` are the servers' word on what it holds, and their time.
    """
    if have is None:
        return
    name = want["name"]
    for field in _IDENTITY:
        if _differs(want, have, field):
            yield (
                f"stream {name} is there and is not ours ({field} is {have.get(field)!r}): use an "
                "account of NATS for the fleet alone"
            )
            return
    for field, setting in _LIMITS.items():
        if field not in want or not _is_lower(want[field], have.get(field)):
            continue
        change = (
            f"stream {name}: {field} {_shown(field, have[field])} → {_shown(field, want[field])}"
        )
        if not lower:
            yield f"{change} would be lower ({setting}); keep it, or allow it with --lower"
        elif not _fits(field, want[field], state, now):
            yield f"{change} would drop what is stored ({setting}); keep it until less is"


async def _merged(
    connection: Connection, layout: Layout, config: Config | None, *, lower: bool
) -> tuple[Layout, list[str]]:
    """The layout with the engines that the fleet has already; consumers of lanes that go."""
    if config is None:
        return layout, []
    engines = tuple(sorted({*layout.engines, *config.engines}))
    removed: list[str] = []
    for lane in range(layout.lanes, config.lanes):
        if not lower:
            raise FleetError(
                "refused",
                f"{config.lanes} → {layout.lanes} lanes would be fewer (fleet.lanes); keep them, "
                "or allow it with --lower",
            )
        for engine in config.engines:
            for klass in names.CLASSES:
                name = names.consumer(klass, engine, lane)
                state = (await _consumer(connection, name)).state
                if state.get("num_pending") or state.get("num_ack_pending"):
                    raise FleetError(
                        "refused", f"jobs wait in lane {lane} (fleet.lanes); keep it until none do"
                    )
                if state:
                    removed.append(name)
    return msgspec.structs.replace(layout, engines=engines), removed


async def _stream(connection: Connection, name: str) -> _Found:
    try:
        info = await ask(connection, f"STREAM.INFO.{name}")
    except FleetError as error:
        if error.code == "not_found":
            return _Found(None, {})
        raise
    return _Found(info["config"], info["state"], info.get("ts", ""))


async def _consumer(connection: Connection, name: str) -> _Found:
    try:
        info = await ask(connection, f"CONSUMER.INFO.{names.JOBS}.{name}")
    except FleetError as error:
        if error.code == "not_found":
            return _Found(None, {})
        raise
    return _Found(info["config"], info)


async def _make_stream(connection: Connection, want: Document, have: _Found) -> Change:
    name = want["name"]
    what = f"bucket {name.removeprefix('KV_')}" if name.startswith("KV_") else f"stream {name}"
    return await _make(
        connection, f"STREAM.{{}}.{name}", what, want, have.config, lambda document: document
    )


async def _make_consumer(connection: Connection, want: Document, have: _Found) -> Change:
    name = want["name"]
    return await _make(
        connection,
        f"CONSUMER.CREATE.{names.JOBS}.{name}.{want['filter_subject']}",
        f"consumer {name}",
        want,
        have.config,
        lambda document: {"stream_name": names.JOBS, "config": document},
    )


async def _make(
    connection: Connection,
    request: str,
    what: str,
    want: Document,
    have: Document | None,
    body: Any,  # noqa: ANN401 (a function of a document)
) -> Change:
    """Create it, or change what differs; what others have set besides stays as it is."""
    changed = () if have is None else tuple(each for each in want if _differs(want, have, each))
    if have is not None and not changed:
        return Change(what, "kept")
    document = body({**(have or {}), **want})
    verb = "CREATE" if have is None else "UPDATE"
    try:
        await ask(connection, request.format(verb), document, within=_CREATE_S)
    except FleetError as error:
        raise FleetError(error.code, f"{what}: {error}", error.err_code) from None
    return Change(what, "created" if have is None else "changed", changed)


def _refused_consumer(want: Document, have: Document | None) -> Iterator[str]:
    for field in _CONSUMER_IDENTITY:
        if have is not None and _differs(want, have, field):
            yield (
                f"consumer {want['name']}: {field} is {have.get(field)!r}, needed is "
                f"{want[field]!r}, and the servers do not change it: remove the consumer while no "
                "host works, and run this again"
            )


async def _write_config(
    connection: Connection, old: Config | None, layout: Layout, schema: int | None
) -> Change:
    """Write what all hosts share, where it differs."""
    before = old or Config()
    new = msgspec.structs.replace(
        before,
        engines=layout.engines,
        lanes=layout.lanes,
        retention_s=layout.retention_s,
        part_s=layout.part_s,
        max_schema=before.max_schema if schema is None else schema,
    )
    if new == old:
        return Change("configuration", "kept")
    await Bucket(connection, names.FLEET).put(names.CONFIG, codec.encode(new), _CREATE_S)
    fields = tuple(
        name for name in Config.__struct_fields__ if getattr(new, name) != getattr(before, name)
    )
    return Change("configuration", "created" if old is None else "changed", fields)


def _differs(want: Document, have: Document, field: str) -> bool:
    """Whether a field is other than it should be; the servers leave out what is nothing."""
    return (have.get(field) or None) != (want[field] or None)


def _is_lower(want: int, have: int | None) -> bool:
    """Whether a limit is below another; 0 and -1 are none."""
    return want > 0 and (have is None or have <= 0 or want < have)


def _fits(field: str, limit: int, state: Mapping[str, Any], now: str) -> bool:
    """Whether all that a stream holds is within a limit."""
    if field == "max_msgs":
        return int(state["messages"]) <= limit
    if field == "max_bytes":
        return int(state["bytes"]) <= limit
    if field == "max_age" and state["messages"]:
        age = server_time(now) - server_time(state["first_ts"])
        return age < limit / 1e9
    return True


def server_time(text: str) -> float:
    """A time of the servers (RFC 3339, nanoseconds) as Unix seconds."""
    return datetime.fromisoformat(text).timestamp()


def _shown(field: str, limit: int) -> str:
    if limit <= 0:
        return "no limit"
    return f"{limit / 1e9:,g} s" if field == "max_age" else f"{limit:,}"
