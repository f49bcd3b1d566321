"""The event ring: records the last events of the state machines, for the analysis of a fault.

It keeps all events since the start, up to a number; then the oldest go, settings excepted. The
types of the commands that followed are kept with each event. `replay` feeds such a record to
fresh machines.

No text and no audio is recorded: a text becomes as many `x`; clients' names for requests and the
fingerprints of texts are hashed with a key that is never stored; audio becomes its size. The cuts
of a text, which cannot be derived from `x`, are recorded with the turn that made them.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import structs

from supervisor import __version__
from supervisor.core.allocation import events as allocation_events
from supervisor.core.allocation.policy import Configured
from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.audio import Pcm, Stored
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest
from supervisor.core.pool import events as pool_events
from supervisor.files import PRIVATE, replace_file
from supervisor.service.record import (
    FORMAT,
    Entry,
    Family,
    Silence,
    Unsaid,
    encode_entry,
)

EVENTS = 4_096
"""Number of events that are kept: an hour of an idle supervisor, a quarter of one under light
load, a minute of many clients. They take 2 MB; more on a machine of very many cores, which each
look lists, and up to 26 MB where nothing but long texts comes out of the cache."""

ANSWER_BYTES = 768 << 10
"""Bytes of the events in an answer to a client, as JSON: the rest of the status has room beside
them in a header (`wire.codec`)."""

FILE = "events.json"
"""Name of the record in the state directory, after a fault."""

SETTINGS = frozenset[type](
    (
        job_events.Configured,
        job_events.CostsExpected,
        pool_events.Configured,
        allocation_events.Began,
        Configured,
        allocation_events.GainExpected,
        allocation_events.MachineChanged,
    )
)
"""Events whose last one stays, however old it is."""


class Ring:
    """The last `size` events."""

    def __init__(self, size: int = EVENTS) -> None:
        self._entries: deque[Entry] = deque()
        self._size = size
        self._settings: dict[tuple[Family, type], Entry] = {}
        """The last of those settings that have left the ring."""
        self._lost = 0
        self._key = os.urandom(16)

    def begin(self, family: Family, event: object) -> Entry:
        """Record an event; return its entry, to which the commands are added later."""
        lighten = _LIGHTER.get(type(event))
        entry = Entry(family, event if lighten is None else lighten(event))
        self._entries.append(entry)
        if len(self._entries) > self._size:
            self._lose(self._entries.popleft())
        return entry

    def _lose(self, entry: Entry) -> None:
        kind = type(entry.event)
        if kind in SETTINGS:
            self._settings[entry.family, kind] = entry
        else:
            self._lost += 1

    # -- the record ---------------------------------------------------------------------

    def document(self, fault: str | None = None) -> dict[str, Any]:
        """The record, as `supervisor replay` reads it. `fault`: where the process failed."""
        settings = map(self._encoded, self._settings.values())
        entries = map(self._encoded, self._entries)
        return self._document([*settings, *entries], self._lost, fault)

    def answer(self, room: int = ANSWER_BYTES) -> dict[str, Any]:
        """The same without so many of its oldest events that the others take `room` bytes at most;
        settings stay, and take their room.
        """
        settings = {key: self._encoded(entry) for key, entry in self._settings.items()}
        entries = [self._encoded(entry) for entry in self._entries]
        sizes = [_size(each) for each in entries]
        excess = sum(sizes) + sum(map(_size, settings.values())) - room
        first = lost = 0
        for entry, size in zip(self._entries, sizes, strict=True):
            if excess <= 0:
                break
            kind = type(entry.event)
            if kind in SETTINGS:
                replaced = settings.get((entry.family, kind))
                settings[entry.family, kind] = entries[first]
                excess -= 0 if replaced is None else _size(replaced)
            else:
                lost += 1
                excess -= size
            first += 1
        return self._document([*settings.values(), *entries[first:]], self._lost + lost)

    def _document(
        self, events: list[dict[str, Any]], lost: int, fault: str | None = None
    ) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": __version__,
            "written_at": time.time(),
            "now": time.monotonic(),
            "lost": lost,
            "fault": fault,
            "events": events,
        }

    def _encoded(self, entry: Entry) -> dict[str, Any]:
        return encode_entry(self.anonymized(entry))

    def anonymized(self, entry: Entry) -> Entry:
        """Replace the names that clients gave to their requests by hashes."""
        return structs.replace(entry, event=self._anonymized(entry.event))

    def _anonymized(self, event: Any) -> Any:  # noqa: ANN401 - an event
        match event:
            case job_events.Submitted():
                return structs.replace(event, request=self._hashed(event.request), reference="")
            case job_events.Recovered():
                return structs.replace(event, request=self._hashed(event.request))
            case job_events.ClientAttached() | job_events.TextWritten():
                return structs.replace(event, reference="")
        return event

    def _hashed(self, request: JobRequest) -> JobRequest:
        return structs.replace(
            request,
            key=None if request.key is None else self._hash(request.key.encode()).hex(),
            fingerprint=request.fingerprint and self._hash(request.fingerprint),
        )

    def _hash(self, what: bytes) -> bytes:
        return hashlib.blake2b(what, digest_size=8, key=self._key).digest()


def _size(encoded: dict[str, Any]) -> int:
    return len(msgspec.json.encode(encoded))


# -- what is not kept: texts, what may quote them, and audio ------------------------------


@lru_cache(maxsize=256)
def _said(length: int) -> Part:
    return Part(_x(length))


def _lighter_request(event: Any) -> Any:  # noqa: ANN401 - an event that has one
    request = event.request
    segments = tuple([_said(len(part.text)) for part in request.segments])
    rest = None if request.rest is None else Unsaid(len(request.rest))
    lighter = structs.replace(request, segments=segments, rest=rest, left_out=(), asked=b"")
    return structs.replace(event, request=lighter)


def _lighter_recovered(event: job_events.Recovered) -> job_events.Recovered:
    stored: Any = {index: _silent(pcm) for index, pcm in event.stored.items()}
    unread = structs.replace(event.unread, body=b"")
    message = _x(len(event.message))
    told = structs.replace(event, stored=stored, message=message, unread=unread)
    return cast("job_events.Recovered", _lighter_request(told))


def _lighter_spoken(event: job_events.SegmentSpoken) -> job_events.SegmentSpoken:
    why = None if event.left_out is None else _x(len(event.left_out))
    return structs.replace(event, pieces=_silenced(event), left_out=why)


def _lighter_audio(event: Any) -> Any:  # noqa: ANN401 - an event that has some
    return structs.replace(event, pieces=_silenced(event))


def _lighter_found(event: job_events.CachedFound) -> job_events.CachedFound:
    return structs.replace(event, keys=())  # They are digests of texts.


def _lighter_read(event: job_events.CachedRead) -> job_events.CachedRead:
    spoken = event.spoken
    lighter = None if spoken is None else structs.replace(spoken, pieces=_silenced(spoken))
    return structs.replace(event, spoken=lighter)


def _silenced(event: Any) -> Any:  # noqa: ANN401 - what stands for the pieces, of another type
    return tuple([p if type(p) is Stored else Silence(len(p)) for p in event.pieces])


def _lighter_text(event: job_events.TextAppended) -> job_events.TextAppended:
    parts = tuple([_said(len(part.text)) for part in event.parts])
    return structs.replace(event, parts=parts, left_out=())


def _lighter_piece(event: job_events.TextWritten) -> job_events.TextWritten:
    return structs.replace(event, body=b"x" * len(event.body))


def _lighter_text_refusal(event: job_events.TextRefused) -> job_events.TextRefused:
    return structs.replace(event, message=_x(len(event.message)))


def _lighter_message(event: job_events.SegmentRefused) -> job_events.SegmentRefused:
    return structs.replace(event, message=_x(len(event.message)))


_LIGHTER: dict[type, Callable[[Any], object]] = {
    job_events.Submitted: _lighter_request,
    job_events.Recovered: _lighter_recovered,
    job_events.SegmentSpoken: _lighter_spoken,
    job_events.AudioStored: _lighter_audio,
    job_events.CachedFound: _lighter_found,
    job_events.CachedRead: _lighter_read,
    job_events.SegmentRefused: _lighter_message,
    job_events.TextAppended: _lighter_text,
    job_events.TextWritten: _lighter_piece,
    job_events.TextRefused: _lighter_text_refusal,
}


def _silent(pcm: Pcm) -> Stored | Silence:
    return pcm if isinstance(pcm, Stored) else Silence(len(pcm))


@lru_cache(maxsize=1024)
def _x(length: int) -> str:
    return "x" * length


# -- on disk ------------------------------------------------------------------------------


def write(directory: Path, document: dict[str, Any]) -> Path:
    """Replace the record of the last fault, whole or not at all. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / FILE
    with replace_file(path, durable=True, mode=PRIVATE) as file:
        file.write(msgspec.json.encode(document))
    return path
