"""Which road a client's calls take, by the scheme of its endpoint.

What a fleet needs is loaded only where one is named.
"""

from __future__ import annotations

import string
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from supervisor.client.deadlines import PATIENCE_S
from supervisor.client.errors import BadRequest, NoSupervisor
from supervisor.installing import how_to_install
from supervisor.wire.client import DEFAULT_CREDIT
from supervisor.wire.fleet.names import NameRefused, as_token, random_id, token

if TYPE_CHECKING:
    from supervisor.client.live.calls import FleetCalls

SCHEMES: Final = ("nats://", "tls://")
"""Beginnings of an endpoint that is the servers of a fleet."""

_BLANKS: Final = frozenset(string.whitespace)


def is_fleet(endpoint: str | None) -> bool:
    """Whether an endpoint names the servers of a fleet."""
    return endpoint is not None and endpoint.lower().startswith(SCHEMES)


def fleet_calls(
    endpoint: str,
    *,
    blocking: bool,
    name: str,
    tenant: str,
    credentials: str | Path | None,
    ca: str | Path | None,
    credit: int = DEFAULT_CREDIT,
    patience: float = PATIENCE_S,
) -> FleetCalls:
    """Calls to the fleet whose servers `endpoint` lists, with commas between them.

    Raises BadRequest for what cannot be servers or a tenant, NoSupervisor where the extra is
    missing.
    """
    if find_spec("nats") is None:
        raise NoSupervisor(f"{endpoint} needs what a fleet needs: {how_to_install('fleet')}")
    from supervisor.client.live.calls import FleetCalls  # noqa: PLC0415 (only for a fleet)
    from supervisor.client.live.port import AsyncPort, BlockingPort  # noqa: PLC0415
    from supervisor.nats.connection import Servers  # noqa: PLC0415

    whole = _servers(endpoint)
    try:
        token(tenant)
    except NameRefused as error:
        raise BadRequest(f"the tenant: {error}", code="out_of_range", field="tenant") from None
    inbox = f"{as_token(name or 'client')[:32]}-{random_id()[:8]}"
    kind = BlockingPort if blocking else AsyncPort
    port = kind(Servers(whole, inbox, credentials=_text(credentials), ca=_text(ca)))
    return FleetCalls(port, tenant, name=name, credit=credit, patience=patience)


def _servers(endpoint: str) -> tuple[str, ...]:
    """The servers of a list; those without a scheme have that of the first. Raises BadRequest."""
    urls = [url.strip() for url in endpoint.split(",") if url.strip()]
    scheme = urls[0].partition("://")[0].lower()
    found: list[str] = []
    for url in urls:
        named, _, place = url.rpartition("://")
        whole = f"{named.lower() or scheme}://{place}"
        try:
            parts = urlsplit(whole)
            valid = bool(parts.hostname) and (parts.port or 4222) > 0 and not set(whole) & _BLANKS
        except ValueError:
            valid = False
        if not valid or not whole.startswith(SCHEMES):
            shown = f"{named}://{place.rpartition('@')[2]}"[:200]  # Without a password.
            what = f"{shown} is no NATS server: give nats://HOST:4222, or tls://HOST:4222"
            raise BadRequest(what, code="out_of_range", field="endpoint")
        found.append(whole)
    return tuple(found)


def _text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)
