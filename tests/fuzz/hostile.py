"""A peer that speaks ZMTP by hand, and so can speak it wrongly: greeting, READY, frames.

ZMTP 3.0, https://rfc.zeromq.org/spec/23/.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from pathlib import Path

MORE = 1
LONG = 2
COMMAND = 4

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


def open_raw(path: Path, timeout: float = 10.0) -> socket.socket:
    """A connection on which nothing was said yet."""
    raw = socket.socket(socket.AF_UNIX)
    raw.settimeout(timeout)
    raw.connect(str(path))
    return raw


def zmtp_frame(body: bytes, flags: int = 0) -> bytes:
    """One frame, in its short form where it fits."""
    if len(body) < 256 and not flags & LONG:
        return bytes([flags, len(body)]) + body
    return bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body


def ready(claims: Mapping[str, str] | None = None) -> bytes:
    """The READY command of a DEALER, with further properties."""
    properties = {"Socket-Type": "DEALER", **(claims or {})}
    body = b"\x05READY" + b"".join(
        bytes([len(name)]) + name.encode() + struct.pack(">I", len(value)) + value.encode()
        for name, value in properties.items()
    )
    return zmtp_frame(body, COMMAND)


def greet(raw: socket.socket, claims: Mapping[str, str] | None = None) -> None:
    """Shake hands properly, up to the point where messages may be sent."""
    raw.sendall(GREETING + ready(claims))
    read = b""
    while b"READY" not in read:
        received = raw.recv(4096)
        if not received:
            raise ConnectionError("the other side has hung up")
        read += received
