"""Who asks: whom the supervisor charges a job to, whichever way it came in.

The gateway asks on behalf of many, and a share of the pool and the bounds of what may wait are
for each of them: for each API key, and where there are none for each address. An address of
this machine tells nobody apart (a reverse proxy is one, and so is every program here), so there
each connection counts. The supervisor gets a few digits of a key's hash, never the key.
"""

from __future__ import annotations

import asyncio
import os
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from aiohttp import hdrs, web

from supervisor.config.sections.http import Http
from supervisor.gateway.connections.connection import connection_of
from supervisor.gateway.keys import hash_key

_HEX_DIGITS: Final = 16
_NETWORK_BITS: Final = 64
"""Of an IPv6 address: what is behind it is the choice of one household or host."""


def bearer(request: web.BaseRequest) -> str | None:
    """The key that came with a request, known or not."""
    scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def asker(request: web.BaseRequest, settings: Http) -> str | None:
    """Who asks over HTTP: `key:`, `addr:` or `conn:`; None for one that has left."""
    key = bearer(request)
    if settings.api_keys and key is not None:
        return f"key:{hash_key(key).partition(':')[2][:_HEX_DIGITS]}"
    connection = connection_of(request)
    if connection is None or request.transport is None:
        return None
    return peer(request.transport, connection.number)


def peer(transport: asyncio.BaseTransport, number: int) -> str:
    """The other end of a connection: its address, or the connection itself, of this `number`."""
    theirs = _address(transport.get_extra_info("peername"))
    ours = _address(transport.get_extra_info("sockname"))
    if theirs is None or theirs.is_loopback or theirs == ours:
        return f"conn:{os.getpid()}-{number}"
    if isinstance(theirs, IPv6Address):
        network = int(theirs) >> _NETWORK_BITS << _NETWORK_BITS
        return f"addr:{IPv6Address(network)}/{_NETWORK_BITS}"
    return f"addr:{theirs}"


def _address(name: object) -> IPv4Address | IPv6Address | None:
    """The address in a socket's name; IPv4 is the same whichever way it is written."""
    if not isinstance(name, tuple):
        return None
    try:
        address = ip_address(str(name[0]).partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
