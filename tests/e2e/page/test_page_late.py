"""A page that was there before its supervisor, and that sees another one come."""

from __future__ import annotations

import json
import signal

from playwright.sync_api import Page, expect

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised


def test_what_was_not_known_comes_with_the_supervisor(tab: Page) -> None:
    """Voices and knobs are there once it answers, and those of the next one after a restart."""
    target = "performance.dynamic_cpu_allocation.cpu_target"
    settings = {"engines.default": "noop", "engines.preload": ["noop"], target: 60}
    supervised = Supervised(settings)
    with Serving(supervised.environ) as gateway:
        tab.goto(gateway.url)
        expect(tab.locator("#state")).to_have_text("no answer")
        expect(tab.locator("#voice")).to_be_disabled()
        expect(tab.locator("#apply")).to_be_disabled()
        with supervised:
            expect(tab.locator("#cpu_target-out")).to_have_text("60 %")
            expect(tab.locator("#voice")).to_be_enabled()
            expect(tab.locator("#apply")).to_be_enabled()
            supervised.stop(signal.SIGKILL)
            supervised.settings = {**settings, target: 65}
            supervised.start(ready=False)
            expect(tab.locator("#cpu_target-out")).to_have_text("65 %")
            expect(tab.locator("#voice")).to_be_enabled()


def test_nothing_is_applied_that_is_not_known(tab: Page, served: Serving) -> None:
    """Where what is in force cannot be had, the button does nothing, and works when it can."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    diagnostics = "**/diagnostics/cpu-allocation"
    may = json.dumps({"may_apply": True, "mixing": []})
    tab.route("**/page/about", lambda route: route.fulfill(body=may))
    tab.route(diagnostics, lambda route: route.abort())
    tab.goto(served.url)
    tab.locator("#settings > summary").click()
    expect(tab.locator("#apply")).to_be_visible()
    expect(tab.locator("#apply")).to_be_disabled()
    tab.unroute(diagnostics)
    expect(tab.locator("#apply")).to_be_enabled()
    expect(tab.locator("#cpu_target-out")).to_have_text("75 %")
    tab.click("#apply")
    expect(tab.locator("#tuned")).to_have_text("Nothing differs from what is in force.")
    assert not any("override" in url for url in asked)
