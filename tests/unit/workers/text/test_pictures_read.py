"""Pictures are read by their names, as people say them."""

from __future__ import annotations

import pytest

from tests.fixtures.spoken import said

PICTURES = {
    "Great 👍🏽 job 😀": "Great thumbs up job grinning face",
    "I ❤️ you, ❤ you": "I red heart you, red heart you",
    "So funny 😂😂😂!": "So funny face with tears of joy!",
    "A 🦷 and a 🐘.": "A tooth and a elephant.",
    "Hello👍world": "Hello thumbs up world",
    "The 👨‍👩‍👧 and 👩🏽‍💻.": "The family and woman at a laptop.",
    "A 🏳️‍🌈 and a ❤️‍🔥.": "A rainbow flag and a heart on fire.",
    "From 🇫🇷 to 🇺🇸🇬🇧.": "From flag of France to flag of the United States flag of the United "
    "Kingdom.",
    "Press 1️⃣ or #️⃣.": "Press one or hash.",
    "① and ⑳, ❶.": "one and twenty, one.",
    "✅ Done ❌ Failed": "check mark Done cross mark Failed",
    "Rated ★★★☆ ♪ la ♪": "Rated la",
    "Bye :-) ;) :D": "Bye",
}
ALONE = {
    "👍": "thumbs up",
    "%": "percent",
    " @ ": "at",
    "&": "and",
    "+": "plus",
    "#": "hash",
    "=": "equals",
    "*": "asterisk",
    "α": "alpha",
    ".": ".",
    "…": "…",
    "🏽": "",
}


@pytest.mark.parametrize(("written", "spoken"), PICTURES.items())
def test_a_picture_is_its_name(written: str, spoken: str) -> None:
    """One name for a picture, however it is coloured, joined or repeated; ornaments have none."""
    assert said(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ALONE.items())
def test_a_sign_alone_is_its_name(written: str, spoken: str) -> None:
    """A text of one sign is said; punctuation alone is not."""
    assert said(written) == spoken
