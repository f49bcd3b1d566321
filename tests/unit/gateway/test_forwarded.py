"""Whom a request is from, as proxies tell: those that are trusted alone, and as far as they are."""

from __future__ import annotations

import asyncio
import time
from ipaddress import ip_address

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request

from supervisor.config.sections.http import Http
from supervisor.gateway.connections.client_identity import request_client
from supervisor.gateway.connections.forwarded import Forwarded, forwarded
from supervisor.gateway.keys import hash_key

PROXIES = Http(trusted_proxies=["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


class Line(asyncio.Transport):
    """A connection from an address."""

    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 4711), "sockname": ("127.0.0.1", 8354)})

    def get_protocol(self) -> asyncio.BaseProtocol:
        return asyncio.BaseProtocol()


def request(peer: str, headers: dict[str, str]) -> Request:
    """A request over a connection from `peer`."""
    return make_mocked_request("POST", "/", headers, transport=Line(peer))


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "198.51.100.7, 10.9.9.9, 127.0.0.1", "198.51.100.7"),
        ("10.1.2.3", "198.51.100.7:4711", "198.51.100.7"),
        ("10.1.2.3", "2001:db8::7", "2001:db8::7"),
        ("fd00::1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.1.2.3", "::ffff:198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "10.0.0.7", "10.0.0.7"),
        ("10.1.2.3", "198.51.100.7, unknown", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.7,", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.7, nonsense, 10.0.0.9", "10.0.0.9"),
        ("10.1.2.3", "", None),
        ("198.51.100.7", "203.0.113.9", None),
        ("192.0.2.1", "127.0.0.1", None),
    ],
)
def test_the_last_address_that_is_no_proxys(peer: str, told: str, client: str | None) -> None:
    """Read from the end; what a stranger says is nothing, and what none can read ends it."""
    wanted = None if client is None else ip_address(client)
    assert forwarded(request(peer, {"X-Forwarded-For": told}), PROXIES).address == wanted


@pytest.mark.parametrize(
    ("told", "client", "host"),
    [
        ("for=198.51.100.7", "198.51.100.7", None),
        ("For=198.51.100.7;proto=https;HOST=tts.example.org", "198.51.100.7", "tts.example.org"),
        ('for="[2001:db8::7]:4711"; host="tts.example.org"', "2001:db8::7", "tts.example.org"),
        ("for=203.0.113.9, for=198.51.100.7;by=10.0.0.1", "198.51.100.7", None),
        ("for=198.51.100.7, for=_hidden", "10.1.2.3", None),
        ('for="198.51.100.7', "10.1.2.3", None),
        ("for 198.51.100.7", "10.1.2.3", None),
        ("proto=https", None, None),
    ],
)
def test_the_standard_header(told: str, client: str | None, host: str | None) -> None:
    """RFC 7239, with its quotes; one that is written wrong makes the proxy the client."""
    wanted = Forwarded(None if client is None else ip_address(client), host)
    assert forwarded(request("10.1.2.3", {"Forwarded": told}), PROXIES) == wanted


def test_two_headers_that_contradict_each_other_make_the_proxy_the_client() -> None:
    """A proxy writes one and passes the other on as a client sent it: nobody knows which."""
    both = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=203.0.113.9"}
    assert forwarded(request("10.1.2.3", both), PROXIES).address == ip_address("10.1.2.3")
    agreed = {**both, "Forwarded": "for=198.51.100.7"}
    assert forwarded(request("10.1.2.3", agreed), PROXIES).address == ip_address("198.51.100.7")


def test_whom_a_forwarded_request_is_charged_to() -> None:
    """The address, of IPv6 its network; a key goes before it; without trust it is nobody's word."""
    headers = {"X-Forwarded-For": "2001:db8:1:2:3:4:5:6", "Authorization": "Bearer sk-one"}
    asked = request("127.0.0.1", headers)
    assert request_client(asked, PROXIES) == "addr:2001:db8:1:2::/64"
    assert request_client(asked, Http()) is None
    keyed = PROXIES.model_copy(update={"api_keys": [hash_key("sk-one")]})
    assert request_client(asked, keyed) == f"key:{hash_key('sk-one')[7:23]}"
    refused = request("127.0.0.1", {"X-Forwarded-For": "nonsense"})
    assert request_client(refused, PROXIES) == "addr:127.0.0.1"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1," * 100_000},
        {"Forwarded": "for=127.0.0.1," * 100_000},
        {"Forwarded": 'for="' + "\\a" * 500_000},
        {"X-Forwarded-For": ":" * 1_000_000},
    ],
    ids=["list", "parameters", "quoted", "colons"],
)
def test_an_endless_header_takes_no_time(headers: dict[str, str]) -> None:
    """A megabyte, which no HTTP parser lets through, is looked at in part."""
    started = time.process_time()
    forwarded(request("127.0.0.1", headers), PROXIES)
    assert time.process_time() - started < 0.5
