"""OpenAI's own JavaScript library speaks to the gateway from a page of another origin."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

KEY = "sk-in-a-browser"

SCRIPT = """
async ([url, key]) => {
  const { OpenAI } = await import("/package/index.mjs");
  const client = new OpenAI({
    apiKey: key, baseURL: `${url}/v1`, dangerouslyAllowBrowser: true, maxRetries: 0,
  });
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  const { data, response } = await client.audio.speech
    .create({ model: "tts-1", voice: "alloy", input: "Hello.", response_format: "wav" })
    .withResponse();
  const audio = new Uint8Array(await data.arrayBuffer());
  const refused = await client.audio.speech
    .create({ model: "tts-1", voice: "nobody", input: "Hello." }).catch((error) => error);
  return {
    models, job: response.headers.get("x-job-id"), name: response.headers.get("x-request-id"),
    begins: String.fromCharCode(...audio.slice(0, 4)), bytes: audio.length,
    status: refused.status, code: refused.code,
  };
}
"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and writes nothing of it."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the newest library that the registry has, as its page would load it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm: OpenAI's library is not tried in a browser (apt-get install npm)")
    place = tmp_path_factory.mktemp("openai")
    command = [npm, "pack", "openai", "--silent"]
    try:
        subprocess.run(command, cwd=place, capture_output=True, timeout=60, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm does not get openai: {error}")
    found = list(place.glob("openai-*.tgz"))
    with tarfile.open(found[0]) as archive:
        archive.extractall(place, filter="data")
    (place / "index.html").write_text("<!doctype html><title>A page of its own</title>")
    return place


@pytest.fixture
def site(library: Path) -> Iterator[str]:
    """The origin of a page that has the library."""
    handler = functools.partial(Quiet, directory=str(library))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("by_name", [True, False], ids=["named", "any"])
def test_openai_s_library_in_a_browser(
    running_supervisor: Supervised, site: str, tab: Page, *, by_name: bool
) -> None:
    """Lists, speech, headers and errors reach a page of an origin that is allowed, with a key."""
    http = {"cors_origins": [site if by_name else "*"], "api_keys": [hash_key(KEY)]}
    with Serving(running_supervisor.environ, http) as serving:
        tab.goto(f"{site}/index.html")
        found = tab.evaluate(SCRIPT, [serving.url, KEY])
    assert "tts-1" in found["models"]
    assert found["begins"] == "RIFF"
    assert found["bytes"] > 10_000
    assert found["job"]
    assert found["name"]
    assert (found["status"], found["code"]) == (400, "unknown_voice")
