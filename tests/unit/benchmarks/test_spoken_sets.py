"""A set of sentences counts what is read as one would say it, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from benchmarks.spoken_sets import Row, differences, is_right, load_set


def row(cat: str = "numbers", **rest: object) -> Row:
    """A row of the set, with one spoken form where no patterns are given."""
    return msgspec.convert({"cat": cat, "text": "4", **({"say": ["four"]} | rest)}, Row)


def test_the_set_of_the_repository_is_whole() -> None:
    """200 sentences in 21 categories, none twice; 40 of 17 categories are heard, and have forms."""
    rows = load_set()
    assert len({one.text for one in rows}) == len(rows) == 200
    assert len({one.cat for one in rows}) == 21
    heard = [one for one in rows if one.heard]
    assert len(heard) == 40
    assert len({one.cat for one in heard}) == 17
    assert all(one.say for one in heard)
    assert min(Counter(one.cat for one in rows).values()) >= 8


def test_stress_and_weak_vowels_are_no_mistake_and_a_wrong_word_is() -> None:
    """The same word with another weak vowel is right; a sound more is a wrong one."""
    form = "ɐ bˈʌTəɹi kˈAk ɪz ˈivᵊn bˈɛTəɹ"
    assert is_right(row(), "ə bˈʌtəɹi kAk, ˌɪz ˈivən bɛtəɹ.", [form])
    assert not is_right(row(), "ɐ bˈʌTəɹi kˈAks ɪn ˈivᵊn bˈɛTəɹ", [form])


def test_one_of_several_forms_is_enough() -> None:
    """What people say in two ways is right in both."""
    assert is_right(row(), "nˈIntˈin ˈO fˈɔɹ", ["nˈIntˈin hˈʌndɹəd fˈɔɹ", "nˈIntˈin ˈO fˈɔɹ"])


def test_a_form_that_is_spelled_as_it_sounds_has_more_room() -> None:
    """One vowel in ten is forgiven for a name and not for a number."""
    said, form = "wˈʊstəɹ sˈɛnt", "wˈustəɹ sˈɛnt"
    assert is_right(row("names"), said, [form])
    assert not is_right(row("numbers"), said, [form])


def test_patterns_are_found_one_after_the_other() -> None:
    """Words that are written alike: the first must be said so, then the second."""
    wanted = row("homographs", say=[], want=["lˈɛd", "lˈid"])
    assert is_right(wanted, "lˈɛd pˈIps lˈid tə ˈɪlnəs", [])
    assert not is_right(wanted, "lˈid pˈIps lˈɛd tə ˈɪlnəs", [])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("", "", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("ab", "ba", 2)],
)
def test_differences(one: str, other: str, expected: int) -> None:
    """Items put in, taken out and replaced are counted, as few as will do."""
    assert differences(one, other) == differences(other, one) == expected


@pytest.mark.parametrize(
    "line",
    [
        '{"cat": "numbers", "text": "4"}',
        '{"cat": "numbers", "text": "4", "say": ["four"], "want": ["f"]}',
        '{"cat": "numbers", "text": "4", "says": ["four"]}',
    ],
)
def test_a_row_of_another_form_is_refused(tmp_path: Path, line: str) -> None:
    """A row without a form, or with a misspelled name, would count for nothing in silence."""
    path = tmp_path / "set.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(msgspec.ValidationError):
        load_set(path)
