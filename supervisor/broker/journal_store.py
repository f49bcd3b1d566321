"""The journal's table of jobs: SQLite in WAL mode, for one connection in one thread.

A job is a row from its acceptance until it is forgotten. Times are wall-clock seconds,
for they have to mean something to the next supervisor, perhaps after a reboot. Audio
lies beside the database, in files (`journal_audio`).

The text of a job goes when it has its outcome: SQLite overwrites what it deletes, and `sweep`
empties its log, where the text stands until then. A database that is damaged, or of an older
version, makes room for a new one that gets its rows (`journal_files`, `journal_salvage`).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from supervisor.broker import journal_log, journal_rows, journal_salvage
from supervisor.broker.journal_files import LOG, JournalFiles
from supervisor.broker.journal_rows import Reading, Row
from supervisor.broker.journal_schema import (
    PAGE_BYTES,
    SCHEMAS,
    SELECT,
    VERSION,
    columns,
    version_of,
)
from supervisor.logs import get_logger

Sync = Literal["normal", "full"]

_LOG_BYTES: Final = 4 << 20
"""What is left of the log after a checkpoint."""
_ROWS_TOLD: Final = 20
"""Damaged rows that are logged one by one."""

_INSERT: Final = "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, zeroblob(?), ?)"
_INSERT_FIRST: Final = _INSERT.replace("INSERT", "INSERT OR IGNORE")

log = get_logger()


class JournalError(Exception):
    """The journal cannot be used; the message is one line that says why and what to do."""


class Damage:
    """What was found damaged when the journal was opened."""

    def __init__(self) -> None:
        self.rows = 0
        """Jobs that were lost, or that have lost something."""
        self.kept: list[Path] = []
        """Files that were kept aside because of it."""


class JournalStore:
    """An open journal, locked against any other supervisor. Raises JournalError.

    `suspect`: somebody has found something wrong with it that SQLite does not know of.
    """

    def __init__(self, path: Path, sync: Sync, *, suspect: bool = False) -> None:
        self.damage = Damage()
        self.new = False
        """Whether there was no journal before."""
        self._sync = sync
        self._files = JournalFiles(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._files.lock():
                self._connection = self._open(suspect=suspect)
        except BlockingIOError:
            raise JournalError(_another(path)) from None
        except OSError as error:
            raise JournalError(f"cannot write {path}: {error.strerror}") from None
        except sqlite3.Error as error:
            raise JournalError(_why(path, error)) from None

    # -- opening ------------------------------------------------------------------------

    def _open(self, *, suspect: bool) -> sqlite3.Connection:
        files = self._files
        files.clear_up()
        for directory in files.set_aside_no_files():
            self._keep("there was a directory in its place", directory)
        committed = self._look_at_log()
        connection = self._connect()
        try:
            wrong, old = self._examine(connection, committed)
            if wrong or old or suspect:
                # Before it is closed: then SQLite leaves its log alone.
                aside = files.step_back()
                if aside is not None:
                    self._keep(wrong or "another one waited to be copied", aside)
                connection.close()
                connection = self._connect()
                self._prepare(connection)
            self._fill(connection, wrong)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        path = self._files.path
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        connection.text_factory = bytes
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._sync}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        connection.execute("PRAGMA secure_delete = ON")

    def _look_at_log(self) -> int:
        """How far the log has to be readable; one that is none at all is kept aside."""
        path = self._files.path
        empty = not path.exists() or path.stat().st_size == 0
        self.new = empty and not self._files.before.exists()
        log = path.with_name(path.name + LOG)
        if not log.exists() or log.stat().st_size == 0:
            return 0
        committed = journal_log.committed(log)
        if committed is None or empty:
            self._keep("its log (-wal) is damaged", self._files.keep_log(whole=True))
            return 0
        return committed

    def _examine(self, connection: sqlite3.Connection, committed: int) -> tuple[str, bool]:
        """What is wrong with the database, if anything, and whether it is of an older version."""
        path = self._files.path
        try:
            if not journal_salvage.head_is_sound(path):
                return "it does not begin as a database does", False
            self._prepare(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise JournalError(
                    f"{path} was written by a later version (schema {version}, this one knows "
                    f"{VERSION}); start that version, or move the file away"
                )
            _busy, frames, _done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if frames < committed:
                self._keep("its log (-wal) is damaged", self._files.keep_log(whole=False))
            wrong = journal_salvage.what_is_wrong(connection)
            known = version_of(columns(connection))
            empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if known != version and not wrong and not (version == 0 and empty):
                wrong = f"its table of jobs is not that of schema {version}"
        except sqlite3.DatabaseError as error:
            if not journal_salvage.is_damage(error):
                raise
            return str(error), False
        return wrong, 0 < version < VERSION

    def _fill(self, connection: sqlite3.Connection, wrong: str) -> None:
        """Make the table, with the rows of a database that is to be copied."""
        before = self._files.before
        self._connection = connection
        self.begin()
        connection.execute(SCHEMAS[VERSION].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
        connection.execute(f"PRAGMA user_version = {VERSION}")
        rows = self._copy_rows() if before.exists() else 0
        self.commit()
        if before.exists():
            self.sweep()
            if wrong or rows:
                self.damage.rows += rows
                what = wrong or "rows cannot be read"
                self._keep(f"{what}; {rows} jobs lost something", self._files.keep_aside(before))
            else:
                self._files.drop(before)

    def _copy_rows(self) -> int:
        """Returns how many were not as they had been written."""
        wrong = 0
        doubtful: set[str] = set()
        for id, reading in journal_salvage.rows(self._files, time.time()):
            what = reading.wrong or self._take_over(reading.row, doubtful)
            if reading.row is not None and reading.wrong and self._insert(reading.row):
                doubtful.add(reading.row.id)
            if what:
                wrong += 1
                if wrong <= _ROWS_TOLD:
                    fate = "lost" if reading.row is None else "kept as far as it goes"
                    log.error("journal: job %s is %s: %s", id, fate, what)
        if wrong > _ROWS_TOLD:
            log.error("journal: and %d more jobs", wrong - _ROWS_TOLD)
        return wrong

    def _take_over(self, row: Row | None, doubtful: set[str]) -> str:
        """Put in a row with which nothing is wrong; returns what is wrong after all.

        `doubtful` have names that may be another job's.
        """
        if row is None or self._insert(row):
            return ""
        if row.id not in doubtful:
            return "it is there twice"
        doubtful.discard(row.id)
        self.forget(row.id)
        self._insert(row)
        return ""

    def _insert(self, row: Row) -> bool:
        """Whether no other row had its id."""
        return self._connection.execute(_INSERT_FIRST, _values(row)).rowcount == 1

    def _keep(self, what: str, aside: Path) -> None:
        self.damage.kept.append(aside)
        log.error("journal: %s was damaged: %s; kept as %s", self._files.path, what, aside)

    # -- changes ------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a group of changes. Raises sqlite3.Error, as everything below."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """What was changed since `begin` survives the end of this process."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Forget what was changed since `begin`."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def add(self, row: Row) -> None:
        """A new job."""
        self._connection.execute(_INSERT, _values(row))

    def end(self, job: str, outcome: str, message: str, ended_at: float) -> None:
        """A job has its outcome; its text goes, also out of the message."""
        if message:
            query = "SELECT text FROM jobs WHERE id = ?"
            (text,) = self._connection.execute(query, (job,)).fetchone() or (None,)
            message = journal_rows.redact(message, (text or b"").decode(errors="replace"))
        self._connection.execute(
            "UPDATE jobs SET outcome = ?, message = ?, ended_at = ?, room = NULL, text = NULL "
            "WHERE id = ?",
            (outcome, message, ended_at, job),
        )

    def forget(self, job: str) -> None:
        """Remove a job."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job,))

    def sweep(self) -> None:
        """Leave nothing of what is gone: fold the log into the database and empty it."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    # -- looking ------------------------------------------------------------------------

    def rows(self) -> Iterator[Reading]:
        """Every job: first those that ended, in that order, then the others as they came."""
        numbers = self._connection.execute(
            "SELECT rowid FROM jobs ORDER BY ended_at IS NULL, ended_at, accepted_at, rowid"
        )
        now = time.time()
        for number in numbers:  # One after the other: not all texts at once.
            values = self._connection.execute(SELECT[VERSION], number).fetchone()
            yield journal_rows.read(values, now)

    def close(self) -> None:
        """Fold the log into the database and give up the lock."""
        with suppress(sqlite3.Error):
            self.sweep()
        self._connection.close()


def _values(row: Row) -> tuple[object, ...]:
    *plain, text = journal_rows.values_of(row)
    return *plain, 0 if text is None else PAGE_BYTES, text


def _another(path: Path) -> str:
    return (
        f"another supervisor uses {path}; stop it, or set SUPERVISOR_STATE_DIR to another directory"
    )


def _why(path: Path, error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _another(path)
    return f"cannot use {path}: {error}"
