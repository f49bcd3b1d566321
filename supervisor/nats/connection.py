"""The connection to the servers: joined once, mended by itself, and clear about what is forbidden.

nats-py answers a forbidden request with silence. The server tells of it on the side, and the
request fails at once here. While there is no connection nothing is sent: nats-py would keep
acknowledgements and pulls, and send them when their time has passed.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg as Message
from nats.aio.subscription import Subscription

from supervisor.logs import get_logger
from supervisor.nats.credentials import read_credentials
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet.permissions import INBOX

CONNECT_S: Final = 2.0
"""Longest wait for one server to answer."""
PATIENCE_S: Final = 1.5
"""Longest wait for an answer, before a request counts as unanswered and may be repeated."""
_PENDING: Final = 8 * 1_048_576
_UNANSWERED_PINGS: Final = 2
_RECONNECT_S: Final = 0.25
_REMEMBERED: Final = 100
"""Most subjects of which it is remembered that they were refused."""
_REMEMBERED_S: Final = 5.0
_NO_RESPONDERS: Final = "503"
_VIOLATION = re.compile(r"permissions violation for (publish|subscription) to \"([^\"]*)\"")
_AUTHORIZATION: Final = ("authorization violation", "authentication")

__all__ = [
    "CONNECT_S",
    "PATIENCE_S",
    "Connection",
    "Handler",
    "Message",
    "Servers",
    "Subscription",
    "unsubscribe",
]

log = get_logger(__name__)

Handler = Callable[[Message], Awaitable[None]]
"""Takes a message of a subscription, one after the other."""


class Servers(msgspec.Struct, frozen=True):
    """Where to connect, and as whom. `name` is shown by the servers."""

    urls: tuple[str, ...]
    name: str
    credentials: str | None = None
    ca: str | None = None
    ping_s: float = 2.0


class _Client(Client):
    """nats-py's, which lets go of a lost connection at once.

    It closes one in order, which takes until what was sent has arrived: behind a cut cable for
    minutes, in which it looks for no other server.
    """

    async def _process_op_err(self, e: Exception) -> None:
        writer = getattr(self._transport, "_io_writer", None)
        if writer is not None and (self.is_connected or self.is_connecting):
            writer.transport.abort()
        await super()._process_op_err(e)


class Connection:
    """One connection to a server of the fleet, and to another one when that is lost.

    `on_change` is called when it is lost and when it is there again. Use it with `async with`,
    or `connect` and `close` it. One event loop.
    """

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.on_change: Callable[[], None] = lambda: None
        self.on_forbidden: Callable[[str, str], None] | None = None
        """Called with `publish` or `subscription` and the subject, in lower case, of what this user
        may not do; None: it is logged.
        """
        self.trouble: str | None = None
        """Why there is no connection, or what was forbidden, in one line; None: all is well."""
        self._client = _Client()
        self.inbox = f"{INBOX}.{servers.name}"
        """How all inboxes of this user begin: by its public key, or its name where it has none."""
        self._forbidden: dict[str, float] = {}
        """Subjects, in lower case, that were just refused, and until when they count as such."""
        self._waiting: dict[str, tuple[str, asyncio.Future[Message]]] = {}
        self._replies = ""
        self._tokens = 0
        self._connecting = False
        self._refused: asyncio.Future[str] | None = None

    @property
    def up(self) -> bool:
        """Whether a server answers."""
        return bool(self._client.is_connected)

    @property
    def closed(self) -> bool:
        """Whether it will not come back by itself: a server has ended it for good."""
        return bool(self._client.is_closed)

    @property
    def max_payload(self) -> int:
        """Bytes of the longest message that the server takes."""
        return int(self._client.max_payload)

    @property
    def info(self) -> Mapping[str, Any]:
        """What the server that it is connected to says of itself."""
        return dict(self._client._server_info)  # noqa: SLF001 (nats-py hides what it parses)

    @property
    def server_version(self) -> str:
        """Version of the server that it is connected to."""
        return str(self.info.get("version", ""))

    @property
    def known_servers(self) -> tuple[str, ...]:
        """The servers that were given, or those that their cluster tells of, if they are more."""
        told = tuple(map(str, self.info.get("connect_urls") or ()))
        return max(self.servers.urls, told, key=len)

    @property
    def reconnects(self) -> int:
        """How often it was lost and found again."""
        return int(self._client.stats["reconnects"])

    async def connect(self, patience: float | None = None) -> None:
        """Connect; tries for `patience` seconds, for ever if that is None.

        Raises FleetError: `forbidden` at once if the credentials are refused or cannot be read
        and there is an end to the patience, `unavailable` if no server answers in time.
        """
        options = self._options()
        loop = asyncio.get_running_loop()
        self._refused = loop.create_future() if patience is not None else None
        self._connecting = True
        connecting = loop.create_task(self._client.connect(**options))
        awaited: set[asyncio.Future[Any]] = {connecting}
        if self._refused is not None:
            awaited.add(self._refused)
        try:
            done, _ = await asyncio.wait(
                awaited, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not connecting.done():
                connecting.cancel()
        if connecting not in done:
            if self._refused is not None and self._refused.done():
                raise FleetError("forbidden", self._refused.result())
            why = self.trouble or "no answer"
            raise FleetError("unavailable", f"no NATS server at {self.where}: {why}")
        try:
            connecting.result()
        except (nats.errors.Error, OSError, ValueError) as error:
            raise FleetError("unavailable", f"no NATS server at {self.where}: {error}") from None
        self._refused = None
        self.trouble = None
        self._replies = f"{self.new_inbox()}."
        await self.subscribe(f"{self._replies}*", self._answered)

    @property
    def where(self) -> str:
        """The servers, without what a password in their address would tell."""
        return ", ".join(re.sub(r"//[^/@]*@", "//", url) for url in self.servers.urls)

    def _options(self) -> dict[str, Any]:
        """Options of nats-py. Raises FleetError where the files cannot be read."""
        servers = self.servers
        options: dict[str, Any] = {
            "servers": list(servers.urls),
            "name": servers.name,
            "inbox_prefix": self.inbox,
            "ping_interval": servers.ping_s,
            "max_outstanding_pings": _UNANSWERED_PINGS,
            "connect_timeout": CONNECT_S,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": _RECONNECT_S * random.uniform(0.8, 1.4),  # noqa: S311
            "pending_size": _PENDING,
            "error_cb": self._on_error,
            "disconnected_cb": self._on_lost,
            "reconnected_cb": self._on_found,
            "closed_cb": self._on_lost,
        }
        if servers.credentials is not None:
            found = read_credentials(Path(servers.credentials))
            options |= found.options
            self.inbox = options["inbox_prefix"] = f"{INBOX}.{found.key}"
        if servers.ca is not None or any(url.startswith("tls://") for url in servers.urls):
            options["tls"] = _tls(servers.ca)
            options["tls_handshake_first"] = all(url.startswith("tls://") for url in servers.urls)
        return options

    async def _on_error(self, error: Exception) -> None:
        said = str(error) or type(error).__name__
        found = _VIOLATION.search(said.lower())
        if found is not None:
            self._forbid(found[1], found[2])
            return
        if any(words in said.lower() for words in _AUTHORIZATION):
            given = self.servers.credentials or any("@" in url for url in self.servers.urls)
            verb = "refuses these credentials" if given else "asks for credentials"
            self.trouble = f"{self.where} {verb} (fleet.credentials)"
            if self._refused is not None and not self._refused.done():
                self._refused.set_result(self.trouble)
            return
        self.trouble = said

    def _forbid(self, act: str, subject: str) -> None:
        """Fail what waits for an answer to a message that this user must not send. The server tells
        its subject in lower case.
        """
        self.trouble = _may_not(act, subject)
        if self.on_forbidden is not None:
            self.on_forbidden(act, subject)
        else:
            log.error("fleet: %s", self.trouble)
        if act == "publish" and len(self._forbidden) < _REMEMBERED:
            self._forbidden[subject] = time.monotonic() + _REMEMBERED_S
        for sent_to, future in list(self._waiting.values()):
            if sent_to.lower() == subject and not future.done():
                future.set_exception(FleetError("forbidden", self.trouble))

    def _check(self, subject: str) -> None:
        """Raise FleetError for a subject that was just forbidden: who waits for no answer is told
        when he sends there again.
        """
        until = self._forbidden.get(subject)
        if until is None:
            return
        if time.monotonic() < until:
            raise FleetError("forbidden", _may_not("publish", subject))
        del self._forbidden[subject]

    async def _on_lost(self) -> None:
        self.on_change()

    async def _on_found(self) -> None:
        self.trouble = None
        self._forbidden.clear()
        self.on_change()

    # -- messages -----------------------------------------------------------------------

    def new_inbox(self) -> str:
        """A subject that nobody else knows."""
        return str(self._client.new_inbox())

    async def publish(
        self,
        subject: str,
        payload: bytes = b"",
        headers: Mapping[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Send a message that nobody confirms. Raises FleetError."""
        if not self.up:
            raise FleetError("unavailable", self.trouble or f"no NATS server at {self.where}")
        if self._forbidden:
            self._check(subject.lower())
        try:
            await self._client.publish(
                subject, payload, reply, dict(headers) if headers is not None else None
            )
        except nats.errors.MaxPayloadError:
            raise FleetError(
                "too_long", f"{len(payload)} bytes; {self.max_payload} is the most here"
            ) from None
        except (nats.errors.Error, OSError) as error:
            raise FleetError("unavailable", f"cannot send: {error}") from None

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        headers: Mapping[str, str] | None = None,
        patience: float = PATIENCE_S,
    ) -> Message:
        """Send a message and wait for its one answer. Raises FleetError: `unavailable` without an
        answer in time, `no_stream` where nobody listens, `forbidden` at once.
        """
        self._tokens += 1
        token = f"{self._tokens:x}"
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[token] = (subject, future)
        try:
            await self.publish(subject, payload, headers, self._replies + token)
            async with asyncio.timeout(patience):
                answer = await future
        except TimeoutError:
            raise FleetError(
                "unavailable", f"no answer from {subject} within {patience:g} s"
            ) from None
        finally:
            del self._waiting[token]
        if not answer.data and (answer.headers or {}).get("Status") == _NO_RESPONDERS:
            raise FleetError(
                "no_stream", f"nobody listens to {subject}: has `supervisor fleet setup` been run?"
            )
        return answer

    async def _answered(self, message: Message) -> None:
        waiting = self._waiting.get(message.subject[len(self._replies) :])
        if waiting is not None and not waiting[1].done():
            waiting[1].set_result(message)

    async def subscribe(
        self, subject: str, handler: Handler, *, queue: str = "", pending_bytes: int = -1
    ) -> Subscription:
        """Have each message of a subject handled; with `queue` by one of all that name it. With
        `pending_bytes`, what comes while so much waits is dropped. Raises FleetError.
        """
        try:
            return await self._client.subscribe(
                subject, queue, handler, pending_msgs_limit=-1, pending_bytes_limit=pending_bytes
            )
        except (nats.errors.Error, OSError) as error:
            raise FleetError("unavailable", f"cannot listen: {error}") from None

    async def flush(self) -> None:
        """Wait until the server has heard all that was sent, and we what it says to that. Raises
        FleetError.
        """
        try:
            # nats-py writes its PING before what waits to be sent: only the second one is behind.
            await self._client.flush(timeout=2)
            await self._client.flush(timeout=2)
        except (nats.errors.Error, OSError) as error:
            raise FleetError("unavailable", f"no answer: {error}") from None

    async def close(self) -> None:
        """Leave. Idempotent."""
        if self._connecting and not self._client.is_closed:
            await self._client.close()

    async def __aenter__(self) -> Self:
        if not self._client.is_connected:
            await self.connect(CONNECT_S)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


def _may_not(act: str, subject: str) -> str:
    what = "send to" if act == "publish" else "listen to"
    return f"this user may not {what} {subject}; see the permissions of the servers"


async def unsubscribe(subscription: Subscription) -> None:
    """End a subscription; one whose connection is gone has ended."""
    try:
        await subscription.unsubscribe()
    except (nats.errors.Error, OSError):
        return


def _tls(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise FleetError("forbidden", f"{ca}: {error.strerror or error}") from None
