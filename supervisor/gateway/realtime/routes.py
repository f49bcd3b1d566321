"""`GET /v1/realtime`, a WebSocket: OpenAI's Realtime API for programs that have texts spoken.

A response reads the text of its `input`, or else what was added to the conversation and not read
yet. Nothing here thinks: instructions are not followed and never read aloud, and a response
without a text is refused. A mistake is told in an `error` event and the connection goes on; what
is no text, or too long, ends it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSCloseCode, web

from supervisor.client import SupervisorError
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError, from_supervisor
from supervisor.gateway.realtime.conversation import Conversation, described, new_item_id
from supervisor.gateway.realtime.messages import (
    AddItem,
    Cancel,
    Create,
    DeleteItem,
    Message,
    Truncate,
    Update,
    Wanted,
    envelope_of,
    ignored_in,
    message_of,
)
from supervisor.gateway.realtime.response import Response, Status
from supervisor.gateway.realtime.session import Form, Sound, new_session_id, speech_model
from supervisor.gateway.speech.asking import CLASS_HEADER, SpeechRequest, accepted
from supervisor.gateway.speech.delivery import in_format
from supervisor.gateway.speech.json_socket import JsonSocket, failure

MOST_RESPONSES: Final = 8
"""Responses of a connection at once; in the conversation there is one."""


def routes(context: Context) -> list[web.RouteDef]:
    """GET /v1/realtime."""

    async def realtime(request: web.Request) -> web.WebSocketResponse:
        if request.query.get("intent") == "transcription":
            reason = "this server speaks and does not listen: there is no transcription"
            raise ApiError(400, reason, code="bad_value", param="intent")
        default = (await context.welcome()).default_engine
        socket = await JsonSocket.open(request)
        model = request.query.get("model")
        session = _Session(context, request, socket, speech_model(model), model or default)
        try:
            await session.serve()
        finally:
            await session.close()
        return socket.response

    return [web.get("/v1/realtime", realtime)]


class _Session:
    """One connection."""

    def __init__(
        self,
        context: Context,
        request: web.Request,
        socket: JsonSocket,
        model: str | None,
        called: str,
    ) -> None:
        self._context = context
        self._request = request
        self._socket = socket
        self._model = model
        self._called = called
        self._form = Form(request)
        self._id = new_session_id()
        self._sound = Sound()
        self._conversation = Conversation()
        self._responses: dict[str, Response] = {}
        self._numbers = itertools.count(1)

    async def serve(self) -> None:
        """Take messages until the client leaves, or breaks the rules."""
        try:
            await self._tell_session("session.created")
            async for text in self._socket.texts():
                await self._answer(text)
                self._stir()
        except ApiError as error:
            with suppress(ConnectionError, TimeoutError):
                await self._tell_error(error, None)
            await self._socket.end(WSCloseCode.UNSUPPORTED_DATA, "no message of this protocol")
        except ConnectionError:
            return
        except TimeoutError:
            await self._socket.end(WSCloseCode.POLICY_VIOLATION, "nothing is read")

    async def close(self) -> None:
        """Stop what is spoken: nobody hears it."""
        for response in list(self._responses.values()):
            await self._stop(response)
        self._socket.idleness.forget()

    def _stir(self) -> None:
        """Something has happened: the connection is idle while nothing is spoken."""
        if self._responses:
            self._socket.idleness.end()
        else:
            self._socket.idleness.begin()

    async def _answer(self, text: str) -> None:
        """Do what a message asks for."""
        event_id = None
        try:
            envelope = envelope_of(text)
            event_id = envelope.event_id
            await self._take(message_of(envelope.type, text), text)
        except ApiError as error:
            await self._tell_error(error, event_id)
        except SupervisorError as error:
            await self._tell_error(from_supervisor(error), event_id)

    async def _take(self, message: Message, as_sent: str) -> None:
        match message:
            case Update():
                await self._update(message, ignored_in(as_sent, "session"))
            case AddItem():
                await self._add(message)
            case DeleteItem(item_id):
                self._conversation.remove(item_id)
                await self._tell({"type": "conversation.item.deleted", "item_id": item_id})
            case Truncate(item_id, audio_end_ms, content_index):
                self._conversation.text_of(item_id)
                await self._tell(
                    {
                        "type": "conversation.item.truncated",
                        "item_id": item_id,
                        "content_index": content_index,
                        "audio_end_ms": audio_end_ms,
                    }
                )
            case Create(wanted):
                await self._create(wanted or Wanted(), ignored_in(as_sent, "response"))
            case Cancel(response_id):
                response = self._running(response_id)
                await self._stop(response)
                await self._finish(response, "cancelled")

    async def _update(self, message: Update, not_followed: list[str]) -> None:
        if message.session.type not in {None, "realtime"}:
            reason = "this server speaks and does not listen: a session's type is realtime"
            raise ApiError(400, reason, code="bad_value", param="session.type")
        self._sound = self._sound.changed(message.session)
        await self._tell_session("session.updated", **_told(not_followed))

    async def _add(self, message: AddItem) -> None:
        item = message.item
        id = item.id or new_item_id()
        self._conversation.add(id, item.text, after=message.previous_item_id)
        added = {
            "previous_item_id": self._conversation.before(id),
            "item": described(id, item),
        }
        await self._tell({"type": self._form.item_added, **added})
        if not self._form.beta:
            await self._tell({"type": "conversation.item.done", **added})

    async def _create(self, wanted: Wanted, not_followed: list[str]) -> None:
        apart = wanted.conversation == "none"
        if not apart and any(one.conversation for one in self._responses.values()):
            reason = "the conversation has a response already: cancel it, or wait for its end"
            raise ApiError(409, reason, code="conversation_already_has_active_response")
        if len(self._responses) >= MOST_RESPONSES:
            reason = f"{MOST_RESPONSES} responses are on their way: wait for one to end"
            raise ApiError(429, reason, code="busy", type="rate_limit_error")
        text = self._conversation.resolved(wanted.input or ()) or (
            self._conversation.unread() if wanted.input is None else ""
        )
        if not text:
            reason = (
                "there is no text to read: put it into `response.input`, or into the conversation "
                "with conversation.item.create; this server follows no instructions"
            )
            raise ApiError(400, reason, code="empty_text", param="response.input")
        sound = self._sound.changed(wanted)
        speech = SpeechRequest(
            input=text,
            model=self._model,
            voice=sound.voice,
            speed=sound.speed,
            language=wanted.language,
            seed=wanted.seed,
            request_class=None if CLASS_HEADER in self._request.headers else "interactive",
        )
        job = await accepted(self._context, self._request, speech, words=True)
        conversation = None if apart else self._conversation.id
        response = Response(self._form, job, text, sound, conversation, wanted.metadata)
        if wanted.input is None:
            self._conversation.mark_read()
        self._responses[response.id] = response
        created, *more = response.begin()
        await self._tell_all([{**created, **_told(not_followed)}, *more])
        response.task = asyncio.ensure_future(self._speak(response))

    async def _speak(self, response: Response) -> None:
        """Send the audio as it comes, then the end, or why there is none."""
        try:
            error = await failure(response.job, self._send_audio(response))
            if self._responses.pop(response.id, None) is not None:
                self._stir()
                await self._finish(response, "failed" if error else "completed", error)
        except (ConnectionError, TimeoutError):
            response.job.cancel()
            await self._socket.end(WSCloseCode.POLICY_VIOLATION, "nothing is read")

    async def _send_audio(self, response: Response) -> None:
        job = response.job
        async for piece in in_format(self._context, job, response.sound.format):
            await self._tell_all(response.go_on(piece, job.new_words()))

    async def _finish(
        self, response: Response, status: Status, error: ApiError | None = None
    ) -> None:
        if response.conversation:
            with suppress(ApiError):
                self._conversation.add(response.item_id, response.transcript, unread=False)
        await self._tell_all(response.end(status, error))

    def _running(self, id: str | None) -> Response:
        """The response of that id, else that of the conversation, else the last one. Raises
        ApiError.
        """
        running = list(self._responses.values())
        meant = [one for one in running if one.id == id] if id else running
        if not meant:
            reason = "no such response is on its way"
            raise ApiError(400, reason, code="response_cancel_not_active", param="response_id")
        return next((one for one in meant if one.conversation), meant[-1])

    async def _stop(self, response: Response) -> None:
        """Cancel a response."""
        self._responses.pop(response.id, None)
        response.job.cancel()
        if response.task is not None:
            response.task.cancel()
            with suppress(asyncio.CancelledError):
                await response.task

    async def _tell_session(self, event: str, **more: object) -> None:
        session = self._form.session(self._id, self._called, self._sound)
        await self._tell({"type": event, "session": session, **more})

    async def _tell_all(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            await self._tell(event)

    async def _tell(self, event: dict[str, Any]) -> None:
        await self._socket.tell({"event_id": f"event_{next(self._numbers)}", **event})

    async def _tell_error(self, error: ApiError, event_id: str | None) -> None:
        told = {**error.document()["error"], "event_id": event_id}
        await self._tell({"type": "error", "error": told})


def _told(not_followed: list[str]) -> dict[str, list[str]]:
    """What of a message is not followed, if there is any."""
    return {"ignored": not_followed} if not_followed else {}
