"""Captions: sentences, pauses and the length of a line end them, in three forms."""

from __future__ import annotations

import json

import pytest

from supervisor.captions import captions, srt, vtt, words_json
from supervisor.speech import Word


def spoken(text: str, *, pause_after: str = "") -> list[Word]:
    """Each word for 0.3 s, and a second of silence behind one of them."""
    words, now = [], 0.0
    for word in text.split():
        words.append(Word(word, round(now, 3), round(now + 0.3, 3)))
        now += 1.3 if word == pause_after else 0.35
    return words


def texts(words: list[Word]) -> list[str]:
    """What each caption shows."""
    return [one.text for one in captions(words)]


def test_a_sentence_ends_a_caption_and_an_abbreviation_does_not() -> None:
    """Nor a question that its speaker is named for."""
    words = spoken("Dr. Smith came. He saw J. Doe. “Why?” she asked.")
    assert texts(words) == ["Dr. Smith came.", "He saw J. Doe.", "“Why?” she asked."]


def test_a_pause_ends_a_caption() -> None:
    """It is not shown while nobody speaks."""
    first, second = captions(spoken("wait for it now", pause_after="it"))
    assert (first.text, second.text) == ("wait for it", "now")
    assert first.end_s < second.begin_s


def test_long_sentences_are_cut_where_two_lines_are_full() -> None:
    """Lines are of about the same length, and no word is lost."""
    text = " ".join(f"word{number}" for number in range(60))
    shown = texts(spoken(text))
    assert " ".join(" ".join(shown).split()) == text
    for one in shown:
        lines = one.split("\n")
        assert len(lines) <= 2
        assert max(map(len, lines)) <= 46
        assert len(lines) == 1 or abs(len(lines[0]) - len(lines[1])) < 12


def test_a_caption_is_long_enough_to_be_read() -> None:
    """A second, if the next one does not begin before."""
    (one,) = captions([Word("Yes.", 0.2, 0.4)])
    assert (one.begin_s, one.end_s) == (0.2, 1.2)


def test_scripts_without_spaces_get_none() -> None:
    """Words of Japanese and Chinese stand side by side."""
    words = [
        Word(word, at / 2, at / 2 + 0.4)
        for at, word in enumerate(["今日", "は", "Python", "です。"])
    ]
    assert words_json(words).count('"word"') == 4
    assert "".join(texts(words)).replace("\n", "") == "今日は Python です。"


def test_the_forms_are_those_that_players_read() -> None:
    """SubRip has commas and numbers, WebVTT points and a head; signs of markup are escaped."""
    words = [Word("a<b", 3_599.9996, 3_600.5), Word("&c.", 3_601.0, 3_601.5)]
    assert srt(words).startswith("1\n01:00:00,000 --> 01:00:01,")
    assert vtt(words).startswith("WEBVTT\n\n01:00:00.000 --> 01:00:01.")
    assert "a&lt;b" in vtt(words)
    assert "a<b" in srt(words)
    assert json.loads(words_json(words))["words"][0] == {
        "word": "a<b",
        "start": 3599.9996,
        "end": 3600.5,
        "text_start": None,
        "text_end": None,
    }


@pytest.mark.parametrize("form", [srt, vtt, words_json])
def test_no_words_are_no_captions(form: object) -> None:
    """A file of nothing is still one that players open."""
    assert callable(form)
    assert form([]) in ("", "WEBVTT\n", '{\n "words": []\n}\n')
