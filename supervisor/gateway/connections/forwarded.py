"""What a reverse proxy says of the client behind it: its address, and the Host that it asked.

Headers are believed from the proxies of `http.trusted_proxies` alone: from anybody else they are
ignored, for who wants to be somebody else sends them, too. A proxy adds the address that it sees at
the end, so the list is read from there, as far as those who speak are trusted. How the client
connected (X-Forwarded-Proto) is not asked: the gateway makes no absolute addresses.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import Final, NamedTuple

from aiohttp import hdrs, web

from supervisor.config.sections.http import Http

IpAddress = IPv4Address | IPv6Address

MOST_HOPS: Final = 32
"""Proxies in a row that are looked at; a client may send a list of any length."""

LONGEST: Final = 4096
"""Characters of a header that are looked at."""

_FOR, _HOST = "for", "host"
_PAIR: Final = re.compile(
    r'\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*(?:([;,])|$)',
)
"""A parameter of the header `Forwarded` (RFC 7239), and what follows on it."""


class Forwarded(NamedTuple):
    """What is believed of the way of a request; None where no trusted proxy says anything."""

    address: IpAddress | None = None
    """The client, or the last proxy that could be believed."""

    host: str | None = None
    """The Host that was asked for."""


def forwarded(request: web.BaseRequest, settings: Http) -> Forwarded:
    """What the proxies that are trusted say about this request."""
    peer = peer_of(request)
    if peer is None or not _is_trusted(peer, tuple(settings.trusted_proxies)):
        return Forwarded()
    named = _list(request, hdrs.X_FORWARDED_FOR)
    standard = _parameters(request)
    lists = [told for told in (named, standard.get(_FOR, [])) if told]
    clients = {_client(peer, told, settings) for told in lists}
    # A proxy that writes the one header may pass the other on as it came: then neither is known.
    address = None if not clients else clients.pop() if len(clients) == 1 else peer
    hosts = _list(request, hdrs.X_FORWARDED_HOST) or standard.get(_HOST, [])
    return Forwarded(address, hosts[-1] if hosts else None)


def peer_of(request: web.BaseRequest) -> IpAddress | None:
    """Address of the other end of the connection."""
    if request.transport is None:
        return None
    return address_in(request.transport.get_extra_info("peername"))


def address_in(name: object) -> IpAddress | None:
    """The address in a socket's name; IPv4 is the same whichever way it is written."""
    return parse_address(str(name[0])) if isinstance(name, tuple) else None


def parse_address(text: str) -> IpAddress | None:
    """The address that a proxy writes, with a port or without; None where it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _client(peer: IpAddress, told: list[str], settings: Http) -> IpAddress:
    """The first address from the end that is no trusted proxy's; or the last that is readable."""
    client = peer
    trusted = tuple(settings.trusted_proxies)
    for text in islice(reversed(told), MOST_HOPS):
        if not _is_trusted(client, trusted):
            break
        address = parse_address(text)
        if address is None:
            break
        client = address
    return client


def _list(request: web.BaseRequest, name: str) -> list[str]:
    """The members of a header that may come several times."""
    whole = ",".join(request.headers.getall(name, ()))
    return [member.strip() for member in whole[-LONGEST:].split(",")] if whole.strip() else []


def _parameters(request: web.BaseRequest) -> dict[str, list[str]]:
    """Values of each parameter of `Forwarded`, in order; none of what is written wrong."""
    whole = ",".join(request.headers.getall(hdrs.FORWARDED, ()))
    found: dict[str, list[str]] = {}
    if len(whole) > LONGEST:
        return {_FOR: [""]}
    at = 0
    while at < len(whole):
        pair = _PAIR.match(whole, at)
        if pair is None:
            return {_FOR: [""]}
        value = pair[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.setdefault(pair[1].lower(), []).append(value)
        at = pair.end()
    return found


def _is_trusted(address: IpAddress, networks: tuple[str, ...]) -> bool:
    return any(address in network for network in _parsed(networks))


@lru_cache(maxsize=8)
def _parsed(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network) for network in networks)
