"""One job and its segments: states, the transition table, and the audio not yet released.

Only `jobs.Jobs` and what it is made of change these records; everything else reads them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import Literal

from supervisor.core.jobs.pcm import Pcm, Piece, held
from supervisor.core.jobs.request import JobRequest

JobState = Literal["queued", "running", "done", "failed", "cancelled", "expired", "quarantined"]
SegmentState = Literal["waiting", "running", "storing", "spoken"]

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    "queued": frozenset({"running", "cancelled", "expired"}),
    "running": frozenset({"done", "failed", "cancelled", "expired", "quarantined"}),
    "done": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
    "quarantined": frozenset(),
}
"""Where a job may go. A state without a way out is an outcome; a job has exactly one."""

OUTCOMES: frozenset[JobState] = frozenset(s for s, ways in TRANSITIONS.items() if not ways)


class Segment:
    """One part of a job's text, and how far it is."""

    __slots__ = ("attempt", "kills", "pieces", "size", "state", "text", "worker")

    def __init__(self, text: str) -> None:
        self.text = text
        """What is to be spoken, while that may be."""
        self.size = len(text)
        """Its characters."""
        self.state: SegmentState = "waiting"
        self.attempt = 0
        self.kills = 0
        """How many workers were lost while they ran it."""
        self.worker: int | None = None
        self.pieces: tuple[Pcm, ...] = ()
        """Its audio, while an earlier segment is still being spoken."""


class Job:
    """A request on its way. `client` is the connection that listens, None while nobody does.

    The audio that is in order lies in `audio`; bytes before `released` were sent to
    the listener and are kept only so that another one can attach. `owner` is who may
    see the job, `flow` whom its work is charged to.
    """

    __slots__ = (
        "accepted_at",
        "audio",
        "chars_left",
        "client",
        "counted_bytes",
        "credit",
        "cutting",
        "ended_at",
        "flow",
        "held_bytes",
        "id",
        "kept",
        "message",
        "next_in_order",
        "next_segment",
        "owner",
        "rank",
        "rate",
        "reference",
        "released",
        "request",
        "rest",
        "retried",
        "retries",
        "running",
        "segments",
        "segments_spoken",
        "share",
        "size",
        "spoken",
        "started_at",
        "state",
        "story",
        "synthesis_s",
        "ticket",
        "weight",
        "work_s",
    )

    def __init__(  # noqa: PLR0915 - every field of the record begins here
        self,
        id: str,
        owner: str,
        client: bytes | None,
        request: JobRequest,
        now: float,
        credit: int,
    ) -> None:
        self.id = id
        self.owner = owner
        self.flow = owner
        self.client = client
        self.reference = ""
        """The listener's name for the request that ACCEPTED is to answer."""
        self.request = request
        self.segments = [Segment(text) for text in request.segments]
        """Those that are known: the text is cut while it is spoken."""
        self.segments_spoken = 0
        self.rest = request.rest
        """What is not cut yet."""
        self.cutting = False
        """Whether more of it is being asked for."""
        self.size = 0 if self.rest is None else len(self.rest)
        """What its text is charged with: a character is a byte at least, here and in memory."""
        for text in request.segments:
            self.size += len(text)
        self.chars_left = self.size
        """Characters that have not been spoken yet."""
        self.state: JobState = "queued"
        self.accepted_at = now
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.message = ""
        """Why it ended without success."""
        self.credit = credit
        self.audio: list[Piece] = []
        self.spoken = 0
        """Bytes of PCM that are in order: the end of `audio`."""
        self.released = 0
        self.kept = 0
        """End of the audio that `Retention` has counted."""
        self.held_bytes = 0
        """Bytes of PCM in memory and not released, in order or not: what a slow reader costs us."""
        self.counted_bytes = 0
        """What of it `HeldAudio` has counted."""
        self.next_segment = 0
        self.next_in_order = 0
        self.retries: list[int] = []
        self.running = 0
        self.retried = 0
        self.synthesis_s = 0.0
        self.ticket = 0
        """Which entry of the queue is its place there; 0 for none."""
        self.rank = 0.0
        self.share = 1.0
        """How often it is served beside others with work: half as often at 0.5."""
        self.weight = 0
        """Bytes that it takes once it has ended, as `Retention` counts them."""
        self.rate = 0.0
        """Predicted seconds of work for a character."""
        self.work_s = 0.0
        """Predicted seconds of work that are left, as admission has counted them."""
        self.story: list[tuple[float, str, *tuple[object, ...]]] = []
        """Time, event and details; flat, so that the garbage collector need not look at it."""

    @property
    def ended(self) -> bool:
        """Whether the job has its outcome."""
        return self.state in OUTCOMES

    @property
    def queued(self) -> bool:
        """Whether it has a place in the queue."""
        return self.ticket != 0

    @property
    def failed(self) -> bool:
        """Whether the job ended without success: then whoever attaches hears only that."""
        return self.state in OUTCOMES and self.state != "done"

    @property
    def complete(self) -> bool:
        """Whether every segment is spoken."""
        return self.next_in_order == len(self.segments) and self.rest is None

    @property
    def segments_expected(self) -> int:
        """How many segments it has; where not all is cut yet, as far as its length tells."""
        known = len(self.segments)
        if self.rest is None:
            return known
        spoken = self.size - len(self.rest)
        return known + max(1, round(len(self.rest) * known / spoken)) if known and spoken else 1

    @property
    def runs_out(self) -> bool:
        """Whether more of its text is to be cut soon."""
        ahead = len(self.segments) - self.next_segment
        return self.rest is not None and not self.cutting and ahead < CUT_AHEAD

    @property
    def kept_from(self) -> int:
        """The first byte that a client could still be sent."""
        if self.failed:
            return 0
        return self.audio[0].offset if self.audio else self.spoken

    @property
    def dispatchable(self) -> bool:
        """Whether a segment could be given to a worker, as far as the job itself is concerned."""
        if self.state in OUTCOMES:
            return False
        return bool(self.retries) or (
            self.next_segment < len(self.segments) and self.held_bytes < HELD_BYTES_MAX
        )

    def move(self, state: JobState) -> None:
        """Change the state along TRANSITIONS. Raises ValueError for a way that does not exist."""
        if state not in TRANSITIONS[self.state]:
            raise ValueError(f"job {self.id}: no way from {self.state} to {state}")
        self.state = state

    def cost(self, segment: int) -> float:
        """Predicted seconds of work of one segment."""
        return self.segments[segment].size * self.rate

    def cut(self) -> None:
        """Cut one more slice of the text; there may be nothing to speak in it."""
        if self.rest is None:
            return
        before = len(self.rest)
        texts, self.rest = self.rest.slice()
        self.cutting = False
        self.segments += map(Segment, texts)
        after = 0 if self.rest is None else len(self.rest)
        self.chars_left += sum(map(len, texts)) + after - before

    def forget_text(self) -> None:
        """It has ended, and no word of it is needed any more."""
        self.request, self.rest = self.request.without_text(), None
        for segment in self.segments:
            segment.text = ""

    def note(self, now: float, what: str, *details: object) -> None:
        """Write a line of the story; of a long one the beginning and the end are kept."""
        self.story.append((now, what, *details))
        if len(self.story) > STORY_LINES:
            self._shorten_story()

    def _shorten_story(self) -> None:
        """Put one line, which says how many there were, in the place of some in the middle."""
        start, end = STORY_LINES // 4, STORY_LINES // 2
        at, count = self.story[start][0], 0
        for _at, what, *details in self.story[start:end]:
            count += int(str(details[0])) if what == LEFT_OUT else 1
        self.story[start:end] = [(at, LEFT_OUT, count)]

    def next_to_run(self) -> int:
        """Take the segment that is to run next: one that was lost before, else the first left."""
        if self.retries:
            return self.retries.pop(self.retries.index(min(self.retries)))
        index = self.next_segment
        self.next_segment += 1
        self.skip_spoken()
        return index

    def skip_spoken(self) -> None:
        """Move `next_segment` past what a journal has already."""
        while (
            self.next_segment < len(self.segments)
            and self.segments[self.next_segment].state != "waiting"
        ):
            self.next_segment += 1

    def put_in(self, index: int, pieces: tuple[Pcm, ...]) -> None:
        """A segment is spoken; `pieces`, in the place of what it had, are its audio."""
        segment = self.segments[index]
        if segment.state not in ("storing", "spoken"):
            self.chars_left -= segment.size
            self.segments_spoken += 1
        for pcm in pieces:
            self.held_bytes += held(pcm)
        for pcm in segment.pieces:
            self.held_bytes -= held(pcm)
        segment.state = "spoken"
        segment.pieces = pieces
        if not self.request.durable:
            segment.text = ""

    def put_in_order(self) -> None:
        """Move the audio of segments whose turn has come to `audio`."""
        while self.next_in_order < len(self.segments):
            segment = self.segments[self.next_in_order]
            if segment.state != "spoken":
                return
            for pcm in segment.pieces:
                self.audio.append(Piece(self.spoken, self.next_in_order, pcm))
                self.held_bytes -= min(held(pcm), max(0, self.released - self.spoken))
                self.spoken += len(pcm)
            segment.pieces = ()
            self.next_in_order += 1

    def pieces_of(self, segment: int) -> tuple[Pcm, ...]:
        """What is still here of the audio of one segment, in order or not."""
        if segment >= self.next_in_order:
            return self.segments[segment].pieces
        return tuple(piece.pcm for piece in self.audio[self._pieces_in_order(segment)])

    def _pieces_in_order(self, segment: int) -> slice:
        """Where the audio of this segment stands in `audio`."""
        start = bisect_left(self.audio, segment, key=lambda piece: piece.segment)
        return slice(
            start, bisect_right(self.audio, segment, start, key=lambda piece: piece.segment)
        )

    def move_to_file(self, segment: int, stored: Pcm) -> None:
        """Give up the memory of a segment's audio, which lies in a file by now.

        Some of it may have left the memory already; the file has all of it, and stays known.
        """
        self.segments[segment].pieces = (stored,)
        place = self._pieces_in_order(segment)
        own = self.audio[place]
        if own:
            start, end = own[0].offset, own[-1].end
            rest = stored[len(stored) - (end - start) :]
            self.audio[place] = [Piece(start, segment, rest)]
        self.listen_from(self.released)

    def take_back(self, lost: set[int]) -> None:
        """Put the audio in order anew, without the segments `lost`: they are to be spoken again.

        For a complete job whose other segments are all in files.
        """
        for index, segment in enumerate(self.segments):
            if index in lost:
                segment.state, segment.pieces = "waiting", ()
                self.chars_left += segment.size
                self.segments_spoken -= 1
            elif not segment.pieces:
                segment.pieces = self.pieces_of(index)
        self.audio.clear()
        self.spoken = self.kept = self.next_in_order = self.next_segment = 0
        self.skip_spoken()
        self.listen_from(self.released)
        self.put_in_order()

    def listen_from(self, offset: int) -> None:
        """The listener has the bytes before `offset`; nothing after it counts as released."""
        self.released = offset
        ahead = self.segments[self.next_in_order : self.next_segment]
        self.held_bytes = sum(held(pcm) for s in ahead for pcm in s.pieces)
        if not self.request.durable or not self.ended:  # Its audio is in files.
            start = self._releasable_from()
            for piece in islice(self.audio, start, None):
                self.held_bytes += min(held(piece.pcm), piece.end - offset)

    def _releasable_from(self) -> int:
        """Found by halving, for what was released and is kept may be thousands of pieces."""
        return bisect_right(self.audio, self.released, key=lambda piece: piece.end)

    def releasable(self) -> list[Piece]:
        """The next pieces after `released`, in order, some of them if there are many. Credit is the
        caller's business.
        """
        start = self._releasable_from()
        return self.audio[start : start + _PIECES_AT_ONCE]


HELD_BYTES_MAX = 2 * 1024 * 1024
"""Spoken and unreleased audio at which a job gets no further worker: about 20 s at 24 kHz."""

_PIECES_AT_ONCE = 64

CUT_AHEAD = 32
"""Segments of a job that are cut before their turn: a slice of its text has a dozen."""

STORY_LINES = 400

LEFT_OUT = "left out"
