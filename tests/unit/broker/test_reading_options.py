"""How a text is read, as its client or the settings ask: what its job then says, part by part."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor import marks
from supervisor.broker.refused import Refused
from supervisor.config import Settings
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Prosody
from tests.unit.broker.test_requests import read


def said(text: str, settings: Settings | None = None, **fields: Any) -> list[str]:
    """The texts of the parts."""
    request = read(text, fields) if settings is None else read(text, fields, settings=settings)
    return [part.text for part in request.segments]


def settings(**reading: Any) -> Settings:
    """With this section `reading`."""
    return Settings.model_validate({"reading": reading})


MARKDOWN = "# A title\n\n* one **bold** item\n* another\n\nThe end."


def test_markup_is_found_out_or_asked_for() -> None:
    """A heading and items end as such; `plain` reads what is written."""
    request = read(MARKDOWN)
    assert [(part.text, part.ends) for part in request.segments] == [
        ("A title", "heading"),
        ("one bold item", "item"),
        ("another", "paragraph"),
        ("The end.", "sentence"),
    ]
    assert said("a **b** c", markup="plain") == ["a **b** c"]
    assert said("a **b** c", settings(markup="plain")) == ["a **b** c"]
    assert said("a **b** c", settings(markup="plain"), markup="markdown") == ["a b c"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"markup": "md"}, "markup 'md' is none of auto, plain, markdown, html, ssml"),
        ({"unreadable": "ask"}, "unreadable 'ask' is none of skip, spell, refuse"),
        ({"pronunciations": {"tomato": "/q̃$/"}}, "tomato"),
        ({"pronunciations": {"tomato": ""}}, "tomato"),
        ({"pronunciations": {"tomato": 5}}, "tomato"),
    ],
)
def test_a_wrong_wish_is_refused_by_its_name(fields: dict[str, Any], words: str) -> None:
    """In one line, whatever it is."""
    with pytest.raises(Refused) as refused:
        read("Hello.", fields)
    assert refused.value.code == "out_of_range"
    assert refused.value.field in fields
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_ssml_says_how_a_part_is_spoken() -> None:
    """Rate and volume are factors on the request's, and stay within what the engine can do."""
    text = (
        '<speak>One. <prosody rate="150%" volume="-6dB">Two.</prosody> <break time="2s"/>'
        '<voice name="bella">Three.</voice></speak>'
    )
    parts = read(text, {"speed": 1.6}).segments
    assert [part.text for part in parts] == ["One.", "Two.", "Three."]
    one, two, three = (part.prosody for part in parts)
    assert one is None
    assert two == Prosody(rate=1.25, volume=0.501187)
    assert three == Prosody(voice="bella")
    assert parts[1].ends == 2.0


def test_what_ssml_cannot_have_is_one_line() -> None:
    """With its place; a voice that the engine lacks is refused before anything is spoken."""
    with pytest.raises(Refused, match=r"markup: line 2, column \d+") as broken:
        read("<speak>\n<p>One.</s></speak>")
    assert broken.value.code == "bad_text"
    with pytest.raises(Refused, match="no voice 'bela'; nearest: bella") as unknown:
        read('<speak><voice name="bela">One.</voice></speak>')
    assert unknown.value.code == "unknown_voice"


def test_what_nobody_reads_is_left_out_spelled_or_refused() -> None:
    """As asked; in the first case the client is told, in the last before a job is made."""
    text = "The sign 出口 means exit."
    request = read(text)
    assert [part.text for part in request.segments] == ["The sign means exit."]
    assert [str(place) for place in request.left_out] == ["2 characters (Chinese characters) at 9"]
    assert said(text, unreadable="spell") == ["The sign U 5 1 F A, U 5 3 E 3 means exit."]
    with pytest.raises(Refused, match=r"2 characters \(Chinese characters\) at 9") as refused:
        read(text, {"unreadable": "refuse"})
    assert refused.value.code == "bad_text"
    assert read("The sign means exit.", {"unreadable": "refuse"}).left_out == ()


def test_a_client_is_told_of_a_bounded_number_of_places() -> None:
    """And how many more there are."""
    left_out = read("出 a " * 100).left_out
    assert len(left_out) == 17
    assert str(left_out[-1]) == "84 more places"


def test_tags_that_nobody_knows_are_read_through_and_told() -> None:
    """So that whoever wrote them finds out."""
    request = read("<speak>One <blink>two</blink> three.</speak>")
    assert [part.text for part in request.segments] == ["One two three."]
    assert [str(place) for place in request.left_out] == ["<blink> at 11"]


def test_emoji_are_named_or_not() -> None:
    """Not by default; a text of nothing else is."""
    assert said("Great job 👍 see you.") == ["Great job see you."]
    assert said("Great job 👍.", settings(emoji="names")) == ["Great job 👍."]
    assert said("Great. 👍 Bye.", settings(emoji="names")) == ["Great.", "👍 Bye."]
    assert said("👍") == ["👍"]


def test_pronunciations_of_the_request_come_before_those_of_the_settings() -> None:
    """Phonemes become a mark, which readers know; a respelling takes the word's place."""
    known = settings(pronunciations={"Nguyen": "win", "tomato": "/təˈmeɪtoʊ/"})
    assert said("Nguyen's tomato.", known) == [f"win's {marks.pronounced('tomato', 'təˈmeɪtoʊ')}."]
    own = {"tomato": "/təˈmɑːtəʊ/", "new york": "Gotham"}
    assert said("A tomato in New  York.", known, pronunciations=own) == [
        f"A {marks.pronounced('tomato', 'təˈmɑːtəʊ')} in Gotham."
    ]


def test_a_segment_stays_one_however_much_is_said_for_its_words() -> None:
    """It is cut again where that is long; a text that would become a library is read as it is."""
    long = " ".join(["supreme"] * 25)
    text = "SCOTUS ruled, SCOTUS said, and SCOTUS went home."
    parts = said(text, pronunciations={"SCOTUS": long})
    assert " ".join(parts) == text.replace("SCOTUS", long)
    assert max(map(len, parts)) <= 480
    parts = said("a " * 5_000, durable=True, pronunciations={"a": long})
    assert " ".join(parts) == ("a " * 5_000).strip()


def test_a_text_cannot_hold_marks_of_its_own() -> None:
    """They are taken out, whatever it is called."""
    forged = f"a{marks.manner('voice=none')}b {marks.pronounced('c', 'x')} {marks.HEADING}d."
    for markup in ("auto", "plain", "markdown", "html"):
        (part,) = read(forged, {"markup": markup}).segments
        assert marks.PRIVATE.search(part.text) is None
        assert part.prosody is None


def test_a_pronunciation_is_never_cut() -> None:
    """However short segments have to be, and wherever the window ends."""
    word = "[New York](/nuːˈjɔːk/) "
    short = Settings.model_validate({"segments": {"first_max_chars": 20, "max_chars": 20}})
    for before in range(960, 1030, 7):
        request: JobRequest = read("x" * 8 + " y" * (before // 2) + " " + word * 3, settings=short)
        parts = list(request.segments)
        rest = request.rest
        while rest is not None:
            more, rest = rest.slice()
            parts += more
        text = " ".join(part.text for part in parts)
        assert text.count(marks.pronounced("New York", "nuːˈjɔːk")) == 3
