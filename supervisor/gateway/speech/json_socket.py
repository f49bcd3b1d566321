"""A WebSocket of JSON messages with bounds: on what comes in, and on a reader that takes nothing.

A message that is too large ends the connection before it is read, and so does a peer that answers
no ping. What goes out waits until the reader takes it, which bounds what is kept for it. Who uses
it says when it is idle, and may make room for another one (`connections.idleness`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from supervisor.client import SupervisorError
from supervisor.gateway.connections.connection import connection_of
from supervisor.gateway.connections.idleness import IDLE_S, Idleness
from supervisor.gateway.errors import SERVER, ApiError, from_supervisor
from supervisor.gateway.speech.pace import SpokenJob
from supervisor.gateway.speech.sending import STALL_S, UNSENT_BYTES
from supervisor.logs import get_logger

PROTOCOL: Final = "realtime"
"""Subprotocol that a browser offers beside its key; it insists that one of them is taken."""

MESSAGE_BYTES: Final = 256 * 1024
"""Longest message of a client."""
PING_S: Final = 30.0
"""Seconds between two pings; who does not answer one within half of that is gone."""
CLOSE_S: Final = 5.0
"""Seconds that a peer has to say goodbye, too."""

log = get_logger(__name__)


class JsonSocket:
    """One connection. Sending raises ConnectionError when the peer is gone, TimeoutError when it
    takes nothing for STALL_S.
    """

    def __init__(self, request: web.Request, response: web.WebSocketResponse) -> None:
        self._request = request
        self.response = response
        connection = connection_of(request)
        slot = None if connection is None else connection.slot
        self.idleness = Idleness(slot, self._end_idle)
        self._ending: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, request: web.Request) -> JsonSocket:
        """Answer the request for a WebSocket. Raises ApiError where it is none."""
        response = web.WebSocketResponse(
            max_msg_size=MESSAGE_BYTES,
            heartbeat=PING_S,
            compress=False,
            timeout=CLOSE_S,
            protocols=(PROTOCOL,),
        )
        if not response.can_prepare(request).ok:
            reason = "this address speaks WebSocket: connect to it with ws://"
            headers = {"Upgrade": "websocket"}
            raise ApiError(426, reason, code="upgrade_required", headers=headers)
        await response.prepare(request)
        if request.transport is not None:
            request.transport.set_write_buffer_limits(UNSENT_BYTES)
        return cls(request, response)

    async def texts(self) -> AsyncIterator[str]:
        """The messages of the peer, until it leaves. Raises ApiError for what is no text.

        It is busy from then on, until its user says otherwise.
        """
        async for message in self.response:
            self.idleness.end()
            yield _text(message)
            await asyncio.sleep(0)  # Thousands of them may have come at once.

    async def tell(self, document: Mapping[str, Any]) -> None:
        """Send a JSON message."""
        async with asyncio.timeout(STALL_S):
            await self.response.send_str(json.dumps(document))

    async def send(self, data: bytes) -> None:
        """Send a binary message."""
        async with asyncio.timeout(STALL_S):
            await self.response.send_bytes(data)

    async def end(self, code: WSCloseCode, reason: str) -> None:
        """Close the connection, whether the peer reads it or not."""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.response.close(code=code, message=reason.encode())
                return
        if self._request.transport is not None:
            self._request.transport.abort()

    def _end_idle(self) -> None:
        reason = f"nothing was asked for {IDLE_S:g} s"
        self._ending = asyncio.ensure_future(self.end(WSCloseCode.GOING_AWAY, reason))


async def failure(job: SpokenJob, sending: Awaitable[None]) -> ApiError | None:
    """Why the audio of a job was not all sent; None if it was. Raises ConnectionError and
    TimeoutError of the connection.
    """
    try:
        await sending
    except SupervisorError as error:
        return from_supervisor(error)
    except (ConnectionError, TimeoutError):
        raise
    except Exception:
        job.cancel()
        log.exception("a job's audio could not be sent")
        return ApiError(500, "the gateway failed; see its log", type=SERVER)
    return None


def _text(message: WSMessage) -> str:
    if message.type is WSMsgType.ERROR:
        raise ConnectionResetError(str(message.data))
    if message.type is not WSMsgType.TEXT:
        raise ApiError(400, "messages are JSON text", code="bad_message")
    text: str = message.data
    return text
