"""Names and new words: how they are said where the lexicon does not say it."""

from __future__ import annotations

import pytest

from workers.engines.english import reader


def _said(text: str, *, british: bool = False) -> str:
    return reader(british=british).phonemes(text)


@pytest.mark.parametrize(
    ("word", "american", "british"),
    [
        ("Harvey", "hˈɑɹvi", "hˈɑːvi"),
        ("Edwin", "ˈɛdwən", "ˈɛdwən"),
        ("Louise", "luˈiz", "luˈiːz"),
        ("Rhode", "ɹˈOd", "ɹˈQd"),
        ("Siobhan", "ʃɪvˈɔn", "ʃɪvˈɔːn"),
        ("Nguyen", "wˈɪn", "wˈɪn"),
        ("Goethe", "ɡˈɜɹtə", "ɡˈɜːtə"),
    ],
)
def test_names_are_said_as_people_do(word: str, american: str, british: str) -> None:
    """Not as their letters would have it."""
    assert _said(word) == american
    assert _said(word, british=True) == british


@pytest.mark.parametrize("written", ["harvey", "Harvey", "HARVEY"])
def test_capitals_make_no_difference(written: str) -> None:
    """A name that is shouted is no row of letters."""
    assert _said(f"We met {written} today.") == _said("We met Harvey today.")


def test_possessives_and_plurals_follow_the_name() -> None:
    """With the ending that the name demands."""
    assert _said("Harvey's") == _said("the Harveys").split()[1] == "hˈɑɹviz"
    assert _said("Louise's") == "luˈizᵻz"
    assert _said("Niamh’s") == "nˈivz"


@pytest.mark.parametrize("letters", ["IBM", "ACLU", "NAACP", "HSBC", "IEEE", "UCLA"])
def test_acronyms_stay_letters(letters: str) -> None:
    """The dictionary's surnames do not make a word of them."""
    stresses = [symbol for symbol in _said(letters) if symbol in "ˈˌ"]
    assert len(stresses) >= min(len(letters), 4)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("doomscrolling", "doom scrolling"),
        ("stormdrain", "storm drain"),
        ("DeepMind", "deep mind"),
    ],
)
def test_two_words_in_one_are_said_as_two(word: str, parts: str) -> None:
    """What is said is their sounds, stress aside."""

    def sounds(text: str) -> str:
        return "".join(symbol for symbol in _said(text) if symbol not in "ˈˌ ")

    assert sounds(word) == sounds(parts)


def test_what_nobody_knows_is_still_said() -> None:
    """The net guesses from the letters."""
    assert _said("zxqvblorf")


@pytest.mark.parametrize(
    ("written", "american", "british"),
    [
        ("York'd", "jˈɔɹkəd", "jˈɔːkəd"),
        ("that'll", "ðætəl", "ðatᵊl"),
        ("OK'd", "ˌOkˈAd", "ˌQkˈAd"),
        ("Mary'd", "mˈɛɹid", "mˈɛːɹid"),
        ("The cat'd", "ðə kˈæTəd", "ðə kˈatəd"),
        ("John'll", "ʤˈɑnᵊl", "ʤˈɒnᵊl"),
        ("the kids’ve", "ðə kˈɪdzəv", "ðə kˈɪdzəv"),
        ("What're", "wˌʌtəɹ", "wˌɒtə"),
        ("that'd've", "ðætədəv", "ðatədəv"),
        ("you're", "jʊɹ", "jɔː"),
    ],
)
def test_a_verb_drawn_to_its_word_is_heard(written: str, american: str, british: str) -> None:
    """With the vowel that it needs there, whatever the word is."""
    assert _said(written) == american
    assert _said(written, british=True) == british
