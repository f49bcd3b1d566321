"""Who is behind a message: the kernel's word on ipc, the CURVE key on tcp.

libzmq notes it per connection and hands it out with every frame; what a peer claims of
itself in its handshake does not override it. An owner is a string that two messages
share if, and only if, they come from the same user: `uid:1000`, or `key:` and the
public key in hexadecimal.
"""

from __future__ import annotations

import os
from collections.abc import Container
from typing import Final

import zmq

KEY: Final = "key:"
"""How the owner begins that a CURVE key stands for."""

_KNOWN_MAX: Final = 4096
"""Every process of a client is an entry; to read one anew costs two microseconds."""


def is_ours(owner: str) -> bool:
    """Whether it is a process of the user that the supervisor runs as."""
    return owner == f"uid:{os.getuid()}"


def flow_of(owner: str, client: bytes, on_behalf: str | None = None) -> str:
    """Whom a job is charged to: what one client may have waiting, and its fair share.

    A process of our own user, such as the gateway, may ask `on_behalf` of somebody else; what
    others say there is not believed, for it would be a way to many shares.

    A key is one client, however many connections it opens. The processes of one user on ipc
    share an owner and are several clients, each with a connection of its own: a book must not
    starve the screen reader beside it. They could kill each other anyway, so bounds
    between them guard against accidents only. On tcp without keys nothing else tells
    clients apart either.
    """
    if on_behalf is not None and is_ours(owner):
        return f"for:{on_behalf}"
    return owner if owner.startswith(KEY) else client.hex()


class Peers:
    """Who may come in by one socket, and whose a message is."""

    def secure(self, socket: zmq.Socket[bytes]) -> None:
        """Prepare the socket, which is not bound yet."""

    def owner(self, frame: zmq.Frame) -> str | None:
        """Whose frame this is; None for nobody's that we serve."""
        raise NotImplementedError

    def close(self) -> None:
        """The socket is closed, its context is about to end."""


class Everyone(Peers):
    """Processes on a tcp endpoint without keys: nothing tells them apart."""

    def owner(self, frame: zmq.Frame) -> str | None:  # noqa: ARG002 (it says nothing)
        """The one owner of them all."""
        return "tcp"


class LocalPeers(Peers):
    """Processes on an ipc endpoint: those of our own user, and of root."""

    def __init__(self, uids: Container[int] | None = None) -> None:
        self._uids = {os.getuid(), 0} if uids is None else uids
        self._known: dict[str | int, str | None] = {}

    def owner(self, frame: zmq.Frame) -> str | None:
        """`uid:N` from the credentials that the kernel noted when the peer connected."""
        try:
            address = frame.get("Peer-Address")
        except zmq.ZMQError:
            return None  # the kernel did not say
        try:
            return self._known[address]
        except KeyError:
            return self._read(str(address))

    def _read(self, address: str) -> str | None:
        """The end of the address is `:uid:gid:pid`."""
        uid = address.split(":")[-3:-2]
        trusted = bool(uid) and uid[0].isdecimal() and int(uid[0]) in self._uids
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        owner = self._known[address] = f"uid:{uid[0]}" if trusted else None
        return owner
