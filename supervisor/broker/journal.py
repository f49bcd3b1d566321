"""The journal: what a durable job needs to outlive its client and the supervisor.

Turns the job machine's persist commands into changes of `journal_store` and
`journal_audio`, in one thread of its own, and answers with events. Whatever has come in
while the disk was busy is committed together. Where the disk refuses, durable jobs are
refused; everything else goes on.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from supervisor.broker import journal_clock
from supervisor.broker.journal_audio import JournalAudio
from supervisor.broker.journal_store import JournalError, JournalStore, Row, Sync
from supervisor.core import job_events as e
from supervisor.core.job import JobState
from supervisor.core.pcm import Pcm, Stored
from supervisor.core.request import JobRequest
from supervisor.logs import get_logger

DATABASE: Final = "journal.sqlite"
AUDIO: Final = "audio"

_BATCH: Final = 256
_RECOVER_AT_ONCE: Final = 64
_REOPEN_S: Final = 1.0
"""How often a journal that could not be opened or written is tried again."""

log = get_logger()

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JobRequest).decode


class _Audio(msgspec.Struct, frozen=True):
    """Audio to be written."""

    job: str
    segment: int
    pieces: tuple[bytes | memoryview, ...]


class _End(msgspec.Struct, frozen=True):
    """An outcome to be written."""

    job: str
    outcome: str
    message: str
    ended_at: float


class _Forget(msgspec.Struct, frozen=True):
    """A job to be removed."""

    job: str


class _Answer(msgspec.Struct, frozen=True):
    """What became of a new job, of audio, or of an outcome; `stored` is the audio's place."""

    work: Row | _Audio | _End
    error: str | None
    stored: Stored | None = None


_Work = Row | _Audio | _End | _Forget


class Journal:
    """The journal in `directory`.

    `tell` takes the events.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        sync: Sync,
        tell: Callable[[e.Event], None],
    ) -> None:
        self.problem: str | None = None
        """Why durable jobs are refused at present."""
        self._loop = loop
        self._path = directory / DATABASE
        self._sync = sync
        self._audio = JournalAudio(directory / AUDIO, durable=sync == "full")
        self._tell = tell
        self._store: JournalStore | None = None
        self._recovered: Callable[[], None] = _nothing
        self._told = False
        self._opened_at = -_REOPEN_S
        self._owed: list[_End | _Forget] = []
        """Changes that nobody waits for, and that the disk has refused so far."""
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self.effects: Mapping[type, Callable[[Any], None]] = {
            e.PersistJob: self._persist_job,
            e.PersistAudio: self._persist_audio,
            e.PersistOutcome: self._persist_outcome,
            e.ForgetJob: self._forget_job,
        }
        """What to do for each job command that concerns the journal."""

    def start(self, recovered: Callable[[], None]) -> None:
        """Open the journal. `recovered` is called when all that is in it has been told.

        Or when it cannot be had, and once more if it can be later.
        """
        self._recovered = recovered
        self._thread.start()

    def load(self, stored: Stored) -> bytes:
        """Read audio. Raises OSError."""
        return self._audio.read(stored)

    def close(self) -> None:
        """Write down what is still to be written, and close."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    # -- commands, on the event loop ----------------------------------------------------

    def _persist_job(self, command: e.PersistJob) -> None:
        clock = journal_clock.read(self._loop.time())
        request, deadline = command.request, command.request.deadline
        self._queue.put(
            Row(
                command.job,
                command.owner,
                _encode(msgspec.structs.replace(request, deadline=None)),
                clock.to_wall(command.now),
                None if deadline is None else clock.to_wall(deadline),
            )
        )

    def _persist_audio(self, command: e.PersistAudio) -> None:
        pieces = cast("tuple[bytes | memoryview, ...]", command.pieces)
        self._queue.put(_Audio(command.job, command.segment, pieces))

    def _persist_outcome(self, command: e.PersistOutcome) -> None:
        ended_at = journal_clock.read(self._loop.time()).to_wall(command.now)
        self._queue.put(_End(command.job, command.outcome, command.message, ended_at))

    def _forget_job(self, command: e.ForgetJob) -> None:
        self._queue.put(_Forget(command.job))

    # -- the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        self._open()
        while (batch := self._next()) is not None:
            answers = self._carry_out(batch)
            if answers:
                self._call(self._answer, answers)
        if self._store is not None:
            self._carry_out([])
            self._store.close()

    def _next(self) -> list[_Work] | None:
        """Wait for work, no longer than until something is to be tried again; None at the end."""
        wait = _REOPEN_S if self._owed or self._store is None else None
        batch: list[_Work] = []
        with suppress(queue.Empty):
            work = self._queue.get(timeout=wait)
            while work is not None:
                batch.append(work)
                if len(batch) == _BATCH:
                    return batch
                work = self._queue.get_nowait()
            if not batch:
                return None
            self._queue.put(None)
        return batch

    def _carry_out(self, batch: list[_Work]) -> list[_Answer]:
        """Write files, then commit rows: no row says that there is audio before there is."""
        answers = [self._write(work) for work in batch if isinstance(work, _Audio)]
        changes = [*self._owed, *(work for work in batch if not isinstance(work, _Audio))]
        if not changes:
            if self._store is None:
                self._open()
            return answers
        error = self._commit(changes)
        told = batch if error is not None else changes
        rows = [_Answer(work, error) for work in told if isinstance(work, Row | _End)]
        if error is None:
            for work in changes:
                if isinstance(work, _Forget) or (isinstance(work, _End) and work.outcome != "done"):
                    self._audio.forget(work.job)
            self._owed.clear()
        else:
            self._owed = [work for work in changes if isinstance(work, _End | _Forget)]
        return answers + rows

    def _write(self, work: _Audio) -> _Answer:
        try:
            return _Answer(work, None, self._audio.write(work.job, work.segment, work.pieces))
        except OSError as error:
            return _Answer(work, f"cannot write audio: {error.strerror}")

    def _commit(self, changes: list[Row | _End | _Forget]) -> str | None:
        """Carry out changes as one; returns why they could not be."""
        store = self._store or self._open()
        if store is None:
            return self.problem or "the journal cannot be opened"
        try:
            store.begin()
            for work in changes:
                match work:
                    case Row():
                        store.add(work)
                    case _End():
                        store.end(work.job, work.outcome, work.message, work.ended_at)
                    case _Forget():
                        store.forget(work.job)
            store.commit()
        except sqlite3.Error as error:
            self._give_up(store)
            return f"the journal cannot be written: {error}"
        return None

    def _give_up(self, store: JournalStore) -> None:
        """After an error: undo what was begun; a connection that cannot even do that is closed."""
        try:
            store.rollback()
        except sqlite3.Error:
            self._store = None
            with suppress(sqlite3.Error):
                store.close()

    # -- opening, in the thread ---------------------------------------------------------

    def _open(self) -> JournalStore | None:
        """Open the journal; at the first success, tell what is in it."""
        if time.monotonic() - self._opened_at < _REOPEN_S:
            return None
        self._opened_at = time.monotonic()
        try:
            store = JournalStore(self._path, self._sync)
        except (JournalError, sqlite3.Error, OSError) as error:
            self._call(self._opened, str(error))
            return None
        try:
            if not self._told:
                self._recover(store)
                self._told = True
        except (sqlite3.Error, OSError) as error:
            self._call(self._opened, f"the journal cannot be read: {error}")
            with suppress(sqlite3.Error):
                store.close()
            return None
        self._store = store
        self._call(self._opened, None)
        return store

    def _recover(self, store: JournalStore) -> None:
        """Tell of every job. After an error it may be called again: who knows a job ignores it."""
        known: set[str] = set()
        rows = store.rows()
        while batch := list(islice(rows, _RECOVER_AT_ONCE)):
            known.update(row.id for row in batch)
            events = [event for row in batch if (event := self._event(row)) is not None]
            self._call(self._tell_all, events)
        for job in self._audio.jobs():
            if job not in known:
                self._audio.forget(job)

    def _event(self, row: Row) -> e.Recovered | None:
        """What the job machine is told of a row; None for one that cannot be understood."""
        now = self._loop.time()
        try:
            request = _decode(row.request)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("journal: job %s cannot be read: %s", row.id, error)
            return None
        times = journal_clock.read(now).recall(row)
        stored: dict[int, Pcm] = {}
        if row.outcome in (None, "done"):
            found = {part.segment: part for part in self._audio.segments(row.id)}
            stored.update(sorted(found.items()))
        return e.Recovered(
            now,
            row.id,
            row.owner,
            msgspec.structs.replace(request, deadline=times.deadline),
            times.accepted_at,
            stored,
            cast("JobState | None", row.outcome),
            row.message,
            times.ended_at,
        )

    # -- answers, on the event loop -----------------------------------------------------

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop may be closed already
            self._loop.call_soon_threadsafe(function, *arguments)

    def _tell_all(self, events: list[e.Event]) -> None:
        for event in events:
            self._tell(event)

    def _opened(self, problem: str | None) -> None:
        self._note(problem)
        self._recovered()

    def _note(self, problem: str | None) -> None:
        """Say when the journal begins to fail, and when it works again."""
        if problem is not None and self.problem is None:
            log.error("journal: %s; durable jobs are refused", problem)
        elif problem is None and self.problem is not None:
            log.info("journal: it can be written again")
        self.problem = problem

    def _answer(self, answers: list[_Answer]) -> None:
        now = self._loop.time()
        for answer in answers:
            work, error = answer.work, answer.error
            if isinstance(work, Row):
                self._tell(e.JobPersisted(now, work.id, error))
            elif isinstance(work, _End):
                if error is None:
                    self._tell(e.OutcomePersisted(now, work.job))
            else:
                pieces = work.pieces if answer.stored is None else (answer.stored,)
                self._tell(e.AudioStored(now, work.job, work.segment, pieces, error))
        problems = [answer.error for answer in answers]
        if problems[-1] != self.problem:
            self._note(problems[-1])


def _nothing() -> None:
    """Nobody waits for the recovery yet."""
