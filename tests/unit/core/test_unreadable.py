"""What a voice cannot read is found where it stands, and nothing else is."""

from __future__ import annotations

import time

import pytest

from supervisor.core.jobs import unreadable
from supervisor.speech import LeftOut


def kept(text: str, language: str = "en-US") -> tuple[str, list[str]]:
    """What is left of a text, with single spaces, and what a client is told."""
    pattern = unreadable.unread(language)
    if pattern is None:
        return text, []
    rest, told = "", list[LeftOut]()
    for at, piece in unreadable.slices(text):
        readable, found = unreadable.without(piece, at, pattern)
        rest, told = rest + readable, told + found
    assert len(rest) == len(text), "places stay what they are"
    return " ".join(rest.split()), [str(place) for place in told]


@pytest.mark.parametrize(
    ("text", "rest", "told"),
    [
        (
            "She bowed. こんばんは。 Then she left the room.",
            "She bowed. Then she left the room.",
            ["5 characters (Hiragana) at 11"],
        ),
        (
            "The sign 出口 means exit.",
            "The sign means exit.",
            ["2 characters (Chinese characters) at 9"],
        ),
        ("Да, это хорошо! Yes.", "! Yes.", ["11 characters (Cyrillic) at 0"]),
        ("The word λόγος, that is.", "The word , that is.", ["5 characters (Greek) at 9"]),
    ],
)
def test_words_of_another_script_are_taken_out(text: str, rest: str, told: list[str]) -> None:
    """With what stands between them; each run is told once, with its letters and its place."""
    assert kept(text) == (rest, told)


@pytest.mark.parametrize(
    "text",
    [
        "Naïve Ødegård met Dvořák, Erdoğan and Nguyễn in Łódź.",
        "The angle α, Δx, 2π and µm; 5 Ω; H₂O; x²; ½; Ⅷ; ①; 25 ℃; ™",
        "𝐁𝐨𝐥𝐝 words, ﬁne ligatures, and ʼokina.",
        "٣ apples, ১২ pears.",
    ],
)
def test_what_readers_know_stays(text: str) -> None:
    """Letters with marks, signs, figures of any kind, single Greek letters."""
    assert kept(text) == (text, [])


def test_a_language_has_its_own_scripts() -> None:
    """Japanese is read in its three, and in Latin letters; a language nobody knows whole."""
    assert kept("東京タワーへ, by train. Привет.", "ja")[1] == ["6 characters (Cyrillic) at 18"]
    assert kept("मैं घर जाता हूँ।", "hi")[1] == []
    assert kept("Где библиотека?", "ru")[1] == []
    assert kept("ꦲꦏ and 漢字", "jv-x")[1] == []
    assert kept("我用Python写程序。", "en")[0] == "Python"


def test_letters_are_spelled_by_their_names() -> None:
    """As Unicode calls them; what has no name by its number."""
    pattern = unreadable.unread("en")
    assert pattern is not None
    said = unreadable.spelled("αβ, да, こんばんは, 出", pattern)
    assert " ".join(said.split()) == "alpha, beta, de, a, ko, n, ba, n, ha, U 5 1 F A"


def test_emoji_are_taken_out_with_all_that_belongs_to_them() -> None:
    """Skin, joiners and flags; figures and signs that people write stay."""
    text = "Great 👍🏽 job ❤️ 👨‍👩‍👧 🇩🇪 © 2024 ✓ → 5️⃣"
    assert " ".join(unreadable.without_emoji(text).split()) == "Great job © 2024 ✓ → 5️⃣"


@pytest.mark.parametrize(
    "pattern", ["漢", "漢a", "α", "αβ ", "Д.", "漢" + " " * 9, "。", "漢'", "क्"]
)
def test_the_worst_text_takes_linear_time(pattern: str) -> None:
    """200,000 characters of it: most take a tenth of this."""
    text = pattern * (200_000 // len(pattern))
    began = time.process_time()
    kept(text)
    assert time.process_time() - began < 2
