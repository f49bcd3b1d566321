"""The journal's table of jobs: SQLite in WAL mode, for one connection in one thread.

A job is a row from its acceptance until it is forgotten. Times are wall-clock seconds,
for they have to mean something to the next supervisor, perhaps after a reboot. Audio
lies beside the database, in files (`journal_audio`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

Sync = Literal["normal", "full"]

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        request BLOB NOT NULL,
        accepted_at REAL NOT NULL,
        deadline REAL,
        outcome TEXT,
        message TEXT NOT NULL DEFAULT '',
        ended_at REAL
    ) STRICT
    """,
)
"""What leads from one schema version to the next. Only ever add to it."""

_WAL_BYTES = 4 << 20
"""What is left of the log after a checkpoint."""


class JournalError(Exception):
    """The journal cannot be used; the message is one line that says why and what to do."""


class Row(NamedTuple):
    """One job as it was written down. `request` is the msgpack form of a JobRequest."""

    id: str
    owner: str
    request: bytes
    accepted_at: float
    deadline: float | None = None
    outcome: str | None = None
    message: str = ""
    ended_at: float | None = None


class JournalStore:
    """An open journal, locked against any other supervisor. Raises JournalError."""

    def __init__(self, path: Path, sync: Sync) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise JournalError(f"cannot write {path}: {error.strerror}") from None
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {sync}")
            self._connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            self._migrate(path)
        except sqlite3.Error as error:
            self._connection.close()
            raise JournalError(_why(path, error)) from None
        except JournalError:
            self._connection.close()
            raise

    def _migrate(self, path: Path) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise JournalError(
                f"{path} was written by a later version (schema {version}, this one knows "
                f"{len(MIGRATIONS)}); start that version, or move the file away"
            )
        self.begin()
        for script in MIGRATIONS[version:]:
            self._connection.execute(script)
        self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        self.commit()

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
        self._connection.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def end(self, job: str, outcome: str, message: str, ended_at: float) -> None:
        """A job has its outcome."""
        self._connection.execute(
            "UPDATE jobs SET outcome = ?, message = ?, ended_at = ? WHERE id = ?",
            (outcome, message, ended_at, job),
        )

    def forget(self, job: str) -> None:
        """Remove a job."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job,))

    def rows(self) -> Iterator[Row]:
        """Every job: first those that ended, in that order, then the others as they came."""
        cursor = self._connection.execute(
            "SELECT * FROM jobs ORDER BY ended_at IS NULL, ended_at, accepted_at, rowid"
        )
        return (Row(*row) for row in cursor)

    def close(self) -> None:
        """Fold the log into the database and give up the lock."""
        self._connection.close()


def _why(path: Path, error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"another supervisor uses {path}; stop it, or set SUPERVISOR_STATE_DIR to another "
            "directory"
        )
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return f"{path} is damaged ({error}); move it away to begin a new one"
    return f"cannot use {path}: {error}"
