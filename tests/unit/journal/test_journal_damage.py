"""A table of damage: jobs of undamaged rows are all delivered, and the rest is told.

Each kind is done to the files of a journal that was really written, with waiting jobs and
results in it; then a real journal is opened on them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.journal.journal import AUDIO, DATABASE
from supervisor.journal.rows import pack, unpack
from supervisor.journal.store import JournalStore
from supervisor.speech import Speech
from tests.unit.journal.ear import Ear

PAGE = 4096
WAITING = [f"w-{number:03}" for number in range(40)]
DONE = [f"d-{number:03}" for number in range(40)]
JOBS = {*WAITING, *DONE}


def request(job: str) -> JobRequest:
    """What this job asked for; its voice and its text tell where on the disk it lies."""
    segments = (f"Text of {job}.", f"More of {job}. " * 20)
    return JobRequest(
        speech=Speech(engine="e", voice=f"voice-{job}"),
        sample_rate=24_000,
        segments=sentences(*segments),
        durable=True,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`closed`: what a supervisor left that was stopped; `killed`: by one that was killed."""
    directory = tmp_path_factory.mktemp("journal")

    async def write() -> None:
        ear = Ear(directory / "closed")
        ear.start()
        await ear.until(lambda: ear.opened)
        for job in [*DONE, *WAITING]:
            ear.heard.clear()
            ear.tell(e.PersistJob(now=ear.loop.time(), job=job, owner="me", request=request(job)))
            await ear.until(lambda: ear.heard)
        for job in DONE:
            for segment in range(2):
                ear.tell(e.PersistAudio(job, segment, (b"1234",)))
        await ear.until(lambda: len(ear.of(e.AudioStored)) == 2 * len(DONE))
        shutil.copytree(directory / "closed", directory / "killed")
        for job in DONE:
            ear.tell(e.PersistOutcome(now=ear.loop.time(), job=job, outcome="done", message=""))
        await ear.until(lambda: len(ear.of(e.OutcomePersisted)) == len(DONE))
        ear.journal.close()

    asyncio.run(write())
    return directory


class Found(NamedTuple):
    """What the journal told after damage: jobs that are as they were, and others."""

    whole: set[str]
    failed: dict[str, str]
    rows: int
    kept: list[Path]
    warnings: list[str]


def opened(directory: Path, new: str = "new") -> Found:
    """Open the journal there; it takes a new job, whatever was done to it."""

    async def recover() -> Found:
        ear = Ear(directory)
        ear.start()
        await ear.until(lambda: ear.opened)
        assert ear.journal.problem is None
        ear.tell(e.PersistJob(now=ear.loop.time(), job=new, owner="me", request=request(new)))
        await ear.until(lambda: ear.of(e.JobPersisted))
        assert ear.of(e.JobPersisted)[0].error is None
        events = ear.of(e.Recovered)
        assert len({event.job for event in events}) == len(events)
        whole = {event.job for event in events if is_whole(event)}
        failed = {event.job: event.message for event in events if event.outcome == "failed"}
        journal = ear.journal
        found = Found(whole, failed, journal.damage.rows, journal.damage.kept, journal.warnings())
        journal.close()
        return found

    return asyncio.run(recover())


def is_whole(event: e.Recovered) -> bool:
    """Whether the job can be delivered."""
    wanted = request(event.job)
    if event.outcome is None:
        return event.request == wanted and event.owner == "me"
    return (
        event.outcome == "done" and event.request.speech == wanted.speech and len(event.stored) == 2
    )


# -- places on the disk -----------------------------------------------------------------


def page_of(data: bytes, what: str) -> int:
    """The offset of the page that has these bytes."""
    assert what.encode() in data, what
    return data.index(what.encode()) // PAGE * PAGE


def on_page(data: bytes, offset: int) -> set[str]:
    """Jobs whose rows lie on this page."""
    page = data[offset : offset + PAGE]
    return {job for job in JOBS if f"voice-{job}".encode() in page}


def overwrite(path: Path, offset: int, data: bytes) -> None:
    """Put these bytes there."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def flip(path: Path, what: str) -> None:
    """Change one bit of the last of these bytes."""
    data = path.read_bytes()
    offset = data.index(what.encode()) + len(what) - 1
    overwrite(path, offset, bytes([data[offset] ^ 1]))


def zero_rows(*names: str) -> Callable[[Path], set[str]]:
    """Zero the pages on which the rows of these jobs lie."""

    def damage(path: Path) -> set[str]:
        data = path.read_bytes()
        lost: set[str] = set()
        for name in names:
            offset = page_of(data, f"voice-{name}")
            lost |= on_page(data, offset)
            overwrite(path, offset, bytes(PAGE))
        assert lost < JOBS
        return lost

    return damage


def zero_index(path: Path) -> set[str]:
    """Zero every page of the index; they have the ids, and nothing else of a row."""
    data = path.read_bytes()
    for offset in range(PAGE, len(data), PAGE):
        page = data[offset : offset + PAGE]
        if page[0] in {2, 10} and not on_page(data, offset):
            overwrite(path, offset, bytes(PAGE))
    return set()


def zero_rows_and_index(path: Path) -> set[str]:
    """Then nothing tells the numbers of the rows."""
    lost = zero_rows("d-020", "w-020")(path)
    zero_index(path)
    return lost


def root(path: Path) -> set[str]:
    """Zero the page from which all others are found."""
    overwrite(path, PAGE, bytes(PAGE))
    return set()


def first_pages(path: Path) -> set[str]:
    """Zero everything that tells where anything is; the rows are further behind."""
    lost = on_page(path.read_bytes(), 2 * PAGE)
    overwrite(path, 0, bytes(3 * PAGE))
    return lost


def statement(*statements: str, lost: str = "") -> Callable[[Path], set[str]]:
    """Let SQLite do it, whatever it thinks of it."""

    def damage(path: Path) -> set[str]:
        plain = sqlite3.connect(path, isolation_level=None)
        plain.execute("PRAGMA writable_schema = ON")
        for each in statements:
            plain.execute(each)
        plain.close()
        return set(lost.split())

    return damage


def header(path: Path) -> set[str]:
    """The first hundred bytes are not SQLite's."""
    overwrite(path, 0, b"\xa5" * 100)
    return set()


def first_page(path: Path) -> set[str]:
    """Nor is anything on the first page."""
    overwrite(path, 0, bytes(PAGE))
    return set()


def may_write(path: Path) -> set[str]:
    """One byte of the header, which says who may write."""
    overwrite(path, 18, b"\x7f")
    return set()


def request_flipped(path: Path) -> set[str]:
    """One bit of what was asked for."""
    flip(path, "voice-w-012")
    return {"w-012"}


def text_flipped(path: Path) -> set[str]:
    """One bit of a text."""
    flip(path, "Text of w-012")
    return {"w-012"}


def text_page(path: Path) -> set[str]:
    """A page with nothing but text."""
    overwrite(path, page_of(path.read_bytes(), "Text of w-012"), bytes(PAGE))
    return {"w-012"}


def id_flipped(path: Path) -> set[str]:
    """A row takes another one's name; the other one is still what it was."""
    data = path.read_bytes()
    offset = data.index(b"w-012me")
    overwrite(path, offset, b"w-013")
    return {"w-012"}


def cut(path: Path) -> set[str]:
    """A third is missing."""
    data = path.read_bytes()
    keep = len(data) // PAGE * 2 // 3 * PAGE
    lost = {job for job in WAITING if f"Text of {job}.".encode() in data[keep:]}
    for offset in range(keep, len(data), PAGE):
        lost |= on_page(data, offset)
    assert lost < JOBS
    with path.open("r+b") as file:
        file.truncate(keep)
    return lost


def cut_short(path: Path) -> set[str]:
    """Hardly anything is left."""
    with path.open("r+b") as file:
        file.truncate(60)
    return JOBS


def directory(path: Path) -> set[str]:
    """It is a directory, with something in it."""
    path.unlink()
    path.mkdir()
    (path / "stray").touch()
    return JOBS


def log_is_a_directory(path: Path) -> set[str]:
    """Nothing was in the log."""
    path.with_name(f"{DATABASE}-wal").mkdir()
    return set()


NOT_UTF_8 = "UPDATE jobs SET text = x'ff0aff' WHERE id = 'w-012'"
NO_NUMBER = "UPDATE jobs SET request = x'01' WHERE id = 'w-012'"

KINDS: dict[str, Callable[[Path], set[str]]] = {
    "garbage for a header": header,
    "a zeroed first page": first_page,
    "a byte of the header": may_write,
    "a zeroed page of rows": zero_rows("w-012"),
    "three zeroed pages of rows": zero_rows("d-003", "d-030", "w-020"),
    "the zeroed first and last page of rows": zero_rows("d-000", "w-039"),
    "a zeroed index": zero_index,
    "a zeroed root": root,
    "the first three pages": first_pages,
    "zeroed rows and index": zero_rows_and_index,
    "a bit of a request": request_flipped,
    "a bit of a text": text_flipped,
    "a zeroed page of a text": text_page,
    "a bit of an id": id_flipped,
    "a file that is cut off": cut,
    "a file that is hardly there": cut_short,
    "a directory for a database": directory,
    "a directory for a log": log_is_a_directory,
    "no table any more": statement("DROP TABLE jobs", lost=" ".join(JOBS)),
    "a table that nobody knows of": statement("DELETE FROM sqlite_master"),
    "no index": statement("DELETE FROM sqlite_master WHERE type = 'index'"),
    "another version": statement("PRAGMA user_version = 1"),
    "no version": statement("PRAGMA user_version = 0"),
    "a table of another name": statement("ALTER TABLE jobs RENAME TO work"),
    "an unknown outcome": statement(
        "UPDATE jobs SET outcome = 'odd' WHERE id = 'd-012'", lost="d-012"
    ),
    "a live job without text": statement(
        "UPDATE jobs SET text = NULL WHERE id = 'w-012'", lost="w-012"
    ),
    "text that is none": statement(NOT_UTF_8, lost="w-012"),
    "a request that is a number": statement(NO_NUMBER, lost="w-012"),
    "a name that is a path": statement(
        "UPDATE jobs SET id = '../..' WHERE id = 'w-012'", lost="w-012"
    ),
    "no name": statement("UPDATE jobs SET id = '' WHERE id = 'w-012'", lost="w-012"),
    "times of another world": statement(
        "UPDATE jobs SET accepted_at = -1e308, deadline = 9e999 WHERE id = 'w-012'",
        "UPDATE jobs SET accepted_at = 9e999, ended_at = -5 WHERE id = 'd-012'",
    ),
    "an outcome without a time": statement("UPDATE jobs SET ended_at = NULL WHERE id = 'd-012'"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_damage_costs_what_was_damaged_and_nothing_else(
    written: Path, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Every other job is delivered; the file is kept; log and warnings say so, until a restart."""
    state = tmp_path / "state"
    shutil.copytree(written / "closed", state)
    lost = KINDS[kind](state / DATABASE)
    with caplog.at_level(logging.WARNING):
        found = opened(state)
    assert found.whole >= JOBS - lost
    assert found.kept
    assert all(path.exists() for path in found.kept)
    assert found.rows >= len(found.failed)
    assert any(path.name in warning for path in found.kept for warning in found.warnings)
    assert "damaged" in caplog.text
    for job in lost & set(found.failed):
        assert "damaged" in found.failed[job]
    again = opened(state, "newer")
    assert again.whole >= found.whole
    assert again.kept == []
    assert not any("damage" in warning for warning in again.warnings)


# -- the log, and the audio -------------------------------------------------------------

LOG = f"{DATABASE}-wal"
FRAME = 24 + PAGE


def prefix(found: Found) -> int:
    """How many of the jobs were recovered: as many as were written before all others."""
    order = [*DONE, *WAITING]
    count = len(found.whole & JOBS)
    assert found.whole & JOBS == set(order[:count])
    return count


def waiting_or_done(event: e.Recovered) -> bool:
    """None of the jobs had its outcome when the supervisor was killed."""
    return event.outcome is None and event.request == request(event.job)


@pytest.fixture
def killed(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a supervisor that was killed with everything in its log."""
    monkeypatch.setattr(f"{__name__}.is_whole", waiting_or_done)
    shutil.copytree(written / "killed", tmp_path / "state")
    return tmp_path / "state"


def test_a_log_that_is_whole_has_everything(killed: Path) -> None:
    """That is what the others differ from; and it is no damage."""
    found = opened(killed)
    assert prefix(found) == len(JOBS)
    assert (found.rows, found.kept, found.warnings) == (0, [], [])


@pytest.mark.parametrize("cut_off", [0, 10, 24, 2_000])
def test_a_log_that_was_cut_costs_the_last_changes(killed: Path, cut_off: int) -> None:
    """It is what a power loss leaves; within a frame or between two."""
    frames = ((killed / LOG).stat().st_size - 32) // FRAME
    with (killed / LOG).open("r+b") as file:
        file.truncate(32 + frames // 2 * FRAME + cut_off)
    assert 20 < prefix(opened(killed)) < 60


def test_a_log_with_garbage_in_it_is_told_and_kept(
    killed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite reads up to it, and says nothing of the changes behind."""
    before = (killed / LOG).read_bytes()
    frames = (len(before) - 32) // FRAME
    overwrite(killed / LOG, 32 + frames // 2 * FRAME + 1_000, b"\xa5" * 500)
    damaged = (killed / LOG).read_bytes()
    found = opened(killed)
    assert 20 < prefix(found) < 60
    (kept,) = found.kept
    assert kept.read_bytes() == damaged
    assert "its log (-wal) is damaged" in caplog.text
    assert opened(killed, "newer").warnings == []


@pytest.mark.parametrize("size", [32, 1 << 16])
def test_a_log_that_is_none_is_told_and_kept(
    killed: Path, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """What was in it is gone; what was in the database before is not."""
    overwrite(killed / LOG, 0, b"\xa5" * size)
    damaged = (killed / LOG).read_bytes()
    found = opened(killed)
    assert found.whole == set()
    assert [kept.read_bytes() for kept in found.kept] == [damaged]
    assert "its log (-wal) is damaged" in caplog.text


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_log_without_its_database_is_kept(killed: Path, how: str) -> None:
    """SQLite would remove it; it may be all that there is."""
    log = (killed / LOG).read_bytes()
    (killed / DATABASE).unlink()
    if how == "empty":
        (killed / DATABASE).touch()
    found = opened(killed)
    assert [kept.read_bytes() for kept in found.kept] == [log]
    assert found.warnings


def test_who_was_killed_while_files_were_moved_has_lost_nothing(killed: Path) -> None:
    """The database had stepped back, its log had not."""
    (killed / DATABASE).rename(killed / f"{DATABASE}.before")
    found = opened(killed)
    assert prefix(found) == len(JOBS)
    assert (found.rows, found.kept) == (0, [])
    assert not list(killed.glob(f"{DATABASE}.*"))


@pytest.mark.parametrize("links", [True, False])
def test_damage_in_the_database_costs_nothing_that_is_in_the_log(
    killed: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """The log is read, and kept with the damaged file; also where a file has one name only."""

    def refused(*_names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refused)
    log = (killed / LOG).read_bytes()
    header(killed / DATABASE)
    found = opened(killed)
    assert prefix(found) == len(JOBS)
    (kept,) = found.kept
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == log


def audio_damage(path: Path, kind: str) -> None:
    """Do something to the audio of one segment."""
    match kind:
        case "a directory":
            path.unlink()
            path.mkdir()
        case "not a whole sample":
            path.write_bytes(b"12345" + (5).to_bytes(8, "little"))
        case "cut off":
            path.write_bytes(path.read_bytes()[:-3])
        case "gone":
            path.unlink()
        case "another name":
            path.rename(path.with_name("zero.pcm"))


@pytest.mark.parametrize(
    "kind", ["a directory", "not a whole sample", "cut off", "gone", "another name"]
)
def test_audio_that_cannot_be_read_costs_its_job_alone(
    written: Path, tmp_path: Path, kind: str
) -> None:
    """The job machine hears what is there; the row, and the other segment, stay."""
    state = tmp_path / "state"
    shutil.copytree(written / "closed", state)
    audio_damage(state / AUDIO / "d-012" / "0.pcm", kind)
    assert JOBS - opened(state).whole == {"d-012"}
    assert (state / AUDIO / "d-012" / "1.pcm").exists()


def test_strays_among_the_audio_disturb_nobody(written: Path, tmp_path: Path) -> None:
    """Files and directories that are no job's, and files of a job that are no audio."""
    state = tmp_path / "state"
    shutil.copytree(written / "closed", state)
    (state / AUDIO / "stray").write_text("mine")
    (state / AUDIO / "d-012" / "note.txt").write_text("mine")
    (state / AUDIO / "d-012" / "7.pcm").mkdir()
    (state / AUDIO / "d-012" / "99999999999999999999.pcm").write_bytes(bytes(8))
    assert opened(state).whole >= JOBS
    assert (state / f"{AUDIO}.orphaned" / "stray").read_text() == "mine"


def test_a_file_in_the_place_of_the_audio_makes_room(written: Path, tmp_path: Path) -> None:
    """The results are gone; what comes can be stored."""
    state = tmp_path / "state"
    shutil.copytree(written / "closed", state)
    shutil.rmtree(state / AUDIO)
    (state / AUDIO).write_text("mine")
    assert opened(state).whole == set(WAITING)
    assert (state / f"{AUDIO}.orphaned" / AUDIO).read_text() == "mine"


def test_a_directory_that_may_not_be_read_costs_nothing_for_good(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its jobs cannot be delivered now; nothing is removed, and at the next start they can be."""
    state = tmp_path / "state"
    shutil.copytree(written / "closed", state)
    listdir = os.listdir

    def refused(path: Path) -> list[str]:
        if Path(path).name == "d-012":
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", refused)
        assert JOBS - opened(state).whole == {"d-012"}
    assert opened(state, "newer").whole >= JOBS


@pytest.mark.parametrize("seed", range(80))
def test_whatever_is_damaged_the_journal_opens_and_tells_no_untruth(
    written: Path, tmp_path: Path, seed: int
) -> None:
    """A job is as it was, or has failed, or is lost; and new ones are taken."""
    hazard = random.Random(seed)
    state = tmp_path / "state"
    shutil.copytree(written / hazard.choice(["closed", "killed"]), state)
    for _ in range(hazard.choice([1, 1, 3, 20])):
        path = hazard.choice([path for path in state.glob("journal.sqlite*") if path.is_file()])
        data = bytearray(path.read_bytes())
        if not data:
            continue
        size = hazard.choice([1, 4, 100, PAGE, 5 * PAGE])
        start = hazard.randrange(len(data))
        start -= start % hazard.choice([1, 1, PAGE])
        end = min(len(data), start + size)
        match hazard.choice(["noise", "zeros", "cut", "moved"]):
            case "noise":
                data[start:end] = hazard.randbytes(end - start)
            case "zeros":
                data[start:end] = bytes(end - start)
            case "cut":
                del data[start + len(data) // 2 :]
            case "moved":
                other = hazard.randrange(len(data) - (end - start) + 1)
                data[start:end] = data[other : other + end - start]
        path.write_bytes(data)
    store = JournalStore(state / DATABASE, "normal", suspect=hazard.random() < 0.2)
    for row, _wrong in store.rows():
        if row is not None and row.outcome != "failed":
            asked = request(row.id)
            assert row.outcome in {None, "done"}
            assert unpack(row).speech == asked.speech
            assert row.text is None or unpack(row) == asked
    store.begin()
    store.add(pack("new", "me", request("new"), 1.0, None))
    store.commit()
    store.close()
    again = JournalStore(state / DATABASE, "normal")
    assert "new" in {row.id for row, _wrong in again.rows() if row is not None}
    assert again.damage.kept == []
    again.close()
