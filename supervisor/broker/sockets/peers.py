"""The owner of a message: by the kernel's credentials on ipc, by the CURVE key on tcp.

libzmq notes both per connection and hands them out with every frame; what a peer claims of
itself in its handshake does not override them. An owner is a string that two messages
share if, and only if, they come from the same user: `uid:1000`, or `key:` and the
public key in hexadecimal.
"""

from __future__ import annotations

import os
from collections.abc import Container
from typing import Final

import zmq

KEY: Final = "key:"
"""Prefix of an owner that has a CURVE key."""

_KNOWN_MAX: Final = 4096
"""Addresses to remember, one for each client process; parsing one takes two microseconds."""


def is_ours(owner: str) -> bool:
    """Whether this owner is the user that the supervisor runs as."""
    return owner == f"uid:{os.getuid()}"


_FOR: Final = "for:"
"""Prefix of a flow that was named."""


def flow_of(owner: str, client: bytes, on_behalf: str | None = None) -> str:
    """The flow that a job is charged to: bounds and fair shares are per flow.

    A process of our own user, such as the gateway, may ask `on_behalf` of another client; other
    users' `on_behalf` is ignored, for it would give them many shares.

    A key is one flow, however many connections it opens. Processes of one user on ipc share an
    owner, but each connection is a flow: a book must not starve the screen reader beside it. They
    could kill each other anyway, so bounds between them guard against accidents only. On tcp
    without keys each connection is a flow, too, for nothing else tells clients apart.
    """
    if on_behalf is not None and is_ours(owner):
        return f"{_FOR}{on_behalf}"
    return owner if owner.startswith(KEY) else client.hex()


def scope_of(owner: str, on_behalf: str | None = None) -> str:
    """The scope of what is cached for a job: the owner, or the API key or address that our gateway
    asks for. Programs of this machine that come over HTTP without a key share the owner's.
    """
    if on_behalf is not None and is_ours(owner) and not on_behalf.startswith("conn:"):
        return f"for:{on_behalf}"
    return owner


def named_in(flow: str) -> str | None:
    """On whose behalf the jobs of this flow are, where they are on anybody's."""
    return flow.removeprefix(_FOR) if flow.startswith(_FOR) else None


class Peers:
    """Authenticates the peers of one socket, and names the owner of each message."""

    def secure(self, socket: zmq.Socket[bytes]) -> None:
        """Prepare the socket, which is not bound yet."""

    def owner(self, frame: zmq.Frame) -> str | None:
        """The owner of this frame; None for a peer that we do not serve."""
        raise NotImplementedError

    def close(self) -> None:
        """Clean up: the socket is closed, its context is about to be terminated."""


class AnonymousPeers(Peers):
    """Peers on a tcp endpoint without keys: they all have the same owner."""

    def owner(self, frame: zmq.Frame) -> str | None:  # noqa: ARG002 (it says nothing)
        """The one owner of all peers."""
        return "tcp"


class LocalPeers(Peers):
    """Processes of our own user, and of root, on an ipc endpoint."""

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
        """The owner from an address, which ends with `:uid:gid:pid`."""
        uid = address.split(":")[-3:-2]
        trusted = bool(uid) and uid[0].isdecimal() and int(uid[0]) in self._uids
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        owner = self._known[address] = f"uid:{uid[0]}" if trusted else None
        return owner
