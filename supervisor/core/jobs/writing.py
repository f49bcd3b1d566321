"""Writing of durable open texts: each word is in the journal before it counts.

What a client appends goes to the journal first; then the client is told, and the text is read on
(`broker.open_texts`). The parts that it is cut into go there, too, before they are spoken: the next
epoch cuts nothing anew that was heard. The journal gets one piece of a text and one cut of it at a
time, so one that it cannot take leaves no hole: the pieces behind it are refused with it. A cut is
handed in again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from supervisor.core.jobs import events as e
from supervisor.core.jobs.admission import Admission
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import Lifecycle
from supervisor.core.jobs.queue import Queue
from supervisor.core.jobs.release import Release
from supervisor.core.jobs.request import Unread

JOURNAL_RETRY_MS: Final = 2_000
"""Wait named to a client whose job or text the journal could not take."""


class _Text(msgspec.Struct):
    """One open text. `written`: bytes that the journal has, `asked`: that were handed in; `ended`:
    it has the end, `ending`: that was handed in; `flushed`: so many bytes are to be spoken in any
    case. `pieces` wait for the journal, which is given the first; so do `cuts`, of which it is
    given the first if `cutting`.
    """

    written: int = 0
    asked: int = 0
    ended: bool = False
    ending: bool = False
    flushed: int = 0
    cutting: bool = False
    pieces: deque[e.TextWritten] = msgspec.field(default_factory=deque)
    cuts: deque[e.TextAppended | e.TextEnded] = msgspec.field(default_factory=deque)


class Writing:
    """The open texts of durable jobs that have not ended."""

    def __init__(
        self,
        commands: list[e.Command],
        life: Lifecycle,
        release: Release,
        admission: Admission,
        queue: Queue,
    ) -> None:
        self._commands = commands
        self._life = life
        self._release = release
        self._admission = admission
        self._queue = queue
        self._texts: dict[str, _Text] = {}
        self.handlers: dict[type, Callable[[Any], None]] = {
            e.TextWritten: self._text_written,
            e.TextPersisted: self._text_persisted,
            e.CutPersisted: self._cut_persisted,
        }

    def begin(self, job: Job, unread: Unread) -> None:
        """Take a job whose text is open, and have that read on."""
        text = _Text(unread.size, unread.size, unread.ended, unread.ended)
        self._texts[job.id] = text
        job.written = None if text.ended else text.written
        self._commands.append(e.ReadText(job.id, job.request, unread))

    def tick(self) -> None:
        """Hand in again what the journal could not take, and forget the texts of ended jobs."""
        for id, text in list(self._texts.items()):
            job = self._life.jobs.get(id)
            if job is None:
                del self._texts[id]
            elif not text.cutting:
                self._write_cut(job, text)

    # -- what clients append ------------------------------------------------------------

    def _text_written(self, event: e.TextWritten) -> None:
        job, text = self._life.jobs.get(event.job), self._texts.get(event.job)
        if job is None or text is None:
            self._release.refuse(event, "conflict", "the text is ended: nothing can be added to it")
            return
        known = text.asked - event.at
        if known < 0:
            told = f"the text has {text.asked} bytes: the next of it begins there"
            self._release.refuse(event, "out_of_range", told)
        elif text.ending and known < len(event.body):
            self._release.refuse(event, "conflict", "the text is ended: nothing can be added to it")
        else:
            body = event.body[known:]
            piece = msgspec.structs.replace(event, body=body, at=text.asked)
            text.asked += len(body)
            text.ending = text.ending or event.last
            text.pieces.append(piece)
            if len(text.pieces) == 1:
                self._write_piece(job, text)

    def _write_piece(self, job: Job, text: _Text) -> None:
        """Hand the first piece to the journal; what it has already is told at once."""
        while text.pieces:
            piece = text.pieces[0]
            flush = piece.flush and text.flushed < text.written
            if piece.body or flush or (piece.last and not text.ended):
                self._commands.append(
                    e.PersistText(
                        job=job.id,
                        at=piece.at,
                        body=piece.body,
                        flush=piece.flush,
                        last=piece.last,
                    )
                )
                return
            self._told(text.pieces.popleft(), text)

    def _text_persisted(self, event: e.TextPersisted) -> None:
        job, text = self._life.jobs.get(event.job), self._texts.get(event.job)
        if job is None or text is None or not text.pieces:
            return
        if event.error is not None:
            for piece in text.pieces:
                self._release.refuse(piece, "journal_unavailable", event.error, JOURNAL_RETRY_MS)
            text.pieces.clear()
            text.asked, text.ending = text.written, text.ended
            return
        piece = text.pieces.popleft()
        text.written += len(piece.body)
        text.ended = text.ended or piece.last
        text.flushed = text.written if piece.flush else text.flushed
        job.written = None if text.ended else text.written
        self._told(piece, text)
        self._commands.append(
            e.TakeText(job=job.id, body=piece.body, flush=piece.flush, last=piece.last)
        )
        self._write_piece(job, text)

    def _told(self, piece: e.TextWritten, text: _Text) -> None:
        self._commands.append(
            e.ReleaseWritten(
                client=piece.client,
                reference=piece.reference,
                job=piece.job,
                bytes=text.written,
            )
        )

    # -- what it is cut into ------------------------------------------------------------

    def cut(self, job: Job, event: e.TextAppended | e.TextEnded) -> None:
        """Take the next parts of a text, or its end, once the journal has them."""
        text = self._texts.get(job.id)
        if text is not None:
            text.cuts.append(event)
            job.cuts_waiting += 1
            if not text.cutting:
                self._write_cut(job, text)

    def _write_cut(self, job: Job, text: _Text) -> None:
        if not text.cuts:
            return
        cut = text.cuts[0]
        if isinstance(cut, e.TextEnded):
            self._end(job, cut.now)
            return
        text.cutting = True
        self._commands.append(
            e.PersistCut(job=job.id, taken=cut.taken, parts=cut.parts, left_out=cut.left_out)
        )

    def _cut_persisted(self, event: e.CutPersisted) -> None:
        job, text = self._life.jobs.get(event.job), self._texts.get(event.job)
        if job is None or text is None or not text.cutting:
            return
        text.cutting = False
        if event.error is not None:
            job.note(event.now, "not written", event.error)
            return
        cut = text.cuts.popleft()
        job.cuts_waiting -= 1
        if isinstance(cut, e.TextAppended):
            self._admission.grow(job, job.append(cut.parts, cut.left_out))
            self._queue.settle(job)
        self._write_cut(job, text)
        self._life.run_waiting(event.now)

    def _end(self, job: Job, now: float) -> None:
        """All of the text is cut: the journal has it as that of any other job from now on."""
        del self._texts[job.id]
        job.written, job.cuts_waiting = None, 0
        parts = tuple(segment.part for segment in job.segments)
        whole = msgspec.structs.replace(
            job.request, segments=parts, left_out=job.left_out, open=False, asked=b""
        )
        self._commands.append(e.PersistWhole(job.id, job.owner, whole))
        self._life.end_text(job, now)
