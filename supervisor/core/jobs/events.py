"""Events and commands of the job machine. Times are monotonic seconds.

`worker` is a worker's epoch: a number that one process incarnation has and no other.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from supervisor.core.jobs.audio import Pcm
from supervisor.core.jobs.job import FailureCode, JobState
from supervisor.core.jobs.limits import Bounds
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest, Unread
from supervisor.core.jobs.segment_cache import Spoken
from supervisor.core.jobs.spans import Trace
from supervisor.speech import LeftOut

RefusalCode = Literal[
    "busy", "conflict", "expired", "out_of_range", "journal_unavailable", "failed", "cancelled"
]


class _Record(msgspec.Struct, frozen=True, gc=False):
    """A record of more than three fields is built by keyword: a new field shifts nothing then."""


# -- events -----------------------------------------------------------------------------


class Submitted(_Record, frozen=True, kw_only=True):
    """A client submitted a valid request. `credit` is in bytes of audio.

    `reference` goes into the answer. `owner` may see the job; its work is charged to the
    client `flow` (the owner, if empty).
    """

    now: float
    job: str
    owner: str
    client: bytes
    request: JobRequest
    credit: int
    reference: str = ""
    flow: str = ""


class JobPersisted(_Record, frozen=True):
    """A durable job is in the journal; or it is not, and `error` says why."""

    now: float
    job: str
    error: str | None = None


class AudioStored(_Record, frozen=True, kw_only=True):
    """The journal's answer for a segment's audio: in a file, or as it was with the `error`."""

    now: float
    job: str
    segment: int
    pieces: tuple[Pcm, ...]
    error: str | None = None


class OutcomePersisted(_Record, frozen=True):
    """The journal has the outcome of a durable job."""

    now: float
    job: str


class Recovered(_Record, frozen=True, kw_only=True):
    """The journal holds a durable job of an earlier epoch. `stored` maps segments to their audio.

    `outcome` is None for one that did not end; `message` and `ended_at` belong to it.
    Of one that did end the text is gone: its request has as many segments, and they are empty.
    `unread`: of one whose text is open, what is not cut yet.
    """

    now: float
    job: str
    owner: str
    request: JobRequest
    accepted_at: float
    stored: dict[int, Pcm]
    outcome: JobState | None = None
    message: str = ""
    ended_at: float | None = None
    unread: Unread = Unread()


class Configured(_Record, frozen=True):
    """The settings changed: these bounds hold from now on."""

    now: float
    bounds: Bounds


class MemoryCritical(_Record, frozen=True):
    """Memory is nearly used up, or is so no longer."""

    now: float
    critical: bool


class CostsExpected(_Record, frozen=True):
    """Seconds for a character by engine, for engines that have not spoken yet: as measured on
    this host, and as the engines declare.
    """

    now: float
    measured: dict[str, float]
    declared: dict[str, float]


class Suspended(_Record, frozen=True):
    """The supervisor stops: durable jobs are left to the next one, as they stand in the journal.

    `open_texts`: only those whose text is open, for nobody knows when that ends.
    """

    now: float
    open_texts: bool = False


class CutTurn(_Record, frozen=True):
    """A slice of this job's text is to be cut now, which takes a few milliseconds."""

    now: float
    job: str


class TextAppended(_Record, frozen=True):
    """More of an open job's text is there, cut into parts; `left_out`: what of it nobody reads;
    `taken`: characters of the text up to its end.
    """

    now: float
    job: str
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...] = ()
    taken: int = 0


class TextWritten(_Record, frozen=True, kw_only=True):
    """A client appends to a durable open text: a body that begins with its byte `at`. `flush`: all
    so far is to be spoken; `last`: nothing comes behind it. `reference` goes into the answer.
    """

    now: float
    job: str
    client: bytes
    reference: str
    at: int
    body: bytes = b""
    flush: bool = False
    last: bool = False


class TextPersisted(_Record, frozen=True):
    """The journal has the piece of a text that it was given last; or not, and `error` says why."""

    now: float
    job: str
    error: str | None = None


class CutPersisted(_Record, frozen=True):
    """The journal has the parts of a text that it was given last; or not, for that `error`."""

    now: float
    job: str
    error: str | None = None


class TextEnded(_Record, frozen=True):
    """The text of an open job is whole."""

    now: float
    job: str


class TextRefused(_Record, frozen=True):
    """An open job's text cannot be spoken, or grows too long; the job ends with this message."""

    now: float
    job: str
    message: str


class CreditGranted(_Record, frozen=True):
    """The listening client takes `bytes` more."""

    now: float
    job: str
    bytes: int


class Cancelled(_Record, frozen=True):
    """The job is to stop; `reason` goes to the client."""

    now: float
    job: str
    reason: str


class Forgotten(_Record, frozen=True):
    """Nothing of the job is to be left; one that has not ended is to stop, with this `reason`."""

    now: float
    job: str
    reason: str


class ClientAttached(_Record, frozen=True, kw_only=True):
    """`client` listens to the job from now on; it has `offset` bytes already."""

    now: float
    job: str
    client: bytes
    offset: int
    credit: int
    reference: str = ""


class ClientLost(_Record, frozen=True):
    """A connection is gone; jobs that only it listens to are cancelled."""

    now: float
    client: bytes


class WorkerReady(_Record, frozen=True):
    """A worker can take a segment."""

    now: float
    worker: int


class WorkerRetired(_Record, frozen=True):
    """A worker gets nothing more; answered with `WorkerFree` once it runs nothing."""

    now: float
    worker: int


class WorkerLost(_Record, frozen=True):
    """A worker's process ended. `reason` is for the record of a poisoned segment."""

    now: float
    worker: int
    reason: str


class SegmentSpoken(_Record, frozen=True, kw_only=True):
    """A worker delivered a segment's whole audio, in packets. `left_out`: why it is a silence and
    no speech: the engine cannot read this text. `made_by`: the fingerprint of what spoke it, empty
    where nobody knows; `exact`: one thread made it.
    """

    now: float
    worker: int
    job: str
    segment: int
    attempt: int
    pieces: tuple[Pcm, ...]
    synthesis_s: float
    left_out: str | None = None
    made_by: str = ""
    exact: bool = False


class SegmentRefused(_Record, frozen=True, kw_only=True):
    """A worker answered without audio: the engine failed, or cannot speak this text
    (`unreadable`), or it was `interrupted`.
    """

    now: float
    worker: int
    job: str
    segment: int
    attempt: int
    message: str
    unreadable: bool = False
    interrupted: bool = False


class StaleAnswer(_Record, frozen=True):
    """A worker answered a segment twice; the second answer was dropped."""

    now: float


class EnginesChanged(_Record, frozen=True):
    """Engines were loaded anew: they may speak otherwise than before."""

    now: float


class CacheCleared(_Record, frozen=True):
    """The operator wants all cached segments forgotten."""

    now: float


class CachedFound(_Record, frozen=True):
    """Segments under these keys are on disk: from an earlier epoch, or written just now."""

    now: float
    keys: tuple[bytes, ...]


class CachedRead(_Record, frozen=True):
    """The answer to `ReadCached`: the segment, or None if there is none that can be read."""

    now: float
    maker: int
    spoken: Spoken | None


class Tick(_Record, frozen=True):
    """Time passed: deadlines are looked at."""

    now: float


Event = (
    Submitted
    | JobPersisted
    | AudioStored
    | OutcomePersisted
    | Recovered
    | Configured
    | MemoryCritical
    | CostsExpected
    | Suspended
    | CutTurn
    | TextAppended
    | TextWritten
    | TextPersisted
    | CutPersisted
    | TextEnded
    | TextRefused
    | CreditGranted
    | Cancelled
    | Forgotten
    | ClientAttached
    | ClientLost
    | WorkerReady
    | WorkerRetired
    | WorkerLost
    | SegmentSpoken
    | SegmentRefused
    | StaleAnswer
    | EnginesChanged
    | CacheCleared
    | CachedFound
    | CachedRead
    | Tick
)


# -- commands ---------------------------------------------------------------------------


class PersistJob(_Record, frozen=True, kw_only=True):
    """Write a new durable job into the journal; answered with `JobPersisted`."""

    now: float
    job: str
    owner: str
    request: JobRequest


class PersistText(_Record, frozen=True, kw_only=True):
    """Write a piece of an open text into the journal; answered with `TextPersisted`. Fields: as in
    `TextWritten`.
    """

    job: str
    at: int
    body: bytes
    flush: bool
    last: bool


class PersistCut(_Record, frozen=True, kw_only=True):
    """Write into the journal how an open text was cut; answered with `CutPersisted`. Fields: as in
    `TextAppended`.
    """

    job: str
    taken: int
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]


class PersistWhole(_Record, frozen=True):
    """Write down the request of a job whose text was open, and is whole now."""

    job: str
    owner: str
    request: JobRequest


class PersistAudio(_Record, frozen=True):
    """Write a segment's audio into the journal; answered with `AudioStored`."""

    job: str
    segment: int
    pieces: tuple[Pcm, ...]


class PersistOutcome(_Record, frozen=True, kw_only=True):
    """Write down how a durable job ended; its audio is of no more use unless it is done.

    Answered with `OutcomePersisted`, as soon as it can be written.
    """

    now: float
    job: str
    outcome: JobState
    message: str


class ForgetJob(_Record, frozen=True):
    """Remove a durable job and its audio from the journal."""

    job: str


class RunSegment(_Record, frozen=True, kw_only=True):
    """Give this segment to this worker, which is idle. `number`: its number for clients, from
    which it has its seed. `cut_off`: characters that were just cut off it, and are the next one.
    `expected_s`: its predicted seconds; 0 where that would be a mere guess.
    """

    worker: int
    job: str
    segment: int
    attempt: int
    request: JobRequest
    part: Part
    number: int
    cut_off: int = 0
    expected_s: float


class CutText(_Record, frozen=True):
    """Cut more text of a job that runs out of segments; answered with `CutTurn`, in turns."""

    job: str


class ReadText(_Record, frozen=True):
    """Read a durable open text, of which so much is there already; more comes with `TakeText`."""

    job: str
    request: JobRequest
    unread: Unread


class TakeText(_Record, frozen=True, kw_only=True):
    """Read on: the journal has more of an open text. Fields: as in `TextWritten`."""

    job: str
    body: bytes
    flush: bool
    last: bool


class InterruptSegment(_Record, frozen=True, kw_only=True):
    """Stop a segment that a worker runs: its job has ended; or `gently`, to give way to another:
    then it may as well come to its end.
    """

    worker: int
    job: str
    segment: int
    attempt: int
    gently: bool = False


class ReleaseAccepted(_Record, frozen=True, kw_only=True):
    """Tell the client that its request is a job now, or was one already.

    `estimated`: not all of its text is cut, and `segments` is estimated from its length.
    """

    client: bytes
    reference: str
    job: str
    segments: int
    sample_rate: int
    seed: int
    estimated: bool = False
    left_out: tuple[LeftOut, ...] = ()
    written: int | None = None
    """Bytes of a durable open text that the journal has."""
    first_segment: int = 0
    starts_s: float = 0.0
    """Predicted seconds until its first segment runs."""


class ReleaseWritten(_Record, frozen=True, kw_only=True):
    """Tell the client how many bytes of a durable open text the journal has by now."""

    client: bytes
    reference: str
    job: str
    bytes: int


class ReleaseRefusal(_Record, frozen=True, kw_only=True):
    """Tell the client that its request is refused. `retry_after_ms`: time until it may succeed."""

    client: bytes
    reference: str
    code: RefusalCode
    message: str
    retry_after_ms: int | None = None


class ReleaseStarted(_Record, frozen=True):
    """Tell the client that a segment started."""

    client: bytes
    job: str
    segment: int


class ReleaseAudio(_Record, frozen=True, kw_only=True):
    """Send the client the next piece of audio, at byte `offset` of the job's PCM stream."""

    client: bytes
    job: str
    segment: int
    offset: int
    pcm: Pcm


class ReleaseEnd(_Record, frozen=True, kw_only=True):
    """Tell the client that the job is done; `pcm` is its last piece (empty if none is left)."""

    client: bytes
    job: str
    pcm: Pcm
    bytes: int
    segments: int
    queued_s: float
    synthesis_s: float
    retried: int
    left_out: tuple[LeftOut, ...] = ()
    cached: int = 0


class ReleaseFailure(_Record, frozen=True, kw_only=True):
    """Tell the client that the job ended without success."""

    client: bytes
    job: str
    code: FailureCode
    message: str


class ReadCached(_Record, frozen=True):
    """Read a cached segment from the disk; answered with `CachedRead`, which names the maker."""

    maker: int
    key: bytes


class WriteCached(_Record, frozen=True):
    """Write a cached segment to the disk; answered with `CachedFound` once it is there."""

    key: bytes
    spoken: Spoken


class ClearCached(_Record, frozen=True):
    """Remove all cached segments from the disk."""


class JobTraced(_Record, frozen=True):
    """Hand over the spans of a traced job that has ended."""

    trace: Trace


class WorkerFree(_Record, frozen=True):
    """Report that a retired worker runs nothing: it may be dismissed."""

    worker: int


Command = (
    PersistJob
    | PersistText
    | PersistCut
    | PersistWhole
    | PersistAudio
    | PersistOutcome
    | ForgetJob
    | RunSegment
    | CutText
    | ReadText
    | TakeText
    | InterruptSegment
    | ReleaseAccepted
    | ReleaseWritten
    | ReleaseRefusal
    | ReleaseStarted
    | ReleaseAudio
    | ReleaseEnd
    | ReleaseFailure
    | ReadCached
    | WriteCached
    | ClearCached
    | JobTraced
    | WorkerFree
)
