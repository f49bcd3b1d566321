"""Audiobooks on the page: dropped, listened to while they are spoken, there after a reload."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.gateway.own import KEY, Own
from tests.e2e.page.conftest import Look
from tests.epubs import chapters_epub
from tests.supervised import eventually

DROPPED = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "skylark.epub", { type: "application/epub+zip" }));
  const event = (kind) => new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer });
  document.body.dispatchEvent(event("dragenter"));
  const shown = !document.querySelector("#drop-here").hidden;
  document.body.dispatchEvent(event("drop"));
  return shown;
}"""


def opened(tab: Page, own: Own) -> Page:
    """The page, with the key."""
    tab.goto(own.url)
    tab.fill("#key", KEY)
    tab.press("#key", "Enter")
    expect(tab.locator("#voice")).to_be_enabled()
    expect(tab.locator("#drop")).to_be_visible()
    return tab


def file(name: str, content: bytes) -> FilePayload:
    """A file as somebody chooses it."""
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=content)


def heard(tab: Page) -> float:
    """The place in the chapter, in seconds."""
    return float(tab.evaluate("document.querySelector('#dock-audio').currentTime"))


def test_what_is_no_book_is_refused_before_it_is_sent(tab: Page, own: Own) -> None:
    """Too large, of a wrong kind, or empty; what the server cannot read is said in its words."""
    opened(tab, own)
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.method))
    tab.set_input_files(
        "#file",
        files=[
            file("large.txt", b"word " * 300_000),
            file("picture.png", b"p"),
            file("empty.txt", b""),
        ],
    )
    lines = tab.locator("#uploads .bad")
    expect(lines.nth(0)).to_contain_text("large.txt has 1.5 MB; a book may have 1.0 MB.")
    expect(lines.nth(1)).to_contain_text("picture.png is no book this page can read")
    expect(lines.nth(2)).to_contain_text("empty.txt is empty.")
    assert "POST" not in sent
    lines.nth(0).get_by_role("button").click()
    expect(lines).to_have_count(2)
    tab.set_input_files("#file", files=[file("broken.epub", b"PK nothing")])
    expect(lines.nth(2)).to_contain_text("broken.epub: ")
    assert "POST" in sent


def test_a_book_is_dropped_heard_and_found_again(
    tab: Page, own: Own, look: Look, tmp_path: Path
) -> None:
    """Its first chapter plays while the others are spoken; the page is closed, and it goes on."""
    opened(tab, own)
    tab.click("#voice")
    tab.keyboard.type("heart")
    tab.keyboard.press("Enter")
    expect(tab.locator("#drop-voice")).to_have_text("Heart")
    book = chapters_epub(4, sentences=20)
    assert tab.evaluate(DROPPED, base64.b64encode(book).decode())
    expect(tab.locator(".book h3")).to_have_text("A Book")
    expect(tab.locator(".book .by")).to_contain_text("A. Writer · read by Heart")
    expect(tab.locator(".book img.cover")).to_be_visible()
    tab.locator(".book .pause").click()
    expect(tab.locator(".book .state")).to_contain_text("Paused")
    tab.locator(".book .pause").click()
    expect(tab.locator(".book")).not_to_have_attribute("data-state", "paused")
    tab.locator(".chapters summary").click()
    first = tab.get_by_role("button", name="Listen to Chapter 1", exact=True)
    expect(first).to_be_visible(timeout=60_000)
    first.click()
    expect(tab.locator("#dock-chapter")).to_have_text("Chapter 1")
    eventually(lambda: heard(tab) > 0.2, "the first chapter is heard")
    expect(tab.locator(".chapters li.now b")).to_have_text("Chapter 1")
    look("book", full_page=True)
    tab.locator("#dock-seek").fill("5")
    tab.click("#dock-play")
    expect(tab.locator("#dock-play")).to_have_attribute("aria-label", "Play")
    again = tab.context.new_page()
    tab.close()  # A tab of its own: the key is asked for once more.
    opened(again, own)
    expect(again.locator(".book")).to_have_count(1)
    expect(again.locator(".book .listen")).to_have_text("Continue listening")
    again.set_viewport_size({"width": 400, "height": 860})
    again.click(".book .listen")
    eventually(lambda: heard(again) >= 5.0, "it goes on where one was")
    expect(again.locator(".book")).to_have_attribute("data-state", "done", timeout=120_000)
    expect(again.locator(".book .state")).to_have_text(re.compile("^Ready: .+ to listen to$"))
    assert again.evaluate("document.documentElement.scrollWidth") <= 400
    with again.expect_download() as download:
        again.get_by_text("Download the book").click()
    assert download.value.suggested_filename == "A Book.m4b"
    saved = tmp_path / "a.m4b"
    download.value.save_as(saved)
    assert saved.read_bytes()[4:8] == b"ftyp"
    again.locator("#dock-seek").fill(again.get_attribute("#dock-seek", "max") or "")
    expect(again.locator("#dock-chapter")).to_have_text("Chapter 2")
    again.get_by_role("button", name="Delete").click()
    again.get_by_role("button", name="Really delete?").click()
    expect(again.locator(".book")).to_have_count(0)
    expect(again.locator("#dock")).to_be_hidden()
    again.close()
