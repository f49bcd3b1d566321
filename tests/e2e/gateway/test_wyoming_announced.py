"""A home finds the gateway by itself: asked for on the network as Home Assistant does."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from supervisor.gateway.wyoming.announcing import SERVICE, reachable_address
from tests.e2e.gateway.serving import Serving
from tests.e2e.gateway.test_wyoming_client import AUDIO_STOP, TONE, hear
from tests.supervised import Supervised, eventually

EVERYWHERE = {"wyoming": "0.0.0.0:0", "wyoming_without_keys": True}
LOOKED_FOR_S = 10


def address() -> str:
    """Where this machine is on a network with multicast."""
    try:
        return reachable_address("0.0.0.0")  # noqa: S104 - what this is about
    except OSError as error:
        pytest.skip(f"this machine is on no network with multicast: {error}")


def logged(serving: Serving, pattern: str) -> str:
    """What the log says, once it does."""

    def found() -> str:
        match = re.search(pattern, serving.output)
        return match[1] if match else ""

    return eventually(found, pattern)


async def look_up(name: str, until: Callable[[bool], bool]) -> tuple[list[str], int | None]:
    """Addresses and port of that service, as soon as `until` says so of whether it is there."""
    async with AsyncZeroconf(interfaces=[address()], ip_version=IPVersion.V4Only) as net:
        async with asyncio.timeout(LOOKED_FOR_S):
            while True:
                info = AsyncServiceInfo(SERVICE, name)
                there = await info.async_request(net.zeroconf, 500)
                if until(there):
                    return info.parsed_addresses(), info.port


def test_a_home_finds_it_and_speaks(running_supervisor: Supervised) -> None:
    """The name leads to an address and a port where Wyoming is spoken; after the end to nothing."""
    ours = address()
    with Serving(running_supervisor.environ, EVERYWHERE) as serving:
        name = logged(serving, r"Wyoming is announced as '(.+)'")
        port = int(logged(serving, r"Wyoming on 0\.0\.0\.0:(\d+)"))
        addresses, found = asyncio.run(look_up(name, lambda there: there))
        assert (addresses, found) == ([ours], port)
        asyncio.run(speak(ours, port))
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output
    asyncio.run(look_up(name, lambda there: not there))


async def speak(host: str, port: int) -> None:
    """A sentence, over that address."""
    client = AsyncTcpClient(host, port)
    await client.connect()
    try:
        await client.write_event(Synthesize(text="Hello.", voice=TONE).event())
        samples, _events = await hear(client, AUDIO_STOP)
        assert len(samples) > 0
    finally:
        await client.disconnect()


@pytest.mark.parametrize(
    "http",
    [{"wyoming": "127.0.0.1:0"}, {**EVERYWHERE, "wyoming_announce": False}],
    ids=["loopback", "off"],
)
def test_what_is_not_to_be_found_is_not_announced(
    running_supervisor: Supervised, http: dict[str, object]
) -> None:
    """On this machine's own address, or where the settings say so: nothing is told or tried."""
    with Serving(running_supervisor.environ, http) as serving:
        logged(serving, r"(Wyoming on )")
        assert serving.stop() == 0
        assert "announced" not in serving.output


def test_without_ipv4_it_starts_as_ever(running_supervisor: Supervised) -> None:
    """A line says that it is not announced, and why; Wyoming is served all the same."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with Serving(running_supervisor.environ, {**EVERYWHERE, "wyoming": "[::]:0"}) as serving:
        port = int(logged(serving, r"Wyoming on \[::\]:(\d+)"))
        assert "over ipv4 alone" in logged(serving, r"is not announced to the network: (.+);")
        asyncio.run(speak("::1", port))
        assert serving.stop() == 0
        assert "Traceback" not in serving.output, serving.output
