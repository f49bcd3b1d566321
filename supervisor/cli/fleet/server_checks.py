"""Checks of the servers for `supervisor fleet doctor`: what they are, keep and promise."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from supervisor.cli.fleet.common import PATIENCE_S
from supervisor.cli.host_checks import Finding
from supervisor.config.sections.addresses import is_loopback
from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import FleetError
from supervisor.nats.layout import LEAST_SERVER
from supervisor.nats.setup import is_new_enough
from supervisor.wire.fleet.codec import MAX_BYTES
from supervisor.wording import counted

_MONITOR_PORT: Final = 8222
"""Where the servers' documentation has them tell how they are."""

_PORT: Final = 4222
_MONITOR_S: Final = 1.0
_SKEW_S: Final = 1.0
_FAR_S: Final = 10.0
_ALWAYS: Final = re.compile(r"\bsync(?:_interval)?\s*[:=\s]\s*[\"']?always\b")
_COMMENT: Final = re.compile(r"(?m)(?:#|//).*$")

_SYNC_ADVICE: Final = (
    "set `sync_interval: always` in its jetstream block: otherwise a machine that loses power "
    "takes the jobs of up to two minutes with it, though they were accepted"
)


async def check_servers(target: Servers) -> list[Finding]:
    """Each server by itself: whether it answers, and its version. A problem where none does."""
    found = await asyncio.gather(*(_look(target, url) for url in target.urls))
    answered = any(finding.level != "warning" for finding in found)
    if answered:
        return list(found)
    return [_as_problem(finding) for finding in found]


async def _look(target: Servers, url: str) -> Finding:
    alone = Servers((url,), target.name, target.credentials, target.ca)
    connection = Connection(alone)
    began = time.monotonic()
    try:
        await connection.connect(PATIENCE_S)
        took = time.monotonic() - began
        info = connection.info
    except FleetError as error:
        forbidden = error.code == "forbidden"
        advice = (
            "give the credentials of a user that the servers know (--credentials)"
            if forbidden
            else "start it, or mend the address in fleet.servers"
        )
        return Finding("server", "problem" if forbidden else "warning", str(error), advice)
    finally:
        await connection.close()
    version = str(info.get("version", ""))
    cluster = f", cluster {info['cluster']}" if info.get("cluster") else ""
    named = info.get("server_name") not in {None, info.get("server_id")}
    name = f" {info['server_name']}" if named else ""
    found = f"{connection.where}{name}: nats-server {version}{cluster}, {took * 1000:.0f} ms"
    if not is_new_enough(version):
        least = ".".join(map(str, LEAST_SERVER))
        advice = (
            f"upgrade it to {least} or newer: older ones lose acknowledged messages, and serve no "
            "pulls by priority"
        )
        return Finding("server", "problem", found, advice)
    return Finding("server", "ok", found)


def _as_problem(finding: Finding) -> Finding:
    return Finding(finding.check, "problem", finding.found, finding.advice)


def check_road(target: Servers) -> Iterator[Finding]:
    """Whether what travels is hidden from others, and whom the servers let in."""
    hosts = [urlsplit(url) for url in target.urls]
    near = all(is_loopback(host.hostname or "") for host in hosts)
    if any(host.scheme != "tls" for host in hosts):
        yield Finding(
            "tls",
            "note" if near else "warning",
            "texts and audio travel in clear",
            None if near else "use tls:// addresses, and `tls { … handshake_first: true }` there",
        )
    else:
        yield Finding("tls", "ok", "the servers show certificates, and all is encrypted")
    if target.credentials is None and not any(host.username for host in hosts):
        yield Finding(
            "credentials",
            "note" if near else "problem",
            "none: whoever reaches the servers may do everything",
            None
            if near
            else "make users with `supervisor fleet auth add`, and set fleet.credentials",
        )


def check_payload(connection: Connection) -> Finding:
    """Whether the longest message that is taken holds a job."""
    most = connection.max_payload
    if most < MAX_BYTES:
        advice = f"set `max_payload: {MAX_BYTES}` (its default) or more at all servers"
        return Finding("payload", "problem", f"messages of {most:,} bytes at most", advice)
    return Finding("payload", "ok", f"messages of {most:,} bytes")


def check_clock(offset: float | None) -> Finding:
    """How far this machine's clock is from the servers' (seconds, positive: ours is behind)."""
    if offset is None:
        return Finding("clock", "note", "the servers' time is unknown until `fleet setup` was run")
    found = f"{abs(offset):.3f} s {'behind' if offset > 0 else 'ahead of'} the servers'"
    if abs(offset) < _SKEW_S:
        return Finding("clock", "ok", found)
    advice = "run a time service (chrony, systemd-timesyncd) on both machines: deadlines and what "
    advice += "`status` tells go by their clocks"
    return Finding("clock", "problem" if abs(offset) > _FAR_S else "warning", found, advice)


async def check_sync(
    connection: Connection, monitors: Sequence[str], config: Path | None
) -> list[Finding]:
    """Whether a server writes to disk what it confirms. A client is not told: it is known from the
    servers' monitoring (`monitors`, or port 8222 of theirs) or from a file of theirs.
    """
    findings = [] if config is None else [_sync_in_file(config)]
    asked: dict[str, int | None] = {url.rstrip("/"): None for url in monitors}
    if not asked:
        hosts = [urlsplit(url if "//" in url else f"//{url}") for url in connection.known_servers]
        asked = {
            f"http://{_bracketed(host.hostname or '')}:{_MONITOR_PORT}": host.port or _PORT
            for host in hosts
        }
    answers = await asyncio.gather(*(_varz(url) for url in asked))
    for (url, port), answer in zip(asked.items(), answers, strict=True):
        if isinstance(answer, str):
            if monitors:
                findings.append(Finding("sync", "warning", f"{url}: {answer}", "mend --monitor"))
            continue
        if port is not None and answer.get("port") != port:
            continue  # Another server of that machine.
        jetstream = (answer.get("jetstream") or {}).get("config") or {}
        name = url if answer.get("server_name") == answer["server_id"] else answer["server_name"]
        if jetstream.get("sync_always"):
            findings.append(Finding("sync", "ok", f"{name} writes to disk what it confirms"))
        elif jetstream:
            every = int(jetstream.get("sync_interval", 0)) / 1e9
            found = f"{name} writes to disk what it confirmed every {every:g} s only"
            findings.append(Finding("sync", "problem", found, _SYNC_ADVICE))
    if not findings:
        advice = "open the servers' monitoring (`http: 127.0.0.1:8222`) and give --monitor URL, or "
        advice += "--server-config FILE: it has to say `sync_interval: always`"
        found = "whether the servers write to disk what they confirm: a client is not told"
        findings.append(Finding("sync", "warning", found, advice))
    return findings


def _sync_in_file(path: Path) -> Finding:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return Finding("sync", "problem", f"{path}: {error.strerror}", "mend --server-config")
    if syncs(text):
        return Finding("sync", "ok", f"{path} says sync_interval: always")
    return Finding("sync", "problem", f"{path} does not say sync_interval: always", _SYNC_ADVICE)


def syncs(text: str) -> bool:
    """Whether a server's configuration has it write to disk what it confirms."""
    return _ALWAYS.search(_COMMENT.sub("", text)) is not None


async def _varz(url: str) -> dict[str, Any] | str:
    """What the monitoring at an address says of its server, or why it says nothing."""
    timeout = aiohttp.ClientTimeout(total=_MONITOR_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            answer = await session.get(f"{url}/varz")
            document = await answer.json(content_type=None)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return str(error) or type(error).__name__
    if not isinstance(document, dict) or "server_id" not in document:
        return "this is not the monitoring of a nats-server"
    return document


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def check_peers(name: str, info: dict[str, Any]) -> Iterator[Finding]:
    """The servers that hold a stream: whether there is a leader, and all follow it."""
    cluster = info.get("cluster") or {}
    if not cluster.get("leader"):
        advice = "start the servers that are down: of three, two have to run"
        yield Finding("replicas", "problem", f"{name} has no leader", advice)
    for peer in cluster.get("replicas") or ():
        if peer.get("offline") or not peer.get("current"):
            lag = peer.get("lag")
            behind = f", {counted(lag, 'message')} behind" if lag else ""
            state = "is offline" if peer.get("offline") else "does not follow"
            yield Finding(
                "replicas",
                "warning",
                f"{name}: {peer.get('name')} {state}{behind}",
                "start it, or give it time: while it lags, one more that fails stops the fleet",
            )
