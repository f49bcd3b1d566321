"""A real supervisor that was killed and finds its journal damaged; and who gets to know."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from supervisor.client import Client
from supervisor.client.errors import JobFailed
from supervisor.journal.journal import AUDIO, DATABASE
from supervisor.wire import client as wire
from tests.e2e.gateway.serving import Serving
from tests.fixtures.remains import files_with
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, Wire, eventually

PAGE = 4096
JOBS = 40
MARK = "A text that is long enough to be found wherever it may have been left behind."


def state_of(supervised: Supervised) -> Path:
    """The directory with the journal."""
    return Path(supervised.environ["SUPERVISOR_STATE_DIR"])


def kill(supervised: Supervised) -> None:
    """-9."""
    supervised.kill()


def stop(supervised: Supervised) -> None:
    """With a SIGTERM."""
    assert supervised.stop() == 0


def fold(path: Path) -> None:
    """Put the log into the database, so that its pages can be damaged."""
    plain = sqlite3.connect(path)
    plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()


@pytest.fixture
def killed() -> Iterator[tuple[Staged, list[str]]]:
    """A supervisor that was killed with forty durable jobs waiting, and their ids."""
    with ExitStack() as stack:
        staged = stack.enter_context(Staged(workers=1))
        peer = stack.enter_context(staged.wire())
        first = submit(peer, "Hold.")
        staged.begun("holding")
        jobs = [first, *(submit(peer, f"Number {number}. {MARK}") for number in range(1, JOBS))]
        kill(staged)
        staged.go()
        fold(state_of(staged) / DATABASE)
        yield staged, jobs


def submit(peer: Wire, text: str) -> str:
    """Hand in a durable job for nobody in particular."""
    peer.send(wire.Submit("damage", durable=True, credit=0), text.encode())
    accepted = peer.receive()[0]
    assert isinstance(accepted, wire.Accepted)
    return accepted.job


def finished(client: Client, job: str) -> bool:
    """Wait until the job is done."""
    return bool(eventually(lambda: client.jobs(job)["state"] == "done", f"{job} is done"))


def garbage(path: Path, _jobs: list[str]) -> set[str]:
    """The first page is not SQLite's."""
    with path.open("r+b") as file:
        file.write(b"\xa5" * PAGE)
    return set()


def page_of_rows(path: Path, jobs: list[str]) -> set[str]:
    """The page with the row of the twentieth job is zeroed."""
    data = path.read_bytes()
    at = next(
        at
        for at in range(PAGE, len(data), PAGE)
        if data[at] == 13 and f"{jobs[20]}uid:".encode() in data[at : at + PAGE]
    )
    lost = {job for job in jobs if f"{job}uid:".encode() in data[at : at + PAGE]}
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes(PAGE))
    assert len(lost) < JOBS / 2
    return lost


def way_to_rows(path: Path, _jobs: list[str]) -> set[str]:
    """The page that leads to all rows is zeroed."""
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(bytes(PAGE))
    return set()


@pytest.mark.parametrize("damage", [garbage, page_of_rows, way_to_rows])
def test_jobs_of_undamaged_rows_are_finished_after_kill_9(
    killed: tuple[Staged, list[str]], damage: Callable[[Path, list[str]], set[str]]
) -> None:
    """And their results can be fetched; the damaged file lies beside the new one."""
    staged, jobs = killed
    state = state_of(staged)
    lost = damage(state / DATABASE, jobs)
    staged.start()
    with Client(staged.endpoint) as client:
        for job in sorted(set(jobs) - lost):
            assert finished(client, job)
            assert client.attach(job).result().duration > 0
        journal = client.status()["journal"]
    assert "journal.sqlite was damaged" in staged.output
    assert journal["damaged_rows"] == len(lost)
    (kept,) = state.glob(f"{DATABASE}.damaged-*")
    assert kept.name in journal["warnings"][0]
    for job in lost:
        assert f"job {job} is lost" in staged.output


def test_who_looks_gets_to_know_until_the_next_start(killed: tuple[Staged, list[str]]) -> None:
    """Readiness stays, with a warning; metrics count; doctor names the file."""
    staged, jobs = killed
    lost = page_of_rows(state_of(staged) / DATABASE, jobs)
    with staged.start(), Serving(staged.environ) as serving:
        eventually(lambda: serving.ask("/readyz").status == 200, "it is ready")
        document = serving.ask("/readyz").document
        assert document["status"] == "ready"
        (warning,) = document["warnings"]
        assert f"{len(lost)} jobs lost something" in warning
        metrics = serving.ask("/metrics").body.decode()
        assert f"tts_journal_damaged_rows_total {len(lost)}.0" in metrics
        assert "tts_journal_writable 1.0" in metrics
        found = doctor(staged)
        assert any(f"{len(lost)} jobs lost something" in line for line in found)
        assert any("was damaged and is kept" in line for line in found)
        stop(staged)
        assert staged.start().status()["journal"]["warnings"] == []


def doctor(supervised: Supervised) -> list[str]:
    """What it finds of the journal."""
    command = [sys.executable, "-W", "error", "-m", "supervisor", "doctor", "--json"]
    done = subprocess.run(
        command, env=supervised.environ, capture_output=True, timeout=60, check=False
    )
    findings = json.loads(done.stdout)["findings"]
    return [finding["found"] for finding in findings if finding["check"] == "journal"]


NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}


def test_audio_of_a_journal_that_was_moved_away_comes_back_with_it(tmp_path: Path) -> None:
    """Meanwhile it is kept aside, and the log says where."""
    with Supervised(NOOP) as supervised:
        state = state_of(supervised)
        with Client(supervised.endpoint) as client:
            job = client.submit("Hello there.", durable=True)
            expected = job.result().samples
        stop(supervised)
        (state / DATABASE).rename(tmp_path / "away")
        supervised.start()
        assert "The journal is new" in supervised.output
        assert (state / f"{AUDIO}.orphaned" / job.id).exists()
        stop(supervised)
        (tmp_path / "away").replace(state / DATABASE)
        supervised.start()
        with Client(supervised.endpoint) as client:
            assert (client.attach(job.id).result().samples == expected).all()


def test_a_result_whose_audio_was_removed_says_so() -> None:
    """It cannot be spoken again; who fetches it is told at once."""
    with Supervised(NOOP) as supervised:
        with Client(supervised.endpoint) as client:
            job = client.submit("Hello there.", durable=True)
            job.result()
        stop(supervised)
        shutil.rmtree(state_of(supervised) / AUDIO)
        supervised.start()
        with (
            Client(supervised.endpoint) as client,
            pytest.raises(JobFailed, match="its audio is gone"),
        ):
            client.attach(job.id).result()


def test_no_file_holds_the_text_of_a_job_that_has_ended() -> None:
    """Nor after a kill -9 right after the answer, once the next supervisor has started."""
    with Supervised(NOOP) as supervised:
        state = state_of(supervised)

        def left() -> list[str]:
            return files_with(state, MARK[:40].encode())

        with Client(supervised.endpoint) as client:
            client.submit(MARK, durable=True).result()
            eventually(lambda: not left(), "the text is gone")
            client.submit(MARK, durable=True).result()
        kill(supervised)
        supervised.start()
        with Client(supervised.endpoint) as client:
            eventually(
                lambda: [job["state"] for job in client.jobs()["jobs"]] == ["done", "done"],
                "both are done",
            )
        eventually(lambda: not left(), "the text is gone")
