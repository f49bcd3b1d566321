"""The journal's table: what is written is there again, versions, locks, and no text for longer."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from supervisor.core.jobs.parts import Part, sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.journal import rows as journal_rows
from supervisor.journal import salvage as journal_salvage
from supervisor.journal.opening import JournalError, Sync
from supervisor.journal.rows import Row
from supervisor.journal.schema import SCHEMAS, VERSION
from supervisor.journal.store import JournalStore
from supervisor.speech import Pauses, Prosody, Speech
from tests.fixtures.cutting import parts_of
from tests.fixtures.remains import files_with

TEXT = "A secret that nobody else may read, and that has more than forty characters. "


def request(*segments: str) -> JobRequest:
    """A durable request with this text."""
    return JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(*segments),
        durable=True,
        key="k",
    )


def row(name: str, accepted_at: float = 1.0, *segments: str) -> Row:
    """A job that has not ended."""
    return journal_rows.pack(
        name, "uid:1000", request(*(segments or ("Hello.",))), accepted_at, 9.5
    )


def filled(path: Path, *names: str) -> JournalStore:
    """An open journal with these jobs."""
    store = JournalStore(path, "normal")
    store.begin()
    for number, name in enumerate(names):
        store.add(row(name, float(number)))
    store.commit()
    return store


def rows_of(store: JournalStore) -> list[Row]:
    """Every row, none of which is damaged."""
    readings = list(store.rows())
    assert [reading.wrong for reading in readings] == [""] * len(readings)
    return [reading.row for reading in readings if reading.row is not None]


def end(store: JournalStore, job: str, message: str = "") -> None:
    """An outcome, by itself."""
    store.begin()
    store.end(job, "failed" if message else "done", message, 5.0)
    store.commit()


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
    rows = rows_of(again)
    assert [(r.id, r.outcome, r.message, r.ended_at) for r in rows] == [
        ("c", "done", "", 5.0),
        ("b", "failed", "why", 6.0),
        ("a", None, "", None),
    ]
    assert rows[2] == row("a", 0.0)
    assert journal_rows.unpack(rows[2]) == request("Hello.")
    again.close()


def test_an_ended_job_knows_how_many_segments_it_had_and_nothing_of_its_text(
    tmp_path: Path,
) -> None:
    """Its result is counted in them when a client fetches it."""
    store = JournalStore(tmp_path / "j", "normal")
    store.begin()
    store.add(row("a", 1.0, "One.", "Two.", "Three."))
    store.commit()
    end(store, "a")
    (found,) = rows_of(store)
    assert (found.parts, found.text) == (3, None)
    assert journal_rows.unpack(found) == request("", "", "")
    store.close()


@pytest.mark.parametrize(("sync", "level"), [("normal", 1), ("full", 2)])
def test_a_full_sync_is_in_force_on_the_connection_that_commits(
    tmp_path: Path, sync: Sync, level: int
) -> None:
    """With 2 (FULL) in WAL mode SQLite syncs the log at each commit, before COMMIT returns."""
    store = JournalStore(tmp_path / "j", sync)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (level,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)
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


# -- no text for longer than its job ----------------------------------------------------


@pytest.mark.parametrize("size", [1, 10, 60, 3_000])
def test_no_text_is_left_of_a_job_that_has_ended(tmp_path: Path, size: int) -> None:
    """Neither in the database nor in its log, though a job beside it is still waiting."""
    store = filled(tmp_path / "j", "before")
    store.begin()
    store.add(row("a", 1.0, *([TEXT] * size)))
    store.add(row("b", 1.0, "Something else."))
    store.commit()
    assert files_with(tmp_path, TEXT[:40].encode())
    end(store, "a")
    store.sweep()
    assert not files_with(tmp_path, TEXT[:40].encode())
    assert files_with(tmp_path, b"Something else.")
    store.begin()
    store.forget("b")
    store.commit()
    store.sweep()
    assert not files_with(tmp_path, b"Something else.")
    store.close()


def test_no_text_is_left_behind_where_rows_were_moved_about(tmp_path: Path) -> None:
    """Jobs of all lengths come and end in any order; SQLite makes room among them all the time."""
    random_ = random.Random(1012)
    store = JournalStore(tmp_path / "j", "normal")
    live: list[int] = []
    store.begin()
    for number in range(1_500):
        mark = f"<{number:05}>"
        size = random_.choice([3, 30, 120, 300, 560, 600, 1_300])
        store.add(row(f"j-{number}", 1.0, mark * size))
        live.append(number)
        while len(live) > 20 or (live and random_.random() < 0.4):
            ended = live.pop(random_.randrange(len(live)))
            store.end(f"j-{ended}", "done", "", 2.0)
            if random_.random() < 0.3:
                store.forget(f"j-{ended}")
        if number % 100 == 99:
            store.commit()
            store.begin()
    store.commit()
    store.sweep()
    whole = (tmp_path / "j").read_bytes()
    left = [n for n in range(1_500) if n not in live and f"<{n:05}>".encode() in whole]
    assert left == []
    store.close()


def test_what_was_killed_before_it_swept_is_swept_at_the_next_start(tmp_path: Path) -> None:
    """The log of a supervisor that was killed holds the text; the next one empties it."""
    store = filled(tmp_path / "j")
    store.begin()
    store.add(row("a", 1.0, TEXT))
    store.commit()
    end(store, "a")
    (tmp_path / "killed").mkdir()
    for path in tmp_path.glob("j*"):
        (tmp_path / "killed" / path.name).write_bytes(path.read_bytes())
    assert files_with(tmp_path / "killed", TEXT[:40].encode())
    again = JournalStore(tmp_path / "killed" / "j", "normal")
    again.sweep()
    assert not files_with(tmp_path / "killed", TEXT[:40].encode())
    again.close()
    store.close()


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (f"cannot read '{TEXT}'", "cannot read '…'"),
        (f"cannot read '{TEXT[:50]}…' here", "cannot read '……' here"),
        (f"cannot read '{TEXT[7:37]}' here", "cannot read '…' here"),
        ("no voice of that name", "no voice of that name"),
        ("'Short.' has no sound", "'…' has no sound"),
        ("x" * 5_000, "x" * journal_rows.MESSAGE_CHARS),
    ],
)
def test_a_message_keeps_nothing_that_it_quotes(tmp_path: Path, message: str, kept: str) -> None:
    """An engine may say what it could not read; the journal has the rest, up to a length."""
    store = JournalStore(tmp_path / "j", "normal")
    store.begin()
    store.add(row("a", 1.0, "Short.", TEXT))
    store.commit()
    end(store, "a", message)
    (found,) = rows_of(store)
    assert found.message == kept
    store.close()


def test_a_message_of_any_length_is_read_up_to_its_bound(tmp_path: Path) -> None:
    """Whoever put it there: it is shown in lists, and kept in memory."""
    filled(tmp_path / "j", "a").close()
    with sqlite3.connect(tmp_path / "j") as plain:
        plain.execute(
            "UPDATE jobs SET outcome = 'failed', ended_at = 2, text = NULL, "
            "message = hex(zeroblob(2000000))"
        )
    plain.close()
    store = JournalStore(tmp_path / "j", "normal")
    (found,) = rows_of(store)
    assert len(found.message) == journal_rows.MESSAGE_CHARS
    store.close()


# -- versions ---------------------------------------------------------------------------


def flat(asked: JobRequest) -> dict[str, Any]:
    """Its fields with those of its speech beside them, and its texts, as version 1 stored them."""
    fields = msgspec.structs.asdict(asked)
    texts = [part.text for part in asked.segments]
    return {**fields, **msgspec.structs.asdict(fields.pop("speech")), "segments": texts}


def version_1(path: Path, jobs: dict[str, tuple[str | None, str]]) -> None:
    """A database of schema version 1: id to outcome and message, all with the same text."""
    encode = msgspec.msgpack.encode
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute(SCHEMAS[1])
        plain.execute("PRAGMA user_version = 1")
        for id, (outcome, message) in jobs.items():
            asked = encode(flat(request("One.", TEXT)))
            ended = None if outcome is None else 5.0
            values = (id, "me", asked, 1.0, None, outcome, message, ended)
            plain.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    plain.close()


def test_a_journal_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    """Jobs that wait keep their text, those that ended lose it, also what a message quoted."""
    path = tmp_path / "j"
    version_1(path, {"a": ("done", ""), "b": ("failed", f"cannot read '{TEXT}'"), "c": (None, "")})
    store = JournalStore(path, "normal")
    done, failed, waits = rows_of(store)
    assert (done.parts, done.text, failed.message) == (2, None, "cannot read '…'")
    assert journal_rows.unpack(waits) == request("One.", TEXT)
    assert store.damage.rows == 0
    end(store, "c")
    store.sweep()
    assert files_with(tmp_path, TEXT[:40].encode()) == []
    store.close()
    assert [p.name for p in tmp_path.iterdir()] == ["j"], "nothing is left of the old one"


def test_who_was_killed_while_a_journal_was_brought_up_to_date_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one waits beside the new one, and nothing of either is lost."""
    path = tmp_path / "j"
    version_1(path, {"a": ("done", ""), "c": (None, "")})
    with monkeypatch.context() as patched:
        patched.setattr(journal_salvage, "rows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            JournalStore(path, "normal")
    assert (tmp_path / "j.before").exists()
    store = JournalStore(path, "normal")
    assert [found.id for found in rows_of(store)] == ["a", "c"]
    assert (store.damage.rows, store.damage.kept) == (0, [])
    store.close()
    assert [p.name for p in tmp_path.iterdir()] == ["j"]


def test_a_later_version_is_left_alone(tmp_path: Path) -> None:
    """It is not damaged: the program that wrote it has all of it."""
    filled(tmp_path / "j", "a").close()
    with sqlite3.connect(tmp_path / "j") as plain:
        plain.execute(f"PRAGMA user_version = {VERSION + 1}")
    plain.close()
    with pytest.raises(JournalError, match="later version"):
        JournalStore(tmp_path / "j", "normal")
    with sqlite3.connect(tmp_path / "j") as plain:
        plain.execute(f"PRAGMA user_version = {VERSION}")
    plain.close()
    store = JournalStore(tmp_path / "j", "normal")
    assert [found.id for found in rows_of(store)] == ["a"]
    store.close()


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


def test_a_long_journal_is_read_in_time_that_grows_with_it(tmp_path: Path) -> None:
    """Thirty thousand results are there in seconds: no row is looked for among all others."""
    store = JournalStore(tmp_path / "j", "normal")
    store.begin()
    for number in range(30_000):
        store.add(row(f"j-{number}")._replace(outcome="done", ended_at=2.0, text=None))
    store.commit()
    began = time.monotonic()
    assert sum(1 for _ in store.rows()) == 30_000
    assert time.monotonic() - began < 20
    store.close()


# -- what ends with a segment -------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 100])
def test_what_ends_with_a_segment_is_kept_with_its_text(times: int) -> None:
    """And the silences that the job began with: what is spoken after a restart is the same."""
    slow = Prosody(rate=0.8, voice="a(2)+b")
    parts = (
        Part("One of the", "phrase"),
        Part("long ones."),
        Part("Two.", "paragraph", slow),
        Part("Three.", 1.25),
        Part("Four.", "sentence", slow),
    )
    asked = msgspec.structs.replace(
        request(), segments=parts * times, pauses=Pauses(sentence_s=0.1)
    )
    kept = journal_rows.unpack(journal_rows.pack("a", "me", asked, 1.0, None))
    assert kept.pauses == asked.pauses
    if kept.rest is None:
        assert kept == asked
    else:
        assert tuple(parts_of(kept.rest)) == asked.segments


def test_a_row_of_before_ends_sentences() -> None:
    """Whose request says nothing of silences, and whose lines are texts alone."""
    packed = row("a", 1.0, "One.", "Two.")
    fields = msgspec.msgpack.decode(packed.request)
    del fields["pauses"]
    old = packed._replace(request=msgspec.msgpack.encode(fields))
    kept = journal_rows.unpack(old)
    assert (kept.segments, kept.pauses) == (sentences("One.", "Two."), Pauses())


def test_a_quotation_is_found_whatever_ends_with_it() -> None:
    """What is kept beside a text is not part of it."""
    assert (
        journal_rows.redact("no way to say 'Secret.'", "Secret.\tparagraph") == "no way to say '…'"
    )
