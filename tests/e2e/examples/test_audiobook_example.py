"""The audiobook example: killed with its supervisor in the middle of a book, it goes on there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import soundfile

from supervisor.client import Client
from tests.e2e.examples.programs import command, example
from tests.supervised import Supervised, eventually

CHAPTERS = 6
SENTENCE = "The ship sailed on through the night, and nobody saw the light. "


def sentences(chapter: int) -> int:
    """Later chapters are much longer: whoever is slow to see the first is not too late."""
    return 20 + 2 * (chapter - 1) ** 2


def chapter_files(directory: Path) -> list[Path]:
    """The chapters that are written, in order."""
    return sorted(directory.glob("*.flac"))


def test_an_audiobook_goes_on_where_it_was(tmp_path: Path) -> None:
    """Program and supervisor are killed after a chapter; no chapter is made or spoken twice."""
    book, directory = tmp_path / "book.txt", tmp_path / "book"
    text = [f"Chapter {n}\n{SENTENCE * sentences(n)}\n" for n in range(1, CHAPTERS + 1)]
    book.write_text("\n".join(text), encoding="utf-8")
    with Supervised() as supervised:
        with subprocess.Popen(
            command("audiobook.py", book, directory),
            env=supervised.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as program:
            eventually(lambda: chapter_files(directory), "the first chapter")
            program.kill()
        done = {file: file.stat().st_mtime_ns for file in chapter_files(directory)}
        assert 0 < len(done) < CHAPTERS
        supervised.stop(9)
        supervised.start()
        result = example(supervised.environ, "audiobook.py", book, directory)
        assert result.returncode == 0, result.stderr
        assert f"{CHAPTERS} chapters, {len(done)} there already" in result.stdout
        with Client(supervised.endpoint) as client:
            jobs = client.jobs(limit=1000)["jobs"]
    assert len(jobs) == CHAPTERS
    assert {job["state"] for job in jobs} == {"done"}
    files = chapter_files(directory)
    assert [file.name for file in files] == [f"{n:03}.flac" for n in range(1, CHAPTERS + 1)]
    assert all(file.stat().st_mtime_ns == written for file, written in done.items())
    lengths = [soundfile.info(file).duration for file in files]
    assert lengths == sorted(lengths), "each chapter is longer than the one before"
    assert not list(directory.glob("*.part"))
