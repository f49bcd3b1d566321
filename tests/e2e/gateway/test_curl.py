"""What docs/HTTP.md shows for curl, with curl."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.gateway.decoding import RATE, decode
from tests.e2e.gateway.own import KEY, own_gateway
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

DOCUMENT = Path(__file__).parents[3] / "docs" / "HTTP.md"
LONG = "Hold on for a while. " * 20_000


@pytest.fixture(scope="module")
def curl() -> str:
    """The program."""
    found = shutil.which("curl")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI tries the documented commands, so it needs curl")
        pytest.skip("no curl: its commands in docs/HTTP.md are not tried (apt-get install curl)")
    return found


@pytest.fixture(scope="module")
def commands() -> dict[str, str]:
    """The commands of the document, each on one line, by the path that they ask: the first of a
    path.
    """
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    found = (re.match(r"curl 127.0.0.1:8354(\S+)", line) for line in reversed(lines))
    return {command[1]: command.string for command in found if command is not None}


def run(words: list[str], where: Path) -> subprocess.CompletedProcess[bytes]:
    """curl, until it ends."""
    return subprocess.run(words, cwd=where, capture_output=True, timeout=120, check=False)


def asked(curl: str, gateway: Serving, *options: str, **fields: object) -> list[str]:
    """The words that ask this gateway for speech."""
    body = json.dumps({"input": "Good evening.", **fields})
    return [curl, "-sS", *options, f"{gateway.url}/v1/audio/speech", "-d", body]


def test_the_documented_request(
    curl: str, commands: dict[str, str], gateway: Serving, tmp_path: Path
) -> None:
    """As it stands there, but for the port: a whole MP3 file."""
    address = f"{gateway.host}:{gateway.port}"
    command = commands["/v1/audio/speech"].replace("127.0.0.1:8354", address)
    done = run([curl, "-fsS", *shlex.split(command)[1:]], tmp_path)
    assert done.returncode == 0, done.stderr
    samples, rate = decode((tmp_path / "evening.mp3").read_bytes())
    assert len(samples) > rate // 2


def test_the_documented_reading(curl: str, commands: dict[str, str], gateway: Serving) -> None:
    """As it stands there, with the answer that stands under it."""
    address = f"{gateway.host}:{gateway.port}"
    command = commands["/v1/audio/phonemes"].replace("127.0.0.1:8354", address)
    done = run([curl, "-fsS", *shlex.split(command)[1:]], Path.cwd())
    assert done.returncode == 0, done.stderr
    answer = re.search(r'```json\n(\{"segments".*?)```', DOCUMENT.read_text(), re.DOTALL)
    assert answer is not None
    assert json.loads(done.stdout) == json.loads(answer[1])


def test_the_documented_change(curl: str, commands: dict[str, str], tmp_path: Path) -> None:
    """As it stands there, with the key: the setting is in force."""
    with own_gateway() as own:
        address = f"{own.host}:{own.port}"
        command = commands["/settings/override"].replace("127.0.0.1:8354", address)
        words = shlex.split(command.replace("$KEY", KEY))
        done = run([curl, "-fsS", *words[1:]], tmp_path)
        assert done.returncode == 0, done.stderr
        settings = json.loads(done.stdout)["settings"]
    assert settings == {"performance.dynamic_cpu_allocation.cpu_target": 60}


@pytest.mark.parametrize("options", [(), ("-0",), ("-N",), ("--compressed",)])
def test_ways_to_ask(curl: str, gateway: Serving, tmp_path: Path, options: tuple[str, ...]) -> None:
    """HTTP/1.1 and 1.0, buffered or not: the same audio, whole, and exit code 0."""
    fields = {"model": "noop", "voice": "tone", "response_format": "pcm"}
    done = run(asked(curl, gateway, *options, **fields), tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) == len("Good evening.") * RATE // 1000 * 2


def test_an_error_is_seen(curl: str, gateway: Serving, tmp_path: Path) -> None:
    """With -f a refusal is exit code 22."""
    done = run(asked(curl, gateway, "-f", voice="nobody"), tmp_path)
    assert done.returncode == 22
    assert b"400" in done.stderr


@pytest.fixture
def doomed() -> Iterator[tuple[Supervised, Serving]]:
    """A supervisor that is going to die, and its gateway."""
    settings = {"engines.default": "noop", "engines.preload": ["noop"]}
    with Supervised(settings) as supervised, Serving(supervised.environ) as gateway:
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        yield supervised, gateway


@pytest.mark.parametrize(("version", "codes"), [("--http1.1", {18, 56}), ("-0", {18, 56})])
def test_an_unfinished_answer_is_an_error(
    curl: str, doomed: tuple[Supervised, Serving], tmp_path: Path, version: str, codes: set[int]
) -> None:
    """The supervisor dies in the middle: curl does not take the part for the whole."""
    supervised, gateway = doomed
    part = tmp_path / "part"
    words = asked(
        *(curl, gateway, "-N", version, "--limit-rate", "500K"),
        input=LONG,
        response_format="pcm",
        stream=True,
    )
    with subprocess.Popen(
        [*words[:-1], "@-", "-o", str(part)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(words[-1].encode())
        process.stdin.close()
        eventually(lambda: part.exists() and part.stat().st_size > 0, "the first audio")
        supervised.stop(signal.SIGKILL)
        assert process.wait(120) in codes
