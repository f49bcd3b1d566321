"""Opening the journal's database, whatever state its files are in.

A sound database is used as it is. The rows of one that is damaged, or of an older version, are
copied into a new one, in one transaction; damaged files are kept aside, and logged. `salvage`
reads the rows, `files` moves the files.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Final, Literal

from supervisor.journal import log as journal_log
from supervisor.journal import rows as journal_rows
from supervisor.journal import salvage as journal_salvage
from supervisor.journal.files import LOG, JournalFiles
from supervisor.journal.rows import Reading, Row
from supervisor.journal.schema import (
    INSERT,
    PAGE_BYTES,
    SCHEMAS,
    VERSION,
    columns,
    version_of,
)
from supervisor.logs import get_logger
from supervisor.wording import counted

Sync = Literal["normal", "full"]

_LOG_BYTES: Final = 4 << 20
"""Size to which the log is truncated after a checkpoint."""
_ROWS_TOLD: Final = 20
"""Most damaged rows that are logged one by one."""
_INSERT_FIRST: Final = INSERT.replace("INSERT", "INSERT OR IGNORE")

log = get_logger(__name__)


class JournalError(Exception):
    """The journal cannot be used; the message is one line that says why and what to do."""


class Damage:
    """Damage that was found when the journal was opened."""

    def __init__(self) -> None:
        self.rows = 0
        """Jobs that were lost, or that have lost something."""
        self.kept: list[Path] = []
        """Files that were kept aside because of it."""


class Opening:
    """Opens a connection to the database at `path`, and reports damage to `damage`.

    `suspect`: a fault was found in it that SQLite does not notice.
    """

    def __init__(self, path: Path, sync: Sync, damage: Damage, *, suspect: bool) -> None:
        self.new = False
        """Whether there was no journal before."""
        self._sync = sync
        self._damage = damage
        self._suspect = suspect
        self._files = JournalFiles(path)

    def open(self) -> tuple[sqlite3.Connection, int]:
        """Open the table; returns the connection and the descriptor of the lock.

        Other supervisors stay locked out until both are closed. Raises JournalError.
        """
        path = self._files.path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._files.lock()
        except BlockingIOError:
            raise JournalError(_another(path)) from None
        except OSError as error:
            raise JournalError(f"cannot write {path}: {error.strerror}") from None
        try:
            return self._open(), lock
        except BaseException as error:
            os.close(lock)
            if isinstance(error, OSError):
                raise JournalError(f"cannot write {path}: {error.strerror}") from None
            if isinstance(error, sqlite3.Error):
                raise JournalError(_why(path, error)) from None
            raise

    def _open(self) -> sqlite3.Connection:
        files = self._files
        files.clear_up()
        for directory in files.set_aside_no_files():
            self._keep("there was a directory in its place", directory)
        committed = self._look_at_log()
        connection = self._connect()
        try:
            wrong, old = self._examine(connection, committed)
            if wrong or old or self._suspect:
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
        """Number of the last frame that has to be readable; a damaged log is kept aside."""
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
        """The database's damage, if any, and whether it is of an older version."""
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
        """Make the table, with the rows of a database that has to be copied."""
        before = self._files.before
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(SCHEMAS[VERSION].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
        connection.execute(f"PRAGMA user_version = {VERSION}")
        rows = self._copy_rows(connection) if before.exists() else 0
        connection.execute("COMMIT")
        if before.exists():
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if wrong or rows:
                self._damage.rows += rows
                what = wrong or "rows cannot be read"
                kept = self._files.keep_aside(before)
                self._keep(f"{what}; {counted(rows, 'job')} lost something", kept)
            else:
                self._files.drop(before)

    def _copy_rows(self, connection: sqlite3.Connection) -> int:
        """Copy the rows; returns the number of those that were damaged."""
        wrong = 0
        target = _Target(connection)
        for id, reading in journal_salvage.rows(self._files, time.time()):
            what = target.take(reading)
            if what:
                wrong += 1
                if wrong <= _ROWS_TOLD:
                    fate = "lost" if reading.row is None else "kept as far as it goes"
                    about = {"data": {"job": id}}
                    log.error("journal: job %s is %s: %s", id, fate, what, extra=about)
        if wrong > _ROWS_TOLD:
            log.error("journal: and %d more jobs", wrong - _ROWS_TOLD)
        return wrong

    def _keep(self, what: str, aside: Path) -> None:
        self._damage.kept.append(aside)
        log.error("journal: %s was damaged: %s; kept as %s", self._files.path, what, aside)


class _Target:
    """Target of copied rows: one of each name, and the undamaged one if there are two."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._doubtful: set[str] = set()
        """Jobs whose row is damaged: the name may be another job's."""

    def take(self, reading: Reading) -> str:
        """Insert a row; returns its damage, empty if there is none."""
        row, wrong = reading
        if row is None or wrong:
            if row is not None and self._insert(row):
                self._doubtful.add(row.id)
            return wrong
        if self._insert(row):
            return ""
        if row.id not in self._doubtful:
            return "it is there twice"
        self._doubtful.discard(row.id)
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (row.id,))
        self._insert(row)
        return ""

    def _insert(self, row: Row) -> bool:
        """Insert a row; returns whether its id was free."""
        return self._connection.execute(_INSERT_FIRST, journal_rows.values_of(row)).rowcount == 1


def _another(path: Path) -> str:
    return (
        f"another supervisor uses {path}; stop it, or set SUPERVISOR_STATE_DIR to another directory"
    )


def _why(path: Path, error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _another(path)
    return f"cannot use {path}: {error}"
