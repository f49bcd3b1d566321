"""Settings applied from the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.gateway.own import KEY, Own
from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import SHOTS


def test_what_was_moved_is_in_force(tab: Page, own: Own) -> None:
    """The button comes with the key; what was moved, and only that, is applied, and said."""
    tab.goto(own.url)
    expect(tab.locator("#key-form")).to_be_visible()
    expect(tab.locator("#apply")).to_be_hidden()
    tab.fill("#key", KEY)
    tab.keyboard.press("Enter")
    tab.locator("#settings > summary").click()
    expect(tab.locator("#apply")).to_be_visible()
    expect(tab.locator("#cpu_target-out")).to_have_text("75 %")
    tab.focus("#cpu_target")
    for _ in range(5):
        tab.keyboard.press("ArrowLeft")
    tab.focus("#apply")
    tab.keyboard.press("Enter")
    expect(tab.locator("#tuned")).to_have_text("In force now: cpu_target.", timeout=40_000)
    tab.locator("#settings").screenshot(path=SHOTS / "applied.png")
    policy = own.supervised.status()["allocation"]["policy"]
    assert policy["cpu_target"] == 70.0
    assert own.override.read_text().count("cpu_target") == 1
    assert "min_cores" not in own.override.read_text()
    tab.fill("#min_cores", "9")
    tab.fill("#max_cores", "2")
    tab.click("#apply")
    expect(tab.locator("#tuned.bad")).to_contain_text("min_cores")
    tab.click("#reset")
    expect(tab.locator("#cpu_target-out")).to_have_text("70 %")


def test_without_keys_there_is_no_button(tab: Page, served: Serving) -> None:
    """The page says how to do it by hand."""
    tab.goto(served.url)
    tab.locator("#settings > summary").click()
    expect(tab.locator("#cpu_target-out")).to_have_text("75 %")
    expect(tab.locator("#by-hand")).to_be_visible()
    expect(tab.locator("#apply")).to_be_hidden()
