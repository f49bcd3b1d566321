"""Messages between a client and the supervisor. docs/PROTOCOL.md is the normative text.

A message is a header (one of the records below) and, for some, a body of raw
bytes: UTF-8 text with SUBMIT, float32 little-endian mono PCM with CHUNK and END.
Fields that a receiver does not know are ignored, so fields may be added within a
major version; a field never changes its meaning.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from supervisor.speech import LeftOut, PartialSpeech, Word
from supervisor.wire.events import EVENTS, About

DEFAULT_CREDIT = 1 << 20
"""Bytes of audio that a client is ready to take before it grants more."""

ErrorCode = Literal[
    "bad_message",
    "bad_version",
    "bad_text",
    "empty_text",
    "text_too_long",
    "unknown_engine",
    "unknown_voice",
    "unknown_language",
    "out_of_range",
    "engine_unavailable",
    "journal_unavailable",
    "busy",
    "draining",
    "conflict",
    "not_found",
    "cancelled",
    "expired",
    "failed",
    "poison",
]


class Message(msgspec.Struct, frozen=True, tag_field="op", omit_defaults=True, gc=False):
    """Base of every header; the field `op` on the wire names the record."""


# -- client to supervisor ---------------------------------------------------------------


class Hello(Message, frozen=True, tag="HELLO"):
    """First message of a connection. `client` is a free name for logs and diagnostics."""

    client: str = ""


class Submit(Message, PartialSpeech, frozen=True, tag="SUBMIT"):
    """Ask for speech, whose fields stand beside these; the body is the text.

    `id` is the client's own name for the request and comes back in ACCEPTED or
    ERROR. `credit` is the first grant, in bytes of audio.
    `progress` asks for STARTED messages. `priority` is 0 to 9, 9 the most urgent.
    `deadline_ms` is how long the job may take, from its arrival on. `key` names the
    request over all attempts to hand it in. A `durable` job outlives its client and
    the supervisor. `on_behalf` names whom the job is charged to, if the client acts for
    others; it is honoured from processes of the supervisor's own user, and no other.
    `request_class` (`class` on the wire) is "interactive", "stream" or "batch"; None: by the text.
    `traceparent` and `tracestate` are the headers of a W3C trace context whose trace the job is
    to be part of. The text of an `open` job goes on with APPEND until FINISH; it is spoken while it
    comes. `label` is the client's own note about it, which JOBS tells again.
    Of a text that is cut as ever, `part` (i, n) asks for the i-th, from 0 on, of n stretches of
    about equal length, and `first_segment` for what begins with that segment: each is to the sample
    what it is of the whole, where the request names its seed.
    """

    id: str
    credit: int = DEFAULT_CREDIT
    progress: bool = False
    priority: int = 5
    deadline_ms: int | None = None
    key: str | None = None
    durable: bool = False
    on_behalf: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    open: bool = False
    request_class: str | None = msgspec.field(default=None, name="class")
    first_segment: int = 0
    part: tuple[int, int] | None = None
    label: str | None = None


class Append(Message, frozen=True, tag="APPEND"):
    """More of an open job's text, the body; a character may be divided between two. With `flush`
    all that has come is spoken now, as if a sentence ended. An error comes back with `id`.

    To the text of a durable job it goes with the `offset` of its first byte, and is answered with
    WRITTEN.
    """

    job: str
    id: str = ""
    flush: bool = False
    offset: int | None = None


class Finish(Message, frozen=True, tag="FINISH"):
    """An open job's text is whole; that of a durable one with so many bytes (`offset`), which is
    answered with WRITTEN.
    """

    job: str
    id: str = ""
    offset: int | None = None


class Credit(Message, frozen=True, tag="CREDIT"):
    """The client can take `bytes` more of this job's audio."""

    job: str
    bytes: int


class Cancel(Message, frozen=True, tag="CANCEL"):
    """Stop this job; its running segments are interrupted. Answered with ERROR `cancelled`. With
    `forget` it is forgotten, too, with its audio and its key, also where it has ended.
    """

    job: str
    forget: bool = False


class Attach(Message, frozen=True, tag="ATTACH"):
    """Take over an existing job's audio, from byte `offset` of its PCM stream on."""

    id: str
    job: str
    offset: int = 0
    credit: int = DEFAULT_CREDIT


class Status(Message, frozen=True, tag="STATUS"):
    """Ask for the status document; answered with REPORT. With `events` the last events of the
    supervisor are in it, for processes of its own user.
    """

    id: str = ""
    events: bool = False


class Jobs(Message, frozen=True, tag="JOBS"):
    """Ask for the client's jobs, or for one and its story; answered with REPORT."""

    id: str = ""
    job: str | None = None
    limit: int = 100


class ClearCache(Message, frozen=True, tag="CLEAR_CACHE"):
    """Have all cached segments forgotten; for processes of the supervisor's own user. Answered with
    REPORT, which says how many there were in memory.
    """

    id: str = ""


class Outlook(Message, frozen=True, tag="OUTLOOK"):
    """Ask how soon a sentence of a new client would be begun; for processes of the supervisor's own
    user. Answered with REPORT, and cheaply: it may be asked many times a second.
    """

    id: str = ""


class Watch(Message, frozen=True, tag="WATCH"):
    """Ask for an EVENT whenever something of these kinds happens, in place of what this connection
    watched before; answered with WATCHING. Of no kinds: no more of them.
    """

    id: str = ""
    events: tuple[str, ...] = EVENTS


class Ping(Message, frozen=True, tag="PING"):
    """Ask for a sign of life; answered with PONG."""


class Bye(Message, frozen=True, tag="BYE"):
    """The client leaves; its attached plain jobs are cancelled."""


Request = (
    Hello
    | Submit
    | Append
    | Finish
    | Credit
    | Cancel
    | Attach
    | Status
    | Jobs
    | ClearCache
    | Outlook
    | Watch
    | Ping
    | Bye
)


# -- supervisor to client ---------------------------------------------------------------


class Welcome(Message, frozen=True, tag="WELCOME"):
    """Answer to HELLO. `epoch` changes when the supervisor restarts.

    `engines` maps each engine to its description (default_voice, voices,
    sample_rate, licence, min_speed, max_speed, unavailable, mixes, offered); `limits` has
    max_text_bytes.
    """

    epoch: str
    version: str
    default_engine: str
    engines: dict[str, Any] = {}
    limits: dict[str, Any] = {}


class Accepted(Message, frozen=True, tag="ACCEPTED"):
    """The job exists now and will end in END or ERROR. `sample_rate` is in Hz.

    `segments` is how many it has; where it is `estimated`, the text is cut while it is spoken,
    and its length tells no more. END has the number. `left_out` is what of the text nobody reads.
    `written`: the bytes of a durable open text that are written down; the next begin there.
    `first_segment`: how many segments of the text stand before the first of this job, where it was
    asked for a part of it; its own are counted from 0. `starts_s` are the predicted seconds until
    its first segment runs.
    """

    id: str
    job: str
    segments: int
    sample_rate: int
    seed: int
    estimated: bool = False
    left_out: tuple[LeftOut, ...] = ()
    written: int | None = None
    first_segment: int = 0
    starts_s: float = 0.0


class Written(Message, frozen=True, tag="WRITTEN"):
    """Answer to APPEND and FINISH of a durable text: so many bytes of it are written down."""

    id: str
    job: str
    bytes: int


class Started(Message, frozen=True, tag="STARTED"):
    """A worker took up this segment (only with `progress`)."""

    job: str
    segment: int


class Chunk(Message, frozen=True, tag="CHUNK"):
    """The next piece of a job's audio, at byte `offset` of its PCM stream; body: PCM.

    With the first piece of a segment come its `words`, if the request asks for them.
    """

    job: str
    segment: int
    offset: int
    words: tuple[Word, ...] = ()


class End(Message, frozen=True, tag="END"):
    """The job is done. A body, if there is one, is the last piece of its audio.

    `bytes` counts the whole PCM stream. Times are in seconds: `queued_s` from
    ACCEPTED to the first segment's start, `synthesis_s` summed over segments. `left_out` is what
    ACCEPTED has, and what turned out to be unreadable since. `words` as in CHUNK, of its body.
    `cached`: segments whose audio was there already, so that nobody spoke them for this job.
    """

    job: str
    bytes: int
    segments: int
    queued_s: float = 0.0
    synthesis_s: float = 0.0
    retried: int = 0
    left_out: tuple[LeftOut, ...] = ()
    words: tuple[Word, ...] = ()
    cached: int = 0


class Error(Message, frozen=True, tag="ERROR"):
    """A request was refused (`id` is set) or a job ended without success (`job` is set).

    `code` is an ErrorCode; a receiver must be ready for one of a later version. `field` is the
    field of the request that was wrong, `text` for the text, where it is one.
    """

    code: str
    message: str
    id: str | None = None
    job: str | None = None
    retryable: bool = False
    retry_after_ms: int | None = None
    field: str | None = None


class Report(Message, frozen=True, tag="REPORT"):
    """Answer to STATUS, or to JOBS: the document that `supervisor status --json`, or
    `supervisor jobs list|story --json`, prints.
    """

    id: str
    status: dict[str, Any]


class Watching(Message, frozen=True, tag="WATCHING"):
    """Answer to WATCH: what is watched from now on, and the `number` of the last event before."""

    id: str
    events: tuple[str, ...]
    number: int


class Event(Message, frozen=True, tag="EVENT"):
    """Something happened `at` this Unix time. `number` grows with every event that anybody gets."""

    number: int
    at: float
    about: About


class Pong(Message, frozen=True, tag="PONG"):
    """Answer to PING; also sent unasked, to find out whether a client is still there."""


class Goaway(Message, frozen=True, tag="GOAWAY"):
    """The supervisor stops: running jobs are finished, new ones refused with `draining`."""

    reason: str


Reply = (
    Welcome
    | Accepted
    | Written
    | Started
    | Chunk
    | End
    | Error
    | Report
    | Watching
    | Event
    | Pong
    | Goaway
)
