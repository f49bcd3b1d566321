"""The box that speaks: heard to the end, stopped at once, by mouse and by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import SHOTS
from tests.supervised import eventually


def opened(tab: Page, served: Serving) -> Page:
    """The page, once it knows the voices."""
    tab.goto(served.url)
    expect(tab.locator("#voice option").first).to_be_attached()
    return tab


def test_a_sentence_is_heard(tab: Page, served: Serving) -> None:
    """Audio comes, is played as long as it lasts, and the page says how soon it came."""
    opened(tab, served)
    tab.fill("#text", "Good evening. This is heard.")
    tab.click("#speak")
    said = tab.locator("#spoken")
    expect(said).to_contain_text("played to the end", timeout=60_000)
    found = re.search(r"after (\d+) ms, ([\d.]+) s", said.inner_text())
    assert found is not None
    assert 1.0 < float(found[2]) < 10.0
    expect(tab.locator("#hush")).to_be_disabled()
    tab.locator("section", has=tab.locator("#speak")).screenshot(path=SHOTS / "spoken.png")


def test_stop_ends_the_work_too(tab: Page, served: Serving) -> None:
    """A long text is playing; Stop silences it, and the supervisor cancels the job."""
    opened(tab, served)
    before = served.ask("/page/status").document["jobs"]["cancelled"]
    tab.fill("#text", "One more sentence that nobody will hear to its end. " * 2000)
    tab.click("#speak")
    expect(tab.locator("#spoken")).to_contain_text("playing", timeout=20_000)
    tab.locator("section", has=tab.locator("#speak")).screenshot(path=SHOTS / "speaking.png")
    tab.click("#hush")
    expect(tab.locator("#spoken")).to_have_text("stopped")
    eventually(
        lambda: served.ask("/page/status").document["jobs"]["cancelled"] > before, "a cancelled job"
    )


def test_a_refusal_is_said(tab: Page, served: Serving) -> None:
    """The gateway's own words, where nothing can be seen of the text."""
    opened(tab, served)
    tab.fill("#text", "\u200b")
    tab.click("#speak")
    refusal = served.speak("\u200b").error["message"]
    expect(tab.locator("#spoken.bad")).to_have_text(str(refusal))
    tab.locator("section", has=tab.locator("#speak")).screenshot(path=SHOTS / "refused.png")


def test_the_keyboard_is_enough(tab: Page, served: Serving) -> None:
    """Tab reaches everything in the order of the page; Ctrl-Enter in the text speaks."""
    opened(tab, served)
    reached = []
    for _ in range(22):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id"))
    order = ["text", "voice", "speed", "speak", "cpu_target", "min_cores", "simulate", "download"]
    assert [name for name in reached if name in order] == order
    tab.focus("#text")
    tab.keyboard.press("Control+a")
    tab.keyboard.type("Hello.")
    tab.keyboard.press("Control+Enter")
    expect(tab.locator("#spoken")).to_contain_text("played to the end", timeout=60_000)
