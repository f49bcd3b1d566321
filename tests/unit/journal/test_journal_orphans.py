"""Audio that no row names: it is kept for as long as a result, and found again."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from pathlib import Path

import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.journal import recovery as journal_recovery
from supervisor.journal.journal import AUDIO, DATABASE
from supervisor.speech import Speech
from tests.unit.journal.ear import Ear

REQUEST = JobRequest(
    speech=Speech(engine="e", voice="v"),
    sample_rate=24_000,
    segments=sentences("one", "two"),
    durable=True,
)
ASIDE = f"{AUDIO}.orphaned"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """What a supervisor left that was stopped: results `a` and `b`, of two segments each."""

    async def write() -> None:
        ear = Ear(tmp_path / "state")
        ear.start()
        for job in ("a", "b"):
            ear.tell(e.PersistJob(now=ear.loop.time(), job=job, owner="me", request=REQUEST))
            for segment in range(2):
                ear.tell(e.PersistAudio(job, segment, (b"1234",)))
            ear.tell(e.PersistOutcome(now=ear.loop.time(), job=job, outcome="done", message=""))
        await ear.until(lambda: len(ear.heard) == 8)
        ear.journal.close()

    asyncio.run(write())
    return tmp_path / "state"


def recovered(state: Path, retention_s: float = 3_600.0) -> tuple[dict[str, int], list[str]]:
    """Segments of each job, and warnings, as the next supervisor finds them."""

    async def recover() -> tuple[dict[str, int], list[str]]:
        ear = Ear(state, retention_s)
        ear.start()
        await ear.until(lambda: ear.opened)
        found = {event.job: len(event.stored) for event in ear.of(e.Recovered)}
        warnings = ear.journal.warnings()
        ear.journal.close()
        return found, warnings

    return asyncio.run(recover())


def test_audio_of_a_journal_that_was_moved_away_is_kept_and_told(
    state: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """How much and where, and that the journal is new; when it is back, its audio is, too."""
    (state / DATABASE).rename(tmp_path / "away")
    with caplog.at_level(logging.WARNING):
        found, warnings = recovered(state)
    assert found == {}
    assert sorted(p.name for p in (state / ASIDE).iterdir()) == ["a", "b"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert "audio of 2 jobs" in line
    assert str(state / ASIDE) in line
    assert "The journal is new" in line
    assert warnings == [
        f"journal: audio of 2 jobs that it does not know, 0.0 MB, is kept in {ASIDE}"
    ]
    (tmp_path / "away").replace(state / DATABASE)
    assert recovered(state) == ({"a": 2, "b": 2}, [])
    assert not (state / ASIDE).exists()


def test_an_older_journal_costs_no_audio(state: Path, tmp_path: Path) -> None:
    """What it does not know is kept aside; what it knows stays."""
    shutil.copytree(state, tmp_path / "old")
    shutil.copytree(state / AUDIO / "a", state / AUDIO / "younger")
    found, warnings = recovered(state)
    assert found == {"a": 2, "b": 2}
    assert len(warnings) == 1
    assert (state / ASIDE / "younger" / "1.pcm").exists()


def test_orphans_are_removed_after_their_time_and_not_before(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """From when they were found, however old the audio is; and that is said."""
    (state / DATABASE).unlink()
    for path in (state / AUDIO).rglob("*"):
        os.utime(path, (0, 0))
    recovered(state)
    assert len(list((state / ASIDE).iterdir())) == 2
    hour_ago = time.time() - 3_601
    os.utime(state / ASIDE / "a", (hour_ago, hour_ago))
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        recovered(state)
    assert [p.name for p in (state / ASIDE).iterdir()] == ["b"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert "audio of 1 jobs" in line
    assert "was removed" in line


def test_orphans_are_removed_while_the_supervisor_runs(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another start, and by the retention that holds then."""
    (state / DATABASE).unlink()
    monkeypatch.setattr(journal_recovery, "_ORPHANS_S", 0.02)

    async def run() -> None:
        ear = Ear(state, 3_600.0)
        ear.start()
        await ear.until(lambda: ear.opened)
        assert len(ear.journal.warnings()) == 1
        ear.journal.retention_s = 0.0
        await ear.until(lambda: not ear.journal.warnings())
        assert not (state / ASIDE).exists()
        ear.journal.close()

    asyncio.run(run())


def test_what_was_half_forgotten_leaves_no_word_where_nothing_is_left(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty directory is no audio."""
    (state / AUDIO / "gone").mkdir()
    with caplog.at_level(logging.WARNING):
        assert recovered(state) == ({"a": 2, "b": 2}, [])
    assert caplog.records == []
    assert not (state / AUDIO / "gone").exists()


def test_two_orphans_of_one_name_are_both_kept(state: Path) -> None:
    """The second time the journal is lost nothing takes the place of the first."""
    for _ in range(2):
        (state / DATABASE).unlink(missing_ok=True)
        (state / AUDIO / "a").mkdir(exist_ok=True)
        (state / AUDIO / "a" / "0.pcm").write_bytes(b"1234")
        recovered(state)
    assert sorted(p.name for p in (state / ASIDE).iterdir()) == ["a", "a-2", "b"]
