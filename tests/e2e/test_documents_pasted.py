"""What the documents show for a shell or for Python, pasted as it stands; docs/SPEECH.md,
docs/ENGINES.md and the commands of docs/HTTP.md for curl have tests of their own.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from supervisor.testing import PrivateSupervisor, private_supervisor
from tests.epubs import chapters_epub
from tests.programs import install_supervisor

DOCS = Path(__file__).parents[2] / "docs"
ROOT = Path(__file__).parents[2]
HERE = "127.0.0.1:8354"
BLOCK = re.compile(r"^```\w*\n(.*?)^```|((?:^    [^\n]*\n)+)", re.DOTALL | re.MULTILINE)
SETTINGS = {"http.enabled": True, "engines.default": "hibari", "engines.preload": ["hibari"]}


@pytest.fixture(scope="module")
def running() -> Iterator[PrivateSupervisor]:
    """A supervisor that serves HTTP."""
    with private_supervisor(SETTINGS) as supervisor:
        yield supervisor


@pytest.fixture
def shell(running: PrivateSupervisor, tmp_path: Path) -> Callable[[str], str]:
    """Runs lines of shell for this supervisor, in a directory of their own; they say so much."""
    programs = tmp_path / "bin"
    install_supervisor(programs)
    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "SUPERVISOR_RUN_DIR": str(running.run_dir),
        "SUPERVISOR_STATE_DIR": str(tmp_path / "state"),
    }

    def run(lines: str) -> str:
        done = subprocess.run(
            ["bash", "-e", "-c", lines],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def block(document: str, begin: str) -> str:
    """The lines of the code block that begins so, fenced or indented."""
    text = (DOCS / document).read_text()
    for found in BLOCK.findall(text):
        lines = found[0] or "\n".join(line[4:] for line in found[1].splitlines())
        if lines.startswith(begin):
            return str(lines)
    raise AssertionError(f"{document} has no block that begins with {begin!r}")


def test_books(shell: Callable[[str], str], tmp_path: Path) -> None:
    """One EPUB in four forms."""
    (tmp_path / "book.epub").write_bytes(chapters_epub(2))
    shell(block("BOOKS.md", "supervisor say -f book.epub"))
    assert (tmp_path / "book.m4b").stat().st_size > 10_000
    assert (tmp_path / "book.flac").stat().st_size > 10_000
    assert len(list((tmp_path / "book").glob("*.mp3"))) == 2


def test_keys(shell: Callable[[str], str]) -> None:
    """Made, allowed, listed, revoked."""
    keygen, client, allow, *others = block("SECURITY.md", "supervisor keygen").splitlines()
    shell(keygen)
    hexes = re.findall(r"\b[0-9a-f]{64}\b", shell(client))
    listed, revoke, hang_up = others[:3]
    assert hang_up.startswith("kill -HUP PID")
    shell(allow.replace("HEX", hexes[0]))
    assert "laptop" in shell(listed)
    shell(revoke)
    assert "laptop" not in shell(listed)


def test_operations(shell: Callable[[str], str], tmp_path: Path) -> None:
    """Looked at, told again; what starts, stops or fills the terminal is left out."""
    lines = block("OPERATIONS.md", "supervisor doctor").splitlines()
    assert [line.split()[1] for line in lines] == [
        "doctor", "start", "top", "status", "status", "replay", "drain",
    ]  # fmt: skip
    shell('supervisor say "Hello there." -o hello.wav')
    for line in lines:
        if line.split()[1] in {"doctor", "status"}:
            shell(line)
    shell("supervisor status --events --json >FILE")
    assert "invariants held" in shell("supervisor replay FILE")


def test_recorded_and_simulated(shell: Callable[[str], str], tmp_path: Path) -> None:
    """A load is recorded, and played against other settings."""
    _start, top, say, *_log = block("OPERATIONS.md", "$ supervisor start --set").splitlines()
    (tmp_path / "book.txt").write_text("The tide was out. Nobody spoke for a while. " * 8)
    shell(
        f"{top.removeprefix('$ ')}\n{say.removeprefix('$ ')}\n"
        "until [ $(wc -l <session.jsonl) -ge 2 ]; do sleep 0.1; done\nkill %1"
    )
    (tmp_path / "day.jsonl").write_bytes((tmp_path / "session.jsonl").read_bytes())
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text('{"pool": {"threads_per_worker": 1}}')
    shell(block("OPERATIONS.md", "supervisor simulate"))


def test_python_over_http(running: PrivateSupervisor, tmp_path: Path) -> None:
    """OpenAI's client, text as it is written over a WebSocket, OpenAI's Realtime client."""
    place = running.url.removeprefix("http://")

    def defined(begin: str) -> dict[str, object]:
        names: dict[str, object] = {}
        program = block("HTTP.md", begin).replace(HERE, place)
        exec(compile(program, begin, "exec"), names)  # noqa: S102 - that is what is tried
        return names

    async def heard(audio: AsyncIterator[bytes]) -> int:
        return sum([len(piece) async for piece in audio])

    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        defined("from openai import OpenAI")
    finally:
        os.chdir(before)
    assert (tmp_path / "evening.mp3").stat().st_size > 5_000
    for begin, said in (
        ("import asyncio, json, aiohttp", ["Good ", "evening. ", "It is late."]),
        ("import base64", "Good evening."),
    ):
        speak = defined(begin)["speak"]
        assert callable(speak)
        assert asyncio.run(heard(speak(said))) > 20_000
