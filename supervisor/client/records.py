"""Records of what is still to come from the supervisor: an answer, or a job's audio.

`protocol.Conversation` fills them and the shells read them; they do no I/O and know no clock.
`listeners` are called when a record has changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from supervisor.client.audio import BYTES_PER_SAMPLE, Progress, Timings
from supervisor.client.errors import NoSupervisor, SupervisorError
from supervisor.client.open_text import OpenText
from supervisor.speech import Word
from supervisor.wire.client import Accepted, Chunk, End, Event, Report, Watching, Welcome
from supervisor.wire.codec import MAX_CHUNK_BYTES, Body
from supervisor.wire.events import Backlog, EventsLost

T = TypeVar("T", Welcome, Report)


class Pending:
    """A request whose answer is to come; `error` is set when it will not."""

    def __init__(self) -> None:
        self.error: SupervisorError | None = None
        self.listeners: set[Callable[[], None]] = set()

    def fail(self, error: SupervisorError) -> None:
        """End with this error."""
        self.error = error
        self.changed()

    def changed(self) -> None:
        """Wake who waits for it."""
        for listener in self.listeners:
            listener()


class Answer(Pending, Generic[T]):
    """One message that answers one request."""

    def __init__(self) -> None:
        super().__init__()
        self.value: T | None = None

    @property
    def settled(self) -> bool:
        """Whether the answer, or an error in its place, has come."""
        return self.value is not None or self.error is not None

    def result(self) -> T:
        """The answer. Raises the error that came in its place."""
        if self.value is None:
            raise self.error or NoSupervisor("no answer")
        return self.value

    def settle(self, value: T) -> None:
        """Take the answer."""
        self.value = value
        self.changed()


class WatchRecord(Pending):
    """What one watches. `backlog` holds the events that came and were not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self.watching: Watching | None = None
        self.backlog: Backlog[Event] = Backlog(self._lost)
        self._last: Event | None = None

    @property
    def answered(self) -> bool:
        """Whether the request was granted or refused."""
        return self.watching is not None or self.error is not None

    @property
    def readable(self) -> bool:
        """Whether an event, or the error that ended it all, can be taken."""
        return bool(self.backlog) or self.error is not None

    def begin(self, message: Watching) -> None:
        """Take WATCHING."""
        self.watching = message
        self.changed()

    def add(self, event: Event) -> None:
        """Add an event that came."""
        self._last = event
        if not self.backlog.put(event) and isinstance(event.about, EventsLost):
            self.backlog.miss((event.about.lost or 0) - 1)
        self.changed()

    def _lost(self, count: int) -> Event:
        number, at = (0, 0.0) if self._last is None else (self._last.number, self._last.at)
        return Event(number, at, EventsLost(count))


class JobRecord(Pending):
    """One job as this client sees it.

    `ready` holds the PCM pieces that arrived and were not taken yet: at most the
    credit granted and one chunk. Byte counts are positions in the
    job's PCM stream: `received` starts at the offset asked for when attaching.
    `end` and `timings` come together. Times are the client's monotonic seconds. `words` have come
    with the audio and were not taken yet, their times those in the job's audio.
    """

    def __init__(self, request: str, credit: int, submitted_at: float, offset: int = 0) -> None:
        super().__init__()
        self.request = request
        self.submitted_at = submitted_at
        self.accepted: Accepted | None = None
        self.end: End | None = None
        self.timings: Timings | None = None
        self.ready: deque[Body] = deque()
        self.words: list[Word] = []
        self.received = offset
        self.granted = offset + credit
        self.taken = offset
        self.first_audio_at: float | None = None
        self._skip_to: tuple[int, int] | None = None
        """Segment, and bytes of it, up to which the caller has the audio from an earlier
        supervisor."""
        self._skip = 0
        """The same in bytes from the beginning, once that is known."""
        self._segment = self._segment_at = 0
        """The segment that came last, and the byte at which it begins."""
        self.before_segments = self.before_bytes = 0
        """What of the text's audio stands before this job's: a job that goes on in the middle of a
        text counts its own from 0."""
        self._asked_from: tuple[int, int] | None = None
        """The same as it was asked for, until ACCEPTED tells whether it is so."""
        self.text: OpenText | None = None
        """That of a durable open job."""

    @property
    def answered(self) -> bool:
        """Whether the request was accepted or refused."""
        return self.accepted is not None or self.error is not None

    @property
    def ended(self) -> bool:
        """Whether END or an error has come; pieces may still be `ready`."""
        return self.end is not None or self.error is not None

    @property
    def readable(self) -> bool:
        """Whether a piece of audio, or the end, can be taken."""
        return bool(self.ready) or self.ended

    @property
    def progress(self) -> Progress:
        """Segments and seconds of audio received; audio comes in order, so it is a count."""
        if self.accepted is None:
            return Progress(0, 0, 0.0)
        received = self.before_bytes + self.received
        seconds = received / BYTES_PER_SAMPLE / self.accepted.sample_rate
        before = self.before_segments
        if self.end is not None:
            segments = before + self.end.segments
            return Progress(segments, segments, seconds)
        total = before + max(self.accepted.segments, self._segment + 1)
        return Progress(before + self._segment, total, seconds, self.accepted.estimated)

    @property
    def segment(self) -> int:
        """The segment of the text that came last, counted from the first of all."""
        return self.before_segments + self._segment

    @property
    def progressed(self) -> bool:
        """Whether there came audio that the caller did not have from an earlier supervisor."""
        return self.received > self._skip

    def skip_heard(self, lost: JobRecord, *, from_segment: bool = False) -> None:
        """Leave out what came of the same text before. Segments are counted, and of the last one
        its bytes: those before may have been cut at other places, and be longer or shorter. With
        `from_segment` the job was asked for from that segment on.
        """
        if lost.received:
            self._skip_to = lost.segment, lost.received - lost._segment_at
        if from_segment:
            self._asked_from = lost.segment, lost.before_bytes + lost._segment_at

    @property
    def skips(self) -> bool:
        """Whether some of its audio is left out."""
        return self._skip_to is not None

    def accept(self, message: Accepted) -> None:
        """Take ACCEPTED: the request became a job. A supervisor of an earlier version speaks all of
        the text, whatever it was asked for.
        """
        self.accepted = message
        if self._asked_from is not None and self._asked_from[0] == message.first_segment:
            self.before_segments, self.before_bytes = self._asked_from
            if self._skip_to is not None:
                self._skip_to = 0, self._skip_to[1]
        self.changed()

    def add(self, message: Chunk, body: Body, now: float) -> str | None:
        """Add the next piece; returns its defect, if any."""
        if message.offset != self.received:
            return f"audio at byte {message.offset} instead of {self.received}"
        if message.segment != self._segment:
            self._segment, self._segment_at = message.segment, message.offset
        self._find_skip()
        self._add_words(message.words, message.offset)
        return self._add(body, now)

    def finish(self, message: End, body: Body, now: float) -> str | None:
        """Add END and its last piece; returns its defect, if any."""
        if body and self._segment < message.segments - 1:
            self._segment, self._segment_at = message.segments - 1, self.received
        self._find_skip()
        self._add_words(message.words, self.received)
        defect = self._add(body, now) if body else None
        if defect is None and message.bytes != self.received:
            defect = f"{self.received} bytes of audio came of {message.bytes}"
        if defect is None:
            self.end = message
            first = self.first_audio_at
            self.timings = Timings(
                first_audio_s=None if first is None else first - self.submitted_at,
                total_s=now - self.submitted_at,
                queued_s=message.queued_s,
                synthesis_s=message.synthesis_s,
            )
            self.changed()
        return defect

    def _find_skip(self) -> None:
        """Find where the caller goes on, which is known when that segment begins."""
        if self._skip_to is None:
            return
        segment, heard = self._skip_to
        if self._segment < segment:
            self._skip = self.received + MAX_CHUNK_BYTES
        elif self._segment == segment:
            self._skip = self._segment_at + heard
        else:
            self._skip = min(self._skip, self._segment_at)

    def _add_words(self, words: tuple[Word, ...], offset: int) -> None:
        """Add the words of a segment that begins at this byte, unless the caller has them."""
        if words and self.accepted is not None and offset >= self._skip:
            begin = (self.before_bytes + offset) / BYTES_PER_SAMPLE / self.accepted.sample_rate
            self.words += [
                Word(word.text, round(begin + word.begin_s, 3), round(begin + word.end_s, 3))
                for word in words
            ]

    def _add(self, body: Body, now: float) -> str | None:
        if not body or len(body) % BYTES_PER_SAMPLE:
            return f"a piece of {len(body)} bytes is not whole samples"
        if self.received >= self.granted or len(body) > MAX_CHUNK_BYTES:
            return f"{len(body)} bytes of audio without credit for them"
        known = min(len(body), max(0, self._skip - self.received))
        self.received += len(body)
        self.taken += known
        if known < len(body):
            self.ready.append(body[known:])
        if self.first_audio_at is None:
            self.first_audio_at = now
        self.changed()
        return None
