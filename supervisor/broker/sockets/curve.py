"""CURVE authentication on a ROUTER socket: allowed keys, and the owner of a message.

libzmq asks at `inproc://zeromq.zap.01` of its context for every handshake
(https://rfc.zeromq.org/spec/27/), and without an answer there it would let everyone
in. pyzmq's authenticators do the same in a thread or as coroutines of zmq.asyncio; a
plain answer on the loop needs neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import zmq
from zmq.utils import z85

from supervisor.broker.sockets.peers import KEY, Peers
from supervisor.wire.keyfile import KeyPair

_DOMAIN: Final = b"tts-supervisor"
_VERSION: Final = b"1.0"


class KeyPeers(Peers):
    """Allows the keys of a list, and names their owners."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pair: KeyPair) -> None:
        self._loop = loop
        self._pair = pair
        self._owners: dict[str | int, str] = {}
        self._zap: zmq.Socket[bytes] | None = None
        self._fd = -1

    def allow(self, keys: Mapping[bytes, str]) -> None:
        """Allow these keys and no others. Messages from connections with another key are dropped
        from now on.
        """
        self._owners = {z85.encode(key).decode(): f"{KEY}{key.hex()}" for key in keys}

    def admits(self, owner: str) -> bool:
        """Whether this is the owner of an allowed key."""
        return owner in self._owners.values()

    def secure(self, socket: zmq.Socket[bytes]) -> None:
        """Have a socket that is not bound yet ask us for each handshake."""
        self._zap = zap = socket.context.socket(zmq.REP)
        zap.setsockopt(zmq.LINGER, 0)
        zap.bind("inproc://zeromq.zap.01")
        self._fd = int(zap.getsockopt(zmq.FD))
        self._loop.add_reader(self._fd, self._answer_all)
        socket.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN)
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, self._pair.secret)

    def owner(self, frame: zmq.Frame) -> str | None:
        """`key:HEX`, from the user id that we gave at the handshake."""
        try:
            return self._owners.get(frame.get("User-Id"))
        except zmq.ZMQError:
            return None

    def close(self) -> None:
        """Stop answering; to be called before the socket's context is terminated."""
        if self._zap is not None:
            self._loop.remove_reader(self._fd)
            self._zap.close()
            self._zap = None

    def _answer_all(self) -> None:
        while self._zap is not None:
            try:
                request = self._zap.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._zap.send_multipart(self._answer(request))

    def _answer(self, request: list[bytes]) -> list[bytes]:
        """200 and the key for an allowed key, 400 for everything else."""
        id = request[1] if len(request) > 1 else b""
        if len(request) == 7 and request[0] == _VERSION and request[2] == _DOMAIN:
            mechanism, key = request[5:7]
            user = z85.encode(key) if mechanism == b"CURVE" and len(key) == 32 else b""
            if user.decode() in self._owners:
                return [_VERSION, id, b"200", b"OK", user, b""]
        return [_VERSION, id, b"400", b"this key is not allowed", b"", b""]
