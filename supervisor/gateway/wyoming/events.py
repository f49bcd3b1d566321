"""Events of Home Assistant's protocol, read one after another within bounds.

An event is a line of JSON, `data_length` bytes of JSON with more of it, and `payload_length` bytes
that are no text. Only fields that matter to a speech service are decoded; a megabyte of anything
else is passed over in milliseconds, without becoming objects.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

MAX_EVENT_BYTES: Final = 1 << 20
"""Longest part of one event; a text of that length speaks for half a day."""

MAX_LINE_BYTES: Final = 64 * 1024


class EventError(Exception):
    """The bytes are no event, or a too long one; nothing that follows can be read either."""


class VoiceQuery(msgspec.Struct, frozen=True):
    """Voice by its name, with a language that it reads; or by its language alone."""

    name: str | None = None
    language: str | None = None


class EventData(msgspec.Struct, frozen=True):
    """Fields of an event's data that are used here."""

    text: str | None = None
    voice: VoiceQuery | None = None


class ReadEvent(msgspec.Struct, frozen=True):
    """One event; `data` may be None in its first line."""

    type: str
    data: EventData | None = None
    data_length: int | None = None
    payload_length: int | None = None

    @property
    def text(self) -> str:
        """The text, or a piece of it."""
        return "" if self.data is None or self.data.text is None else self.data.text

    @property
    def voice(self) -> VoiceQuery | None:
        """The voice, if one is named."""
        return None if self.data is None else self.data.voice


async def read_event(reader: asyncio.StreamReader) -> ReadEvent | None:
    """The next event; None at the end. Raises EventError, ConnectionError."""
    try:
        line = await reader.readuntil(b"\n")
        event = msgspec.json.decode(line, type=ReadEvent)
        data = await _part(reader, event.data_length)
        if data:
            more, before = msgspec.json.decode(data, type=EventData), event.data or EventData()
            text = before.text if more.text is None else more.text
            event = msgspec.structs.replace(event, data=EventData(text, more.voice or before.voice))
        await _part(reader, event.payload_length)
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise EventError(f"a line of more than {MAX_LINE_BYTES} bytes") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(str(error)) from None
    return event


async def _part(reader: asyncio.StreamReader, size: int | None) -> bytes:
    """A part of an event, of `size` bytes."""
    if size is None or size <= 0:
        return b""
    if size > MAX_EVENT_BYTES:
        raise EventError(f"a part of {size} bytes")
    return await reader.readexactly(size)
