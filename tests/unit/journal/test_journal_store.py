"""The journal's table: what is written is there again, versions, locks and damage."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from supervisor.broker import journal_store
from supervisor.broker.journal_store import JournalError, JournalStore, Row


def row(name: str, accepted_at: float = 1.0) -> Row:
    """A job that has not ended."""
    return Row(name, "uid:1000", b"request", accepted_at, 9.5)


def filled(path: Path, *names: str) -> JournalStore:
    """An open journal with these jobs."""
    store = JournalStore(path, "normal")
    store.begin()
    for number, name in enumerate(names):
        store.add(row(name, float(number)))
    store.commit()
    return store


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    """Jobs come back as they were: the ended in the order of their ends, then the others."""
    store = filled(tmp_path / "j", "a", "b", "c", "d")
    store.begin()
    store.end("c", "done", "", 5.0)
    store.end("b", "failed", "why", 6.0)
    store.forget("d")
    store.commit()
    store.begin()
    store.forget("a")
    store.rollback()
    store.close()
    again = JournalStore(tmp_path / "j", "full")
    rows = list(again.rows())
    assert [(r.id, r.outcome, r.message, r.ended_at) for r in rows] == [
        ("c", "done", "", 5.0),
        ("b", "failed", "why", 6.0),
        ("a", None, "", None),
    ]
    assert rows[2] == row("a", 0.0)


@pytest.mark.parametrize(("sync", "level"), [("normal", 1), ("full", 2)])
def test_a_full_sync_is_in_force_on_the_connection_that_commits(
    tmp_path: Path, sync: journal_store.Sync, level: int
) -> None:
    """With 2 (FULL) in WAL mode SQLite syncs the log at each commit, before COMMIT returns."""
    store = JournalStore(tmp_path / "j", sync)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (level,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_only_one_supervisor_has_it(tmp_path: Path) -> None:
    """The second is told what to do, and the first does not notice."""
    store = filled(tmp_path / "j", "a")
    with pytest.raises(JournalError, match="SUPERVISOR_STATE_DIR"):
        JournalStore(tmp_path / "j", "normal")
    store.begin()
    store.forget("a")
    store.commit()
    store.close()
    JournalStore(tmp_path / "j", "normal").close()


def test_an_older_schema_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration runs once, and keeps the jobs; the older program then refuses the file."""
    filled(tmp_path / "j", "a").close()
    old = journal_store.MIGRATIONS
    newer = (*old, "ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'")
    monkeypatch.setattr(journal_store, "MIGRATIONS", newer)
    for _ in range(2):
        JournalStore(tmp_path / "j", "normal").close()
    with sqlite3.connect(tmp_path / "j") as plain:
        assert plain.execute("SELECT id, colour FROM jobs").fetchall() == [("a", "blue")]
    plain.close()
    monkeypatch.setattr(journal_store, "MIGRATIONS", old)
    with pytest.raises(JournalError, match="later version"):
        JournalStore(tmp_path / "j", "normal")


def test_a_damaged_file_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is thrown away that somebody might still rescue."""
    (tmp_path / "j").write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="damaged"):
        JournalStore(tmp_path / "j", "normal")
    assert (tmp_path / "j").read_bytes().startswith(b"no database")


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """One line with the path and the system's reason."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="file"):
        JournalStore(tmp_path / "file" / "journal", "normal")


def test_texts_are_private(tmp_path: Path) -> None:
    """Nobody else may read what was asked for."""
    store = filled(tmp_path / "state" / "j", "a")
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    for path in (tmp_path / "state").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    store.close()
