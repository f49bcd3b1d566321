"""hibari's text reader, guarded: any text is read, in a time that fits its length."""

from __future__ import annotations

import re
import time

import pytest
from hibari.g2p import G2P
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engines import english
from workers.engines.english import reader
from workers.text.numbers import LONGEST

_HOSTILE = st.text(
    st.sampled_from("aZé0159٣①²½Ⅷ$€'.,-/@#%&*[]()“ \t\0\u0301\u200b🎉中ω"), max_size=300
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(_HOSTILE, st.text(max_size=300)), st.booleans())
def test_any_text_is_read(text: str, british: bool) -> None:
    """No text makes the reader raise, in either accent."""
    assert isinstance(reader(british=british).phonemes(text), str)


@pytest.mark.parametrize("unit", ["a-", "1-", "A1", "aA", "a@", "a-a.", "1/2", "[a](", "'", "$"])
def test_time_is_linear(unit: str) -> None:
    """Words built to be costly cost the unguarded reader seconds at 300 characters, and many
    times that at twice as many: here four times the length costs about four times as much.
    """
    read = reader(british=False).phonemes
    read("warm xyzzy")

    def seconds(length: int) -> float:
        started = time.process_time()
        read((unit * length)[:length])
        return time.process_time() - started

    few = min(seconds(75) for _ in range(3))  # What is read for the first time loads its tables.
    many = min(seconds(300) for _ in range(3))
    assert many < 12 * max(few, 0.01)


def test_accents_differ() -> None:
    """The British reader reads the British way."""
    assert reader(british=False).phonemes("There.") == "ðˈɛɹ."
    assert reader(british=True).phonemes("There.") == "ðˈɛː."


def test_number_beyond_naming_is_read_digit_by_digit() -> None:
    """Every digit of a number without a name is spoken."""
    read = reader(british=False).phonemes("7" * (LONGEST + 1))
    assert read.split() == [reader(british=False).phonemes("7")] * (LONGEST + 1)


def test_longest_named_number_is_named() -> None:
    """A number that has a name is not spelled."""
    read = reader(british=False).phonemes
    assert read("1" + "0" * (LONGEST - 1)) == read("one hundred octillion")


def test_unknown_long_word_is_read_to_its_end() -> None:
    """A word longer than the net for unknown words takes (24 letters) is not cut off."""
    read = reader(british=False).phonemes
    short, long = read("zxqvblorfgrumptwist"), read("zxqvblorfgrumptwistzxqvblorfgrumptwist")
    assert len(long) > 1.5 * len(short)


def test_decomposed_accents_read_like_composed() -> None:
    """`é` as letter and mark is the same word as `é`."""
    assert reader(british=False).phonemes("cafe\u0301") == reader(british=False).phonemes("café")


def test_circled_digit_is_read_as_its_number() -> None:
    """Digits that are no decimal digits are read, not stumbled over."""
    read = reader(british=False).phonemes
    assert read("①") == read("1")


def test_another_hibari_is_named_with_the_version_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader is put together from its parts: one that lacks a part says so, and what to do."""

    class Another(G2P):  # type: ignore[misc]  # it has no types
        def __init__(self) -> None:
            """Not called."""

        def __call__(self, text: str) -> str:
            return str(self.a_part_of_its_own) + text

    monkeypatch.setattr(english, "G2P", Another)
    with pytest.raises(RuntimeError, match=r"a_part_of_its_own.*pip install 'hibari-tts>=0\.2\.1"):
        english.English(british=False)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('"That is it," he said.', "That is it, he said."),
        ("“Now,” she said. “Upon my word!”", "Now, she said. Upon my word!"),
        ("‘Yes,’ he said, ‘the dogs’ bones.’", "Yes, he said, the dogs bones."),
        ("[That] is (this).", "That is this."),
        ("him--that", "him, that"),
        ("Peculiar--that is--a lot.", "Peculiar, that is, a lot."),
    ],
)
def test_a_word_beside_a_quotation_mark_or_a_dash_is_read_as_it_is(text: str, same: str) -> None:
    """Nothing but the pauses is another."""
    read = reader(british=False)
    assert sounds(read.phonemes(text)) == sounds(read.phonemes(same))


def sounds(phonemes: str) -> list[str]:
    """The words of it, without punctuation and stress."""
    return re.sub(r"[^\w\s]", " ", re.sub("[ˈˌ]", "", phonemes)).split()
