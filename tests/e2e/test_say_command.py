"""`supervisor say` and `supervisor status` as a user runs them."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import IO

import pytest
import soundfile

from tests.fixtures.staged import Staged
from tests.supervised import Supervised, eventually

COMMAND = (sys.executable, "-W", "error", "-m", "supervisor")
SENTENCE = "The quick brown fox jumps over the lazy dog."
LONG = " ".join([SENTENCE] * 3000)


def run(
    supervised: Supervised, *arguments: str, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=supervised.environ,
        input=stdin,
        cwd=cwd,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_say_writes_a_file(running_supervisor: Supervised, tmp_path: Path) -> None:
    """The first command of the README leaves a WAV file and says nothing."""
    result = run(running_supervisor, "say", "Hello there.", "-o", "hello.wav", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    samples, rate = soundfile.read(tmp_path / "hello.wav")
    assert rate == 24_000
    assert 0.4 < len(samples) / rate < 4
    assert abs(samples).max() > 0.1
    assert os.listdir(tmp_path) == ["hello.wav"]


def test_say_reads_a_book_and_reports_in_json(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """A file in, the format that the suffix names out, and one JSON object with the times."""
    book, flac = tmp_path / "book.txt", tmp_path / "book.flac"
    book.write_bytes(b"\xef\xbb\xbf" + f"{SENTENCE} Who? {SENTENCE}".encode())
    options = ("--voice", "heart", "--engine", "hibari", "--speed", "1.5", "--seed", "7", "--json")
    result = run(running_supervisor, "say", "-f", str(book), "-o", str(flac), *options)
    assert result.stderr == b""
    report = json.loads(result.stdout)
    info = soundfile.info(flac)
    assert info.format == "FLAC"
    assert report["duration_s"] == pytest.approx(info.frames / info.samplerate)
    assert (report["output"], report["format"], report["seed"]) == (str(flac), "flac", 7)
    assert report["segments"] == 3
    assert 0 < report["first_audio_s"] <= report["total_s"]
    assert report["real_time_factor"] == pytest.approx(report["total_s"] / report["duration_s"])


def test_say_reads_standard_input_and_writes_a_pipe(running_supervisor: Supervised) -> None:
    """In the middle of a pipeline: text in, WAV out, nothing else."""
    result = run(running_supervisor, "say", "-", "--engine", "noop", stdin="Grüße.".encode())
    assert (result.returncode, result.stderr) == (0, b"")
    samples, rate = soundfile.read(io.BytesIO(result.stdout))
    assert len(samples) == len("Grüße.") * rate // 1000


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("say",), 2, "nothing to say"),
        (("say", "", "-o", "x.wav"), 2, "the text is empty"),
        (("say", "Hi", "--markup", "md", "-o", "x.wav"), 2, "none of auto, plain, markdown"),
        (("say", "Hi", "--pronounce", "Nguyen", "-o", "x.wav"), 2, "write WORD=HOW"),
        (("say", "Hi", "--pronounce", "Hi=/h$/", "-o", "x.wav"), 2, "'$'"),
        (("say", "<speak>Hi</speck>", "-o", "x.wav"), 2, "line 1, column"),
        (("say", "Hi", "-f", "book.txt", "-o", "x.wav"), 2, "not both"),
        (("say", "-f", "nowhere.txt", "-o", "x.wav"), 2, "cannot read nowhere.txt"),
        (("say", "-f", "damaged.txt", "-o", "x.wav"), 2, "byte 0x81 at offset 2"),
        (("say", "Hi", "-o", "nowhere/x.wav"), 2, "there is no directory nowhere"),
        (("say", "Hi", "-o", "."), 2, ". is a directory"),
        (("say", "Hi", "-o", "x.xyz"), 2, "no audio format 'xyz'"),
        (("say", "Hi", "--json"), 2, "-o"),
        (("say", "Hi", "--voice", "hart", "-o", "x.wav"), 2, "nearest: heart"),
        (("say", "Hi", "--engine", "hibary", "-o", "x.wav"), 2, "nearest: hibari"),
        (
            ("say", "Hi", "--language", "xx-YY-zz", "-o", "x.wav"),
            2,
            "engine hibari reads en-US; no voice reads xx-YY-zz; nearest: ",
        ),
        (("say", "Hi", "--language", "", "-o", "x.wav"), 2, "language '' is no language tag"),
        (("say", "Hi", "--voice", "heart", "--language", "es", "-o", "x.wav"), 2, "reads en-US; "),
        (("say", "Hi", "--speed", "99", "-o", "x.wav"), 2, "speed 99 is outside"),
        (("say", "Hi", "--speed", "abc", "-o", "x.wav"), 2, "'--speed'"),
        (("say", "Hi", "--sped", "1", "-o", "x.wav"), 2, "See `supervisor say --help`"),
        (("sya", "Hi"), 2, "See `supervisor --help`"),
        (
            ("say", "こんにちは。", "--unreadable", "refuse", "-o", "x.wav"),
            2,
            "this voice cannot read 5 characters (Hiragana) at 0",
        ),
        (("say", "Hi", "-o", "/dev/full"), 5, "No space left"),
        (("say", "Hi", "-o", "/dev/full", "--format", "flac"), 5, "No space left"),
    ],
)
def test_what_cannot_be_said_is_one_line(
    running_supervisor: Supervised,
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    """Each mistake has its exit code and one line that says what to do, and leaves no file."""
    (tmp_path / "damaged.txt").write_bytes(b"Gr\x81\xdfe")
    result = run(running_supervisor, *arguments, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    lines = result.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("supervisor: ")
    assert words in lines[0]
    assert os.listdir(tmp_path) == ["damaged.txt"]


@pytest.mark.parametrize(
    "command", [("say", "Hi", "-o", "x.wav"), ("status",), ("status", "--json")]
)
def test_without_a_supervisor_the_way_to_start_one_is_said(
    running_supervisor: Supervised, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Exit code 3, and the command to run."""
    environ = {**running_supervisor.environ, "SUPERVISOR_RUN_DIR": str(tmp_path / "none")}
    result = subprocess.run([*COMMAND, *command], env=environ, capture_output=True, check=False)
    assert result.returncode == 3
    assert result.stderr.count(b"\n") == 1
    assert b"start one with `supervisor start`" in result.stderr


def terminal() -> tuple[IO[bytes], int]:
    """A pseudo terminal, 100 columns wide: what a user sees, and where a program writes."""
    ours, theirs = pty.openpty()
    size = (24).to_bytes(2, sys.byteorder) + (100).to_bytes(2, sys.byteorder) + bytes(4)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    return os.fdopen(ours, "rb", buffering=0), theirs


def seen(screen: IO[bytes]) -> str:
    """All that was written to a terminal, after its last writer has closed it."""
    text = b""
    try:
        while data := screen.read(65536):
            text += data
    except OSError:  # Linux reports the last close so
        pass
    return text.decode()


def test_a_long_text_shows_its_progress_on_a_terminal(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """Segments, audio seconds and real-time factor on stderr, for a terminal alone."""
    screen, stderr = terminal()
    text = " ".join([SENTENCE] * 40)
    arguments = ["say", text, "--engine", "noop", "-o", str(tmp_path / "x.wav")]
    environ = {**running_supervisor.environ, "TERM": "xterm"}
    with screen, subprocess.Popen([*COMMAND, *arguments], env=environ, stderr=stderr) as process:
        os.close(stderr)
        shown = seen(screen)
        assert process.wait(30) == 0
    assert "40/40" in shown
    assert "s of audio, RTF 0." in shown
    assert run(running_supervisor, *arguments).stderr == b""


def test_audio_does_not_go_to_a_terminal(running_supervisor: Supervised) -> None:
    """Forgetting -o does not fill the screen with samples."""
    screen, stdout = terminal()
    arguments = [*COMMAND, "say", "Hello."]
    with (
        screen,
        subprocess.Popen(
            arguments, env=running_supervisor.environ, stdout=stdout, stderr=subprocess.PIPE
        ) as process,
    ):
        os.close(stdout)
        assert seen(screen) == ""
        assert process.stderr is not None
        assert b"use --play or -o FILE" in process.stderr.read()
        assert process.wait(30) == 2


def no_job_runs(supervised: Supervised) -> bool:
    """Whether everything has ended."""
    jobs = supervised.status()["jobs"]
    return not (jobs["queued"] or jobs["running"] or jobs["segments_running"])


@pytest.mark.parametrize(
    ("number", "suffix"),
    [
        (signal.SIGINT, "wav"),
        (signal.SIGINT, "flac"),
        (signal.SIGTERM, "wav"),
        (signal.SIGTERM, "mp3"),
        (signal.SIGHUP, "wav"),
    ],
)
def test_a_signal_stops_the_speech_and_leaves_no_file(
    running_supervisor: Supervised, tmp_path: Path, number: signal.Signals, suffix: str
) -> None:
    """The exit code that a shell gives it, no traceback, no file or part of one, and the workers
    are free at once. What an earlier one that was killed left goes too, and nothing else does.
    """
    name = f"x.{suffix}"
    kept, left = (
        {".y.wav.0123abcd.part", f".{name}.my.part", f"{name}.part"},
        f".{name}.0123abcd.part",
    )
    for other in (*kept, left):
        (tmp_path / other).touch()
    process = subprocess.Popen(
        [*COMMAND, "say", "-", "-o", name],
        env=running_supervisor.environ,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdin is not None
    process.stdin.write(LONG.encode())
    process.stdin.close()
    process.stdin = None
    eventually(lambda: set(os.listdir(tmp_path)) - {*kept, left}, "audio is written")
    process.send_signal(number)
    _, stderr = process.communicate(timeout=10)
    assert (process.returncode, stderr) == (128 + number, b"")
    assert set(os.listdir(tmp_path)) == kept
    eventually(lambda: no_job_runs(running_supervisor), "the job is cancelled", 5)


def test_a_reader_that_leaves_ends_the_speech_quietly(running_supervisor: Supervised) -> None:
    """`say … | head` is no error worth a traceback, and the rest is not spoken."""
    with subprocess.Popen(
        [*COMMAND, "say", "-"],
        env=running_supervisor.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(LONG.encode())
        process.stdin.close()
        assert process.stdout.read(1000).startswith(b"RIFF")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 141
    eventually(lambda: no_job_runs(running_supervisor), "the job is cancelled", 5)


def test_the_first_audio_leaves_before_the_last_is_spoken(running_supervisor: Supervised) -> None:
    """A player at the end of the pipe starts while workers still speak."""
    with subprocess.Popen(
        [*COMMAND, "say", "-"],
        env=running_supervisor.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LONG.encode())
        process.stdin.close()
        assert len(process.stdout.read(10_000)) == 10_000
        assert running_supervisor.status()["jobs"]["running"] == 1
        process.kill()
    eventually(lambda: no_job_runs(running_supervisor), "the job is cancelled", 5)


def test_while_the_supervisor_starts_say_waits_and_status_says_so(tmp_path: Path) -> None:
    """Its engines load: nothing is published yet, but the run directory is held."""
    staged = Staged(workers=1)
    (staged.stage / "load-waits").touch()
    with staged.start(ready=False):
        staged.begun("loading")
        with subprocess.Popen(
            [*COMMAND, "say", "Hello.", "-o", str(tmp_path / "x.wav")],
            env=staged.environ,
            stderr=subprocess.PIPE,
        ) as early:
            for command in ("status", "drain"):
                result = run(staged, command)
                assert result.returncode == 3
                assert f"is starting (pid {staged.pid})".encode() in result.stderr
            assert early.poll() is None
            staged.go()
            assert early.communicate(timeout=30)[1] == (
                "supervisor: it is starting; waiting for it …\n".encode()
            )
            assert early.returncode == 0
        assert (tmp_path / "x.wav").exists()


def test_status_prints_the_document(running_supervisor: Supervised) -> None:
    """`--json` is what STATUS answers, field by field."""
    result = run(running_supervisor, "status", "--json")
    document = json.loads(result.stdout)
    expected = running_supervisor.status()
    assert document.keys() == expected.keys()
    assert document["supervisor"]["pid"] == running_supervisor.pid
    assert document["supervisor"]["epoch"] == expected["supervisor"]["epoch"]
    assert len(document["workers"]) == len(expected["workers"]) > 0
    assert document["workers"][0].keys() == expected["workers"][0].keys()
    assert document["jobs"].keys() == expected["jobs"].keys()


def test_status_for_people_fits_a_screen(running_supervisor: Supervised) -> None:
    """Who runs, which workers on which cores, and how many jobs; no traceback for a pipe."""
    result = run(running_supervisor, "status")
    shown = result.stdout.decode()
    assert result.stderr == b""
    assert f"pid {running_supervisor.pid}, running" in shown
    for worker in running_supervisor.status()["workers"]:
        assert str(worker["pid"]) in shown
    assert "jobs: 0 running (0 segments), 0 queued (0 segments)" in shown
