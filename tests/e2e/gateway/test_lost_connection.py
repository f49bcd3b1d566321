"""The connection to the supervisor breaks while answers are under way: they go on."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from supervisor.client import Client
from tests.e2e.gateway.decoding import raw
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

TEXT = "Hold on for a while. " * 3000


class Between:
    """A socket in a run directory of its own, which leads to the supervisor's, and can break."""

    def __init__(self, directory: Path, supervised: Supervised) -> None:
        self._path = str(directory / "client.sock")
        self._behind = str(supervised.run_dir / "client.sock")
        published = json.loads((supervised.run_dir / "supervisor.json").read_text())
        published["endpoints"]["client"] = f"ipc://{self._path}"
        (directory / "supervisor.json").write_text(json.dumps(published))
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def cut(self) -> None:
        """Break every connection."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        behind_reader, behind_writer = await asyncio.open_unix_connection(self._behind)
        self._writers |= {writer, behind_writer}
        await asyncio.gather(_pump(reader, behind_writer), _pump(behind_reader, writer))

    async def _stop(self) -> None:
        self._server.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.start_unix_server(self._accept, self._path)
        self._server = asyncio.run_coroutine_threadsafe(server, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until either side ends."""
    try:
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
def between(tmp_path: Path, running_supervisor: Supervised) -> Iterator[Between]:
    """The way to the supervisor."""
    with Between(tmp_path, running_supervisor) as between:
        yield between


def test_an_answer_goes_on_where_it_broke_off(
    between: Between, running_supervisor: Supervised, tmp_path: Path
) -> None:
    """Nothing is missing, doubled or different: it is what the job's seed makes of the text."""
    environ = {**running_supervisor.environ, "SUPERVISOR_RUN_DIR": str(tmp_path)}
    body = json.dumps({"input": TEXT, "model": "noop", "response_format": "pcm"})
    with Serving(environ) as gateway:
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=60)
        connection.request("POST", "/v1/audio/speech", body)
        response = connection.getresponse()
        audio = response.read(100_000)
        before = between.connections
        between.cut()
        audio += response.read()
        connection.close()
        assert between.connections > before
        assert "tts_http_answers_cut_short_total 0.0" in gateway.ask("/metrics").body.decode()
    with Client(running_supervisor.endpoint) as client:
        seed = client.jobs(response.headers["X-Job-Id"])["seed"]
        alone = client.synthesize(TEXT, engine="noop", seed=seed).samples
    heard = raw(audio)
    assert len(heard) == len(alone)
    assert np.allclose(heard, alone, atol=0.001)
