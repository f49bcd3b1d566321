"""The examples of docs/SPEECH.md, as a reader would type them: what they print is what it shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.gateway.serving import Serving
from tests.fixtures.spoken import said
from tests.programs import install_supervisor
from tests.supervised import Supervised

DOCUMENT = (Path(__file__).parents[3] / "docs/SPEECH.md").read_text()
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)```\n", re.DOTALL)
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)


class Example(NamedTuple):
    """A command, what it prints (`…`: anything), and the files that were shown before it."""

    command: str
    printed: str
    files: dict[str, str]


def examples() -> Iterator[Example]:
    """Those of the document, in order."""
    files: dict[str, str] = {}
    for name, language, text in BLOCK.findall(DOCUMENT):
        if name:
            files = {**files, name: text}
        elif language == "console":
            for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, printed = _parted(session)
                yield Example(command, printed, files)


def _parted(session: str) -> tuple[str, str]:
    """The command, whose quotes may go over several lines, and what it prints."""
    lines = session.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        command = "".join(lines[:count])
        try:
            shlex.split(command)
        except ValueError:
            continue
        return command.rstrip("\n"), "".join(lines[count:])
    raise AssertionError(f"an open quote: {session}")


def pattern(printed: str) -> str:
    """A regular expression for what is shown: `…` is anything on its line, or lines if alone."""
    lines = []
    for line in printed.splitlines():
        if line.strip() == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*".join(map(re.escape, line.split("…"))) + r"\n")
    return "".join(lines)


@pytest.fixture(scope="module")
def gateway(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway, on another port than the document's."""
    with Serving(running_supervisor.environ) as serving:
        yield serving
        assert serving.stop() == 0, serving.output


@pytest.fixture
def shell(running_supervisor: Supervised, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A directory to work in, and an environment where the program goes by its name."""
    programs = tmp_path / "bin"
    install_supervisor(programs)
    environ = {
        **running_supervisor.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONWARNINGS": "error",
    }
    place = tmp_path / "place"
    place.mkdir()
    return place, environ


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.command[:60])
def test_an_example_prints_what_is_shown(
    gateway: Serving, shell: tuple[Path, dict[str, str]], example: Example
) -> None:
    """In a shell, with the files that the document has shown by then."""
    if example.command.startswith("curl ") and shutil.which("curl") is None:
        assert "CI" not in os.environ, "CI tries the documented commands, so it needs curl"
        pytest.skip("no curl (apt-get install curl)")
    place, environ = shell
    for name, text in example.files.items():
        (place / name).write_text(text)
    command = example.command.replace("127.0.0.1:8354", f"{gateway.host}:{gateway.port}")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    printed = done.stdout.decode().replace("\r\n", "\n")
    printed += "" if printed.endswith("\n") else "\n"
    assert re.fullmatch(pattern(example.printed), printed), printed


def readings() -> list[tuple[str, str, str]]:
    """Rows of the table of numbers and abbreviations, without its head."""
    section = DOCUMENT.partition("## Numbers and abbreviations")[2].partition("\n## ")[0]
    return ROW.findall(section)[1:]


def test_the_document_has_examples() -> None:
    """Of every kind; none is lost because it is written otherwise."""
    assert len(list(examples())) == DOCUMENT.count("\n$ ") > 10
    assert len(readings()) > 10


@pytest.mark.parametrize(("written", "american", "british"), readings())
def test_what_is_written_is_said_so(written: str, american: str, british: str) -> None:
    """As the table has it for both accents."""
    assert said(written) == american
    assert said(written, british=True) == (british or american)
