"""Home Assistant's protocol from a supervisor that serves HTTP by itself."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize

from tests.e2e.gateway.own import own_gateway
from tests.e2e.gateway.test_wyoming_client import AUDIO_STOP, TONE, hear, talk
from tests.supervised import eventually

WORDS = [sys.executable, "-m", "supervisor", "gateway", "--wyoming", "127.0.0.1:0"]
_WYOMING = re.compile(r"gateway: Wyoming on 127\.0\.0\.1:(\d+)")


def speaks(port: int) -> bool:
    """Whether a sentence is spoken there, whole."""

    async def what(client: AsyncTcpClient) -> int:
        await client.write_event(Synthesize(text="Hello there.", voice=TONE).event())
        samples, _events = await hear(client, AUDIO_STOP)
        return len(samples)

    return talk(port, what) == 12 * 24


def test_the_supervisor_s_own_gateway_speaks_it() -> None:
    """`http.wyoming` in the settings of `supervisor start` is all that it takes."""
    with own_gateway(settings={"http.wyoming": "127.0.0.1:0"}) as own:
        ports = eventually(lambda: _WYOMING.findall(own.supervised.output), "its address")
        assert speaks(int(ports[0]))


def test_beside_a_supervisor_it_is_served_alone(tmp_path: Path) -> None:
    """The port of HTTP is held by the supervisor's own gateway, which goes on; a line says it."""
    with own_gateway() as own:
        port = ["--set", f"http.port={own.port}"]
        log = tmp_path / "log"
        with (
            log.open("w") as stderr,
            subprocess.Popen(
                [*WORDS, *port], env=own.supervised.environ, cwd=tmp_path, stderr=stderr
            ) as process,
        ):
            ports = eventually(lambda: _WYOMING.findall(log.read_text()), "its address")
            assert speaks(int(ports[0]))
            assert own.ask("/healthz").status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    first, second = log.read_text().splitlines()
    assert first.partition(" ")[2] == (
        f"INFO | gateway: 127.0.0.1:{own.port} is in use, as by `supervisor start`: "
        "serving Wyoming alone"
    )
    assert "Wyoming on" in second


def test_without_wyoming_a_port_in_use_is_still_an_error(tmp_path: Path) -> None:
    """There would be nothing to serve."""
    with own_gateway() as own:
        done = subprocess.run(
            [sys.executable, "-m", "supervisor", "gateway", "--set", f"http.port={own.port}"],
            env=own.supervised.environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert "address already in use" in done.stderr
