"""What the servers of a cluster say of themselves, by their monitoring port."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.request import urlopen

from supervisor.wire.fleet import names
from tests.fleet.servers import NatsServer

_ANSWER_S = 1.0


def leader(servers: Sequence[NatsServer]) -> NatsServer | None:
    """The server that leads the stream of jobs; None while nobody does."""
    for server in servers:
        for stream in _streams(server):
            name = stream.get("cluster", {}).get("leader")
            if stream["name"] == names.JOBS and name:
                return next((each for each in servers if each.name == name), None)
    return None


def healthy(servers: Sequence[NatsServer]) -> bool:
    """Whether every server has caught up with all streams."""
    return all(_ask(server, "healthz").get("status") == "ok" for server in servers)


def _streams(server: NatsServer) -> list[dict[str, Any]]:
    details = _ask(server, "jsz?streams=true").get("account_details", [])
    return [stream for account in details for stream in account.get("stream_detail", [])]


def _ask(server: NatsServer, what: str) -> dict[str, Any]:
    address = f"http://{server.host}:{server.monitor}/{what}"
    try:
        with urlopen(address, timeout=_ANSWER_S) as answer:
            document: dict[str, Any] = json.load(answer)
    except OSError:
        return {}
    return document
