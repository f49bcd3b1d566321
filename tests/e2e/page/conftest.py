"""A gateway of its own for the page, and a browser that looks at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

SHOTS = Path(__file__).parents[3] / "build" / "screenshots"
"""What the page looked like in the last run; ignored by git."""

expect.set_options(timeout=20_000)  # A machine that is busy with other things is slow, not wrong.

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def served(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway without keys; nothing may fail inside it."""
    with Serving(running_supervisor.environ) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


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
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield page
    page.close()
    assert not problems
