"""A client's request, as the job machine takes it."""

from __future__ import annotations

import msgspec

from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.segmentation import Uncut
from supervisor.speech import LeftOut, Pauses, RequestClass, Speech

DEFAULT_PRIORITY = 5
HIGHEST_PRIORITY = 9


class TraceContext(msgspec.Struct, frozen=True, gc=False):
    """The W3C trace headers of a job that is to be traced, not parsed, empty for none.

    `arrived` is when its SUBMIT came in, monotonic seconds.
    """

    traceparent: str
    tracestate: str
    arrived: float


class Shared(msgspec.Struct, frozen=True, gc=False):
    """How the segments of a job are cached: within a `scope`, which only one owner has, or all.
    `seeded`: the engine draws, and its seed is part of what a segment is.
    """

    scope: str
    seeded: bool


class JobRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A text and its manner of speech, checked and complete. `deadline`: monotonic seconds or None.

    `segments` are the first ones of the text, `rest` is what is not cut yet. `pauses` are the
    silences that are made of what ends with a segment.
    `key` is the client's own name for the request, the same for every attempt to hand
    it in; `fingerprint` tells whether two requests under one key are the same.
    """

    speech: Speech
    sample_rate: int
    segments: tuple[Part, ...]
    priority: int = DEFAULT_PRIORITY
    deadline: float | None = None
    progress: bool = False
    reproducible: bool = False
    """Every attempt at a segment must give the same samples: the client chose the seed, or the job
    must survive a restart unnoticed."""
    durable: bool = False
    key: str | None = None
    label: str | None = None
    """The client's own note, for itself."""
    fingerprint: bytes = b""
    trace: TraceContext | None = None
    """None for a job that is not traced."""
    left_out: tuple[LeftOut, ...] = ()
    """What of the text nobody reads."""
    tolerant: bool = True
    """A segment that its engine cannot read is left out; otherwise the job fails."""
    rest: Uncut | None = None
    open: bool = False
    """More of the text comes (`TextAppended`) until it is ended."""
    pauses: Pauses = Pauses()
    request_class: RequestClass | None = None
    """The class that the client asks for; None: by its text."""
    recut: str | None = None
    """The language by whose rules a segment may be cut in two just before it runs; None where it
    stays as it is."""
    asked: bytes = b""
    """Of an open durable text: what the broker needs to read more of it in another epoch."""
    shared: Shared | None = None
    """None: its segments are not cached."""
    first_segment: int = 0
    """Segments of the text that stand before these, where the request is for a stretch of it."""

    def manner(self, part: Part, segment: int) -> tuple[Speech, float]:
        """How a part of its text is spoken as this segment of it, with the segment's own seed, and
        the seconds of silence after it.
        """
        speech = self.speech if part.prosody is None else part.prosody.applied(self.speech)
        seed = segment_seed(speech.seed, self.first_segment + segment)
        seeded = msgspec.structs.replace(speech, seed=seed)
        return seeded, self.pauses.after(part.ends, speech.speed)


def segment_seed(seed: int, segment: int) -> int:
    """The seed of one segment: the same for every attempt, another for each segment."""
    return (seed * 6_364_136_223_846_793_005 + segment) % (1 << 63)


class Unread(msgspec.Struct, frozen=True, gc=False):
    """What the journal has of an open text and is not cut yet: `body`, which begins with character
    `at` of the text and ends with its byte `size`. The first `flushed` bytes of it are to be spoken
    in any case; `ended`: nothing comes behind it.
    """

    body: bytes = b""
    at: int = 0
    size: int = 0
    flushed: int = 0
    ended: bool = False
