"""A response: one text on its way, as the events in which it is told.

The transcript is the text itself. It goes out word by word with the audio in which the words begin,
where the engine tells when that is, and else at the end.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Sequence
from typing import Any, Literal

from supervisor.captions import documents
from supervisor.gateway.errors import ApiError
from supervisor.gateway.realtime.conversation import described, new_item_id, spoken_item
from supervisor.gateway.realtime.session import Form, Sound
from supervisor.gateway.speech.pace import SpokenJob
from supervisor.speech import Word

Status = Literal["completed", "cancelled", "failed"]
Event = dict[str, Any]


class Response:
    """State of one response; its methods are the events that are to be sent."""

    def __init__(
        self,
        form: Form,
        job: SpokenJob,
        text: str,
        sound: Sound,
        conversation: str | None,
        metadata: dict[str, Any] | None,
    ) -> None:
        self.id = f"resp_{secrets.token_hex(8)}"
        self.item_id = new_item_id()
        self.job = job
        self.sound = sound
        self.conversation = conversation
        """Id of the conversation that it belongs to; None where it is out of band."""
        self.task: asyncio.Task[None] | None = None
        self._form = form
        self._text = text
        self._metadata = metadata
        self._told = 0
        self._deltas = 0

    @property
    def transcript(self) -> str:
        """What was told so far."""
        return self._text[: self._told]

    def begin(self) -> list[Event]:
        """It is accepted."""
        item = self._item("in_progress")
        return [
            {"type": "response.created", "response": self._document("in_progress")},
            {**self._of_output("response.output_item.added"), "item": item},
            *self._in_conversation(self._form.item_added, item),
            {**self._of_part("response.content_part.added"), "part": self._part("")},
        ]

    def go_on(self, piece: bytes, words: Sequence[Word]) -> list[Event]:
        """Audio has come, with the words that begin in it."""
        events = []
        if words:
            until = max((word.end for word in words if word.end is not None), default=0)
            events.append(self._transcript_delta(until, words))
        if piece:
            self._deltas += 1
            audio = base64.b64encode(piece).decode("ascii")
            events.append({**self._of_part("response.output_audio.delta"), "delta": audio})
        return events

    def end(self, status: Status, error: ApiError | None = None) -> list[Event]:
        """It is over."""
        events = []
        if status == "completed" and self._told < len(self._text):
            events.append(self._transcript_delta(len(self._text), ()))
        said = self.transcript
        done = "response.output_audio_transcript.done"
        item = self._item("completed" if status == "completed" else "incomplete")
        return [
            *events,
            self._of_part("response.output_audio.done"),
            {**self._of_part(done), "transcript": said},
            {**self._of_part("response.content_part.done"), "part": self._part(said)},
            *([] if self._form.beta else self._in_conversation("conversation.item.done", item)),
            {**self._of_output("response.output_item.done"), "item": item},
            {"type": "response.done", "response": self._document(status, error)},
        ]

    def _transcript_delta(self, until: int, words: Sequence[Word]) -> Event:
        delta = self._text[self._told : until]
        self._told = max(self._told, until)
        event = self._of_part("response.output_audio_transcript.delta")
        return {**event, "delta": delta, "words": documents(words)}

    def _in_conversation(self, event: str, item: Event) -> list[Event]:
        return [{"type": event, "item": item}] if self.conversation else []

    def _of_output(self, event: str) -> Event:
        return {"type": self._form.name(event), "response_id": self.id, "output_index": 0}

    def _of_part(self, event: str) -> Event:
        return {**self._of_output(event), "item_id": self.item_id, "content_index": 0}

    def _part(self, transcript: str) -> Event:
        return {"type": "audio", "transcript": transcript}

    def _item(self, status: str) -> Event:
        item = described(self.item_id, spoken_item(self.item_id, self.transcript))
        if status == "in_progress":
            item["content"] = []
        elif self._form.beta:
            item["content"] = [self._part(self.transcript)]
        return {**item, "status": status}

    def _document(self, status: str, error: ApiError | None = None) -> Event:
        over = status != "in_progress"
        item_status = "completed" if status == "completed" else "incomplete"
        document = {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": _details(status, error),
            "output": [self._item(item_status)] if over else [],
            "conversation_id": self.conversation,
            **self._form.modalities(),
            **self._form.sound(self.sound),
            "max_output_tokens": "inf",
            "metadata": self._metadata,
            "usage": self._usage() if over else None,
            "job": self.job.id,
        }
        if over and self.job.left_out:
            document["left_out"] = [str(each) for each in self.job.left_out]
        return document

    def _usage(self) -> Event:
        """There are no tokens here: characters of the text come in, pieces of audio go out."""
        return {
            "total_tokens": len(self._text) + self._deltas,
            "input_tokens": len(self._text),
            "output_tokens": self._deltas,
            "input_token_details": {
                "text_tokens": len(self._text),
                "audio_tokens": 0,
                "cached_tokens": 0,
            },
            "output_token_details": {"text_tokens": 0, "audio_tokens": self._deltas},
        }


def _details(status: str, error: ApiError | None) -> Event | None:
    if status == "cancelled":
        return {"type": "cancelled", "reason": "client_cancelled"}
    if error is None:
        return None
    told = error.document()["error"]
    return {
        "type": "failed",
        "error": {"type": told["type"], "code": told["code"], "message": told["message"]},
    }
