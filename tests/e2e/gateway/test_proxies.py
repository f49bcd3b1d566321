"""The parts for reverse proxies in docs/HTTP.md, run by the real nginx, HAProxy and Caddy."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple, Self

import pytest
from aiohttp import ClientSession, ClientTimeout, WSMsgType, WSServerHandshakeError, web

from tests.e2e.gateway.serving import Answer, Listening, Serving
from tests.e2e.gateway.test_on_behalf import charged, refuse
from tests.supervised import Supervised, eventually, free_port
from tests.unit.client.scripted_peer import published, scripted_peer

DOCUMENT = Path(__file__).parents[3] / "docs" / "HTTP.md"
NAME = "tts.example.org"
GATEWAY = {"root_path": "/tts", "public_hosts": [NAME], "trusted_proxies": ["127.0.0.1"]}
"""As the document says."""

HOST = {"Host": NAME}
MEGABYTES = 2 << 20
WHERE_CI_RUNS = {"nginx", "haproxy"}

WHOLE_NGINX = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
{part}
}}
"""
WHOLE_CADDY = "{{\n    admin off\n    auto_https off\n}}\n{part}"


class Proxy(NamedTuple):
    """A program: the language of its part in the document, what is around that part, its port
    there, and the command lines that check and run the whole.
    """

    program: str
    language: str
    whole: str
    listens: str
    check: tuple[str, ...]
    run: tuple[str, ...]


PROXIES = (
    Proxy(
        "nginx",
        "nginx",
        WHOLE_NGINX,
        "listen 80;",
        ("-t", "-p", "{folder}", "-c", "{file}"),
        ("-p", "{folder}", "-c", "{file}"),
    ),
    Proxy(
        "haproxy", "haproxy", "{part}", "bind :80", ("-c", "-f", "{file}"), ("-db", "-f", "{file}")
    ),
    Proxy(
        "caddy",
        "caddyfile",
        WHOLE_CADDY,
        "org:80 ",
        ("validate", "--config", "{file}", "--adapter", "caddyfile"),
        ("run", "--config", "{file}", "--adapter", "caddyfile"),
    ),
)


@pytest.fixture(params=PROXIES, ids=lambda proxy: proxy.program)
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """One of them, if it is installed."""
    found: Proxy = request.param
    if program(found.program) is None:
        missing = f"{found.program} is not installed: apt-get install {found.program}"
        if os.environ.get("CI") and found.program in WHERE_CI_RUNS:
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def program(name: str) -> str | None:
    """Where it is: Debian has servers where users have no path to."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def part_of_the_document(language: str) -> str:
    """The only code of that language there."""
    fenced = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    (part,) = fenced.findall(DOCUMENT.read_text())
    return str(part)


class Running(Listening):
    """A proxy in front of a port of this machine."""

    def __init__(self, proxy: Proxy, behind: int, folder: Path) -> None:
        super().__init__("127.0.0.1", free_port())
        part = part_of_the_document(proxy.language)
        assert part.count("127.0.0.1:8354") == part.count(proxy.listens) == 1
        part = part.replace("127.0.0.1:8354", f"127.0.0.1:{behind}")
        part = part.replace(proxy.listens, proxy.listens.replace("80", str(self.port)))
        file = folder / "proxy.conf"
        file.write_text(proxy.whole.format(part=part, folder=folder))
        given = {"file": str(file), "folder": str(folder)}
        binary = str(program(proxy.program))
        self._env = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder),
                     "XDG_CONFIG_HOME": str(folder)}  # fmt: skip
        self._check = [binary, *(each.format(**given) for each in proxy.check)]
        self._run = [binary, *(each.format(**given) for each in proxy.run)]
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        checked = subprocess.run(
            self._check, env=self._env, capture_output=True, text=True, timeout=60, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._run, env=self._env, stdout=log, stderr=log)
        eventually(self._listens, f"{self._run[0]} listens")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            self.ask("/elsewhere", headers=HOST)
        except OSError:
            return False
        return True

    def ask_from(self, address: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """One request from an address of this machine."""
        with closing(
            http.client.HTTPConnection(
                self.host, self.port, timeout=30, source_address=(address, 0)
            )
        ) as connection:
            connection.request("POST", path, body, {**HOST, **headers})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


@pytest.fixture
def served(
    proxy: Proxy, running_supervisor: Supervised, tmp_path: Path
) -> Iterator[tuple[Running, Serving]]:
    """A gateway, and the proxy before it."""
    with (
        Serving(running_supervisor.environ, GATEWAY) as serving,
        Running(proxy, serving.port, tmp_path) as running,
    ):
        yield running, serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def test_the_gateway_is_there_below_its_path(served: tuple[Running, Serving]) -> None:
    """The page with its files, the API, audio; and nothing outside the path."""
    running, _serving = served
    page = running.ask("/tts/", headers={**HOST, "Accept": "text/html"})
    assert (page.status, b'src="page/static/main.js"' in page.body) == (200, True)
    redirect = running.ask("/tts", headers=HOST)
    assert redirect.status in {301, 308}
    assert redirect.headers["Location"].endswith("/tts/")
    for path in ("page/static/main.js", "v1/models", "readyz", "openapi.json"):
        assert running.ask(f"/tts/{path}", headers=HOST).status == 200
    body = {"input": "Good evening.", "model": "noop", "response_format": "pcm"}
    spoken = running.ask("/tts/v1/audio/speech", body, headers=HOST)
    assert (spoken.status, len(spoken.body)) == (200, 2 * 24 * len("Good evening."))
    origin = {**HOST, "Origin": f"http://{NAME}"}
    assert running.ask("/tts/v1/audio/speech", body, headers=origin).status == 200
    evil = {**HOST, "Origin": "http://evil.example"}
    assert running.ask("/tts/v1/audio/speech", body, headers=evil).status == 403
    assert b"ready" not in running.ask("/readyz", headers=HOST).body


def test_a_websocket_goes_through(served: tuple[Running, Serving]) -> None:
    """A text that is being written, and its audio, both ways over one connection; not for the page
    of another site.
    """
    running, _serving = served
    asyncio.run(converse(f"{running.url}/tts/v1/audio/stream"))


async def converse(url: str) -> None:
    """Have a text spoken that comes in two pieces; be refused as another site's page."""
    async with ClientSession(headers=HOST, timeout=ClientTimeout(60)) as session:
        async with session.ws_connect(url, origin=f"http://{NAME}") as socket:
            audio = b""
            for message in (
                {"type": "start", "model": "noop"},
                {"type": "text", "text": "Good "},
                {"type": "text", "text": "evening."},
                {"type": "finish"},
            ):
                await socket.send_json(message)
            while (told := await socket.receive(30)).type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                if told.type is WSMsgType.BINARY:
                    audio += told.data
                elif told.json()["type"] == "finished":
                    break
            assert len(audio) == 2 * 24 * len("Good evening.")
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(url, origin="http://evil.example")
        assert refused.value.status == 403


def test_each_client_is_somebody_and_nobody_else(proxy: Proxy, tmp_path: Path) -> None:
    """The address that the proxy saw, whatever the client says that it is."""
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9;host=evil.example",
    }
    body = json.dumps({"input": "Hi."}).encode()
    with (
        scripted_peer(tmp_path, refuse) as peer,
        Serving(published(tmp_path, peer), GATEWAY) as serving,
        Running(proxy, serving.port, tmp_path) as running,
    ):
        for address, headers in (
            ("127.0.0.1", {}),
            ("127.0.0.2", forged),
            ("127.0.0.2", {}),
            ("127.0.0.3", {"X-Forwarded-For": "127.0.0.2, 203.0.113.9"}),
        ):
            answer = running.ask_from(address, "/tts/v1/audio/speech", headers, body)
            assert answer.status == 429, answer.body
        assert charged(peer, 4) == [f"addr:127.0.0.{last}" for last in (1, 2, 2, 3)]


@asynccontextmanager
async def standing_in(heard: asyncio.Event) -> AsyncIterator[int]:
    """A server in the gateway's place, and its port: it sends a second line once `heard`, and says
    how long a body is.
    """

    async def lines(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one\n")
        await asyncio.wait_for(heard.wait(), 30)
        await response.write(b"two\n")
        return response

    async def length(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    app = web.Application(client_max_size=2 * MEGABYTES)
    app.add_routes([web.get("/tts/lines", lines), web.post("/tts/body", length)])
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port
    finally:
        await runner.cleanup()


def test_what_comes_is_handed_on_at_once(proxy: Proxy, tmp_path: Path) -> None:
    """A line before the next is written; and a body of 2 MB as a whole."""

    async def run() -> None:
        heard = asyncio.Event()
        async with standing_in(heard) as port:
            running = Running(proxy, port, tmp_path)
            await asyncio.to_thread(running.__enter__)
            try:
                await talk(running.url, heard)
            finally:
                await asyncio.to_thread(running.__exit__)

    asyncio.run(run())


async def talk(url: str, heard: asyncio.Event) -> None:
    """Both, over the proxy at `url`."""
    async with ClientSession(url, headers=HOST, timeout=ClientTimeout(60)) as session:
        async with session.get("/tts/lines") as answer:
            assert await answer.content.readline() == b"one\n"
            heard.set()
            assert await answer.content.readline() == b"two\n"
        async with session.post("/tts/body", data=io.BytesIO(bytes(MEGABYTES))) as answer:
            assert (answer.status, await answer.text()) == (200, str(MEGABYTES))
