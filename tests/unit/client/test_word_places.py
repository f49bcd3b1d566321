"""Where the words that are heard stand in the text that was sent."""

from __future__ import annotations

from supervisor.client.words import WordPlaces
from supervisor.speech import Word


def places(text: str, *words: str) -> list[str | None]:
    """What stands in the text where each word was found, None for one that was not."""
    found = WordPlaces(text).placed(Word(word, 0.0, 1.0) for word in words)
    return [None if word.start is None else text[word.start : word.end] for word in found]


def test_each_word_is_found_behind_the_one_before() -> None:
    """The same word twice has two places."""
    text = "the end of the end"
    found = WordPlaces(text).placed(Word(word, 0, 1) for word in text.split())
    assert [word.start for word in found] == [0, 4, 8, 11, 15]


def test_a_part_of_a_longer_word_is_not_it() -> None:
    """In whatever script."""
    text = "another no, nothing; the other"
    found = list(WordPlaces(text).placed([Word("no,", 0, 1), Word("the", 0, 1)]))
    assert [word.start for word in found] == [8, 21]


def test_markup_and_white_space_do_not_hide_a_word() -> None:
    """A stretch of several words may be broken over lines."""
    text = "<p>It\n costs  **3\n kg** [here](http://costs.it/here) &amp; so</p>"
    assert places(text, "It", "costs", "3 kg", "here", "so") == [
        "It",
        "costs",
        "3\n kg",
        "here",
        "so",
    ]


def test_what_does_not_stand_there_has_no_place_and_loses_none_behind_it() -> None:
    """The name of an emoji, an alias, another spelling."""
    assert places("one 👍 two", "one", "thumbs", "up", "two") == ["one", None, None, "two"]
    assert places("", "one") == [None]
    assert places("one", "", "  ", "one") == [None, None, "one"]


def test_a_text_that_grows_is_looked_through_from_where_it_was() -> None:
    """Places are those in all of it; a word that is cut in two comes when it is whole."""
    places = WordPlaces("one t")
    (one,) = places.placed([Word("one", 0, 1)])
    assert (one.start, one.end) == (0, 3)
    for piece in "wo two ":
        places.add(piece)
    places.add("three")
    found = list(places.placed([Word(word, 0, 1) for word in ("two", "two", "three")]))
    assert [word.start for word in found] == [4, 8, 12]


def test_a_long_text_of_nothing_else_is_looked_through_once() -> None:
    """Words that are nowhere cost a bounded look each."""
    text = "x " * 500_000
    found = list(WordPlaces(text).placed([Word("y", 0, 1)] * 200))
    assert all(word.start is None for word in found)
