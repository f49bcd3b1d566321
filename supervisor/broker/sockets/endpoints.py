"""The endpoints: all sockets that clients connect to, as one.

The ipc socket in the run directory is always there; the tcp one is opened where the
settings name an address, for clients whose keys are allowed. What a connected client may do is
for `server` to say.
"""

from __future__ import annotations

import asyncio
import os

import zmq

from supervisor.broker.sockets.connections import TooFewFiles, raise_file_limit
from supervisor.broker.sockets.curve import KeyPeers
from supervisor.broker.sockets.keys import Keys
from supervisor.broker.sockets.peers import KEY, AnonymousPeers, LocalPeers
from supervisor.broker.sockets.router import Limits, OnGone, OnMessage, Router
from supervisor.config.paths import state_directory
from supervisor.config.sections.broker import Broker as Section
from supervisor.logs import get_logger
from supervisor.wire.codec import Frames
from supervisor.wire.keyfile import KeysError

log = get_logger(__name__)


class EndpointError(Exception):
    """An endpoint cannot be opened; the message is one line that says what to do."""


def sockets_of(settings: Section) -> int:
    """Number of sockets, each with a connection limit of its own."""
    return 1 if settings.tcp is None else 2


def check_keys(settings: Section) -> int:
    """Check that tcp has its keys, unless it is `insecure_tcp`; return how many are allowed.

    Raises EndpointError.
    """
    if settings.tcp is None or settings.insecure_tcp:
        return 0
    keys = Keys(state_directory(os.environ))
    try:
        keys.server()
        allowed = keys.allowed()
    except KeysError as error:
        raise EndpointError(f"broker.tcp: {error}") from None
    if not allowed:
        raise EndpointError(
            "broker.tcp: no key is allowed; allow one with `supervisor keys allow KEY`"
        )
    return len(allowed)


class Endpoints:
    """Binds the endpoints that `settings` name. Raises EndpointError."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: str,
        settings: Section,
        on_message: OnMessage,
        on_gone: OnGone,
    ) -> None:
        check_keys(settings)
        try:
            room = raise_file_limit(settings.max_connections, sockets_of(settings))
        except TooFewFiles as error:
            raise EndpointError(str(error)) from None
        limits = Limits(room, settings.max_text_bytes)
        self._keys = Keys(state_directory(os.environ))
        self._peers: KeyPeers | None = None
        self._routers = {
            b"i": Router(loop, endpoint, on_message, on_gone, LocalPeers(), limits=limits)
        }
        if settings.tcp is not None:
            if settings.insecure_tcp:
                log.warning(
                    "broker: tcp://%s is open without keys: every process of this machine may "
                    "speak, and see and cancel what others speak there",
                    settings.tcp,
                )
            else:
                self._peers = KeyPeers(loop, self._keys.server())
                self._peers.allow(self._keys.allowed())
            try:
                self._routers[b"t"] = Router(
                    loop,
                    f"tcp://{settings.tcp}",
                    on_message,
                    on_gone,
                    self._peers or AnonymousPeers(),
                    prefix=b"t",
                    limits=limits,
                )
            except zmq.ZMQError as error:
                self.close()
                raise EndpointError(
                    f"broker.tcp: cannot open {settings.tcp}: {error.strerror}"
                ) from None

    def send(self, client: bytes, frames: Frames) -> None:
        """See `Router.send`."""
        self._routers[client[:1]].send(client, frames)

    def offer(self, client: bytes, frames: Frames) -> bool:
        """See `Router.offer`."""
        return self._routers[client[:1]].offer(client, frames)

    def probe(self, client: bytes, frames: Frames) -> None:
        """See `Router.probe`."""
        self._routers[client[:1]].probe(client, frames)

    def bind_again(self) -> None:
        """Make the ipc socket anew. Raises zmq.ZMQError."""
        self._routers[b"i"].bind_again()

    def configure(self, settings: Section) -> None:
        """Apply changed settings, but for those that need a restart."""
        for router in self._routers.values():
            router.set_text_bytes(settings.max_text_bytes)

    def reload_keys(self) -> None:
        """Read the list of allowed keys again; one that cannot be read changes nothing."""
        if self._peers is None:
            return
        try:
            allowed = self._keys.allowed()
        except KeysError as error:
            log.warning("broker: %s; the keys stay as they were", error)
            return
        self._peers.allow(allowed)
        log.info("broker: %d keys are allowed", len(allowed))

    def admits(self, owner: str) -> bool:
        """Whether an owner that is connected would still be allowed to connect."""
        return not owner.startswith(KEY) or (self._peers is not None and self._peers.admits(owner))

    def close(self) -> None:
        """Close every socket, within half a second each."""
        for router in self._routers.values():
            router.close()
