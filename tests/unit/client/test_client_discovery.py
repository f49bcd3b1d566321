"""Where a client looks for its supervisor, and what it says when there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from supervisor.client.discovery import find_endpoint, read_supervisor_file
from supervisor.client.errors import NoSupervisor, ProtocolError
from supervisor.config import paths

ENDPOINT = "ipc:///run/client.sock"


def publish(directory: Path, **changes: Any) -> dict[str, str]:
    """Write a supervisor.json with some values changed; returns the environment to find it."""
    document = {
        "pid": os.getpid(),
        "epoch": "e1",
        "protocol": 1,
        "endpoints": {"client": ENDPOINT},
        "version": "0.1.0",
        **changes,
    }
    (directory / "supervisor.json").write_text(json.dumps(document), encoding="utf-8")
    return {"SUPERVISOR_RUN_DIR": str(directory)}


def test_a_published_endpoint_is_found(tmp_path: Path) -> None:
    """What the supervisor publishes is what the client connects to; new fields do not disturb."""
    assert find_endpoint(publish(tmp_path, later=[1])) == ENDPOINT


@pytest.mark.parametrize("name", ["nothing-there", "supervisor.json/inside-a-file"])
def test_no_supervisor_says_how_to_start_one(tmp_path: Path, name: str) -> None:
    """The first thing a new user sees is a line that helps."""
    publish(tmp_path)
    with pytest.raises(NoSupervisor, match="start one with `supervisor start`"):
        find_endpoint({"SUPERVISOR_RUN_DIR": str(tmp_path / name)})


def test_the_file_of_a_killed_supervisor_is_not_believed(tmp_path: Path) -> None:
    """After kill -9 the file stays behind; its pid tells."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(NoSupervisor, match=f"pid {ended.pid}"):
        find_endpoint(publish(tmp_path, pid=ended.pid))


def test_another_protocol_is_named(tmp_path: Path) -> None:
    """Two versions on one machine are told apart before a message is sent."""
    with pytest.raises(ProtocolError, match="speaks protocol 2, this client 1"):
        find_endpoint(publish(tmp_path, protocol=2))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "1"}', b"\xff", b'{"pid": 1}'])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    """Neither a traceback nor a wrong endpoint comes out of a file that is not ours."""
    (tmp_path / "supervisor.json").write_bytes(content)
    with pytest.raises(ProtocolError, match=r"cannot understand .*supervisor\.json"):
        read_supervisor_file(tmp_path)


def test_a_supervisor_without_a_client_endpoint_is_none(tmp_path: Path) -> None:
    """A file without the endpoint is said plainly, not a KeyError."""
    with pytest.raises(NoSupervisor, match="takes no clients"):
        find_endpoint(publish(tmp_path, endpoints={}))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_strangers_directory_in_the_temporary_directory_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was first in /tmp cannot pose as the supervisor; naming the directory overrules."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    directory = paths.run_directory({})
    directory.mkdir()
    explicit = publish(directory)
    os.chown(directory, 12345, 12345)
    with pytest.raises(NoSupervisor, match="belongs to uid 12345"):
        find_endpoint({})
    assert find_endpoint(explicit) == ENDPOINT


def test_the_run_directory_follows_its_order(tmp_path: Path) -> None:
    """Own variable, then XDG, then the temporary directory; a relative XDG path does not count."""
    own = {"SUPERVISOR_RUN_DIR": str(tmp_path), "XDG_RUNTIME_DIR": "/run/user/1"}
    assert paths.run_directory(own) == tmp_path
    assert paths.run_directory({"XDG_RUNTIME_DIR": "/run/user/1"}) == Path(
        "/run/user/1/tts-supervisor"
    )
    last = paths.run_directory({"XDG_RUNTIME_DIR": "relative", "SUPERVISOR_RUN_DIR": ""})
    assert last.name == f"tts-supervisor-{os.getuid()}"
    assert paths.run_directory({"SUPERVISOR_RUN_DIR": "here"}) == Path.cwd() / "here"


def test_state_and_cache_follow_xdg() -> None:
    """Each has its own variable, its XDG one, and its place in the home directory."""
    home = {"HOME": "/home/u"}
    assert paths.state_directory(home) == Path("/home/u/.local/state/tts-supervisor")
    assert paths.cache_directory(home) == Path("/home/u/.cache/tts-supervisor")
    xdg = {"XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c", **home}
    assert paths.state_directory(xdg) == Path("/s/tts-supervisor")
    assert paths.cache_directory(xdg) == Path("/c/tts-supervisor")
    own = {"SUPERVISOR_STATE_DIR": "/own/s", "SUPERVISOR_CACHE_DIR": "/own/c", **xdg}
    assert paths.state_directory(own) == Path("/own/s")
    assert paths.cache_directory(own) == Path("/own/c")


def test_the_client_needs_no_engine() -> None:
    """Importing the client loads neither models' runtime nor what only the supervisor needs."""
    heavy = ["onnxruntime", "psutil", "pydantic", "hibari", "av"]
    program = f"import sys, supervisor.client; print(set({heavy}) & set(sys.modules) or 'none')"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "none"
