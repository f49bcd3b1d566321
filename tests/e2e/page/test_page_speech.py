"""The box that speaks: heard, followed word by word, sought, stopped, saved; what goes wrong."""

from __future__ import annotations

import io
import json
import re
import wave
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import Look
from tests.supervised import eventually

SPOKEN = re.compile(r"^\d+:\d\d of speech, first sound after")

KEEP_WORDS = """() => {
  window.heard = [];
  new MutationObserver(() => {
    const word = document.querySelector("#page-of-text").dataset.word;
    if (word && window.heard.at(-1) !== word) window.heard.push(word);
  }).observe(document.querySelector("#page-of-text"), { attributeFilter: ["data-word"] });
}"""

MARKED = """async () => {
  const follow = await import("./page/static/follow.js");
  const area = document.querySelector("#text"), mark = document.querySelector("#mark");
  const end = area.value.length, found = [];
  follow.beginText(area.value);
  follow.addWords([
    { text_start: 2, text_end: 7, start: 0 }, { text_start: end - 5, text_end: end, start: 1 },
  ]);
  mark.style.transition = "none";
  for (const second of [0.5, 1.5]) {
    follow.follow(second);
    const under = mark.getBoundingClientRect(), box = area.getBoundingClientRect();
    found.push([under.left - box.left, under.top - box.top, under.width, area.clientHeight]);
  }
  return found;
}"""


def opened(tab: Page, served: Serving) -> Page:
    """The page, once it knows the voices."""
    tab.goto(served.url)
    expect(tab.locator("#voice")).to_be_enabled()
    return tab


def at(tab: Page) -> float:
    """The place in the audio, in seconds."""
    return float(tab.input_value("#seek"))


def test_a_text_is_heard_word_by_word_and_sought(tab: Page, served: Serving) -> None:
    """Each word is marked when it is heard, where it stands; what came can be paused and sought."""
    opened(tab, served)
    tab.evaluate(KEEP_WORDS)
    words = "Good 🐦 evening to you all. This is heard by everybody."
    tab.fill("#text", words)
    tab.click("#speak")
    expect(tab.locator("#play")).to_have_attribute("aria-label", "Pause")
    eventually(lambda: tab.evaluate("window.heard.length"), "a word is marked")
    expect(tab.locator("#spoken")).to_have_text(SPOKEN)
    expect(tab.locator("#play")).to_have_attribute("aria-label", "Play")
    heard = tab.evaluate("window.heard")
    spoken = [word for word in words.split() if word != "🐦"]
    assert set(heard) <= set(spoken)  # A busy machine may leave one out.
    assert heard == [word for word in spoken if word in heard]
    assert len(heard) >= len(spoken) - 3
    assert at(tab) > 2.0
    assert "🐦" in tab.inner_text("#left-out") or tab.locator("#left-out").is_hidden()
    tab.locator("#seek").fill("1")
    assert abs(at(tab) - 1.0) < 0.05
    tab.click("#play")
    eventually(lambda: at(tab) > 1.2, "it goes on from there")
    tab.focus("#seek")
    tab.keyboard.press(" ")
    expect(tab.locator("#play")).to_have_attribute("aria-label", "Play")
    paused = at(tab)
    tab.wait_for_timeout(200)
    assert at(tab) == paused
    tab.dblclick("#text", position={"x": 45, "y": 42})  # The first word.
    assert at(tab) < 0.5


def test_the_mark_lies_under_its_word(tab: Page, served: Serving) -> None:
    """Line by line, in a text that is longer than its box."""
    opened(tab, served)
    filling = "Many more words to fill. " * 90
    tab.fill("#text", f"A first line that is not long.\n\n{filling}Last.")
    places = tab.evaluate(MARKED)
    (left, top, width, height), (_, low, _, _) = places
    assert 28 < left < 60
    assert 20 < top < 40
    assert 30 < width < 70
    assert 0 < low < height


def test_stop_ends_the_work_too(tab: Page, served: Serving, look: Look) -> None:
    """A long text is playing; Stop silences it, and the supervisor cancels the job."""
    opened(tab, served)
    before = served.ask("/page/status").document["jobs"]["cancelled"]
    tab.fill("#text", "One more sentence that nobody will hear to its end. " * 2000)
    tab.click("#speak")
    expect(tab.locator("#spoken")).to_contain_text("Speaking, first sound after")
    look("speaking")
    tab.click("#hush")
    expect(tab.locator("#spoken")).to_contain_text("Stopped.")
    expect(tab.locator("#hush")).to_be_disabled()
    eventually(
        lambda: served.ask("/page/status").document["jobs"]["cancelled"] > before, "a cancelled job"
    )
    tab.click("#play")
    eventually(lambda: at(tab) > 0.1, "what had come can be heard")


def test_what_goes_wrong_is_said(tab: Page, served: Serving) -> None:
    """The gateway's own words for a text of nothing; what is left out; a connection that breaks."""
    opened(tab, served)
    tab.fill("#text", "\u200b")
    tab.click("#speak")
    refusal = str(served.speak("\u200b").error["message"])
    expect(tab.locator("#spoken.bad")).to_contain_text(refusal[1:])
    tab.fill("#text", "Hello 你好.")
    tab.keyboard.press("Control+Enter")
    expect(tab.locator("#left-out")).to_contain_text("Chinese")
    expect(tab.locator("#spoken")).to_have_text(SPOKEN)

    def half(route: Route) -> None:
        answer = route.fetch()
        body = answer.body()
        route.fulfill(response=answer, body=body[: body.rindex(b"data: ")])

    tab.route("**/v1/audio/speech", half)
    tab.click("#speak")
    expect(tab.locator("#spoken.bad")).to_contain_text("The connection broke off. The 0:0")
    expect(tab.locator("#spoken.bad")).to_contain_text("can still be played")
    expect(tab.locator("#seek")).to_be_enabled()


PASTED = """(text) => {
  const data = new DataTransfer(), area = document.querySelector("#text");
  data.setData("text/plain", text);
  area.select();
  const given = { clipboardData: data, cancelable: true };
  return area.dispatchEvent(new ClipboardEvent("paste", given)) ? null : area.value;
}"""


def test_a_book_is_pasted_at_once(tab: Page, served: Serving) -> None:
    """Not line by line, which takes a browser minutes; a draft that it cannot keep is no fault."""
    opened(tab, served)
    assert tab.evaluate(PASTED, "A short one is left to the browser.") is None
    book = "A line of it.\n" * 500_000
    assert tab.evaluate(PASTED, book) == book


def test_a_file_is_saved_whole(tab: Page, served: Serving, tmp_path: Path) -> None:
    """With its true length, and the same samples as were heard."""
    opened(tab, served)
    asked: list[dict[str, Any]] = []

    def keep(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or ""))
        route.continue_()

    tab.route("**/v1/audio/speech", keep)
    tab.fill("#text", "A file, and a true one.")
    tab.click("#speak")
    expect(tab.locator("#spoken")).to_have_text(SPOKEN)
    tab.select_option("#format", "wav")
    with tab.expect_download() as download:
        tab.click("#save")
    assert download.value.suggested_filename == "A-file-and-a-true-one.wav"
    file = tmp_path / "a.wav"
    download.value.save_as(file)
    with wave.open(io.BytesIO(file.read_bytes())) as reader:
        seconds = reader.getnframes() / reader.getframerate()
    assert abs(seconds - float(tab.get_attribute("#seek", "max") or 0)) < 0.02
    assert asked[0]["seed"] == asked[1]["seed"]
    assert asked[1]["stream"] is False


VOICES = [
    ("af_bella", "en-US", True),
    ("af_sky", "en-US", False),
    ("bf_emma", "en-GB", False),
    ("ff_siwis", "fr-FR", False),
]


def test_a_voice_is_found_and_mixed(tab: Page, served: Serving, look: Look) -> None:
    """By name or language, with the keyboard alone; a mix is asked for as the API has it."""
    listed = [
        {"id": id, "name": id, "language": tag, "languages": [tag], "model": "kokoro", "default": d}
        for id, tag, d in VOICES
    ]
    tab.route("**/v1/audio/voices", lambda route: route.fulfill(json={"voices": listed}))
    about = {"may_apply": False, "mixing": ["kokoro"]}
    tab.route("**/page/about", lambda route: route.fulfill(json=about))
    asked: list[dict[str, Any]] = []

    def keep(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or ""))
        route.abort()

    tab.route("**/v1/audio/speech", keep)
    opened(tab, served)
    expect(tab.locator("#voice-name")).to_have_text("Bella")
    tab.focus("#voice")
    tab.keyboard.press("Enter")
    expect(tab.locator(".group")).to_have_count(3)
    look("voices")
    tab.keyboard.type("french")
    expect(tab.locator(".option")).to_have_count(1)
    tab.keyboard.press("Enter")
    expect(tab.locator("#voice-name")).to_have_text("Siwis")
    expect(tab.locator("#voice-about")).to_contain_text("French")
    tab.focus("#voice")
    tab.keyboard.press("Enter")
    tab.keyboard.type("woman")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")
    expect(tab.locator("#voice-name")).to_have_text("Bella")
    tab.click("#mix")
    tab.keyboard.type("sky")
    tab.keyboard.press("Enter")
    slider = tab.get_by_label("How much of Bella")
    slider.focus()
    tab.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "67 %")
    look("mix")
    tab.focus("#text")
    tab.keyboard.press("Control+Enter")
    expect(tab.locator("#spoken.bad")).to_contain_text("cannot be reached")
    assert (asked[0]["model"], asked[0]["voice"]) == ("kokoro", "af_bella(10)+af_sky(5)")
    tab.reload()  # What was chosen is chosen still.
    expect(tab.get_by_label("How much of Bella")).to_have_value("10")
    tab.get_by_label("Take Sky out of the mix").click()
    expect(tab.locator("#voice-name")).to_have_text("Bella")
    expect(tab.locator("#parts")).to_be_hidden()


def test_the_keyboard_is_enough(tab: Page, served: Serving) -> None:
    """Tab reaches everything in the order of the page; Ctrl-Enter speaks, Escape stops."""
    opened(tab, served)
    reached = []
    for _ in range(14):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id"))
    order = ["text", "voice", "speed", "speak", "volume", "format", "save"]
    assert [name for name in reached if name in order] == order
    tab.emulate_media(reduced_motion="reduce")  # Nothing moves for who wants that.
    mark = "getComputedStyle(document.querySelector('#mark')).transitionDuration"
    assert tab.evaluate(mark) == "0s"
    tab.focus("#text")
    tab.keyboard.press("Control+a")
    tab.keyboard.type("Hello to all of you who are here. " * 20)
    tab.keyboard.press("Control+Enter")
    eventually(lambda: at(tab) > 0.3, "it is heard")
    tab.keyboard.press("Escape")
    expect(tab.locator("#spoken")).to_contain_text("Stopped.")
