"""A gateway for the page, a browser that looks at it, and axe-core, which sees what bars people."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.e2e.gateway.own import Own, own_gateway
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

SHOTS = Path(__file__).parents[3] / "build" / "screenshots"
"""What the page looked like in the last run; ignored by git."""

expect.set_options(timeout=20_000)  # A machine that is busy with other things is slow, not wrong.

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

_AXE = """async () => (await axe.run(document)).violations.flatMap(
  (one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)}`))"""


@pytest.fixture(scope="session")
def served(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway without keys; nothing may fail inside it."""
    with Serving(running_supervisor.environ) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


@pytest.fixture(scope="session")
def own() -> Iterator[Own]:
    """A supervisor with a gateway of its own that asks for a key, and no override.json.

    A book may have a million bytes.
    """
    settings = {"http.max_book_file_mb": 1, "engines.preload": ["noop", "hibari"]}
    with own_gateway(settings=settings) as own:
        yield own
        assert "Traceback" not in own.supervised.output


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, where the system has one.

    Not for the whole session: while it is there, this thread counts as running an event loop,
    and no other test could run one.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("CI looks at the page, so it needs chromium (apt-get install chromium)")
        pytest.skip("no chromium: the page is not looked at (apt-get install chromium)")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """An empty tab; a script that fails, or that breaks the page's own policy, fails the test."""
    view = ViewportSize(width=1200, height=900)
    context = browser.new_context(viewport=view, color_scheme="light")
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield page
    context.close()
    assert not problems


Look = Callable[..., None]


@pytest.fixture(scope="session")
def axe_source(tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """axe-core's program, the newest that the registry has; None where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    place = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", "axe-core", "--silent"]
    try:
        subprocess.run(command, cwd=place, capture_output=True, timeout=60, check=True)
    except (subprocess.SubprocessError, OSError):
        return None
    with tarfile.open(next(place.glob("axe-core-*.tgz"))) as archive:
        archive.extractall(place, filter="data")
    return (place / "package" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def look(tab: Page, axe_source: str | None) -> Look:
    """Keeps a picture of the tab in light and dark; has axe-core look, and finds nothing.

    Without npm nobody but the picture's viewer looks. The tab stays light.
    """
    if axe_source is not None:
        tab.add_init_script(axe_source)

    def look(name: str, *, full_page: bool = False) -> None:
        for scheme in ("dark", "light"):
            tab.emulate_media(color_scheme=scheme)
            tab.wait_for_timeout(50)  # For what is drawn anew when the scheme changes.
            tab.screenshot(path=SHOTS / f"{name}-{scheme}.png", full_page=full_page)
            if axe_source is not None:
                assert tab.evaluate(_AXE) == [], (name, scheme)
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    return look
