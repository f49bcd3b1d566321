"""The gateway as a process: how it starts, what it costs, how it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from supervisor.config import Settings
from supervisor.config.handover import handover
from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Listening, Serving
from tests.supervised import Supervised, eventually

IDLE_MB = 80.0
"""What the gateway may hold while it has nothing to do."""

PARENT = """
import subprocess, sys, os
child = subprocess.Popen([sys.executable, "-m", "supervisor.gateway", str(os.getpid())],
                         stdin=subprocess.PIPE)
child.stdin.write(sys.argv[1].encode())
child.stdin.close()
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which no supervisor runs."""
    return {**os.environ, "SUPERVISOR_RUN_DIR": str(tmp_path)}


def settings(**http: object) -> str:
    """What the gateway reads from stdin."""
    return handover(Settings.model_validate({"http": {"port": 0, **http}})).decode()


def gateway(environ: dict[str, str], document: str, parent: int) -> tuple[int, str]:
    """Run a gateway that cannot start; its exit code and what it said."""
    command = [sys.executable, "-m", "supervisor.gateway", str(parent)]
    done = subprocess.run(
        command,
        input=document,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr


def test_it_is_killed_with_its_parent(environ: dict[str, str]) -> None:
    """However the supervisor ends, no gateway is left to hold the port."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, settings()], env=environ, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        ready = json.loads(parent.stdout.readline())
        assert ready["pid"] == child
        handle = os.pidfd_open(child)
        try:
            parent.kill()
            parent.wait()
            eventually(lambda: ended(handle), "the gateway is gone", timeout=5)
        finally:
            os.close(handle)


def ended(pidfd: int) -> bool:
    """Whether the process is dead; a zombie that nobody reaps counts."""
    return bool(select.select([pidfd], [], [], 0)[0])


def test_it_does_not_start_for_a_parent_that_is_gone(environ: dict[str, str]) -> None:
    """The parent that it was given is not the one it has: it leaves at once."""
    assert gateway(environ, settings(), os.getpid() + 1)[0] == 1


def test_a_port_in_use_is_waited_for(environ: dict[str, str]) -> None:
    """It is said once, in one line that says what to change; when the port is free it listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child = subprocess.Popen(
            [sys.executable, "-m", "supervisor.gateway", str(os.getpid())],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdin.write(settings(port=port))
        child.stdin.close()
        assert child.stderr.readline().partition(" ")[2] == (
            f"WARNING | gateway: cannot listen on 127.0.0.1:{port}: address already in use; "
            "see http.host and http.port; trying again until it is free\n"
        )
    with child:
        assert json.loads(child.stdout.readline())["port"] == port
        child.terminate()
        assert child.wait(20) == 0
        assert child.stderr.read() == ""


def test_an_address_of_another_machine_is_one_line(environ: dict[str, str]) -> None:
    """Exit code 2, and what to change: no waiting helps."""
    document = settings(host="192.0.2.1", api_keys=[hash_key("sk-any")])
    code, said = gateway(environ, document, os.getpid())
    assert code == 2
    assert said.partition(" ")[2].startswith("ERROR | gateway: cannot listen on 192.0.2.1:0: ")
    assert said.count("\n") == 1


def command(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run `supervisor gateway` with these words until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", "gateway", *words],
        env=environ,
        cwd=environ["SUPERVISOR_RUN_DIR"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("http.host=0.0.0.0", "api_keys must not be empty"),
        ("http.host=tts.example", "api_keys must not be empty"),
        ('http.api_keys=["sk-plain"]', "entry 1 is no hash of a key"),
        ("http.wyoming=0.0.0.0:10200", "knows no keys"),
        ("http.wyoming=10200", "must be HOST:PORT"),
        ("http.wyoming=127.0.0.1:99999", "must be HOST:PORT"),
        ("http.host=192.0.2.1", "api_keys must not be empty"),
    ],
)
def test_it_refuses_to_be_open_to_everybody(
    environ: dict[str, str], option: str, says: str
) -> None:
    """Beyond this machine only with keys, and only hashes of them; exit code 2."""
    done = command(environ, "--set", option)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_new_key_and_its_hash(environ: dict[str, str]) -> None:
    """What it prints for the settings is the hash of what it prints for the client."""
    done = command(environ, "--new-key")
    key, hash = (line.rpartition(" ")[2] for line in done.stdout.splitlines())
    assert key.startswith("sk-")
    assert hash == hash_key(key)


def test_the_command_serves(running_supervisor: Supervised) -> None:
    """`supervisor gateway` in the foreground: says where, serves, ends well on Ctrl-C."""
    environ = {**running_supervisor.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "supervisor", "gateway", "--set", "http.port=0"],
        env=environ,
        cwd=running_supervisor.run_dir,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert " INFO | gateway: listening on http://127.0.0.1:" in line
        serving = Listening("127.0.0.1", int(line.rpartition(":")[2]))
        eventually(lambda: serving.ask("/readyz").status == 200, "it is ready")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def answers(serving: Listening, path: str) -> bool:
    """Whether it answers with what it knows; a supervisor that has no time is waited for."""
    return serving.ask(path).status == 200


def test_it_is_small(running_supervisor: Supervised) -> None:
    """Asked for its health and the diagnostics, it holds less than it may."""
    with Serving(running_supervisor.environ) as serving:
        for path in ("/healthz", "/readyz", "/diagnostics/cpu-allocation", "/metrics"):
            eventually(partial(answers, serving, path), path)
        assert serving.rss_mb < IDLE_MB
