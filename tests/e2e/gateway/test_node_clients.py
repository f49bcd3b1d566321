"""Node's libraries, as users call them: OpenAI's over HTTP and Realtime, and Vercel's AI SDK."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

KEY = "sk-of-a-node"
PACKAGES = ("openai@6.49.0", "ws@8.23.0", "ai@6.0.326", "@ai-sdk/openai@3.0.141")
INSTALL_S = 60
SCRIPT = Path(__file__).with_name("node_clients.mjs")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script with its libraries beside it, in a directory of its own."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed: Node's clients are not tried")
    place = tmp_path_factory.mktemp("node")
    install = [npm, "install", "--prefer-offline", "--no-audit", "--no-fund", *PACKAGES]
    try:
        subprocess.run(install, cwd=place, capture_output=True, timeout=INSTALL_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm does not install Node's clients: {error}")
    return Path(shutil.copy(SCRIPT, place))


@pytest.fixture(scope="module")
def found(running_supervisor: Supervised, script: Path) -> dict[str, Any]:
    """What the script found at a gateway with a key."""
    with Serving(running_supervisor.environ, {"api_keys": [hash_key(KEY)]}) as serving:
        result = subprocess.run(
            ["node", str(script), serving.url, KEY],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_openai_over_http(found: dict[str, Any]) -> None:
    """Lists, a file, an error of the library's own kind, and an answer that is left."""
    http = found["http"]
    assert "tts-1" in http["models"]
    assert http["bytes"] > 10_000
    assert http["refused"] == ["BadRequestError", 400, "unknown_voice", "voice"]
    assert http["ended"] == "AbortError"


def test_openai_over_realtime(found: dict[str, Any]) -> None:
    """Its own socket hears every event to the end; a wrong key gets no socket."""
    assert found["realtime"]["status"] == "completed"
    assert found["realtime"]["transcript"] == "Good evening."
    assert found["realtime"]["bytes"] > 10_000
    assert "401" in found["stranger"]["error"]


def test_vercel(found: dict[str, Any]) -> None:
    """Each format is known by what it is; a refusal keeps its status and code."""
    assert found["vercel"]["types"] == ["audio/mpeg", "audio/ogg", "audio/flac", "audio/wav"]
    assert found["vercel"]["refused"] == ["AI_APICallError", 400, "unknown_voice"]
