"""Texts of the worst kinds take time with their length, and a step takes little of it."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from supervisor.core.markup.reading import MarkupError, marked
from supervisor.speech import Markup
from tests.fixtures.patterns import PATTERNS, worst

SIGNS = (
    *("<", ">", "&", "*", "_", "`", "[", "](", "[a](", "|", "#", "~", "=", "\\", "-", "\\*"),
    *(
        "<b>",
        "</b>",
        "<!--",
        "<!-- -->",
        '<a href="',
        "<a b='",
        "<a ",
        "</",
        "<?",
        "<script>",
        "<pre>",
    ),
    *(
        "<div hidden>",
        "<td>",
        "<br>",
        "<li>a",
        "<q>",
        "<ruby><rt>",
        "<ul><li>",
        "<title>",
        "<![CDATA[",
    ),
    *("&amp", "&amp;", "&#", "&#x", "a&"),
    *(
        "> \n",
        "> a\n",
        ">",
        "- \n",
        "- a\n\n",
        "- - ",
        "1.\n",
        "1. a\n7. b\n",
        "```\n",
        "~~~\n",
        "---\n",
    ),
    *("a\n=\n", "    a\n", "  \n", "|\n", "|a|b|\n|-|-|\n"),
    *(
        "*a",
        "*a _b ",
        "**a** ",
        "`a``b``` ",
        "[a](b) ",
        '[a](b "',
        "![",
        "[^1]",
        "[a][b]",
        "[x](/æ/)",
    ),
    *("]:", "]:\n", "[a]: /b\n", "[a", "\ue000"),
)
"""Signs of Markdown and HTML, most of them open."""

WHOLE = (
    "<!--",
    "<script>",
    "<title>",
    "```\n",
    "]:",
    "[a]: /b\n",
    "<div hidden>",
    "<a b='",
    "- a\n7. ",
)
"""Signs for which something is looked for that may stand far behind."""


def longest_step(text: str, markup: Markup) -> float:
    """CPU seconds of the longest step of a text; its first error ends it."""
    longest = 0.0
    before = time.process_time()
    try:
        for _ in marked(text, markup):
            now = time.process_time()
            longest = max(longest, now - before)
            before = now
    except MarkupError:
        pass
    return longest


@pytest.mark.parametrize("piece", dict.fromkeys((*SIGNS, *PATTERNS)))
def test_a_step_is_short_whatever_comes(piece: str) -> None:
    """A step takes a millisecond or two, and none 50 times as long."""
    text = worst(piece, 16 << 10)
    assert longest_step(text, "auto") < 0.1
    assert longest_step(text, "html") < 0.1


@pytest.mark.parametrize("piece", WHOLE)
@pytest.mark.parametrize("markup", ["auto", "html", "tags"])
def test_nothing_is_looked_for_twice(piece: str, markup: Markup) -> None:
    """What has no end in a long text takes no time with the square of its length."""
    text = worst(piece, 200 << 10)
    started = time.process_time()
    assert longest_step(text, markup) < 0.1
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    "piece",
    [
        "<p>a</p>",
        "<p>",
        "<break/>",
        "&amp;",
        "<!--",
        "<a b='",
        "<![CDATA[",
        "[a](/æ/)",
        "<x a='1'/>",
    ],
)
def test_so_it_is_with_ssml(piece: str) -> None:
    """Also where an element, a comment or a value has no end."""
    text = f"<speak>{worst(piece, 100 << 10)}"
    started = time.process_time()
    assert longest_step(text, "ssml") < 0.1
    assert time.process_time() - started < 2.0


class Text(str):
    """A text of which one can ask whether it is still held."""

    __slots__ = ("__weakref__",)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing is found out by the garbage collector."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("steps", [1, 1_000])
@pytest.mark.parametrize("markup", ["auto", "markdown", "html", "ssml", "tags"])
def test_a_text_is_held_by_nobody_once_its_reading_is_over(markup: Markup, steps: int) -> None:
    """At its end, or where its client has left: thousands of texts come between two collections."""
    text = Text("# Title\n\n- *one* <!-- -->\n- two\n\n" * 200)
    if markup in ("html", "ssml"):
        root = "speak" if markup == "ssml" else "body"
        text = Text(f"<{root}>{'<p>one <b>two</b></p> ' * 500}</{root}>")
    held = weakref.ref(text)
    reading = marked(text, markup)
    for _ in zip(range(steps), reading, strict=False):
        pass
    del text, reading
    assert held() is None
