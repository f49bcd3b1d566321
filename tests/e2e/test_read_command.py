"""`supervisor read` as an operator runs it: no supervisor is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import processes
from tests.fixtures.staged import register_stunts
from tests.supervised import eventually
from tests.toy_engine.install import install

COMMAND = (sys.executable, "-W", "error", "-m", "supervisor", "read")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory without a configuration."""
    return tmp_path


def run(
    place: Path, *arguments: str | bytes, stdin: bytes = b"", path: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end; `path`: a PYTHONPATH with further engines."""
    environ = {**os.environ, "SUPERVISOR_RUN_DIR": str(place / "none")}
    environ["PYTHONPATH"] = path or os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environ,
        input=stdin,
        cwd=place,
        capture_output=True,
        timeout=60,
        check=False,
    )


def answers(result: subprocess.CompletedProcess[bytes]) -> list[Any]:
    """The objects that were printed, a line each, when all went well."""
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_text_as_json(place: Path) -> None:
    """Each segment as it is written and as it is said, with its sound, its end and its pause."""
    text = "Dr. Smith paid $3.50 😀.\n\nThe roof was covered with lead [pause:2s] in May"
    (answer,) = answers(run(place, "--json", text))
    assert answer == {
        "segments": [
            {
                "text": "Dr. Smith paid $3.50 .",
                "spoken": "Doctor Smith paid three dollars and fifty cents.",
                "phonemes": "dˈɑktəɹ smˈɪθ pˈAd θɹˈi dˈɑləɹz ænd fˈɪfti sˈɛnts.",
                "ends": "paragraph",
                "pause_s": 1.0,
                "skipped": ["😀"],
            },
            {
                "text": "The roof was covered with lead",
                "spoken": "The roof was covered with lead",
                "phonemes": answer["segments"][1]["phonemes"],
                "ends": "pause",
                "pause_s": 2.0,
                "skipped": [],
            },
            {
                "text": "in May",
                "spoken": "in May",
                "phonemes": "ɪn mˈA",
                "ends": "sentence",
                "pause_s": 0.6,
                "skipped": [],
            },
        ]
    }


def test_a_text_for_people(place: Path) -> None:
    """What is said stands there where it is not what is written, and nothing that is empty."""
    result = run(place, "Dr. Smith 😀. Yes.", "--speed", "2")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().splitlines() == [
        "0   Dr. Smith .",
        "    spoken    Doctor Smith.",
        "    phonemes  dˈɑktəɹ smˈɪθ.",
        "    skipped   😀",
        "    pause     0.3 s (sentence)",
        "1   Yes.",
        "    phonemes  jˈɛs.",
        "    pause     0.3 s (sentence)",
    ]


def test_a_text_cannot_command_the_terminal(place: Path) -> None:
    """What would move its cursor, or be seen as nothing, is written out."""
    shown = run(place, "--engine", "noop", "A\x1b[2J b\u200bc.").stdout.decode()
    assert shown.splitlines()[0] == "0   A\\x1b[2J b\\u200bc."


def test_a_text_from_a_file_or_standard_input(place: Path) -> None:
    """As `supervisor say` takes it."""
    (place / "text.txt").write_bytes(b"\xef\xbb\xbf" + "Grüße.".encode())
    from_file = run(place, "-f", "text.txt", "--engine", "noop", "--json")
    from_input = run(place, "-", "--engine", "noop", "--json", stdin="Grüße.".encode())
    assert answers(from_file) == answers(from_input)
    assert answers(from_file)[0]["segments"][0]["text"] == "Grüße."


def test_many_texts_are_read_by_one_process(place: Path) -> None:
    """An object for each, in order; one that is refused says why, and the rest goes on."""
    texts = ["Hi.", "", "Hi 中文.", "a\0b", *(f"Number {n}." for n in range(495))]
    lines = [json.dumps(text) for text in texts]
    lines[4:4] = ["{}", "no JSON", "   ", '"\\ud800"']
    given = place / "texts.jsonl"
    given.write_text("\n".join(lines))
    found = answers(run(place, "--lines", str(given), "--unreadable", "refuse"))
    assert len(found) == 502
    errors = {number: line["error"] for number, line in enumerate(found) if "error" in line}
    assert {number: error["code"] for number, error in errors.items()} == {
        1: "empty_text",
        2: "bad_text",
        3: "bad_text",
        4: "bad_json",
        5: "bad_json",
        6: "bad_json",
    }
    assert errors[1] == {
        "code": "empty_text",
        "message": "the text is empty: there is nothing to speak",
        "field": "text",
    }
    assert found[1]["segments"] == []
    assert found[-1]["segments"][0]["spoken"] == "Number four hundred ninety four."


def test_each_line_is_answered_when_it_comes(place: Path) -> None:
    """A program may hand in the next text when it has the answer to the one before."""
    with subprocess.Popen(
        [*COMMAND, "--lines", "-", "--engine", "noop"],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("One.", "Two."):
            process.stdin.write(json.dumps(text).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["segments"][0]["text"] == text
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_text_that_ends_the_process_costs_its_own_line(place: Path) -> None:
    """The next one is read by another process."""
    stage = place / "stage"
    stage.mkdir()
    options = json.dumps({"stunts": {"stage": str(stage)}})
    arguments = ("--lines", "-", "--engine", "stunts", "--set", f"engines.options={options}")
    result = run(place, *arguments, stdin=b'"A."\n"Die."\n"B."\n', path=register_stunts(stage))
    first, died, last = answers(result)
    assert first["segments"][0]["spoken"] == "a."
    assert died["error"]["message"] == "the reading process has ended (signal SIGKILL)"
    assert last["segments"][0]["spoken"] == "b."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to say"),
        (("Hi", "-f", "text.txt"), "not both"),
        (("Hi", "--lines", "text.txt"), "not both"),
        (("-f", "nowhere.txt"), "cannot read nowhere.txt: No such file"),
        (("--lines", "nowhere.jsonl"), "cannot read nowhere.jsonl: No such file"),
        (("-f", "damaged.txt"), "byte 0x81 at offset 2"),
        ((b"\xff",), "the text is not UTF-8: byte 0 is 0xff"),
        (("",), "nothing to speak"),
        (("Hi 中文", "--unreadable", "refuse"), "this voice cannot read 2 characters"),
        (("Hi", "--markup", "tex"), "markup 'tex' is none of auto, plain"),
        (("Hi", "--pronounce", "word"), "write WORD=HOW"),
        (("Hi", "--voice", "hart"), "nearest: heart"),
        (("Hi", "--engine", "hibary"), "nearest: hibari"),
        (("Hi", "--language", "xx"), "engine hibari reads en-US; no voice reads xx; "),
        (("Hi", "--language", ""), "language '' is no language tag: write one such as en"),
        (("Hi", "--voice", "heart", "--language", "ja"), "voice heart reads en-US; "),
        (("Hi", "--speed", "99"), "speed 99 is outside"),
        (("Hi", "--set", "segments.max_chars=none"), "segments.max_chars"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    place: Path, arguments: tuple[str | bytes, ...], words: str
) -> None:
    """The exit code of a wrong request, and what to do; nothing is printed of it."""
    (place / "damaged.txt").write_bytes(b"Gr\x81\xdfe")
    result = run(place, *arguments)
    assert (result.returncode, result.stdout) == (2, b""), result.stderr
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("supervisor: ")
    assert words in line


def test_what_can_be_read_is_shown_before_the_error(place: Path) -> None:
    """A job of this text would fail at its second segment: exit code and line say so."""
    stage = place / "stage"
    stage.mkdir()
    options = json.dumps({"stunts": {"stage": str(stage)}})
    arguments = ("--json", "--engine", "stunts", "--set", f"engines.options={options}")
    result = run(place, *arguments, "Yes. Fail.", path=register_stunts(stage))
    assert result.returncode == 5
    first, second = json.loads(result.stdout)["segments"]
    assert (first["spoken"], second["spoken"]) == ("yes.", "")
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("supervisor: segment 1: RuntimeError in stunts.py")


def test_markup_and_pronunciations_are_those_of_a_job(place: Path) -> None:
    """What `supervisor say` takes for them is taken, and seen in what is said."""
    arguments = ("--markup", "markdown", "--pronounce", "Nguyen=win", "--json")
    (answer,) = answers(run(place, *arguments, "# Title\n\nAsk *Nguyen*."))
    assert [(s["spoken"], s["ends"]) for s in answer["segments"]] == [
        ("Title", "heading"),
        ("Ask win.", "sentence"),
    ]


def test_an_engine_whose_extra_is_missing_says_which(place: Path) -> None:
    """The pip command, and the exit code that `supervisor say` has for it."""
    site = install(place)
    path = os.pathsep.join([str(site), *sys.path])
    result = run(place, "Hello.", "--engine", "broken", path=path)
    assert result.returncode == 4
    assert b"pip install 'toy-engine[broken]'" in result.stderr
    toy = run(place, "Hello.", "--engine", "toy", "--json", path=path)
    assert answers(toy)[0]["segments"][0]["spoken"] == "Hello."


@pytest.mark.parametrize("language", ["en", "EN-us", "en_AU"])
def test_a_language_takes_a_voice_of_it(place: Path, language: str) -> None:
    """Of the very tag, or else of another region."""
    (answer,) = answers(run(place, "Hi.", "--language", language, "--json"))
    assert answer["segments"][0]["phonemes"] == "hˈI."


def test_nobody_reads_the_output(place: Path) -> None:
    """The exit codes of a closed pipe and a full disk, and no traceback."""
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [*COMMAND, "Hi.", "--engine", "noop"],
            cwd=place,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert result.returncode == 5
    assert result.stderr.count(b"\n") == 1
    assert b"No space left" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_its_process(place: Path, number: signal.Signals) -> None:
    """While it waits for the next line, at once, and says nothing."""
    with subprocess.Popen(
        [*COMMAND, "--lines", "-", "--engine", "noop"],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'"One."\n')
        process.stdin.flush()
        assert process.stdout.readline()
        tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        children = [int(pid) for pid in tasks.read_text().split()]
        assert children
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        assert process.stderr.read() == b""
    eventually(lambda: not any(map(processes.alive, children)), "no process is left")
