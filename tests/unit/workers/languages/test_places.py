"""Where in the text each word was read from: word times are told by these places."""

from __future__ import annotations

import pytest

from workers.languages import readers


def stretches(language: str, text: str) -> list[str]:
    """What stands at the places of all that is said."""
    return [text[part.start : part.end] for part in readers.reader(language).read(text)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "La casa de mi abuela, cerca del río, tiene un jardín muy grande."),
        ("fr", "La maison de ma tante, près du lac, a un jardin immense."),
        ("hi", "मेरी दादी का घर नदी के पास है।"),
        ("it", "La casa di mia nonna, vicino al fiume, ha un grande giardino."),
        ("pt", "A casa da minha avó, perto do rio, tem um jardim enorme."),
    ],
)
def test_a_word_is_read_from_where_it_stands(language: str, text: str) -> None:
    """In a plain sentence every word has the stretch that is itself."""
    assert stretches(language, text) == text.translate(dict.fromkeys(map(ord, ",.।"))).split()


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("es", "Son 12,50 € el 3/4/2025", ["Son", "12,50 €", "el", "3/4/2025"]),
        ("fr", "L'ami d'Anne, 5 % !", ["L'ami", "d'Anne", "5 %"]),
        ("hi", "₹२५० दो", ["₹२५०", "दो"]),
        ("it", "«Ciao» dell'amico", ["Ciao", "dell'amico"]),
        ("pt", "R$ 5 (reais)", ["R$ 5", "reais"]),
    ],
)  # fmt: skip
def test_what_is_said_in_other_words_keeps_its_place(
    language: str, text: str, expected: list[str]
) -> None:
    """Figures and sums are one stretch, marks belong to no word."""
    assert stretches(language, text) == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
def test_mandarin_is_told_word_by_word() -> None:
    """Words as they are cut; a number keeps what counts with it."""
    assert stretches("zh", "“图书馆”里有2450本书，还有Python。") == [
        "图书馆", "里", "有", "2450", "本书", "还有", "Python",
    ]  # fmt: skip
    assert stretches("zh", "2026年9月23日") == ["2026年", "9月", "23", "日"]


def test_japanese_is_told_word_by_word() -> None:
    """Words as they are said: a held consonant joins two of them."""
    assert stretches("ja", "私は本を3冊買った。") == ["私", "は", "本", "を", "3", "冊", "買った"]
    assert stretches("ja", "10匹の犬") == ["10匹", "の", "犬"]


def test_nothing_of_a_japanese_text_is_told_as_left_out() -> None:
    """Every piece has its sounds, whatever the clause is cut into."""
    said = readers.reader("ja").read("5月1日に1人で、卵を6個と牛乳を3本買いました。")
    assert all(part.phonemes for part in said)
