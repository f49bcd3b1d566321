"""Addresses: HOST:PORT, and loopback ones, which only this machine can reach."""

from __future__ import annotations

import ipaddress
import re

_HOST_PORT = re.compile(r"(\[[^]]+\]|[^:/]+):([0-9]{1,5})")
_LAST_PORT = 65_535


def parse_host_port(text: str) -> tuple[str, int]:
    """Host, without the brackets of IPv6, and port. Raises ValueError."""
    found = _HOST_PORT.fullmatch(text)
    if found is None or int(found[2]) > _LAST_PORT:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return found[1].strip("[]"), int(found[2])


def is_host_port(text: str) -> bool:
    """Whether the text is an address and its port."""
    try:
        parse_host_port(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only processes of this machine can connect to an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
