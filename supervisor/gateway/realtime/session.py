"""What is in force in a session: voice, speed and format of the speech, and the form of events.

A session of the beta is told of in the beta's words: flat fields, `response.audio.delta`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from supervisor.audio.formats import FORMATS, AudioFormat
from supervisor.gateway.errors import ApiError
from supervisor.gateway.realtime.messages import Format, Speaking
from supervisor.gateway.speech.asking import VoiceName

BETA_PROTOCOL: Final = "openai-beta.realtime-v1"
"""Subprotocol with which a browser asks for the beta."""

_FORMATS: Final[Mapping[str, AudioFormat]] = {
    "audio/pcm": FORMATS["pcm"],
    "audio/pcmu": FORMATS["ulaw"],
    "audio/pcma": FORMATS["alaw"],
}
_BETA_FORMATS: Final[Mapping[str, str]] = {
    "pcm16": "audio/pcm",
    "g711_ulaw": "audio/pcmu",
    "g711_alaw": "audio/pcma",
}


class Sound(msgspec.Struct, frozen=True):
    """How speech sounds and is sent."""

    voice: VoiceName = None
    speed: float = 1.0
    media_type: str = "audio/pcm"

    @property
    def format(self) -> AudioFormat:
        """What makes its bytes."""
        return _FORMATS[self.media_type]

    def changed(self, given: Speaking) -> Sound:
        """The same with what is given. Raises ApiError for what this server cannot do."""
        if not given.wants_audio:
            reason = 'this server only speaks: leave "audio" among the modalities'
            raise ApiError(400, reason, code="bad_value", param="output_modalities")
        output = given.output
        return Sound(
            output.voice or self.voice,
            self.speed if output.speed is None else output.speed,
            self.media_type if output.format is None else _media_type(output.format),
        )

    def document(self) -> dict[str, Any]:
        """`audio.output` of a session or a response."""
        voice = self.voice if isinstance(self.voice, str | None) else self.voice.id
        format = {"type": self.media_type}
        if self.media_type == "audio/pcm":
            return {"format": {**format, "rate": self.format.rate}, "voice": voice}
        return {"format": format, "voice": voice}


class Form:
    """The words of the beta, or those that came after."""

    def __init__(self, request: web.Request) -> None:
        asked = request.headers.get("OpenAI-Beta", "")
        protocols = request.headers.get("Sec-WebSocket-Protocol", "")
        self.beta = "realtime=v1" in asked or BETA_PROTOCOL in protocols

    def name(self, event: str) -> str:
        """What an event is called."""
        return event.replace("response.output_audio", "response.audio") if self.beta else event

    @property
    def item_added(self) -> str:
        """The event of an item that is new in a conversation."""
        return "conversation.item.created" if self.beta else "conversation.item.added"

    def modalities(self) -> dict[str, list[str]]:
        """What comes out; with audio there is always its transcript."""
        return {"modalities": ["text", "audio"]} if self.beta else {"output_modalities": ["audio"]}

    def sound(self, sound: Sound) -> dict[str, Any]:
        """How a response sounds."""
        output = sound.document()
        if not self.beta:
            return {"audio": {"output": output}}
        flat = {media_type: name for name, media_type in _BETA_FORMATS.items()}
        return {"voice": output["voice"], "output_audio_format": flat[sound.media_type]}

    def session(self, id: str, model: str, sound: Sound) -> dict[str, Any]:
        """A session; what is not followed here is not said to be in force."""
        common = {
            "id": id,
            "object": "realtime.session",
            "model": model,
            **self.modalities(),
            "instructions": "",
            "tools": [],
            "tool_choice": "none",
        }
        told = self.sound(sound)
        if self.beta:
            return {**common, **told, "speed": sound.speed, "turn_detection": None}
        told["audio"]["output"]["speed"] = sound.speed
        return {"type": "realtime", **common, **told}


def new_session_id() -> str:
    """A name for a session."""
    return f"sess_{secrets.token_hex(8)}"


def speech_model(model: str | None) -> str | None:
    """The model that speaks for the one that is asked for: OpenAI's, which converse, mean the
    default engine.
    """
    named = (model or "").lower()
    if named.startswith("gpt-") and ("realtime" in named or "audio" in named):
        return None
    return model or None


def _media_type(format: Format | str) -> str:
    """A format's name; raises ApiError for one that is not made here."""
    name = format if isinstance(format, str) else format.type
    media_type = _BETA_FORMATS.get(name, name)
    rate = None if isinstance(format, str) else format.rate
    if media_type not in _FORMATS or rate not in {None, _FORMATS[media_type].rate}:
        reason = "the format is audio/pcm with 24,000 Hz, audio/pcmu or audio/pcma with 8,000 Hz"
        raise ApiError(400, reason, code="bad_value", param="session.audio.output.format")
    return media_type
