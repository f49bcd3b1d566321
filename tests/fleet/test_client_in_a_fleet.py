"""The Python API over a fleet: what holds of one supervisor holds of three, live and durable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from supervisor.client import BadRequest, Client, JobCancelled
from tests.e2e.test_python_client import (
    test_a_seed_makes_audio_reproducible,
    test_a_stream_is_the_whole_in_pieces,
    test_a_wrong_request_is_a_typed_error,
    test_engines_and_their_voices_are_known,
    test_synthesize_gives_speech,
)
from tests.fleet.hosts import Fleet
from tests.supervised import eventually

__all__ = [
    "test_a_seed_makes_audio_reproducible",
    "test_a_stream_is_the_whole_in_pieces",
    "test_a_wrong_request_is_a_typed_error",
    "test_engines_and_their_voices_are_known",
    "test_synthesize_gives_speech",
]
"""They run again here, with the client below."""

SETTINGS = {"engines.default": "hibari", "engines.preload": ["hibari", "noop", "metronome"]}
BOOK = "\n\n".join(
    f"Chapter {chapter}. "
    + " ".join(f"Number {n} follows “{n - 1}”, and so on." for n in range(30))
    for chapter in range(8)
)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Three hosts with a worker each; a part of a text is 1,000 characters."""
    with Fleet((1, 1, 1), settings=SETTINGS, part_s=20.0) as started:
        yield started


@pytest.fixture
def client(fleet: Fleet) -> Iterator[Client]:
    """A client of the fleet."""
    with Client(",".join(fleet.urls), name="test") as client:
        yield client


def test_a_book_on_three_hosts_is_the_book_on_one(fleet: Fleet, client: Client) -> None:
    """To the sample and the word, heard in order while it is spoken, and found again by its id."""
    with Client(fleet.hosts[0].endpoint) as own:
        whole = own.synthesize(BOOK, engine="noop", seed=7, words=True)
    job = client.submit(BOOK, engine="noop", seed=7, words=True, durable=True)
    parts = client.jobs(job.id)["parts"]
    assert parts >= 8
    book = job.result(60)
    assert np.array_equal(book.samples, whole.samples)
    assert book.words == whole.words
    assert (book.segments, book.seed) == (whole.segments, 7)
    document = client.jobs(job.id)
    assert (document["state"], document["parts_done"]) == ("done", parts)
    assert document["hosts"] == ["h1", "h2", "h3"]
    with Client(fleet.urls[0]) as elsewhere:
        again = elsewhere.attach(job.id).result(30)
    assert np.array_equal(again.samples, whole.samples)


def test_a_durable_job_is_cancelled_and_forgotten_from_anywhere(
    fleet: Fleet, client: Client
) -> None:
    """While it runs and while it waits; forgotten, its key is free again."""
    asked = {"engine": "metronome", "durable": True, "key": "one"}
    job = client.submit("This takes 30000 ms.", **asked)  # type: ignore[arg-type]
    eventually(lambda: client.jobs(job.id)["state"] == "running", "the job runs")
    with Client(fleet.urls[0]) as elsewhere:
        elsewhere.cancel(job.id)
    with pytest.raises(JobCancelled):
        job.result(20)
    assert client.jobs(job.id)["state"] == "cancelled"
    client.cancel(job.id, forget=True)
    again = client.submit("This takes 1 ms.", **asked)  # type: ignore[arg-type]
    assert again.id == job.id
    assert again.result(30).duration > 0


def test_a_job_in_hundreds_of_parts_is_cancelled_and_forgotten_at_once(client: Client) -> None:
    """Within the time of one call; soon none of its parts is left to be spoken."""
    text = "This is a sentence that takes 400 ms to say, and there are many of them. " * 4_000
    job = client.submit(text, engine="metronome", durable=True, key="many")
    parts = client.jobs(job.id)["parts"]
    assert parts > 200
    client.cancel(job.id)
    assert client.jobs(job.id)["state"] == "cancelled"
    eventually(lambda: client.jobs(job.id)["parts_done"] == parts, "all of its parts have ended")
    client.cancel(job.id, forget=True)
    with pytest.raises(BadRequest, match="there is no job"):
        client.jobs(job.id)


def test_the_commands_speak_with_a_fleet(fleet: Fleet, client: Client, tmp_path: Path) -> None:
    """A book is written by several hosts, and a job is shown by its id."""
    text, book = tmp_path / "book.txt", tmp_path / "chapters"
    text.write_text(BOOK)
    where = ("--servers", fleet.urls[0])

    def supervisor(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "supervisor", *words, *where]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    said = supervisor("say", "-f", str(text), "-o", f"{book}/", "--engine", "noop")
    assert said.returncode == 0, said.stderr
    assert [file for file in book.iterdir() if file.stat().st_size > 10_000]
    job = client.submit("Shown.", engine="noop", durable=True, label="mine")
    shown = supervisor("jobs", "show", job.id, "--json")
    assert json.loads(shown.stdout)["label"] == "mine", shown.stderr
