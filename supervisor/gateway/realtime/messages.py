"""What clients of the Realtime API send, as far as it matters to somebody who only speaks.

Both forms are read whichever was asked for: `audio.output` as it is now, and the flat fields of the
beta. What is unknown is ignored, null is absent; what OpenAI's sessions know and this server does
not follow is named (`ignored_in`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.asking import Language, VoiceName
from supervisor.gateway.speech.ignored import ignored

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Format(msgspec.Struct, frozen=True):
    """Format of audio: a media type, and its rate in Hz."""

    type: str
    rate: int | None = None


class Output(msgspec.Struct, frozen=True):
    """How speech sounds, and is sent."""

    format: Format | str | None = None
    voice: VoiceName = None
    speed: float | None = None


class Audio(msgspec.Struct, frozen=True):
    """What is said of audio; nothing here listens, so of the input nothing is read."""

    output: Output | None = None


class Speaking(msgspec.Struct, frozen=True):
    """What a session and a response have in common, in both forms."""

    audio: Audio | None = None
    voice: VoiceName = None
    speed: float | None = None
    output_audio_format: Format | str | None = None
    output_modalities: list[str] | None = None
    modalities: list[str] | None = None

    @property
    def output(self) -> Output:
        """The wanted sound, of whichever form."""
        given = (self.audio and self.audio.output) or Output()
        return Output(
            given.format or self.output_audio_format,
            given.voice or self.voice,
            self.speed if given.speed is None else given.speed,
        )

    @property
    def wants_audio(self) -> bool:
        """Whether speech is wanted; where nothing is said, it is."""
        wanted = self.output_modalities or self.modalities
        return not wanted or "audio" in wanted


class Session(Speaking, frozen=True):
    """`session` of `session.update`."""

    type: str | None = None


class Part(msgspec.Struct, frozen=True):
    """A part of a message."""

    type: str = "text"
    text: str | None = None
    transcript: str | None = None


class Item(msgspec.Struct, frozen=True):
    """A message, a reference to one, or something else that has no text."""

    type: str = "message"
    id: _Id | None = None
    role: str | None = None
    content: list[Part] | None = None

    @property
    def text(self) -> str:
        """What of it can be read aloud: the words of a user or an assistant."""
        if self.type != "message" or self.role == "system":
            return ""
        return "\n\n".join(
            text for part in self.content or () if (text := part.text or part.transcript)
        )


class Wanted(Speaking, frozen=True):
    """`response` of `response.create`. `language` and `seed` are ours, as in a speech request."""

    conversation: str | None = None
    input: list[Item] | None = None
    metadata: dict[str, Any] | None = None
    language: Language = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] | None = None


class Update(msgspec.Struct, frozen=True):
    """`session.update`."""

    session: Session


class AddItem(msgspec.Struct, frozen=True):
    """`conversation.item.create`."""

    item: Item
    previous_item_id: str | None = None


class DeleteItem(msgspec.Struct, frozen=True):
    """`conversation.item.delete`."""

    item_id: str


class Truncate(msgspec.Struct, frozen=True):
    """`conversation.item.truncate`: no more than this of it was heard."""

    item_id: str
    audio_end_ms: Annotated[int, msgspec.Meta(ge=0)]
    content_index: int = 0


class Create(msgspec.Struct, frozen=True):
    """`response.create`."""

    response: Wanted | None = None


class Cancel(msgspec.Struct, frozen=True):
    """`response.cancel`."""

    response_id: str | None = None


Message = Update | AddItem | DeleteItem | Truncate | Create | Cancel

_KINDS: Final[Mapping[str, type[Message]]] = {
    "session.update": Update,
    "conversation.item.create": AddItem,
    "conversation.item.delete": DeleteItem,
    "conversation.item.truncate": Truncate,
    "response.create": Create,
    "response.cancel": Cancel,
}


IGNORED: Final = (
    "instructions",
    "prompt",
    "tools",
    "temperature",
    "turn_detection",
    "input_audio_transcription",
    "input_audio_noise_reduction",
)
"""Of a session and a response: directions to a model, and to somebody who listens."""


class Envelope(msgspec.Struct, frozen=True):
    """What every message has."""

    type: str
    event_id: str | None = None


_envelope = msgspec.json.Decoder(Envelope).decode


def envelope_of(text: str) -> Envelope:
    """The type of a message, and its sender's name for it. Raises ApiError for what is none."""
    try:
        return _envelope(text)
    except (msgspec.DecodeError, RecursionError) as error:
        reason = f"a message is a JSON object with a type: {error}"[:300]
        raise ApiError(400, reason, code="bad_json") from None


def ignored_in(text: str, field: Literal["session", "response"]) -> list[str]:
    """What this field of a message that was understood asks for in vain."""
    given = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get(field)
    body = b"null" if given is None else bytes(given)
    return [] if body == b"null" else ignored(body, IGNORED)


def message_of(kind: str, text: str) -> Message:
    """The whole of a message of this type. Raises ApiError."""
    known = _KINDS.get(kind)
    if known is None:
        what = "speaks and does not listen" if kind.startswith("input_audio") else "only speaks"
        reason = f"no {kind[:80]!r} here, this server {what}; it takes {', '.join(_KINDS)}"
        raise ApiError(400, reason, code="unsupported_event", param="type")
    try:
        return msgspec.json.decode(text, type=known)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ApiError(400, str(error)[:300], code="bad_value") from None
