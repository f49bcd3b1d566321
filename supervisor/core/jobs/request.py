"""The request of a client, checked and complete."""

from __future__ import annotations

import msgspec

from supervisor.core.jobs.segmentation import Uncut
from supervisor.speech import Ends, Pauses, Speech

DEFAULT_PRIORITY = 5
HIGHEST_PRIORITY = 9


class TraceContext(msgspec.Struct, frozen=True, gc=False):
    """That a job is to be traced: the W3C headers that came with it, unread, empty for none.

    `arrived` is when its SUBMIT came in, monotonic seconds.
    """

    traceparent: str
    tracestate: str
    arrived: float


class JobRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A text and how to speak it, checked and complete. `deadline` is monotonic seconds or None.

    `segments` are the first ones of the text, `rest` is what has not been cut yet. `ends` is what
    ends with each of `segments`, a sentence where there is none, and `pauses` the silence that is
    made of it.
    `key` is the client's own name for the request, the same for every attempt to hand
    it in; `fingerprint` tells whether two requests under one key are the same.
    """

    speech: Speech
    sample_rate: int
    segments: tuple[str, ...]
    priority: int = DEFAULT_PRIORITY
    deadline: float | None = None
    progress: bool = False
    reproducible: bool = False
    """The client chose the seed, or a restart must not show: whenever a segment is spoken it is
    to be the same audio to the sample."""
    durable: bool = False
    key: str | None = None
    fingerprint: bytes = b""
    trace: TraceContext | None = None
    """None for a job that is not traced."""
    rest: Uncut | None = None
    ends: tuple[Ends, ...] = ()
    pauses: Pauses = Pauses()
