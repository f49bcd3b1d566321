"""The journal: keeps durable jobs on disk, so that they survive their client and the supervisor.

Turns the job machine's persist commands into changes of `store`, `audio` and `texts`, in one thread
of its own, and answers with events. Commands that came while the disk was busy are committed
together. While the disk fails, durable jobs are refused; everything else goes on.
"""

from __future__ import annotations

import asyncio
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Stored, Worded
from supervisor.journal import clock as journal_clock
from supervisor.journal import rows as journal_rows
from supervisor.journal import salvage as journal_salvage
from supervisor.journal.audio import JournalAudio
from supervisor.journal.opening import Damage, JournalError, Sync
from supervisor.journal.orphans import Orphans
from supervisor.journal.recovery import Recovery
from supervisor.journal.rows import Row
from supervisor.journal.store import JournalStore
from supervisor.journal.texts import Cut, JournalTexts, Piece, cut_record
from supervisor.logs import get_logger
from supervisor.wording import counted

DATABASE: Final = "journal.sqlite"
AUDIO: Final = "audio"
TEXTS: Final = "texts"

_BATCH: Final = 256
_REOPEN_S: Final = 1.0
"""Time until a journal that could not be opened or written is tried again."""

_SWEEP_S: Final = 1.0
"""Least time between two sweeps of deleted rows from the database's log, while it is idle."""
_SWEEP_LATEST_S: Final = 10.0
"""The same while it is busy."""

log = get_logger(__name__)


class _Audio(msgspec.Struct, frozen=True):
    """Audio to be written."""

    job: str
    segment: int
    pieces: tuple[bytes | memoryview | Worded, ...]


class _End(msgspec.Struct, frozen=True):
    """An outcome to be written."""

    job: str
    outcome: str
    message: str
    ended_at: float


class _Forget(msgspec.Struct, frozen=True):
    """A job to be removed."""

    job: str


class _Text(msgspec.Struct, frozen=True):
    """A piece of an open text, or how it was cut."""

    job: str
    record: Piece | Cut


class _Answer(msgspec.Struct, frozen=True):
    """Answer to a write of a new job, of a text or audio, or of an outcome; `stored` is the audio's
    place.
    """

    work: Row | _Audio | _Text | _End
    error: str | None
    stored: Stored | None = None


_Change = Row | e.PersistWhole | _End | _Forget
"""What is committed to the table of jobs."""

_Work = _Audio | _Text | _Change


class Journal:
    """The journal in `directory`.

    `tell` takes the events. Audio without a job is kept for `retention_s`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        sync: Sync,
        tell: Callable[[e.Event], None],
        retention_s: float = 86_400.0,
    ) -> None:
        self.problem: str | None = None
        """Reason why durable jobs are refused at present."""
        self.damage = Damage()
        """Damage that was found since the start."""
        self.retention_s = retention_s
        self._loop = loop
        self._path = directory / DATABASE
        self._sync = sync
        self._audio = JournalAudio(directory / AUDIO, durable=sync == "full")
        self._orphans = Orphans(directory / AUDIO)
        self._texts = JournalTexts(directory / TEXTS, durable=sync == "full")
        self._recovery = Recovery(
            self._audio,
            self._texts,
            self._orphans,
            loop.time,
            lambda found: self._call(self._tell_all, found),
        )
        self._unswept = False
        """Whether the database's log may hold deleted rows."""
        self._swept_at = -math.inf
        self._sweep_fails = False
        self._tell = tell
        self._store: JournalStore | None = None
        self._recovered: Callable[[], None] = _nothing
        self._jobs_reported = False
        self._opened_at = -_REOPEN_S
        self._retries: list[e.PersistWhole | _End | _Forget] = []
        """Changes that failed and are tried again, since no job waits for them."""
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self.effects: Mapping[type, Callable[[Any], None]] = {
            e.PersistJob: self._persist_job,
            e.PersistText: self._persist_text,
            e.PersistCut: self._persist_cut,
            e.PersistWhole: self._queue.put,  # The thread makes a row of thousands of segments.
            e.PersistAudio: self._persist_audio,
            e.PersistOutcome: self._persist_outcome,
            e.ForgetJob: self._forget_job,
        }
        """The handler of each job command for the journal."""

    def start(self, recovered: Callable[[], None]) -> None:
        """Open the journal. `recovered` is called when all its jobs have been reported.

        It is also called if the journal cannot be opened, and again once it can.
        """
        self._recovered = recovered
        self._thread.start()

    def warnings(self) -> list[str]:
        """Warnings for an operator, a line each; without paths, for they are public."""
        warnings = []
        if self.problem is not None:
            warnings.append("journal: it cannot be written; durable jobs are refused")
        if self.damage.kept:
            names = ", ".join(path.name for path in self.damage.kept)
            rows = counted(self.damage.rows, "job")
            warnings.append(f"journal: damage was found, {rows} lost something; see {names}")
        orphans = self._orphans.usage
        if orphans.jobs:
            warnings.append(
                f"journal: audio of {counted(orphans.jobs, 'job')} that it does not know, "
                f"{orphans.bytes / 1e6:.1f} MB, is kept in {self._orphans.path.name}"
            )
        return warnings

    def load(self, stored: Stored) -> bytes | Worded:
        """Read audio, with its words where it has them. Raises OSError."""
        return self._audio.read(stored)

    def close(self) -> None:
        """Carry out the commands that are queued, and close."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    # -- commands, on the event loop ----------------------------------------------------

    def _persist_job(self, command: e.PersistJob) -> None:
        clock = journal_clock.read(self._loop.time())
        deadline = command.request.deadline
        self._queue.put(
            journal_rows.pack(
                command.job,
                command.owner,
                command.request,
                accepted_at=clock.to_wall(command.now),
                deadline=None if deadline is None else clock.to_wall(deadline),
            )
        )

    def _persist_text(self, command: e.PersistText) -> None:
        piece = Piece(command.at, command.body, command.flush, command.last)
        self._queue.put(_Text(command.job, piece))

    def _persist_cut(self, command: e.PersistCut) -> None:
        record = cut_record(command.taken, command.parts, command.left_out)
        self._queue.put(_Text(command.job, record))

    def _persist_audio(self, command: e.PersistAudio) -> None:
        pieces = cast("tuple[bytes | memoryview | Worded, ...]", command.pieces)
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
            self._tidy()
        if self._store is not None:
            self._carry_out([])
            self._store.close()

    def _next(self) -> list[_Work] | None:
        """Wait for work, or until something is due; None at the end."""
        batch: list[_Work] = []
        wait = self._wait()
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

    def _wait(self) -> float | None:
        """Seconds until a retry, a sweep or an expiry is due; None if none is."""
        now = time.monotonic()
        waits = []
        if self._retries or self._store is None:
            waits.append(_REOPEN_S)
        elif self._unswept:
            waits.append(max(0.0, self._swept_at + _SWEEP_S - now))
        orphans = self._recovery.orphans_due(now)
        if orphans is not None:
            waits.append(orphans)
        return min(waits, default=None)

    def _tidy(self) -> None:
        """Sweep the log and expire orphans, if they are due."""
        now = time.monotonic()
        due = self._swept_at + (_SWEEP_S if self._queue.empty() else _SWEEP_LATEST_S)
        if self._unswept and now >= due and self._store is not None:
            self._swept_at = now
            try:
                self._store.sweep()
                self._unswept = self._sweep_fails = False
            except sqlite3.Error as error:
                if not self._sweep_fails:
                    log.warning("journal: its log cannot be emptied now: %s", error)
                self._sweep_fails = True
                self._give_up(self._store, error)
        self._recovery.expire_orphans(now, self.retention_s)

    def _carry_out(self, batch: list[_Work]) -> list[_Answer]:
        """Write files, then commit rows: no row names audio that is not there yet."""
        answers = [self._write(work) for work in batch if isinstance(work, _Audio | _Text)]
        changes: list[_Change] = [*self._retries]
        changes += [work for work in batch if not isinstance(work, _Audio | _Text)]
        if not changes:
            if self._store is None:
                self._open()
            return answers
        error = self._commit(changes)
        answered: Sequence[_Work] = batch if error is not None else changes
        rows = [_Answer(work, error) for work in answered if isinstance(work, Row | _End)]
        if error is None:
            for work in changes:
                if not isinstance(work, Row):
                    self._texts.forget(work.job)
                if isinstance(work, _Forget) or (isinstance(work, _End) and work.outcome != "done"):
                    self._audio.forget(work.job)
                self._unswept |= isinstance(work, _End | _Forget)
            self._retries.clear()
        else:
            self._retries = [work for work in changes if not isinstance(work, Row)]
        return answers + rows

    def _write(self, work: _Audio | _Text) -> _Answer:
        if isinstance(work, _Text):
            return _Answer(work, self._write_text(work))
        try:
            return _Answer(work, None, self._audio.write(work.job, work.segment, work.pieces))
        except OSError as error:
            return _Answer(work, f"cannot write audio: {error.strerror}")

    def _write_text(self, work: _Text) -> str | None:
        try:
            self._texts.add(work.job, work.record)
        except OSError as error:
            return f"cannot write the text: {error.strerror}"
        return None

    def _commit(self, changes: list[_Change]) -> str | None:
        """Commit changes in one transaction; returns the error, None if there was none."""
        store = self._store or self._open()
        if store is None:
            return self.problem or "the journal cannot be opened"
        try:
            store.begin()
            for work in changes:
                match work:
                    case Row():
                        store.add(work)
                    case e.PersistWhole():
                        row = journal_rows.pack(work.job, work.owner, work.request, 0.0, None)
                        store.complete(row)
                    case _End():
                        store.end(work.job, work.outcome, work.message, work.ended_at)
                    case _Forget():
                        store.forget(work.job)
            store.commit()
        except sqlite3.Error as error:
            self._give_up(store, error)
            return f"the journal cannot be written: {error}"
        return None

    def _give_up(self, store: JournalStore, reason: sqlite3.Error) -> None:
        """Roll back after an error, and close the connection if that fails.

        A connection to a damaged database is closed, too: it is repaired when it is opened.
        """
        try:
            store.rollback()
            usable = not journal_salvage.is_damage(reason)
        except sqlite3.Error:
            usable = False
        if not usable:
            self._store = None
            with suppress(sqlite3.Error):
                store.close()

    # -- opening, in the thread ---------------------------------------------------------

    def _open(self) -> JournalStore | None:
        """Open the journal; at the first success, report its jobs."""
        if time.monotonic() - self._opened_at < _REOPEN_S:
            return None
        self._opened_at = time.monotonic()
        try:
            store = JournalStore(self._path, self._sync, self.damage)
        except (JournalError, sqlite3.Error, OSError) as error:
            self._call(self._opened, str(error))
            return None
        try:
            if not self._jobs_reported and not self._recovery.recover(store, self.retention_s):
                store.close()
                store = JournalStore(self._path, self._sync, self.damage, suspect=True)
            self._jobs_reported = True
            self._unswept = True  # The previous supervisor may have been killed before its sweep.
        except JournalError as error:
            self._call(self._opened, str(error))
            return None
        except (sqlite3.Error, OSError) as error:
            self._call(self._opened, f"the journal cannot be read: {error}")
            with suppress(sqlite3.Error):
                store.close()
            return None
        self._store = store
        self._call(self._opened, None)
        return store

    # -- answers, on the event loop -----------------------------------------------------

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop may be closed already
            self._loop.call_soon_threadsafe(function, *arguments)

    def _tell_all(self, events: list[e.Recovered]) -> None:
        for event in events:
            self._tell(event)

    def _opened(self, problem: str | None) -> None:
        self._note(problem)
        self._recovered()

    def _note(self, problem: str | None) -> None:
        """Log when the journal begins to fail, and when it works again."""
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
            elif isinstance(work, _Text):
                kind = e.TextPersisted if isinstance(work.record, Piece) else e.CutPersisted
                self._tell(kind(now, work.job, error))
            else:
                pieces = work.pieces if answer.stored is None else (answer.stored,)
                self._tell(
                    e.AudioStored(
                        now=now, job=work.job, segment=work.segment, pieces=pieces, error=error
                    )
                )
        problems = [answer.error for answer in answers]
        if problems[-1] != self.problem:
            self._note(problems[-1])


def _nothing() -> None:
    """Stand in for `recovered` until `start`."""
