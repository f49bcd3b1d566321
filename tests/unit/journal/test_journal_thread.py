"""The journal's thread: recovery that meets damage, and changes that the disk refuses."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import msgspec
import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Stored
from supervisor.core.jobs.job import JobState
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.journal import journal as journal_module
from supervisor.journal.audio import JournalAudio
from supervisor.journal.journal import AUDIO, DATABASE, TEXTS, Journal
from supervisor.journal.store import JournalStore
from supervisor.speech import Speech
from tests.fixtures.remains import files_with
from tests.supervised import eventually
from tests.unit.journal.ear import Ear

REQUEST = JobRequest(
    speech=Speech(engine="e", voice="v"),
    sample_rate=24_000,
    segments=sentences("one", "two"),
    durable=True,
)


def filled(directory: Path, *jobs: str) -> None:
    """A journal that an earlier supervisor left, with two segments of audio for each job."""

    async def write() -> None:
        ear = Ear(directory)
        ear.start()
        for job in jobs:
            ear.tell(e.PersistJob(now=ear.loop.time(), job=job, owner="me", request=REQUEST))
            for segment in range(2):
                ear.tell(e.PersistAudio(job, segment, (b"1234",)))
        await ear.until(lambda: len(ear.heard) == 3 * len(jobs))
        ear.journal.close()

    asyncio.run(write())


def test_a_file_that_cannot_be_read_costs_its_segment_and_nothing_else(tmp_path: Path) -> None:
    """Neither the other segment nor the other job; nor is the journal closed for it."""
    filled(tmp_path, "a", "b")
    bad = tmp_path / AUDIO / "a" / "0.pcm"
    bad.unlink()
    bad.mkdir()  # Opening it for reading works, and reading it is an error.
    (tmp_path / AUDIO / "c").touch()

    async def recover() -> None:
        ear = Ear(tmp_path)
        ear.start()
        await ear.until(lambda: ear.opened)
        found = {event.job: event.stored for event in ear.of(e.Recovered)}
        assert found == {
            "a": {1: Stored("a", 1, 0, 4)},
            "b": {0: Stored("b", 0, 0, 4), 1: Stored("b", 1, 0, 4)},
        }
        assert ear.journal.problem is None
        ear.journal.close()

    asyncio.run(recover())


def test_a_text_that_cannot_be_read_costs_its_job_and_is_there_at_the_next_start(
    tmp_path: Path,
) -> None:
    """What is closed for it is neither the journal nor another job."""

    async def recovered() -> dict[str, bytes]:
        ear = Ear(tmp_path)
        ear.start()
        await ear.until(lambda: ear.opened)
        assert ear.journal.problem is None
        ear.journal.close()
        return {event.job: event.unread.body for event in ear.of(e.Recovered)}

    async def write() -> None:
        ear = Ear(tmp_path)
        ear.start()
        request = msgspec.structs.replace(REQUEST, segments=(), open=True)
        for job in ("a", "b"):
            ear.tell(e.PersistJob(now=ear.loop.time(), job=job, owner="me", request=request))
            ear.tell(e.PersistText(job=job, at=0, body=b"Hey", flush=False, last=False))
        await ear.until(lambda: len(ear.heard) == 4)
        ear.journal.close()

    asyncio.run(write())
    text = tmp_path / TEXTS / "a.text"
    aside = text.rename(tmp_path / "aside")
    text.mkdir()
    assert asyncio.run(recovered()) == {"b": b"Hey"}
    text.rmdir()
    aside.rename(text)
    assert asyncio.run(recovered()) == {"a": b"Hey", "b": b"Hey"}


def test_a_recovery_that_fails_is_tried_again_and_nothing_is_taken_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error half way through is a journal that cannot be used, until it can be read."""
    filled(tmp_path, "a", "b")
    reads = 0

    def broken(_self: JournalAudio, _job: str) -> list[Stored]:
        nonlocal reads
        reads += 1
        raise OSError(5, "Input/output error")

    async def recover() -> None:
        ear = Ear(tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(JournalAudio, "segments", broken)
            ear.start()
            await ear.until(lambda: ear.journal.problem)
            ear.tell(e.PersistJob(now=ear.loop.time(), job="new", owner="me", request=REQUEST))
            await ear.until(lambda: ear.of(e.JobPersisted))
            assert ear.of(e.JobPersisted)[0].error is not None
            await ear.until(lambda: reads >= 2)
        await ear.until(lambda: {event.job for event in ear.of(e.Recovered)} == {"a", "b"})
        await ear.until(lambda: ear.journal.problem is None)
        ear.tell(e.PersistJob(now=ear.loop.time(), job="new", owner="me", request=REQUEST))
        await ear.until(lambda: len(ear.of(e.JobPersisted)) == 2)
        assert ear.of(e.JobPersisted)[1].error is None
        ear.journal.close()

    monkeypatch.setattr(journal_module, "_REOPEN_S", 0.05)
    asyncio.run(recover())


def test_an_outcome_that_could_not_be_written_is_written_as_soon_as_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, without another job that comes; and it is told then, not before."""
    filled(tmp_path, "a")
    tried = 0

    def broken(_self: JournalStore) -> None:
        nonlocal tried
        tried += 1
        raise sqlite3.OperationalError("disk I/O error")

    async def write() -> None:
        ear = Ear(tmp_path)
        ear.start()
        await ear.until(lambda: ear.opened)
        with monkeypatch.context() as patched:
            patched.setattr(JournalStore, "commit", broken)
            ear.tell(
                e.PersistOutcome(
                    now=ear.loop.time(), job="a", outcome="cancelled", message="enough"
                )
            )
            await ear.until(lambda: tried >= 3)
            await ear.until(lambda: ear.journal.problem)
            assert not ear.of(e.OutcomePersisted)
        await ear.until(lambda: ear.of(e.OutcomePersisted))
        ear.journal.close()

    monkeypatch.setattr(journal_module, "_REOPEN_S", 0.05)
    asyncio.run(write())
    with sqlite3.connect(tmp_path / DATABASE) as plain:
        assert plain.execute("SELECT id, outcome, message FROM jobs").fetchall() == [
            ("a", "cancelled", "enough")
        ]
    plain.close()
    assert not (tmp_path / AUDIO / "a").exists(), "its audio is of no more use"


def test_a_full_sync_brings_every_step_to_the_disk_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is synced, then renamed, then its directories are; only then may it be released."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(fd: int) -> None:
        steps.append(f"fsync {Path(f'/proc/self/fd/{fd}').readlink().name}")
        fsync(fd)

    def noted_replace(self: Path, target: Path) -> Path:
        steps.append(f"rename {target.name}")
        return replace(self, target)

    async def write() -> None:
        told = steps.append
        loop = asyncio.get_running_loop()
        journal = Journal(loop, tmp_path, "full", lambda event: told(type(event).__name__))
        journal.start(lambda: None)
        journal.effects[e.PersistAudio](e.PersistAudio("j", 0, (b"1234",)))
        await asyncio.to_thread(eventually, lambda: "AudioStored" in steps, "the answer")
        journal.close()

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    asyncio.run(write())
    assert steps == [
        "fsync .0.pcm.part",
        "rename 0.pcm",
        "fsync j",
        f"fsync {AUDIO}",
        "AudioStored",
    ]


MARK = "Something that nobody else may ever read, and that is long enough to be found."


@pytest.mark.parametrize("outcome", ["done", "failed", "cancelled", "expired", "quarantined"])
def test_soon_after_an_outcome_no_file_holds_the_text(tmp_path: Path, outcome: JobState) -> None:
    """While the journal is open, and without another job that comes; nor does the message."""
    wanted = JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences("one", MARK),
        durable=True,
    )

    async def write() -> None:
        ear = Ear(tmp_path)
        ear.start()
        for job in ("a", "b"):
            ear.tell(e.PersistJob(now=ear.loop.time(), job=job, owner="me", request=wanted))
            ear.tell(e.PersistAudio(job, 0, (b"1234",)))
        await ear.until(lambda: len(ear.heard) == 4)
        assert files_with(tmp_path, MARK[:40].encode())
        message = "" if outcome == "done" else f"segment 1 ended 3 workers, the last: {MARK}"
        ear.tell(e.PersistOutcome(now=ear.loop.time(), job="a", outcome=outcome, message=message))
        await ear.until(lambda: ear.of(e.OutcomePersisted))
        ear.tell(e.PersistOutcome(now=ear.loop.time(), job="b", outcome=outcome, message=message))
        await ear.until(lambda: not files_with(tmp_path, MARK[:40].encode()))
        ear.journal.close()
        assert not files_with(tmp_path, MARK[:40].encode())

    asyncio.run(write())


def test_a_log_that_cannot_be_emptied_now_is_emptied_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes are told all the same: they are in the journal."""
    wanted = JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(MARK),
        durable=True,
    )
    tried = 0

    def broken(_self: JournalStore) -> None:
        nonlocal tried
        tried += 1
        raise sqlite3.OperationalError("disk I/O error")

    async def write() -> None:
        ear = Ear(tmp_path)
        ear.start()
        ear.tell(e.PersistJob(now=ear.loop.time(), job="a", owner="me", request=wanted))
        await ear.until(lambda: ear.of(e.JobPersisted))
        with monkeypatch.context() as patched:
            patched.setattr(JournalStore, "sweep", broken)
            ear.tell(e.PersistOutcome(now=ear.loop.time(), job="a", outcome="done", message=""))
            await ear.until(lambda: ear.of(e.OutcomePersisted))
            await ear.until(lambda: tried >= 2)
            assert files_with(tmp_path, MARK[:40].encode())
            assert ear.journal.problem is None
        await ear.until(lambda: not files_with(tmp_path, MARK[:40].encode()))
        ear.journal.close()

    monkeypatch.setattr(journal_module, "_SWEEP_S", 0.02)
    asyncio.run(write())


def test_damage_that_is_met_while_it_runs_is_mended_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is opened anew, with the rows that can be read, and can be written again."""
    filled(tmp_path, "a", "b")

    def malformed(_self: JournalStore) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def run() -> None:
        ear = Ear(tmp_path)
        ear.start()
        await ear.until(lambda: ear.opened)
        log = tmp_path / f"{DATABASE}-wal"
        await ear.until(lambda: not log.stat().st_size)
        with (tmp_path / DATABASE).open("r+b") as file:
            file.write(b"\xa5" * 100)  # SQLite has read it already, and will not look again.
        with monkeypatch.context() as patched:
            patched.setattr(JournalStore, "commit", malformed)
            ear.tell(
                e.PersistOutcome(
                    now=ear.loop.time(), job="a", outcome="cancelled", message="enough"
                )
            )
            await ear.until(lambda: ear.journal.problem)
        await ear.until(lambda: ear.of(e.OutcomePersisted))
        await ear.until(lambda: ear.journal.problem is None)
        assert len(ear.journal.damage.kept) == 1
        assert len(ear.journal.warnings()) == 1
        ear.journal.close()

    monkeypatch.setattr(journal_module, "_REOPEN_S", 0.05)
    asyncio.run(run())
    with sqlite3.connect(tmp_path / DATABASE) as plain:
        rows = plain.execute("SELECT id, outcome FROM jobs ORDER BY id").fetchall()
    plain.close()
    assert rows == [("a", "cancelled"), ("b", None)]
