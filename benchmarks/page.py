"""The page in a browser: how soon it is there, how soon it sounds after the click, how large it is.

Chromium without a window and with an empty cache. The first sound is when the first sample leaves
the sound card by the browser's own clock, counted from the press of *Speak*; the click itself is
a person's, so the sound card is woken by it. What is spoken begins with a sentence of usual length.
"""

from __future__ import annotations

import shutil
from importlib.resources import files

from playwright.sync_api import Browser, sync_playwright

from benchmarks.harness import (
    LeftOut,
    Result,
    Sample,
    at_most,
    measure,
    median,
    percentile,
    say,
)
from benchmarks.http_gateway import HOST, gateway
from benchmarks.service import service

TEXT = "The quick brown fox jumps over the lazy dog. Then it does so once more, and rests."
ROUNDS = 30
PAINT_MS = 300.0
SOUND_MS = 250.0
BYTES = 120_000.0

_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def run() -> Result:
    """Load it anew, and press Speak, time after time."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise LeftOut("the page needs chromium (apt-get install chromium)")
    settings = {"engines.preload": ["hibari"], "performance.dynamic_cpu_allocation.min_cores": 1}
    with service(settings), gateway() as running, sync_playwright() as playwright:
        address = f"http://{HOST}:{running.port}/"
        browser = playwright.chromium.launch(executable_path=chromium, args=_OPTIONS)
        _open(browser, address)  # The first page of a browser is slow.
        samples = []
        for number in range(ROUNDS):
            say(f"round {number + 1} of {ROUNDS}")
            samples.append(_open(browser, address))
        browser.close()
    static = files("supervisor.gateway.page").joinpath("static").iterdir()
    size = sum(len(one.read_bytes()) for one in static if one.name.endswith((".js", ".css")))
    paint, sound = measure(samples, "first_paint_ms"), measure(samples, "first_sound_ms")
    return Result(
        title="The page is there at once, and sounds at once",
        arms={"page": samples},
        claims=[
            at_most(
                "first paint of the page",
                median(paint),
                PAINT_MS,
                "ms",
                f"95 of 100 within {percentile(paint, 95):.0f} ms",
            ),
            at_most(
                "first sound after the click, hibari",
                median(sound),
                SOUND_MS,
                "ms",
                f"95 of 100 within {percentile(sound, 95):.0f} ms",
            ),
            at_most("JavaScript and CSS of the page", size / 1e3, BYTES / 1e3, "kB"),
        ],
    )


def _open(browser: Browser, url: str) -> Sample:
    """One visit: the page from nothing, and a text spoken."""
    tab = browser.new_page()
    try:
        tab.goto(url)
        tab.wait_for_selector("#voice:enabled")
        tab.fill("#text", TEXT)
        tab.click("#speak")
        sound_ms = tab.locator("#player[data-first-ms]").get_attribute("data-first-ms")
        return {
            "first_paint_ms": float(tab.evaluate(_PAINTED)),
            "first_sound_ms": float(sound_ms or "nan"),
        }
    finally:
        tab.close()
