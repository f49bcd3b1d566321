"""A job and its segments: their states, the tables of transitions, and the progress of the work.

A job has parts, each of which belongs to one module: its `place` to `queue`, its `work` to
`admission`, its `audio` to `audio` (`release` takes from it). The listener is set by `release`
alone. Everything else changes through the methods of `Job`, which event handlers call; other
modules read.

Of the segments those before `next_in_order` are spoken, with their audio in `audio`. Those
before `next_segment` were given to a worker or came from a journal, except for the ones in
`retries`, which were lost with their worker, and in `yielded`, which gave theirs up. Text that is
not cut yet is in `rest`.

A segment may be cut in two just before it runs (`breath`, `shorten`). For clients both are one
segment, of the `number` that it has in a text that is cut as ever.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from supervisor.core.jobs import breaths
from supervisor.core.jobs.audio import JobAudio, Pcm
from supervisor.core.jobs.classes import by_rule
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import LeftOut, RequestClass

JobState = Literal["queued", "running", "done", "failed", "cancelled", "expired", "quarantined"]
FailureCode = Literal["bad_text", "cancelled", "expired", "failed", "poison", "conflict"]
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
"""Transitions of a job. A state without one is an outcome; a job has exactly one outcome."""

OUTCOMES: frozenset[JobState] = frozenset(s for s, ways in TRANSITIONS.items() if not ways)

SEGMENT_TRANSITIONS: dict[SegmentState, frozenset[SegmentState]] = {
    "waiting": frozenset({"running", "spoken"}),  # The journal may have it from an earlier epoch.
    "running": frozenset({"waiting", "storing", "spoken"}),  # Lost with its worker, or answered.
    "storing": frozenset({"spoken"}),
    "spoken": frozenset({"waiting"}),  # Its audio is lost, and it is to be spoken again.
}
"""Transitions of a segment; one whose job has ended stays in its state."""

CUT_AHEAD = 32
"""Segments of a job that are cut before their turn: a slice of its text has a dozen."""

LATE = "the deadline has passed"
"""The message of a job that ends, or is refused, because it is due."""

STORY_LINES = 400

MOST_UNREADABLE = 16
"""Segments that a client is told of one by one, because their engine cannot read them."""

MOST_LEFT_OUT = 64
"""Places that a client is told of at the end of an open job."""

LEFT_OUT = "left out"


_DROPPED = Part("")


class Segment(msgspec.Struct, gc=False):
    """One part of a job's text, `size` characters long, and its state.

    `number` is its place for clients, and for its seed: as if none before had been cut in two.
    `part` is dropped once it cannot be needed again. `kills` counts the workers that were lost
    while they ran it, `preempted` how often it was interrupted for another. `pieces` is its audio,
    until all earlier segments are spoken; `name` and `key` are for the cache: `repeats` gives them.
    """

    part: Part
    size: int
    number: int
    state: SegmentState = "waiting"
    attempt: int = 0
    kills: int = 0
    preempted: int = 0
    pieces: tuple[Pcm, ...] = ()
    name: int = 0
    key: bytes = b""

    def move(self, state: SegmentState) -> None:
        """Change the state along SEGMENT_TRANSITIONS. Raises ValueError for any other way."""
        if state not in SEGMENT_TRANSITIONS[self.state]:
            raise ValueError(f"a segment has no way from {self.state} to {state}")
        self.state = state

    def drop(self) -> None:
        """Drop the text: it is not needed any more."""
        self.part = _DROPPED


class Place(msgspec.Struct, gc=False):
    """A job's place in the queue, which alone changes it.

    `ticket` names its entry in the queue, 0 for none. `share` is what its class had when it
    last ran.
    """

    ticket: int = 0
    rank: float = 0.0
    share: float = 1.0


class Work(msgspec.Struct, gc=False):
    """The predicted work of a job, which admission alone changes.

    `rate` is in seconds for a character, and may be a mere guess; `seconds` are left to do, as
    they were last counted.
    """

    rate: float = 0.0
    guessed: bool = False
    seconds: float = 0.0


class Job:
    """A request that is being spoken. `client` is the connection that listens, None for none.

    `owner` may see the job; its work is charged to the client `flow`. `reference` is the
    listener's name for the request, which comes back in ACCEPTED.
    """

    __slots__ = (
        "accepted_at",
        "audio",
        "cached",
        "chars",
        "chars_left",
        "client",
        "code",
        "cuts_waiting",
        "cutting",
        "due",
        "ended_at",
        "flow",
        "id",
        "left_out",
        "message",
        "next_in_order",
        "next_segment",
        "open",
        "owner",
        "place",
        "reference",
        "request",
        "request_class",
        "rest",
        "retried",
        "retries",
        "running",
        "segments",
        "segments_spoken",
        "segments_told",
        "splits",
        "started_at",
        "state",
        "story",
        "synthesis_s",
        "unreadable",
        "work",
        "written",
        "yielded",
    )

    def __init__(
        self, id: str, request: JobRequest, *, owner: str, flow: str, now: float, credit: int = 0
    ) -> None:
        self.id = id
        self.owner = owner
        self.flow = flow
        self.client: bytes | None = None
        self.reference = ""
        self.request = request
        self.due = math.inf if request.deadline is None else request.deadline
        """The time from which it is late."""
        self.segments: list[Segment] = []
        """The segments cut so far: the text is cut while it is spoken."""
        self.segments_told = 0
        """Number of these, as clients count them."""
        size = self._add(request.segments)
        self.rest, self.open = request.rest, request.open
        """What is not cut yet, and whether more text may come."""
        self.written: int | None = None
        """Bytes of a durable text that the journal has while more may be added; else None."""
        self.cuts_waiting = 0
        """Cuts of such a text that the journal does not have yet."""
        self.cutting = False
        """Whether a cut of the rest was asked for and is not done."""
        self.chars = size if self.rest is None else size + len(self.rest)
        """Length of its text, counted as bytes too: a character takes one at least."""
        self.chars_left = self.chars
        """Characters that have not been spoken yet."""
        self.state: JobState = "queued"
        self.accepted_at = now
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.message = ""
        """Why it ended without success."""
        self.code: FailureCode | None = None
        """The same for programs; None where only the outcome is known, from the journal."""
        self.place = Place()
        self.work = Work()
        self.audio = JobAudio(credit)
        self.next_segment = self.next_in_order = 0
        self.retries, self.yielded = list[int](), list[int]()
        self.splits: list[int] = []
        """Segments that are the rest of the one before, in their order."""
        self.request_class: RequestClass = request.request_class or by_rule(
            self.segments_expected, durable=request.durable, open=request.open
        )
        self.left_out, self.unreadable = request.left_out, 0
        """What of its text is not read, and how many segments are among it: these are known once
        they were tried."""
        self.running = 0
        """Segments that a worker has now."""
        self.retried = self.segments_spoken = self.cached = 0
        """The last: segments that no worker spoke for this job."""
        self.synthesis_s = 0.0
        self.story: list[tuple[float, str, *tuple[object, ...]]] = []
        """Time, event and details; flat, so that the garbage collector need not look at it."""

    # -- its state ----------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the job has its outcome."""
        return self.state in OUTCOMES

    @property
    def failed(self) -> bool:
        """Whether the job ended without success: a client that attaches is told only that."""
        return self.state in OUTCOMES and self.state != "done"

    @property
    def complete(self) -> bool:
        """Whether every segment is spoken."""
        all_spoken = self.next_in_order == len(self.segments) and self.rest is None
        return all_spoken and not self.open

    @property
    def kept_from(self) -> int:
        """The first byte that a client could still be sent."""
        return 0 if self.failed else self.audio.kept_from

    def move(self, state: JobState) -> None:
        """Change the state along TRANSITIONS. Raises ValueError for a way that does not exist."""
        if state not in TRANSITIONS[self.state]:
            raise ValueError(f"job {self.id}: no way from {self.state} to {state}")
        self.state = state

    def end(
        self, now: float, outcome: JobState, message: str = "", code: FailureCode | None = None
    ) -> None:
        """Give the job its outcome. Its text is dropped, and its audio unless it is done.

        Raises ValueError for an outcome that it cannot have.
        """
        self.move(outcome)
        self.ended_at, self.message, self.code = now, message, code
        self.note(now, outcome, message)
        if outcome != "done":
            self.audio.clear()
        self.request = msgspec.structs.replace(self.request, segments=(), rest=None, asked=b"")
        self.rest = None
        self.open = False
        self.written = None
        for segment in self.segments:
            segment.drop()

    def restore(self, outcome: JobState, message: str, ended_at: float | None) -> None:
        """Restore the outcome of a job that ended in an earlier epoch of the supervisor."""
        self.state, self.message, self.ended_at = outcome, message, ended_at

    def note(self, now: float, what: str, *details: object) -> None:
        """Add a line to the story; of a long story the beginning and the end are kept."""
        self.story.append((now, what, *details))
        if len(self.story) > STORY_LINES:
            self._shorten_story()

    def _shorten_story(self) -> None:
        """Replace lines in the middle by one that counts them."""
        start, end = STORY_LINES // 4, STORY_LINES // 2
        at, count = self.story[start][0], 0
        for _at, what, *details in self.story[start:end]:
            count += int(str(details[0])) if what == LEFT_OUT else 1
        self.story[start:end] = [(at, LEFT_OUT, count)]

    # -- its text -----------------------------------------------------------------------

    @property
    def segments_expected(self) -> int:
        """Number of its segments; estimated from its length while not all is cut."""
        known = len(self.segments)
        if self.rest is None:
            return known
        spoken = self.chars - len(self.rest)
        return known + max(1, round(len(self.rest) * known / spoken)) if known and spoken else 1

    def ask_for_cut(self) -> bool:
        """Whether a slice of its text is to be cut soon; True only once until that is done."""
        if self.rest is None or self.cutting:
            return False
        self.cutting = len(self.segments) - self.next_segment < CUT_AHEAD
        return self.cutting

    def cut(self) -> None:
        """Cut one more slice of the text; there may be nothing to speak in it."""
        if self.rest is None:
            return
        before = len(self.rest)
        parts, self.rest = self.rest.slice()
        self.cutting = False
        after = 0 if self.rest is None else len(self.rest)
        self.chars_left += self._add(parts) + after - before

    def append(self, parts: tuple[Part, ...], left_out: tuple[LeftOut, ...]) -> int:
        """Add more of an open job's text; returns its size."""
        size = self._add(parts)
        self.chars += size
        self.chars_left += size
        self.left_out = (*self.left_out, *left_out)[:MOST_LEFT_OUT]
        return size

    def _add(self, parts: Iterable[Part]) -> int:
        """Add segments behind the others; returns their size."""
        size = 0
        for part in parts:
            self.segments.append(Segment(part, len(part.text), self.segments_told))
            self.segments_told += 1
            size += len(part.text)
        return size

    def breath(self, max_chars: int) -> tuple[Part, Part] | None:
        """The segment that is next as two parts, cut at a breath; None where it is not that long,
        or its audio is promised to be the same at every attempt.
        """
        language = self.request.recut
        if language is None or self.segments[self.next_segment].size <= max_chars:
            return None
        part = self.segments[self.next_segment].part
        whole = len(part.text)
        cut = breaths.cut(part.text, part.ends, language, first_limit=max_chars, limit=whole)
        parts = [Part(each.text, each.ends, part.prosody) for each in cut]
        return (parts[0], parts[1]) if len(parts) == 2 else None

    def shorten(self, first: Part, rest: Part) -> None:
        """Cut the segment that is next in these two."""
        index, size = self.next_segment, len(first.text)
        whole = self.segments[index]
        self.segments[index : index + 1] = [
            Segment(first, size, whole.number),
            Segment(rest, whole.size - size, whole.number),
        ]
        self.splits.append(index + 1)

    def end_text(self) -> None:
        """Note that no more text comes."""
        self.open = False

    # -- its segments -------------------------------------------------------------------

    @property
    def upcoming(self) -> int:
        """The segment that is next if there is one: one to run again, else the first left."""
        again = self.retries or self.yielded
        return min(again) if again else self.next_segment

    def run(self, now: float, worker: int) -> int:
        """Give a worker the segment that is next."""
        index = self._begin_next(now)
        segment = self.segments[index]
        segment.attempt += 1
        self.note(now, "running", index, worker, segment.attempt)
        return index

    def recall(self, now: float) -> None:
        """Have the segment that is next run without a worker: its audio is known, or will be."""
        self._begin_next(now)

    def _begin_next(self, now: float) -> int:
        if again := self.retries or self.yielded:
            index = min(again)
            again.remove(index)
        else:
            index = self.next_segment
            self.next_segment += 1
            if self.next_segment < len(self.segments):
                self.skip_spoken()
        if self.state == "queued":
            self.move("running")
            self.started_at = now
        self.segments[index].move("running")
        self.running += 1
        return index

    def skip_spoken(self) -> None:
        """Move `next_segment` past segments that the journal has already."""
        while (
            self.next_segment < len(self.segments)
            and self.segments[self.next_segment].state != "waiting"
        ):
            self.next_segment += 1

    def answered(
        self, now: float, index: int, worker: int, pieces: tuple[Pcm, ...], seconds: float
    ) -> None:
        """Take the audio of a segment, which a worker spoke in `seconds`."""
        self.synthesis_s += seconds
        self.note(now, "spoken", index, worker, seconds)
        self._finish(index, pieces)

    def recalled(self, now: float, index: int, pieces: tuple[Pcm, ...]) -> None:
        """Take the audio of a segment that no worker spoke for this job."""
        self.cached += 1
        self.note(now, "cached", index)
        self._finish(index, pieces)

    def alone(self, now: float, index: int) -> None:
        """Have a segment spoken that waited for another one's audio in vain."""
        self.segments[index].move("waiting")
        self.running -= 1
        self.retries.append(index)
        self.note(now, "not cached", index)

    def _finish(self, index: int, pieces: tuple[Pcm, ...]) -> None:
        segment = self.segments[index]
        if self.request.durable:
            segment.move("storing")
        else:
            segment.move("spoken")
            segment.drop()
        self.running -= 1
        self._put_in(segment, pieces)

    def leave_out(self, now: float, index: int, why: str) -> None:
        """Note that a segment is silent, because its engine could not read it."""
        self.note(now, "unreadable", index)
        self.unreadable += 1
        more = self.unreadable - MOST_UNREADABLE
        before = self.left_out if more <= 1 else self.left_out[:-1]
        what = (
            f"segment {self.segments[index].number}: {why}"
            if more <= 0
            else f"{more} more segments"
        )
        self.left_out = (*before, LeftOut(what=what))

    def refused(self, now: float, index: int, worker: int) -> None:
        """Note that a worker has no audio for a segment: the job is about to end."""
        self.running -= 1
        self.note(now, "refused", index, worker)

    def lost(self, now: float, index: int, worker: int, reason: str) -> int:
        """Take back a segment whose worker was lost; returns how many workers it has cost."""
        segment = self.segments[index]
        segment.move("waiting")
        segment.kills += 1
        self.running -= 1
        self.note(now, "worker lost", index, worker, reason)
        return segment.kills

    def give_up(self, now: float, index: int, worker: int) -> None:
        """Take back a segment that was interrupted for another one."""
        segment = self.segments[index]
        segment.move("waiting")
        segment.preempted += 1
        self.running -= 1
        self.yielded.append(index)
        self.note(now, "interrupted", index, worker)

    def retry(self, index: int) -> None:
        """Queue a lost segment to run again, before all others."""
        self.retries.append(index)
        self.retried += 1

    def recover(self, index: int, stored: Pcm) -> None:
        """Take the audio of a segment from an earlier epoch's journal."""
        segment = self.segments[index]
        segment.move("spoken")
        self._put_in(segment, (stored,))

    def stored(self, index: int, pieces: tuple[Pcm, ...]) -> None:
        """Take the journal's answer for a segment: its audio in a file, or as it was."""
        segment = self.segments[index]
        segment.move("spoken")
        self.audio.add(pieces, instead_of=segment.pieces)
        segment.pieces = pieces

    def _put_in(self, segment: Segment, pieces: tuple[Pcm, ...]) -> None:
        self.chars_left -= segment.size
        self.segments_spoken += 1
        segment.pieces = pieces
        self.audio.add(pieces)

    # -- its audio ----------------------------------------------------------------------

    def put_in_order(self) -> None:
        """Move the audio of segments whose turn has come to `audio`."""
        while self.next_in_order < len(self.segments):
            segment = self.segments[self.next_in_order]
            if segment.state != "spoken":
                return
            self.audio.append(self.next_in_order, segment.pieces)
            segment.pieces = ()
            self.next_in_order += 1

    def pieces_of(self, segment: int) -> tuple[Pcm, ...]:
        """The audio that is still here of one segment, in order or not."""
        if segment >= self.next_in_order:
            return self.segments[segment].pieces
        return self.audio.of(segment)

    def move_to_file(self, segment: int, stored: Pcm) -> None:
        """Replace a segment's audio in memory by the file that has it.

        Some of it may have been dropped already; the file has all of it.
        """
        self.segments[segment].pieces = (stored,)
        self.audio.move_to_file(segment, stored)
        self.listen_from(self.audio.released)

    def take_back(self, lost: set[int]) -> None:
        """Put the audio in order anew, without the segments `lost`: they are to be spoken again.

        For a complete job whose other segments are all in files.
        """
        for index, segment in enumerate(self.segments):
            if index in lost:
                segment.move("waiting")
                segment.pieces = ()
                self.chars_left += segment.size
                self.segments_spoken -= 1
            elif not segment.pieces:
                segment.pieces = self.pieces_of(index)
        self.audio.begin_again()
        self.next_in_order = self.next_segment = 0
        self.skip_spoken()
        self.listen_from(self.audio.released)
        self.put_in_order()

    def listen(self, offset: int, credit: int) -> None:
        """Release from `offset` on to a new listener with `credit`, which has the bytes before."""
        self.audio.grant(credit - self.audio.credit)
        self.listen_from(offset)

    def listen_from(self, offset: int) -> None:
        """Count audio as released up to `offset`: the listener has the bytes before it."""
        self.audio.listen_from(offset, self.held_after(offset))

    def held_after(self, offset: int) -> int:
        """Bytes of audio in memory beyond the first `offset` bytes."""
        if self.ended and self.request.durable:
            return 0  # Its audio is in files.
        ahead = self.segments[self.next_in_order : self.next_segment]
        return self.audio.held_after(offset, (pcm for segment in ahead for pcm in segment.pieces))
