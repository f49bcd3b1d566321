"""What a client of Home Assistant's protocol says: one event after another, read within bounds.

An event is a line of JSON, `data_length` bytes of JSON with more of it, and `payload_length` bytes
that are no text. Only what a client of a speech service can mean is taken out of it; a
megabyte of anything else is passed over in milliseconds, without becoming objects.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

MAX_EVENT_BYTES: Final = 1 << 20
"""Longest part of one event; a text of that length speaks for half a day."""

MAX_LINE_BYTES: Final = 64 * 1024


class NoEvent(Exception):
    """What came is none, or is too long; nothing that follows can be read either."""


class VoiceWanted(msgspec.Struct, frozen=True):
    """A voice by its name, or by its language alone."""

    name: str | None = None
    language: str | None = None


class Said(msgspec.Struct, frozen=True):
    """What stands in an event that is of any interest here."""

    text: str | None = None
    voice: VoiceWanted | None = None


class Heard(msgspec.Struct, frozen=True):
    """An event; `data` may be None in its first line."""

    type: str
    data: Said | None = None
    data_length: int | None = None
    payload_length: int | None = None

    @property
    def text(self) -> str:
        """The text, or a piece of it."""
        return "" if self.data is None or self.data.text is None else self.data.text

    @property
    def voice(self) -> VoiceWanted | None:
        """The voice, if one is named."""
        return None if self.data is None else self.data.voice


async def read_event(reader: asyncio.StreamReader) -> Heard | None:
    """The next event; None at the end. Raises NoEvent, ConnectionError."""
    try:
        line = await reader.readuntil(b"\n")
        heard = msgspec.json.decode(line, type=Heard)
        data = await _part(reader, heard.data_length)
        if data:
            said, before = msgspec.json.decode(data, type=Said), heard.data or Said()
            text = before.text if said.text is None else said.text
            heard = msgspec.structs.replace(heard, data=Said(text, said.voice or before.voice))
        await _part(reader, heard.payload_length)
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise NoEvent(f"a line of more than {MAX_LINE_BYTES} bytes") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoEvent(str(error)) from None
    return heard


async def _part(reader: asyncio.StreamReader, size: int | None) -> bytes:
    """A part of an event, of `size` bytes."""
    if size is None or size <= 0:
        return b""
    if size > MAX_EVENT_BYTES:
        raise NoEvent(f"a part of {size} bytes")
    return await reader.readexactly(size)
