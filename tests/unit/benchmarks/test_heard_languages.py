"""What a recogniser writes of other languages is compared by its sound, and fairly."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks import sounds_alike
from benchmarks.heard_languages import LANGUAGES, SETS, judged
from benchmarks.sounds_alike import lengthened, sounds, words
from benchmarks.spoken_sets import Row, load_set


@pytest.fixture
def alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of espeak: an h that nobody hears, and v as b."""

    def ask(_aside: object, questions: Sequence[tuple[str, str]]) -> list[str]:
        return [word.replace("h", "").replace("v", "b") for _tag, word in questions]

    monkeypatch.setattr(sounds_alike, "ask", ask)


@pytest.mark.parametrize("tag", sorted(LANGUAGES))
def test_every_language_has_a_set(tag: str) -> None:
    """Ten sentences at least, with figures, dates, times, money, names and questions."""
    rows = load_set(SETS / f"{tag}.jsonl")
    assert len(rows) >= 10
    assert {"numbers", "dates", "times", "money", "names", "questions"} <= {row.cat for row in rows}


@pytest.mark.usefixtures("alike")
def test_another_spelling_of_the_same_sound_is_no_error() -> None:
    """Figures or words, letters that are silent, words joined or apart."""
    row = Row(cat="a", text="t", say=("hay veinte casas en la calle",))
    (one,) = judged("es", [(row, "Ay 20 casas, enla calle", "es")])
    assert (one.errors, one.sounds) == (0, 6)
    assert one.miswritten > 0


@pytest.mark.usefixtures("alike")
def test_what_sounds_otherwise_is_an_error() -> None:
    """A word for another one."""
    row = Row(cat="a", text="t", say=("una casa blanca", "una casa negra"))
    (one,) = judged("es", [(row, "Una cosa negra.", "es")])
    assert (one.errors, one.sounds) == (1, 3)


@pytest.mark.usefixtures("alike")
def test_apostrophes_are_no_words() -> None:
    """As the recogniser writes one or leaves it out."""
    found = sounds("it", ["dell'acqua", "dellacqua"])
    assert found["dell'acqua"] == found["dellacqua"] == ["dellacqua"]


def test_words_have_no_punctuation() -> None:
    """Nor capitals; Devanagari keeps its signs."""
    assert words("¿Qué hay, L’ami?") == ["qué", "hay", "l'ami"]
    assert words("मेरी दादी।") == ["मेरी", "दादी"]


def test_long_vowels_are_one_however_they_are_written() -> None:
    """As kana or with the mark."""
    assert lengthened("センセイ") == lengthened("センセー")
    assert lengthened("クウコウ") == lengthened("クーコー")
    assert lengthened("ツヅク") == lengthened("ツズク")
    assert lengthened("アオイ") == "アオイ"
