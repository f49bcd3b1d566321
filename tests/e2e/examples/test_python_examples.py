"""The examples for the Python client and for HTTP do what their README says."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest
import soundfile

from tests.e2e.examples.programs import EXAMPLES, command, example
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

TEXT = "The kettle is on. The lamp is lit. Who is at the door?"


def seconds(path: Path) -> float:
    """How long a file plays."""
    return float(soundfile.info(path).duration)


@pytest.mark.parametrize("option", [(), ("--whole",)])
def test_speak_writes_a_wav_file(
    running_supervisor: Supervised, tmp_path: Path, option: tuple[str, ...]
) -> None:
    """In pieces or as a whole, the file has the speech, and the line says how long it is."""
    wav = tmp_path / "out.wav"
    result = example(running_supervisor.environ, "speak.py", TEXT, wav, *option)
    assert (result.returncode, result.stderr) == (0, "")
    samples, _rate = soundfile.read(wav)
    assert abs(samples).max() > 0.1
    said = re.search(r"([\d.]+) s of speech", result.stdout)
    assert said is not None
    assert seconds(wav) == pytest.approx(float(said[1]), abs=0.1)
    assert seconds(wav) > 2


def test_many_writes_the_lines_in_order(running_supervisor: Supervised, tmp_path: Path) -> None:
    """Each line has its file, in the order of the lines: a long one is a long file."""
    lines = ["No.", "The long line goes on and on, until it ends at last." * 2] * 20
    source = tmp_path / "lines.txt"
    source.write_text("\n\n".join(lines), encoding="utf-8")
    spoken = tmp_path / "spoken"
    result = example(running_supervisor.environ, "many.py", source, spoken)
    assert (result.returncode, result.stderr) == (0, "")
    files = sorted(spoken.iterdir())
    assert [file.name for file in files] == [f"{number:04}.wav" for number in range(1, 41)]
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == list(map(str, files))
    short, long = [[seconds(file) for file in files[start::2]] for start in (0, 1)]
    assert max(short) * 2 < min(long)


def test_burst_finds_64_right_answers(running_supervisor: Supervised) -> None:
    """Through a gateway: every answer is whole, and latencies are told."""
    with Serving(running_supervisor.environ) as serving:
        result = example(running_supervisor.environ, "burst.py", "--url", serving.url)
    assert (result.returncode, result.stderr) == (0, "")
    assert "64 sentences in " in result.stdout
    assert ", 64 right\n" in result.stdout
    assert re.search(r"first audio: p50 \d+ ms, p95 \d+ ms, p99 \d+ ms", result.stdout)


def test_watch_tells_what_happens(running_supervisor: Supervised) -> None:
    """A job that ends is a line, and Ctrl-C the end of it."""
    environ = running_supervisor.environ
    with (
        subprocess.Popen(
            command("watch.py"),
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program,
        running_supervisor.client() as client,
    ):
        assert program.stdout is not None
        assert program.stdout.readline() == "watching\n"
        with client.submit("Hello.", engine="noop") as job:
            job.result(30)
        while not (line := program.stdout.readline()).startswith(f"job {job.id}: done after "):
            assert line, "it has ended"
        program.send_signal(signal.SIGINT)
        _, complaint = program.communicate(timeout=30)
        assert (program.returncode, complaint) == (0, "")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("speak.py", ("Hello.", "out.wav")),
        ("many.py", ("lines.txt", ".")),
        ("audiobook.py", ("lines.txt", ".")),
        ("burst.py", ("--url", "http://127.0.0.1:1")),
    ],
)
def test_without_a_supervisor_one_line_says_so(
    tmp_path: Path,
    running_supervisor: Supervised,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    arguments: tuple[str, ...],
) -> None:
    """Exit code 3 and what to do, and no file that looks like speech."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("Hello.\n", encoding="utf-8")
    environ = {**running_supervisor.environ, "SUPERVISOR_RUN_DIR": str(tmp_path / "run")}
    result = example(environ, name, *arguments)
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"{name}: ")
    assert "supervisor start" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["lines.txt"]


def test_a_wrong_request_is_a_usage_error(running_supervisor: Supervised, tmp_path: Path) -> None:
    """What the supervisor would never take ends with 2, as in `supervisor say`."""
    result = example(
        running_supervisor.environ, "speak.py", "Hello.", tmp_path / "o.wav", "--voice", "hart"
    )
    assert result.returncode == 2
    assert result.stderr.startswith("speak.py: ")
    assert "hart" in result.stderr


def test_examples_stay_small() -> None:
    """They are there to be read."""
    sources = [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("node/*.js")]
    assert len(sources) >= 5
    for source in sources:
        assert len(source.read_text(encoding="utf-8").splitlines()) < 120, source
