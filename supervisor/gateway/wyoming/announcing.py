"""Announcing the Wyoming listener to the network, so that Home Assistant offers it by itself.

By multicast DNS, as `_wyoming._tcp`. Nothing that is in the way of it is in the way of the
listener: it is one line in the log. The library is an extra, loaded only where there is something
to announce.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from supervisor.gateway.connections.listener import Address
from supervisor.installing import how_to_install
from supervisor.logs import get_logger

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

SERVICE: Final = "_wyoming._tcp.local."
HOW_TO_INSTALL: Final = (
    "gateway: Wyoming is not announced to the network: %s, or set http.wyoming_announce: false"
)
NOT_ANNOUNCED: Final = (
    "gateway: Wyoming on %s is not announced to the network: %s; homes that are told the address "
    "can use it, see http.wyoming_announce"
)

_GROUP: Final = "224.0.0.251"
"""Where multicast DNS is spoken (RFC 6762)."""

_PORT: Final = 5353
_LONGEST_NAME: Final = 63
_FAREWELL_S: Final = 2.0

log = get_logger(__name__)


@asynccontextmanager
async def announced(listener: Address) -> AsyncIterator[None]:
    """Announce the listener within the block, unless only this machine can reach it."""
    if ipaddress.ip_address(listener.host).is_loopback:
        yield
        return
    task = asyncio.create_task(_announce(listener))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _announce(listener: Address) -> None:
    """Announce it until cancelled, or until something is in the way, which is logged."""
    try:
        from zeroconf import IPVersion, NonUniqueNameException, ServiceInfo  # noqa: PLC0415 - an extra
        from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415 - as above
    except ImportError:
        log.info(HOW_TO_INSTALL, how_to_install("zeroconf"))
        return
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # What it meets is told once, below.
    found: AsyncZeroconf | None = None
    try:
        address = reachable_address(listener.host)
        found = AsyncZeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
        service = ServiceInfo(
            SERVICE,
            f"{_name(listener.port)}.{SERVICE}",
            port=listener.port,
            addresses=[socket.inet_aton(address)],
        )
        await (await found.async_register_service(service, allow_name_change=True))
        log.info("gateway: Wyoming is announced as %r", service.name)
        await asyncio.Event().wait()
    except OSError as error:
        log.warning(NOT_ANNOUNCED, listener, (error.strerror or str(error)).lower())
    except NonUniqueNameException:
        log.warning(NOT_ANNOUNCED, listener, "its name is taken there")
    except Exception:
        log.exception("gateway: announcing Wyoming failed")
    finally:
        if found is not None:
            await _take_back(found)


async def _take_back(found: AsyncZeroconf) -> None:
    """Say that it is no more, and close."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            await found.async_close()


def reachable_address(host: str) -> str:
    """The IPv4 address under which others reach a listener on `host`, on a network that takes
    multicast. Raises OSError.
    """
    if ipaddress.ip_address(host).version != 4:
        raise OSError("it is announced over IPv4 alone")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        if not ipaddress.ip_address(host).is_unspecified:
            probe.bind((host, 0))
        probe.connect((_GROUP, _PORT))
        address = str(probe.getsockname()[0])
        member = socket.inet_aton(_GROUP) + socket.inet_aton(address)
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    if ipaddress.ip_address(address).is_loopback:
        raise OSError("this machine is on no network")
    return address


def _name(port: int) -> str:
    """A name for people, the same after each start: Home Assistant knows the service by it."""
    host = socket.gethostname().partition(".")[0]
    ending = f" {port}"
    whole = f"tts-supervisor on {host}".encode()[: _LONGEST_NAME - len(ending)]
    return whole.decode(errors="ignore") + ending
