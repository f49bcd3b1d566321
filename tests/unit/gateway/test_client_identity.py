"""Whom a job is charged to: by key, by address, or by connection."""

from __future__ import annotations

import asyncio
import os

import pytest
from aiohttp.test_utils import make_mocked_request

from supervisor.config.sections.http import Http
from supervisor.gateway.connections.client_identity import connection_client, request_client
from supervisor.gateway.keys import hash_key

KEY = "sk-somebody"


class Line(asyncio.Transport):
    """A connection between two addresses."""

    def __init__(self, theirs: object, ours: object = ("192.0.2.1", 8354)) -> None:
        super().__init__({"peername": theirs, "sockname": ours})


@pytest.mark.parametrize(
    ("theirs", "who"),
    [
        (("198.51.100.7", 4711), "addr:198.51.100.7"),
        (("::ffff:198.51.100.7", 4711, 0, 0), "addr:198.51.100.7"),
        (("2001:db8:1:2:3:4:5:6", 4711, 0, 0), "addr:2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::1", 4711, 0, 0), "addr:2001:db8:1:2::/64"),
        (("fe80::1%eth0", 4711, 0, 2), "addr:fe80::/64"),
        (("127.0.0.1", 4711), None),
        (("127.9.9.9", 4711), None),
        (("::1", 4711, 0, 0), None),
        (("::ffff:127.0.0.1", 4711, 0, 0), None),
        (("192.0.2.1", 4711), None),
        (None, None),
        ("", None),
        (("nonsense", 1), None),
    ],
)
def test_the_other_end_of_a_connection(theirs: object, who: str | None) -> None:
    """An address, and of IPv6 its network; of this machine, or of none, the connection."""
    assert connection_client(Line(theirs), 7) == (who or f"conn:{os.getpid()}-7")


def test_a_key_goes_before_the_address() -> None:
    """It is a few digits of what the settings hold, never the key; where none are asked for, what
    programs send as one is nobody's name.
    """
    request = make_mocked_request("POST", "/", {"Authorization": f"Bearer {KEY}"})
    digits = hash_key(KEY).removeprefix("sha256:")[:16]
    who = request_client(request, Http(api_keys=[hash_key(KEY)]))
    assert who == f"key:{digits}"
    assert request_client(request, Http()) is None


def test_every_name_is_short_enough_for_the_supervisor() -> None:
    """At most 128 characters, whatever the address."""
    longest = ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65_535, 0, 0)
    assert len(connection_client(Line(longest), 1 << 62)) <= 128
    assert len(connection_client(Line(("127.0.0.1", 1)), 1 << 62)) <= 128
