"""Identity of the client that a job is charged to, over HTTP and Wyoming.

Each client of the gateway has a share of the pool and bounds of its own on what may wait: a client
is an API key, or where there are none an address: the one that a trusted reverse proxy tells
(`forwarded`), else that of the connection. Addresses of this machine do not tell clients apart (a
reverse proxy has one, and so has every program here), so there each connection is a client. The
supervisor gets a few digits of a key's hash, never the key.
"""

from __future__ import annotations

import asyncio
import os
from ipaddress import IPv6Address
from typing import Final

from aiohttp import hdrs, web

from supervisor.config.sections.http import Http
from supervisor.gateway.connections.connection import connection_of
from supervisor.gateway.connections.forwarded import IpAddress, address_in, forwarded
from supervisor.gateway.keys import hash_key

KEY_PROTOCOL: Final = "openai-insecure-api-key."
"""As OpenAI's library for browsers sends a key."""

_HEX_DIGITS: Final = 16
_NETWORK_BITS: Final = 64
"""Network part of an IPv6 address: one household or host chooses the bits below it."""


def bearer(request: web.BaseRequest) -> str | None:
    """The key that came with a request, known or not."""
    scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else _offered(request)


def _offered(request: web.BaseRequest) -> str | None:
    """The key of a page's WebSocket, among its subprotocols: a browser sends no other header."""
    for name in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(","):
        if name.strip().startswith(KEY_PROTOCOL):
            return name.strip().removeprefix(KEY_PROTOCOL)
    return None


def request_client(request: web.BaseRequest, settings: Http) -> str | None:
    """Client of an HTTP request: `key:…`, `addr:…` or `conn:…`; None if it has disconnected."""
    key = bearer(request)
    if settings.api_keys and key is not None:
        return f"key:{hash_key(key).partition(':')[2][:_HEX_DIGITS]}"
    told = forwarded(request, settings).address
    if told is not None:
        return _address_client(told)
    connection = connection_of(request)
    if connection is None or request.transport is None:
        return None
    return connection_client(request.transport, connection.number)


def connection_client(transport: asyncio.BaseTransport, number: int) -> str:
    """Client of a connection without a key: its address, or on this machine its `number`."""
    theirs = address_in(transport.get_extra_info("peername"))
    ours = address_in(transport.get_extra_info("sockname"))
    if theirs is None or theirs.is_loopback or theirs == ours:
        return f"conn:{os.getpid()}-{number}"
    return _address_client(theirs)


def _address_client(theirs: IpAddress) -> str:
    if isinstance(theirs, IPv6Address):
        network = int(theirs) >> _NETWORK_BITS << _NETWORK_BITS
        return f"addr:{IPv6Address(network)}/{_NETWORK_BITS}"
    return f"addr:{theirs}"
