"""Addresses: HOST:PORT, names of hosts, networks, and loopback ones, which only this machine can
reach.
"""

from __future__ import annotations

import ipaddress
import re

_HOST_PORT = re.compile(r"(\[[^]]+\]|[^:/]+):([0-9]{1,5})")
_LAST_PORT = 65_535
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_NAME = 253


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


def is_host_name(text: str) -> bool:
    """Whether this is the name of a host, without scheme, port or path."""
    return len(text) <= _LONGEST_NAME and _HOST_NAME.fullmatch(text) is not None


def is_network(text: str) -> bool:
    """Whether this is an address, or a network such as 10.0.0.0/8."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
