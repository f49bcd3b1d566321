"""What a text is said by once a lexicon is put into it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from supervisor import marks
from supervisor.core.jobs.pronunciations import Dictionary, Pronunciations
from supervisor.lexicon import MAX_SETTINGS, parse
from supervisor.marks import pronounced


def dictionary(mapping: dict[str, Any]) -> Dictionary:
    """The entries of a mapping, ready to be looked up."""
    return Dictionary(parse(mapping, at_most=MAX_SETTINGS))


def said(text: str, mapping: dict[str, Any], language: str = "en-US") -> str:
    """The text with the entries of a mapping."""
    return Pronunciations(dictionary(mapping), language=language).in_text(text)


NAMES: dict[str, Any] = {
    "Nguyen": "win",
    "Siobhán": "shivawn",
    "O'Brien": "oh bryan",
    "New York": "noo york",
    "New York City": "the city",
    "York": "yawk",
    "McDonald's": "mac donalds",
    "Coca-Cola": "coke",
    "C": "see",
    "C+": "see and more",
    "C++": "see plus plus",
    ".NET": "dot net",
    "AT&T": "ay tee and tee",
    "Dr.": "doctor",
    "U.S.": "you ess",
    "node.js": "node jay ess",
    "24/7": "all day",
    "s": "seconds",
    "👍": "well done",
    "'tis": "it is",
}


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Nguyen", "win"),
        ("NGUYEN and nguyen.", "win and win."),
        ("Nguyen's cat, Nguyen’s dog", "win's cat, win’s dog"),
        ("Nguyen'll come; Nguyen'd go; Nguyen've", "win'll come; win'd go; win've"),
        ("NGUYEN'S", "win'S"),
        ("the Nguyens' house", "the Nguyens' house"),
        ("James' Nguyen' 'Nguyen' \"Nguyen\"", "James' win' 'win' \"win\""),
        ("(Nguyen) *Nguyen* _Nguyen_ Nguyen…", "(win) *win* _win_ win…"),
        ("Nguyen-Smith, Smith–Nguyen", "win-Smith, Smith–win"),
        ("Nguyenesque anguyen Nguyen2", "Nguyenesque anguyen Nguyen2"),
        ("nguyen.com me@nguyen.org", "nguyen.com me@nguyen.org"),
        ("https://x.org/Nguyen Nguyen", "https://x.org/Nguyen win"),
        ("@Nguyen #Nguyen", "@win #win"),
        ("Siobha\u0301n SIOBHÁN", "shivawn shivawn"),
        ("O’Brien o'brien's", "oh bryan oh bryan's"),
        ("New York", "noo york"),
        ("new\n  york\u00a0and NEW YORK", "noo york\u00a0and noo york"),
        ("New\n\nYork", "New\n\nyawk"),
        ("New, York", "New, yawk"),
        ("New York City New York Citywide", "the city noo york Citywide"),
        ("NewYork", "NewYork"),
        ("McDonald's fries", "mac donalds fries"),
        ("McDonald fries", "McDonald fries"),
        ("Coca‑Cola, coca-cola", "coke, coke"),
        ("C++, C+. C; C+++", "see plus plus, see and more. see; see+++"),
        (".NET ASP.NET", "dot net ASP.NET"),
        ("AT&T at&t", "ay tee and tee ay tee and tee"),
        ("Dr. Nguyen", "doctor win"),
        ("the U.S. and the U.S.A.", "the you ess and the U.S.A."),
        ("Node.js node", "node jay ess node"),
        ("24/7 and 24", "all day and 24"),
        ("5 s, it's Macy's", "5 seconds, it's Macy's"),
        ("[pause:5 s] [pause:5s]", "[pause:5 seconds] [pause:5s]"),
        ("👍 👍️", "well done well done"),
        ("’Tis Nguyen", "it is win"),
        ("", ""),
        (" \n", " \n"),
    ],
)
def test_whole_words_are_said_as_their_entry_has_it(text: str, spoken: str) -> None:
    """With what may stand before and behind them, and not within other words."""
    assert said(text, NAMES) == spoken


def test_phonemes_become_a_mark_on_what_is_written() -> None:
    """The reader gets the phonemes; who prints the text, the words; an ending stays outside."""
    text = said("So New\nYork's Nguyen.", {"new york": "/nu ˈjɔɹk/", "Nguyen": "/wɪn/"})
    assert text == f"So {pronounced('New York', 'nu ˈjɔɹk')}'s {pronounced('Nguyen', 'wɪn')}."
    assert marks.written(text) == "So New York's Nguyen."


@pytest.mark.parametrize(
    "text",
    [
        pronounced("Nguyen", "njuʝən"),
        pronounced("the Nguyen family", "fæmli"),
        marks.manner("voice=Nguyen"),
    ],
)
def test_marks_of_a_markup_are_left_alone(text: str) -> None:
    """What the text itself asks for goes before any lexicon."""
    assert said(f"{text} Nguyen", {"Nguyen": "win"}) == f"{text} win"
    assert said(text, {"Nguyen": "win"}) is text


def test_no_phrase_reaches_over_a_mark() -> None:
    """Neither the end of a heading nor another manner is lost."""
    for mark in (marks.HEADING, marks.PARAGRAPH, marks.manner("rate=2")):
        assert said(f"New{mark} York", NAMES) == f"New{mark} yawk"


def test_nothing_to_say_gives_the_same_text() -> None:
    """The very object: there is nothing to compare."""
    text = "Nobody of that name stands here. " * 4
    assert said(text, NAMES) is text
    assert said(text, {}) is text
    assert said(text, {"nobody": None}) is text


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("us US Us", "us you ess Us"), ("polish Polish POLISH", "shine poland shine")],
)
def test_capitals_count_where_an_entry_says_so(text: str, spoken: str) -> None:
    """And an entry for these capitals is taken before one for any."""
    mapping = {
        "US": {"say": "you ess", "case": True},
        "Polish": {"say": "poland", "case": True},
        "polish": "shine",
    }
    assert said(text, mapping) == spoken


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en-US", "english"),
        ("en-GB", "british"),
        ("EN-gb-oxendict", "british"),
        ("en", "english"),
        ("fr-FR", "any"),
        ("und", "any"),
        ("", "any"),
    ],
)
def test_a_language_has_its_own_entries(language: str, spoken: str) -> None:
    """The entry for the variety, else for the language, else for all."""
    mapping = {
        "Chat": {"say": "english", "language": "en"},
        "chat": {"say": "british", "language": "en-gb"},
        "CHAT": "any",
        "Chat Noir": {"say": "nobody's", "language": "de"},
    }
    assert said("chat noir", mapping, language) == f"{spoken} noir"


def test_scripts_without_spaces_are_matched_anywhere() -> None:
    """Chinese and Japanese, the longest first; kana of one word and Latin words beside them too."""
    mapping = {
        "東京": "とうきょう",
        "東京都": "とうきょうと",
        "Tシャツ": "ティーシャツ",
        "ガ": "ga",
        "Nguyen": "グエン",
        "重庆": "/ʈʂʰʊŋ↗tɕʰiŋ↘/",
    }
    assert said("私は東京へ、東京都は東", mapping) == "私はとうきょうへ、とうきょうとは東"
    assert said("白Tシャツ", mapping) == "白ティーシャツ"
    assert said("カ\u3099カ", mapping) == "gaカ"
    assert said("東京Nguyenさん", mapping) == "とうきょうグエンさん"
    assert said("在重庆市", mapping) == f"在{pronounced('重庆', 'ʈʂʰʊŋ↗tɕʰiŋ↘')}市"


def test_a_request_goes_before_the_settings() -> None:
    """For the same words; null has them read as written; the longer phrase is taken even so."""
    settings = dictionary({"Nguyen": "win", "Read": {"say": "red", "case": True}, "New York": "ny"})
    request = dictionary({"nguyen": "nwin", "read": "reed", "New": "nu", "York": None})
    both = Pronunciations(request, settings, language="en")
    assert both.in_text("Nguyen, Read: New York, New, York") == "nwin, reed: ny, nu, York"
    without = Pronunciations(dictionary({"New York": None, "york": "x"}), settings, language="en")
    assert without.in_text("Nguyen, New York, York") == "win, New York, x"


def test_null_yields_to_an_entry_of_the_same_mapping() -> None:
    """So one source can settle what two others have, whichever capitals they wrote."""
    assert said("read", {"Read": None, "read": "reed"}) == "reed"
    assert said("read", {"read": "reed", "Read": None}) == "reed"


def test_what_is_said_is_not_looked_up_again() -> None:
    """Two entries may stand for one another."""
    assert said("left right", {"left": "right", "right": "left"}) == "right left"


def test_entries_of_one_word_agree_whatever_they_are_made_of() -> None:
    """A word twice with one meaning is no fault, and said once."""
    assert said("read", {"Read": "red", "READ": "red"}) == "red"


LARGE = dictionary(
    {f"word{number} of many": "x" for number in range(5_000)}
    | {f"name{number}": "/neɪm/" for number in range(4_990)}
    | {
        "a": "/ə/",
        "a a a a a a a b": "x",
        "東" * 15 + "京": "x",
        "+-+-+-+-+-+-+-+*": "x",
        "é é é é é é é è": "x",
        "name'name": "x",
    }
)


@pytest.mark.parametrize(
    "pattern",
    [
        *("a ", "a", "a-", "a'", "a's ", "a’ll", "a.", "1,", "é ", "e\u0301", "\u0301", "a\u0301 "),
        *("東", "が", "กำ", "+", "+-", "_", " ", "\n", "👨\u200d", "ﬁ ", "ß", "Nguyen ", "name1 "),
        *("\ue004", "\ue004a\ue005", "\ue004a\ue005b\ue006", "\ue008", "[pause:", "[pause:1s]"),
        *("http://", "http://! ", "http://a", "hhttp:/"),
    ],
)
def test_time_is_linear_whatever_is_repeated(pattern: str) -> None:
    """A hundred kilobytes of the worst take a tenth of a megabyte's second, with room to spare."""
    text = pattern * (100_000 // len(pattern.encode()))
    pronunciations = Pronunciations(LARGE, language="en")
    started = time.process_time()
    pronunciations.in_text(text)
    assert time.process_time() - started < 2


def test_each_of_ten_thousand_entries_is_found() -> None:
    """Whatever their number, a text has the ones that it has."""
    text = "Word7 of many, name4989 and name4990."
    assert (
        Pronunciations(LARGE).in_text(text) == f"x, {pronounced('name4989', 'neɪm')} and name4990."
    )
