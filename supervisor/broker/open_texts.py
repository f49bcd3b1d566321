"""Texts that come as they are written: APPEND and FINISH of open jobs.

What has come is held back until it will not change (`core.jobs.settling`); then it is prepared and
cut like any text, in turns with all others, and its parts go to the job. A writer may take its
time: nothing waits for it but its own listener. Of a durable job what comes here is written down
already (`core.jobs.writing`), and a writer that never comes back is waited for within bounds.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from supervisor.broker.cutting import TextReader, Turns
from supervisor.broker.refused import Refused
from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.request import Unread
from supervisor.core.jobs.settling import LONGEST, settled
from supervisor.core.jobs.timings import SAMPLE_BYTES
from supervisor.core.jobs.unreadable import has_speech, signs
from supervisor.speech import LeftOut
from supervisor.wire.codec import Body

PAUSE_S: Final = 0.25
"""Nothing written for so long is a pause of the writer."""

AHEAD_S: Final = 1.0
"""A listener with less of the audio to come is given a clause as soon as it is there."""

NOT_YET_S: Final = 0.1
"""Time until it is looked again whether the engines are known, after the start."""

_UNSAID: Final = 256
"""Characters that are kept of a text in which nothing is said so far."""

Read = Callable[[str, bool], TextReader]
"""Makes the reader of a stretch of text; the flag: something of the text was cut before."""

Prepared = tuple[Read, str]
"""That, and the language of the text."""

Prepare = Callable[[], Prepared | None]
"""Finds both; None: not yet. Raises Refused."""


class OpenText(msgspec.Struct, eq=False):
    """The text of one open job. `waiting` has come and is not settled; `flushed` characters of it
    are to be spoken in any case. `reader` reads a stretch that was taken out, which begins with
    character `at` of the text; `taken` are the characters up to its end. `prepare` makes `read`.
    """

    job: str
    prepare: Prepare
    most_bytes: int
    decoder: codecs.IncrementalDecoder
    read: Read | None = None
    language: str = ""
    size: int = 0
    waiting: str = ""
    at: int = 0
    taken: int = 0
    flushed: int = 0
    finished: bool = False
    begun: bool = False
    unsaid: str = ""
    """The beginning of a text, as long as nothing in it is said: signs, or an emoji."""
    queued: bool = False
    written_at: float = 0.0
    reader: TextReader | None = None
    timer: asyncio.TimerHandle | None = None
    bound: asyncio.TimerHandle | None = None
    """Ends the text if nothing is written for long."""

    def add(self, body: Body, now: float, *, flush: bool, final: bool = False) -> None:
        """Take more of the text. Raises Refused for one that is none, or too long."""
        self.size += len(body)
        if self.size > self.most_bytes:
            raise _bad(f"the text has more than {self.most_bytes} bytes")
        try:
            text = self.decoder.decode(bytes(body), final)
        except UnicodeDecodeError as error:
            raise _bad(f"the text is not UTF-8: {error.reason}") from None
        if "\0" in text:
            raise _bad("the text has a NUL character")
        self.waiting += text
        self.written_at = now
        if flush or final:
            self.flushed = len(self.waiting)

    def next_stretch(self, now: float, *, hungry: bool) -> str:
        """Take out what may be spoken now; empty where nothing may."""
        if 0 < self.flushed <= LONGEST:
            size = self.flushed
        else:
            primary = self.language.partition("-")[0]
            paused = now - self.written_at >= PAUSE_S
            size = settled(self.waiting, primary, hungry=hungry, paused=paused)
        stretch, self.waiting = self.waiting[:size], self.waiting[size:]
        self.at, self.taken = self.taken, self.taken + size
        self.flushed = max(0, self.flushed - size)
        return stretch


class OpenTexts:
    """The texts of all open jobs. `tell` takes events, `find` finds a job that has not ended;
    `patience` is how long the next of a durable text may take, in seconds.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        turns: Turns,
        tell: Callable[[e.Event], None],
        find: Callable[[str], Job | None],
        patience: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._turns = turns
        self._tell = tell
        self._find = find
        self._patience = patience
        self._texts: dict[str, OpenText] = {}

    def begin(self, job: str, prepare: Prepare, most_bytes: int, body: Body) -> None:
        """Open the text of a job, which begins with `body`."""
        self._open_text(job, prepare, most_bytes)
        self.append(job, body, flush=False)

    def go_on(self, job: Job, prepare: Prepare, most_bytes: int, unread: Unread) -> None:
        """Read the text of a durable job, as far as it was not read in an earlier epoch."""
        text = self._open_text(job.id, prepare, most_bytes)
        text.taken = unread.at
        text.begun = bool(job.segments)
        text.size = unread.size - len(unread.body)
        flushed = unread.body[: unread.flushed]
        if flushed:
            self.append(job.id, flushed, flush=True)
        self.append(job.id, unread.body[len(flushed) :], flush=False)
        if unread.ended:
            self.finish(job.id)

    def _open_text(self, job: str, prepare: Prepare, most_bytes: int) -> OpenText:
        self._forget_ended()
        decoder = codecs.getincrementaldecoder("utf-8")()
        text = self._texts[job] = OpenText(job, prepare, most_bytes, decoder)
        return text

    def append(self, job: str, body: Body, *, flush: bool) -> bool:
        """Take more of a text; False where this job's text is not open."""
        text = self._open(job)
        if text is None:
            return False
        self._add(text, body, flush=flush)
        return True

    def finish(self, job: str) -> bool:
        """End a text; False where this job's text is not open."""
        text = self._open(job)
        if text is None:
            return False
        text.finished = True
        self._add(text, b"", flush=True, final=True)
        return True

    def finish_all(self) -> None:
        """End every text as it stands: the supervisor stops. The next one goes on with a durable
        one.
        """
        for id in list(self._texts):
            job = self._find(id)
            if job is not None and not job.request.durable:
                self.finish(id)

    def _open(self, job: str) -> OpenText | None:
        text = self._texts.get(job)
        return None if text is None or text.finished or self._find(job) is None else text

    def _add(self, text: OpenText, body: Body, *, flush: bool, final: bool = False) -> None:
        try:
            text.add(body, self._loop.time(), flush=flush, final=final)
        except Refused as refused:
            self._refuse(text, refused)
        else:
            self._queue(text)
            self._wait_for_more(text)

    def _wait_for_more(self, text: OpenText) -> None:
        """End a durable text as it stands if its writer does not come back."""
        if text.bound is not None:
            text.bound.cancel()
            text.bound = None
        job = self._find(text.job)
        if job is not None and job.request.durable and not text.finished:
            text.bound = self._loop.call_later(self._patience(), self._end, text)

    def _end(self, text: OpenText) -> None:
        text.bound = None
        job = self._find(text.job)
        if job is not None and job.written is not None:
            now = self._loop.time()
            job.note(now, "nothing written for long")
            end = e.TextWritten(
                now=now, job=job.id, client=b"", reference="", at=job.written, last=True
            )
            self._tell(end)
            self._wait_for_more(text)  # The journal may not be able to take the end.

    def _queue(self, text: OpenText) -> None:
        if not text.queued:
            text.queued = True
            self._turns.add(partial(self._turn, text))

    def _turn(self, text: OpenText) -> bool:
        """Read a little of a text; True if there is more to read at once."""
        job = self._find(text.job)
        if job is None:
            self._drop(text)
            return False
        try:
            if not self._ready(text):
                text.queued = False
                text.timer = text.timer or self._loop.call_later(NOT_YET_S, self._look_again, text)
                return False
            more = self._read(text, job)
        except Refused as refused:
            self._refuse(text, refused)
            return False
        text.queued = more
        if not more and text.finished:
            self._name_signs(text)
            self._drop(text)
            self._tell(e.TextEnded(self._loop.time(), text.job))
        elif not more and text.timer is None:
            wait_s = self._wait_s(text, job)
            if wait_s is not None:
                text.timer = self._loop.call_later(wait_s, self._look_again, text)
        return more

    def _wait_s(self, text: OpenText, job: Job) -> float | None:
        """Seconds until more of a text may be settled, though nothing is written; None: never."""
        now = self._loop.time()
        if not text.waiting.strip():
            return None
        if now - text.written_at < PAUSE_S:
            return text.written_at + PAUSE_S - now
        return None if _is_hungry(job, now) else max(PAUSE_S, _left_s(job, now) - AHEAD_S)

    def _look_again(self, text: OpenText) -> None:
        text.timer = None
        self._queue(text)

    @staticmethod
    def _ready(text: OpenText) -> bool:
        """Whether it is known how the text is read. Raises Refused."""
        if text.read is None:
            prepared = text.prepare()
            if prepared is None:
                return False
            text.read, text.language = prepared
        return True

    def _read(self, text: OpenText, job: Job) -> bool:
        """Take a stretch that is settled, or go on with one. Raises Refused."""
        if text.reader is None and text.read is not None:
            now = self._loop.time()
            stretch = text.next_stretch(now, hungry=_is_hungry(job, now))
            if not text.begun:
                text.unsaid = (text.unsaid + stretch)[:_UNSAID]
            if not has_speech(stretch) and "[" not in stretch:  # As a silence that is asked for.
                return bool(stretch)
            text.reader = text.read(stretch, text.begun)
        if text.reader is None:
            return False
        text.reader.read(self._loop.time)
        if text.reader.ended:
            parts = text.reader.parts()
            left_out = tuple(_moved(place, text.at) for place in text.reader.left_out)
            text.reader = None
            text.begun = text.begun or bool(parts)
            now = self._loop.time()
            self._tell(e.TextAppended(now, text.job, parts, left_out, text.taken))
        return True

    def _name_signs(self, text: OpenText) -> None:
        """Have signs or an emoji named that are the whole text, as where it is not open."""
        if text.begun or text.read is None or not text.unsaid.strip():
            return
        reader = text.read(text.unsaid, text.begun)
        try:
            while not reader.ended:
                reader.step()
        except Refused:  # Nothing of it can be seen.
            return
        parts, _rest = reader.take()
        if has_speech(parts[0].text) or signs(parts[0].text):
            self._tell(e.TextAppended(self._loop.time(), text.job, parts, (), text.taken))

    def _refuse(self, text: OpenText, refused: Refused) -> None:
        self._drop(text)
        self._tell(e.TextRefused(self._loop.time(), text.job, str(refused)))

    def _drop(self, text: OpenText) -> None:
        self._texts.pop(text.job, None)
        text.queued = False
        if text.timer is not None:
            text.timer.cancel()
            text.timer = None
        if text.bound is not None:
            text.bound.cancel()
            text.bound = None

    def _forget_ended(self) -> None:
        for text in [text for text in self._texts.values() if self._find(text.job) is None]:
            self._drop(text)


def _is_hungry(job: Job, now: float) -> bool:
    """Whether the listener will soon have heard all that is spoken or being spoken."""
    if job.running or job.cuts_waiting or job.next_segment < len(job.segments):
        return False
    return _left_s(job, now) < AHEAD_S


def _left_s(job: Job, now: float) -> float:
    """Seconds of audio that a listener has not heard yet who listens from the beginning on."""
    if job.started_at is None:
        return 0.0
    spoken_s = job.audio.end / SAMPLE_BYTES / job.request.sample_rate
    return max(0.0, spoken_s - (now - job.started_at))


def _moved(place: LeftOut, by: int) -> LeftOut:
    """A place in a stretch of the text as one in the whole."""
    return place if place.at is None else msgspec.structs.replace(place, at=place.at + by)


def _bad(message: str) -> Refused:
    return Refused("bad_text", message, field="text")
