"""`supervisor say` with books, as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from supervisor.audio.loudness import TARGET_LUFS, LoudnessMeter
from tests.epubs import chapters_epub
from tests.supervised import Supervised, eventually

COMMAND = (sys.executable, "-W", "error", "-m", "supervisor", "say")


def say(
    supervised: Supervised, *arguments: str, cwd: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=supervised.environ,
        input=stdin,
        cwd=cwd,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()
    )


def jobs(supervised: Supervised) -> set[str]:
    """Ids of the durable jobs that there are."""
    with supervised.client() as client:
        return {job["job"] for job in client.jobs(limit=1000)["jobs"] if job["durable"]}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_texts_of_other_systems_are_spoken(
    running_supervisor: Supervised, tmp_path: Path, encoding: str
) -> None:
    """What Windows writes is read as it was written."""
    (tmp_path / "a.txt").write_bytes("“It’s a café – really.”".encode(encoding))
    result = say(running_supervisor, "-f", "a.txt", "-o", "a.wav", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    samples, rate = soundfile.read(tmp_path / "a.wav")
    assert 0.8 < len(samples) / rate < 4


def test_an_epub_becomes_an_audiobook(running_supervisor: Supervised, tmp_path: Path) -> None:
    """One file with a mark for each chapter, title, author and cover, as loud as audiobooks are;
    nothing else is left.
    """
    (tmp_path / "a.epub").write_bytes(chapters_epub(3, 2))
    result = say(running_supervisor, "-f", "a.epub", "-o", "a.m4b", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.epub", "a.m4b"]
    report = json.loads(result.stdout)
    assert [chapter["title"] for chapter in report["chapters"]] == [
        "Chapter 1",
        "Chapter 2",
        "Chapter 3",
    ]
    meter = LoudnessMeter(24_000)
    with av.open(str(tmp_path / "a.m4b")) as book:
        marks = book.chapters()
        assert book.metadata["title"] == "A Book"
        assert len(book.streams.video) == 1
        for frame in book.decode(audio=0):
            meter.put(frame.to_ndarray().reshape(-1).astype(np.float32))
    assert [mark["metadata"]["title"] for mark in marks] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert abs(meter.samples / 24_000 - report["duration_s"]) < 0.5
    assert meter.lufs is not None
    assert abs(meter.lufs - TARGET_LUFS) < 1.0


def test_a_folder_gets_a_file_for_each_chapter(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """Named after them, with tags; the same command again speaks nothing."""
    (tmp_path / "a.epub").write_bytes(chapters_epub(2, 3))
    command = ("-f", "a.epub", "-o", "out/", "--engine", "noop", "--format", "flac")
    first = say(running_supervisor, *command, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stderr.splitlines()[-1].startswith("2/2 Chapter 2: 0:0")
    names = sorted(path.name for path in (tmp_path / "out").glob("[!.]*"))
    assert names == ["01 Chapter 1.flac", "02 Chapter 2.flac"]
    with av.open(str(tmp_path / "out" / names[1])) as file:
        tags = {name.lower(): value for name, value in file.metadata.items()}
    assert (tags["title"], tags["album"], tags["artist"]) == ("Chapter 2", "A Book", "A. Writer")
    spoken = jobs(running_supervisor)
    again = say(running_supervisor, *command, cwd=tmp_path)
    assert again.stderr == "2 of 2 chapters are there already\n"
    assert jobs(running_supervisor) == spoken
    louder = say(running_supervisor, *command, "--volume", "1.5", cwd=tmp_path)
    assert "there already" not in louder.stderr
    assert jobs(running_supervisor) == spoken


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_stopped_it_goes_on_where_it_was(
    running_supervisor: Supervised, tmp_path: Path, number: signal.Signals
) -> None:
    """After a kill, or Ctrl-C, the same command speaks each chapter once, all in all."""
    count = 80
    (tmp_path / "a.epub").write_bytes(chapters_epub(count, 5))
    seed = str(int(number))  # Or the second round would find the jobs of the first.
    command = ("-f", "a.epub", "-o", "a.m4b", "--engine", "noop", "--seed", seed)
    before = jobs(running_supervisor)
    process = subprocess.Popen(
        [*COMMAND, *command],
        env=running_supervisor.environ,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    parts = tmp_path / ".a.m4b.chapters"
    eventually(lambda: len(list(parts.glob("*.m4a"))) > 1, "chapters are there")
    process.send_signal(number)
    _out, said = process.communicate()
    assert (b"the same command goes on" in said) == (number == signal.SIGINT)
    there = {path.name: path.stat().st_ino for path in sorted(parts.glob("*.m4a"))[:-1]}
    assert 0 < len(there) < count
    result = say(running_supervisor, *command, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "are there already" in result.stderr.splitlines()[0]
    assert not parts.exists()
    with av.open(str(tmp_path / "a.m4b")) as book:
        assert len(book.chapters()) == count
    assert len(jobs(running_supervisor) - before) == count


@pytest.mark.parametrize(
    ("data", "arguments", "words"),
    [
        (b"PK\x03\x04", ("-o", "a.m4b"), "this EPUB is damaged"),
        (b"%PDF-1.4", ("-o", "a.m4b"), "this is a PDF"),
        (chapters_epub(1), ("-o", "out", "--format", "m4b", "--captions", "a.srt"), "captions"),
        (chapters_epub(1), ("--format", "m4b"), "an m4b cannot be written to a pipe"),
        (chapters_epub(1), ("-o", ".", "--format", "m4b"), "an m4b is one file"),
        (chapters_epub(1), ("-o", "no/where.m4b"), "there is no directory no"),
        (chapters_epub(1), ("-o", "a.xyz"), "no audio format 'xyz'"),
        (chapters_epub(1), ("-o", "/dev/null", "--format", "wav"), "without -o it goes to a pipe"),
    ],
)
def test_what_cannot_be_is_one_line(
    running_supervisor: Supervised,
    tmp_path: Path,
    data: bytes,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    """Exit code 2, and what to do."""
    (tmp_path / "a.epub").write_bytes(data)
    result = say(running_supervisor, "-f", "a.epub", *arguments, cwd=tmp_path)
    (line,) = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (2, "")
    assert words in line
