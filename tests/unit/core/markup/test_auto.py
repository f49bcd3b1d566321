"""A text that nobody called anything: what is a sign in it, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from supervisor.core.markup.reading import marked
from supervisor.marks import PRIVATE
from supervisor.speech import Markup
from tests.fixtures.marked_texts import marked_whole, shown

UNFAILING: tuple[Markup, ...] = ("auto", "markdown", "html")


@pytest.mark.parametrize(
    "text",
    [
        "3 < 4 and 5 > 2",
        "a * b * c",
        "5 * 3",
        "5*3*2 = 30 and 2*3*4 = 24",
        "2**3 and 4**5",
        "snake_case_name and a_b_c _d",
        "__init__.py, __main__.py and obj.__class__.__name__",
        "foo(*args, **kwargs)",
        "**kwargs",
        "*.txt and *.md",
        "f*ck, s**t and f***",
        "C# and F#",
        "#1 in sales",
        "#hashtag\n\n####### seven",
        "- said Tom",
        "Tom:\n-Yes",
        "1. That was 1999.",
        "It was in\n1999. That was long ago.",
        "I <3 you",
        "<sigh> Well.",
        "Dear <your name>,",
        "List<String> and map<int, b>",
        "Use a <div> or a <span> here.",
        "if a <b and b> c: if (x<y && y>z) {}",
        "[1]",
        "(see [7])",
        "see [7](Smith 1999)",
        "rows[0](x)",
        "[Alice][Bob]",
        "[Tom]: Hello\n[Ann]: Hi",
        "[pause:1s](x) hi",
        "> 5 kg",
        "The weight should be\n> 5 kg in all.",
        "a | b",
        "x | y\n\n|",
        "~5",
        "a~b~c and ~/home",
        "AT&T, R&D; Q&A",
        "x && y; a &b; &bogus;",
        "don`t and can`t",
        "a == b and c == d, a==b==c",
        "C:\\temp\\new and \\\\server\\share",
        "    indented\n\tverses\n",
        "Text  \nwith spaces at its lines' ends \n\n\n and \r\n others\r\n\r\n",
        "--\nBob",
        "...and then---nothing.",
        "\ufeffA mark of byte order",
        "",
        " \n\t\n",
    ],
)
def test_a_text_without_signs_is_untouched(text: str) -> None:
    """Plain writing comes out byte for byte, whatever it looks like."""
    assert marked_whole(text) == text


_WORD = st.text(st.characters(codec="utf-8", exclude_characters="\\`*_[]<>&=~|#+-•>\r\ue000")).map(
    lambda word: "".join(one for one in word if not "\ue000" <= one <= "\ue00f")
)


@given(st.lists(_WORD, max_size=10).map(" ".join))
@settings(max_examples=50)
@example("x\n" * 2000)
@example("word " * 2000)
def test_what_holds_no_sign_at_all_is_untouched(text: str) -> None:
    """No white space, letter or mark of another script is one."""
    lines = text.split("\n")
    if any(line.lstrip(" \t")[:1].isdigit() for line in lines):
        return
    assert marked_whole(text) == text


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("<ann@example.org> wrote", "ann@example.org wrote"),
        ("<https://example.org>", "https://example.org"),
        ("This is **very** important and *urgent*.", "This is very important and urgent."),
        ("<p>Tom &amp; Jerry</p>", "Tom & Jerry⟨paragraph⟩"),
        ("Hi <b>Ann</b>,<br>it’s &pound;5.", "Hi Ann,\nit’s £5."),
        ("- Yes, said Tom.\n- No.", "Yes, said Tom.⟨item⟩No.⟨item⟩"),
        ("We need:\n- flour", "We need:⟨item⟩flour⟨item⟩"),
        ("So \\(x^2\\) is \\*fine\\*.", "So (x^2) is *fine*."),
    ],
)
def test_signs_are_understood_in_plain_writing(text: str, heard: str) -> None:
    """A few signs in a text are enough."""
    assert shown(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("<speak>Hi</speak>", "Hi⟨paragraph⟩"),
        (
            '\ufeff <?xml version="1.0"?>\n<!-- x -->\n<speak version="1.1">Hi</speak>',
            "Hi⟨paragraph⟩",
        ),
        ("<!DOCTYPE html>\n<html><body><p>A\n  b</p><p>*c*", "A b⟨paragraph⟩*c*"),
        ("<html><head><title>T</title></head>Text", "Text"),
        ("<speaker> said hi", "<speaker> said hi"),
    ],
)
def test_a_document_is_known_by_its_begin(text: str, heard: str) -> None:
    """SSML and whole documents in HTML need not be called so."""
    assert shown(text) == heard


def test_a_plain_text_is_not_copied() -> None:
    """It comes in one step, the same object; only private characters are taken out of it."""
    text = "*a* <b>\n" * 1000
    [same] = marked(text, "plain")
    assert same is text
    assert [*marked("a\ue000b\ue00f\ue010", "plain")] == ["ab\ue010"]


@pytest.mark.parametrize("markup", UNFAILING)
def test_no_mark_comes_from_a_client(markup: Markup) -> None:
    """Characters that stand for marks are taken out of a text, however they are written."""
    text = "a\ue000b &#xE001;c \ue004x\ue005y\ue006 <img alt='\ue002d&#57346;'> `\ue008e\ue009`"
    assert PRIVATE.search(marked_whole(text, markup)) is None


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_whatever_comes_it_never_fails(text: str) -> None:
    """Markdown and HTML have no faults."""
    for markup in UNFAILING:
        if not text.lstrip("\ufeff \n").startswith("<"):
            marked_whole(text, markup)


_WRITTEN = (
    "* ** _ ` ``` [ ]( ) ![ ] < > & &amp; | # - 1. \\ ~~ == : \" ' = / "
    "<b> </b> <p> <!-- --> <pre> </pre> <script> </script> <td> <br> \n \n\n"
)
_SIGNS = st.sampled_from(_WRITTEN.split(" "))


@given(st.lists(st.one_of(_SIGNS, st.sampled_from(["word", "é", "漢", " "])), max_size=60))
@settings(max_examples=150)
def test_signs_in_any_order_never_fail(pieces: list[str]) -> None:
    """Half-open links, tags and code are read as they come."""
    text = "x " + "".join(pieces)
    for markup in UNFAILING:
        marked_whole(text, markup)


@given(
    st.lists(
        st.one_of(
            st.from_regex(r"[a-z]{1,8}", fullmatch=True),
            st.sampled_from(
                [
                    "*",
                    "**",
                    "_",
                    "`",
                    "[",
                    "]",
                    "~~",
                    "# ",
                    "- ",
                    "> ",
                    "\n",
                    "\n\n",
                    "|",
                    "<b>",
                    "</b>",
                ]
            ),
        ),
        max_size=60,
    )
)
def test_no_word_is_lost(pieces: list[str]) -> None:
    """Signs go, what is written between them stays, in its order."""
    words = " ".join(one for one in pieces if one.isalpha())
    for markup in UNFAILING[:2]:
        whole = marked_whole(" ".join(pieces).replace(" \n ", "\n"), markup)
        left = "".join(
            one if "a" <= one <= "z" else " "
            for one in whole.replace("<b>", "").replace("</b>", "")
        )
        assert "".join(left.split()) == words.replace(" ", "")
