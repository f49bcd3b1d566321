"""The page behind a reverse proxy, below a path: it asks for nothing outside of that."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

ROOT_PATH = "/deep/tts"


@pytest.fixture(scope="module")
def below(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway below a path."""
    with Serving(running_supervisor.environ, {"root_path": ROOT_PATH}) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def test_it_works_below_a_path(tab: Page, below: Serving) -> None:
    """It loads, shows what goes on, and speaks; also where the last slash is forgotten."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(urlsplit(request.url).path))
    tab.goto(below.url + ROOT_PATH)
    expect(tab.locator("#voice")).to_be_enabled()
    tab.fill("#text", "Good evening.")
    tab.click("#speak")
    expect(tab.locator("#spoken")).to_contain_text("of speech, first sound after")
    assert f"{ROOT_PATH}/v1/audio/speech" in asked
    assert f"{ROOT_PATH}/page/status" in asked
    assert [path for path in asked if not path.startswith(f"{ROOT_PATH}/")] == [ROOT_PATH]
    links = tab.locator("footer a").evaluate_all("links => links.map(link => link.pathname)")
    assert links
    assert all(below.ask(path).status in {200, 503} for path in links)
    assert all(path.startswith(f"{ROOT_PATH}/") for path in links)
