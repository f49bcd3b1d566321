"""Make the servers hold what a fleet needs: streams, buckets, consumers, and what all hosts share.

Whatever is there already stays, what differs is changed, and nothing is lowered: the servers would
drop the oldest of what no longer fits. All is looked at before anything is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from supervisor.nats.limits import differs, refused, refused_consumer
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.jobs import Config

_CREATE_S: Final = 20.0
"""Longest time for one stream or consumer: at three replicas a leader is elected first."""

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


class Plan(NamedTuple):
    """What `set_up` would do: requests to JetStream, each with what it does, and the configuration
    of the fleet that is written then.
    """

    changes: list[tuple[Change, str, Document]]
    config: Config
    removed: list[str]
    old: Config | None


async def plan(
    connection: Connection, layout: Layout, *, schema: int | None = None, lower: bool = False
) -> Plan:
    """Look at all that the servers have, and say what is to be done. Raises FleetError, `refused`
    for what is not lowered or is not ours.
    """
    check_version(connection.server_version)
    await check_jetstream(connection)
    old = await read_config(connection)
    if schema is not None:
        await _check_schema(connection, old, schema)
    layout, removed = await _merged(connection, layout, old, lower=lower)
    wanted = [*streams(layout), *consumers(layout)]
    count = sum("durable_name" in each for each in wanted)
    if count > MAX_CONSUMERS:
        raise FleetError(
            "refused",
            f"{len(layout.engines)} engines in {layout.lanes} lanes are {count} consumers, "
            f"{MAX_CONSUMERS} are the most: lower fleet.lanes",
        )
    refusals: list[str] = []
    changes: list[tuple[Change, str, Document]] = []
    for want in wanted:
        if "durable_name" in want:
            found = await _consumer(connection, want["name"])
            refusals += refused_consumer(want, found.config)
            changes.append(_consumer_change(want, found.config))
        else:
            found = await _stream(connection, want["name"])
            refusals += refused(want, found.config, found.state, found.now, lower=lower)
            changes.append(_stream_change(want, found.config))
    if refusals:
        raise FleetError("refused", "; ".join(refusals))
    config = msgspec.structs.replace(
        old or Config(),
        engines=layout.engines,
        lanes=layout.lanes,
        retention_s=layout.retention_s,
        part_s=layout.part_s,
        max_schema=schema or (old or Config()).max_schema,
    )
    return Plan(changes, config, removed, old)


async def set_up(
    connection: Connection, layout: Layout, *, schema: int | None = None, lower: bool = False
) -> list[Change]:
    """Create what is missing and change what differs; returns what was done about each.

    `schema`: the newest by which jobs may be written from now on; None leaves it. `lower`: also
    lower limits, as long as all that is stored still fits. Raises FleetError, `refused` for what is
    not lowered or is not ours: then nothing was changed.
    """
    planned = await plan(connection, layout, schema=schema, lower=lower)
    for change, request, document in planned.changes:
        if change.act == "kept":
            continue
        try:
            await ask(connection, request, document, within=_CREATE_S)
        except FleetError as error:
            raise FleetError(error.code, f"{change.what}: {_mended(error)}") from None
    done = [change for change, _, _ in planned.changes]
    done.append(config_change(planned))
    if planned.config != planned.old:
        written = codec.encode(planned.config)
        await Bucket(connection, names.FLEET).put(names.CONFIG, written, _CREATE_S)
    for name in planned.removed:
        await ask(connection, f"CONSUMER.DELETE.{names.JOBS}.{name}")
        done.append(Change(f"consumer {name}", "removed"))
    return done


def _mended(error: FleetError) -> str:
    """Its words, and what to do where the servers do not say it."""
    if error.code == "full":
        return (
            f"{error}: jobs and audio may take fleet.max_bytes_mb each; lower it, or raise "
            "max_file_store of the servers"
        )
    if "non-clustered" in str(error):
        return f"{error}: there is one server, so it holds each job alone (--replicas 1)"
    return str(error)


def config_change(planned: Plan) -> Change:
    """What a plan does about what all hosts share."""
    what, old = "configuration", planned.old
    if planned.config == old:
        return Change(what, "kept")
    before = old or Config()
    fields = tuple(
        name
        for name in Config.__struct_fields__
        if getattr(planned.config, name) != getattr(before, name)
    )
    return Change(what, "created" if old is None else "changed", fields)


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


def _stream_change(want: Document, have: Document | None) -> tuple[Change, str, Document]:
    name = want["name"]
    what = f"bucket {name.removeprefix('KV_')}" if name.startswith("KV_") else f"stream {name}"
    verb = "CREATE" if have is None else "UPDATE"
    return _change(what, want, have), f"STREAM.{verb}.{name}", {**(have or {}), **want}


def _consumer_change(want: Document, have: Document | None) -> tuple[Change, str, Document]:
    name = want["name"]
    request = f"CONSUMER.CREATE.{names.JOBS}.{name}.{want['filter_subject']}"
    document = {"stream_name": names.JOBS, "config": {**(have or {}), **want}}
    return _change(f"consumer {name}", want, have), request, document


def _change(what: str, want: Document, have: Document | None) -> Change:
    """What others have set besides stays as it is."""
    if have is None:
        return Change(what, "created")
    fields = tuple(each for each in want if differs(want, have, each))
    return Change(what, "changed" if fields else "kept", fields)
