"""What is heard of HTML."""

from __future__ import annotations

import pytest

from supervisor.core.markup.reading import marked
from tests.fixtures.marked_texts import marked_whole, shown


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("<p>One\n  two</p>\n\n<p>Three", "One two⟨paragraph⟩Three"),
        ("<h1>Hi</h1><div>a</div><div><br></div>b", "Hi⟨heading⟩a⟨item⟩b"),
        ("<ul><li>A<li>B<ol><li>C</ol></ul>D", "A⟨item⟩B⟨item⟩C⟨paragraph⟩D"),
        ("<dl><dt>T<dd>D</dl>", "T⟨item⟩D⟨paragraph⟩"),
        ("<h2><div>T</div></h2><p></p>x", "T⟨heading⟩x"),
        ("x <b>y</b><i>z</i> w", "x yz w"),
        (
            "<table><tr><th>N<th>A<tr><td>Ann</td><td></td><td>31</table>x",
            "N, A⟨item⟩Ann, 31⟨paragraph⟩x",
        ),
        ("<td><p>a</p></td><td>b.</td><td>c</td>", "a⟨paragraph⟩b. c"),
        ("a<hr>b<select><option>c<option>d</select>", "a⟨paragraph⟩b⟨item⟩c⟨item⟩d⟨item⟩"),
        ("<pre>a\n  b\n\nc</pre>d", "a⟨item⟩b⟨item⟩c⟨paragraph⟩d"),
    ],
)
def test_elements_that_stand_apart_end_something(text: str, heard: str) -> None:
    """The strongest of ends that meet counts, and none before anything was said."""
    assert shown(text, "html") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Roses are red<br>Violets are blue", "Roses are red⟨item⟩Violets are blue"),
        ("A step<br>forward, <br/>Tom", "A step\nforward,\nTom"),
        ("a<br><br>b", "a⟨paragraph⟩b"),
    ],
)
def test_a_line_ends_where_the_next_one_begins_anew(text: str, heard: str) -> None:
    """Behind a comma, or before a small letter, it goes on."""
    assert shown(text, "html") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("I can&#x27;t, Ann &amp; Ben won&rsquo;t", "I can't, Ann & Ben won’t"),
        ("AT&T R&D; Q&A &bogus; & x &#; &#x;", "AT&T R&D; Q&A &bogus; & x &#; &#x;"),
        ("&copy 2020 &amp&lt;b&gt; &notit; a=1&copy=2", "© 2020 &<b> &notit; a=1&copy=2"),
        ("&#128; &#233; &#xE9; &#x110000; &#xD800;.&#7;", "€ é é ."),
        ("&amp;lt; a&nbsp;&nbsp;b", "&lt; a b"),
    ],
)
def test_references_are_read_once(text: str, heard: str) -> None:
    """As browsers read them; an ampersand that begins none stays."""
    assert shown(text, "html") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("a<!-- <p> -->b<!DOCTYPE html><?php x ?>c", "abc"),
        ("<head><title>T</title><style>x</style></head>a<SCRIPT>if (a<b) x</script >b", "ab"),
        ("a<svg><title>x</title><text>y</text></svg>b<template>c</template>", "ab"),
        ("<noscript>On!</noscript><video>No video</video>a", "a"),
        ("<div style='display: none'>x<div>y</div>z</div><b hidden>a<b>b</b></b>a", "a"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字", "漢字"),
        ("He said <q>it is <q>so</q></q>.", "He said “it is ‘so’”."),
        (
            "<abbr title='x'>HTML</abbr> <img alt='A dog &amp; a cat'> <![CDATA[a < b]]>",
            "HTML A dog & a cat a < b",
        ),
        ("Kyoto<sup class='reference'>[1]</sup> has H<sub>2</sub>O", "Kyoto has H2O"),
        ("x<sup class='mw-ref reference'>[1]</sup> <i aria-hidden=true>close</i>y", "x y"),
        ("<li><span class='mw-cite-backlink'>^</span> Stein", "Stein"),
        ("<h2>History<span class=mw-editsection>[edit]</span></h2>", "History⟨heading⟩"),
    ],
)
def test_what_is_not_shown_is_not_read(text: str, heard: str) -> None:
    """Comments, scripts, hidden elements; what a picture shows is."""
    assert shown(text, "html") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("8 km<sup>2</sup>, 10<sup>-6</sup>, 2<sup>n</sup>", "8 km², 10⁻⁶, 2ⁿ"),
        ("so.<sup><a>12</a></sup>", "so.¹²"),
        ("1<sup>st</sup> <sup>1</sup>/<sub>2</sub>", "1st 1/2"),
        ("a<sup>2<p>b 3</p></sup> 4", "a²⟨paragraph⟩b 3⟨paragraph⟩4"),
    ],
)
def test_a_raised_number_is_a_power(text: str, heard: str) -> None:
    """Or it counts footnotes; it never becomes a part of the number before it."""
    assert shown(text, "html") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("a [tomato](/təˈmɑːtəʊ/)!", "a ⟨tomato = təˈmɑːtəʊ⟩!"),
        ("<p>[<b>a</b>](/æ/) [manual](/docs/) [x] (y)", "[a](/æ/) [manual](/docs/) [x] (y)"),
    ],
)
def test_a_pronunciation_is_understood_in_a_page(text: str, heard: str) -> None:
    """Its notation can be nothing else; a link in it is text."""
    assert shown(text, "html") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("3 < 4 and 5 > 2, I <3 you", "3 < 4 and 5 > 2, I <3 you"),
        ("a <!-- open", "a  open"),
        ("a <script>open", "a open"),
        ('a <b class="open>bold</b> "end"', 'a bold "end"'),
        ("a <b class='x'y=1 z>bold</b", "a bold</b"),
        ("a <" + "b" * 3000 + ">", "a <" + "b" * 3000 + ">"),
        ("</p></li></q></ruby></pre>a", "a"),
        ("<ruby><rt>x<p>a", "a"),
    ],
)
def test_what_is_broken_loses_no_text(text: str, heard: str) -> None:
    """What nothing ends is not left out, and a `<` that opens no tag is read."""
    assert " ".join(shown(text, "html").split()) == " ".join(heard.split())


def test_what_is_longer_than_a_step_is_read_alike() -> None:
    """No tag, reference or word is cut between two steps, wherever they fall."""
    unit = "<p class='a b'>caf&eacute; &amp; <b>bar</b></p><!-- x --><script>y</script>"
    for shift in range(0, 90, 7):
        text = "x" * shift + unit * 100
        start = "x" * shift + "⟨paragraph⟩" * bool(shift)
        assert shown(text, "html") == start + "café & bar⟨paragraph⟩" * 100
    for shift in range(2000, 2060):
        text = f"{'x' * shift} [cat](/kæt/) {'y ' * 100}"
        assert shown(text, "html").count("⟨cat = kæt⟩") == 1
    long = "a<script>" + "x" * 200_000 + "</script>b"
    assert marked_whole(long, "html") == "ab"
    assert all(len(piece) < 5000 for piece in marked(unit * 5000, "html") if isinstance(piece, str))
