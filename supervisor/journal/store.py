"""The journal's table of jobs: SQLite in WAL mode, for one connection in one thread.

A job has a row from its acceptance until it is forgotten. Times are wall-clock seconds, for the
next supervisor has to understand them, perhaps after a reboot. Audio lies beside the database, in
files (`audio`).

The text of a job is deleted when it has its outcome: SQLite overwrites deleted rows, and `sweep`
empties its log, where the text remains until then.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from supervisor.journal import rows as journal_rows
from supervisor.journal.opening import Damage, Opening, Sync
from supervisor.journal.rows import Reading, Row
from supervisor.journal.schema import INSERT, PAGE_BYTES, SELECT, VERSION


class JournalStore:
    """An open journal, locked against any other supervisor. Raises JournalError.

    Damage that is found goes to `damage`; `suspect`: rows are damaged, though SQLite does not
    notice.
    """

    def __init__(
        self, path: Path, sync: Sync, damage: Damage | None = None, *, suspect: bool = False
    ) -> None:
        self.damage = damage or Damage()
        opening = Opening(path, sync, self.damage, suspect=suspect)
        self._connection, self._lock = opening.open()
        self.new = opening.new
        """Whether there was no journal before."""

    # -- changes ------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a transaction. Raises sqlite3.Error, as all methods below."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit the transaction: its changes survive the end of this process."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll the transaction back."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def add(self, row: Row) -> None:
        """Add a job."""
        self._connection.execute(INSERT, journal_rows.values_of(row))

    def complete(self, row: Row) -> None:
        """Store the whole text of a job whose text was open, and its request as it is by now."""
        request_sum, text_sum = journal_rows.sums_of(row)
        self._connection.execute(
            "UPDATE jobs SET request = ?, parts = ?, request_sum = ?, text_sum = ?, "
            "room = zeroblob(?), text = ? WHERE id = ?",
            (row.request, row.parts, request_sum, text_sum, PAGE_BYTES, row.text, row.id),
        )

    def end(self, job: str, outcome: str, message: str, ended_at: float) -> None:
        """Store a job's outcome; delete its text, quotations of it in the message included."""
        if outcome != "done":
            message = self._without_text(job, message)
        self._connection.execute(
            "UPDATE jobs SET outcome = ?, message = ?, ended_at = ?, room = NULL, text = NULL "
            "WHERE id = ?",
            (outcome, message, ended_at, job),
        )

    def _without_text(self, job: str, message: str) -> str:
        """The message without quotations; what a request knows of an open text is deleted."""
        query = "SELECT text, owner, request, parts FROM jobs WHERE id = ?"
        found = self._connection.execute(query, (job,)).fetchone()
        if found is None:
            return message
        text, owner, request, parts = found
        closed = journal_rows.ended(request)
        if closed is not None:
            row = Row(job, owner.decode(), closed, parts, 0.0)
            self._connection.execute(
                "UPDATE jobs SET request = ?, request_sum = ? WHERE id = ?",
                (closed, journal_rows.sums_of(row)[0], job),
            )
        return journal_rows.redact(message, (text or b"").decode(errors="replace"))

    def forget(self, job: str) -> None:
        """Remove a job."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job,))

    def sweep(self) -> None:
        """Remove the remains of deleted rows: fold the log into the database and empty it."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    # -- looking ------------------------------------------------------------------------

    def rows(self) -> Iterator[Reading]:
        """Every job: first those that ended, by their end, then the others, by acceptance."""
        numbers = self._connection.execute(
            "SELECT rowid FROM jobs ORDER BY ended_at IS NULL, ended_at, accepted_at, rowid"
        )
        now = time.time()
        for number in numbers:  # One after the other: not all texts at once.
            values = self._connection.execute(SELECT[VERSION], number).fetchone()
            yield journal_rows.read(values, now)

    def close(self) -> None:
        """Fold the log into the database and release the lock."""
        try:
            with suppress(sqlite3.Error):
                self.sweep()
            self._connection.close()
        finally:
            os.close(self._lock)
