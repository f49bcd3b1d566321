"""English phonemes with the words they are of: the same line, and every word where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.marks import pronounced
from workers.engines.english import reader

TEXTS = (
    "On May 3rd, Dr. Smith paid $12.50 for 3 kg of apples, and went home.",
    'The F.B.I. said "no" etc. and so on; et cetera, F B I agents.',
    "don't can't won't it's 20% of 1,234,567 people -- really?!",
    "Visit www.example.com/a-b or mail joe@x.org at 5:30 p.m. on 5/6.",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung is long.",
    "  two  spaces,\tand “quotes” — dashes… (brackets) [more]  ",
    "“Why?” ‘What?’ rock 'n' roll, the dogs' bones, O'Brien's.",
    f"the {pronounced('New Lodz', 'nˈu wˈuʧ')} of {pronounced('x', 'ˈɛks')}, then",
)


@pytest.mark.parametrize("british", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_the_line_is_the_same_with_words(text: str, *, british: bool) -> None:
    """To ask for words changes nothing that is heard; words are in order and do not overlap."""
    read = reader(british=british)
    sounds = read.sounds(text, words=True)
    assert sounds.symbols == read.phonemes(text) == read.sounds(text).symbols
    symbol = place = 0
    for word in sounds.words:
        assert symbol <= word.first < word.last <= len(sounds.symbols)
        assert place <= word.start < word.end <= len(text)
        symbol, place = word.last, word.end
    heard = {at for word in sounds.words for at in range(word.first, word.last)}
    assert all(at in heard for at, one in enumerate(sounds.symbols) if one.isalpha())


@settings(max_examples=60, deadline=None)
@given(st.text("aeBF .,'\"-0129$%é\n", max_size=60))
def test_any_text_has_its_words(text: str) -> None:
    """Whatever is written, every sound belongs to a word."""
    sounds = reader(british=False).sounds(text, words=True)
    assert sounds.symbols == reader(british=False).phonemes(text)
    heard = {at for word in sounds.words for at in range(word.first, word.last)}
    assert all(at in heard for at, one in enumerate(sounds.symbols) if one.isalpha())


def test_what_is_said_in_several_words_is_one_where_it_is_written_as_one() -> None:
    """A sum, a date, an abbreviation, letters."""
    text = TEXTS[0]
    sounds = reader(british=False).sounds(text, words=True)
    said = {
        text[word.start : word.end]: sounds.symbols[word.first : word.last] for word in sounds.words
    }
    assert said["$12.50"].count(" ") == 4
    assert said["May 3rd,"] == "mˈA θˈɜɹd,"
    assert said["Dr."] == "dˈɑktəɹ"
    assert list(said)[-1] == "home."
