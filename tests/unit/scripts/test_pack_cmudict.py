"""What becomes of CMUdict's lines."""

from __future__ import annotations

from scripts.pack_cmudict import entries, lacking, phonemes


def test_sounds_are_spelled_in_the_engines_alphabet() -> None:
    """With the stress before its vowel, weak vowels and a soft t as the lexicon writes them."""
    assert phonemes(["HH", "AA1", "R", "V", "IY0"]) == "hˈɑɹvi"
    assert phonemes(["L", "UW0", "IY1", "Z"]) == "luˈiz"
    assert phonemes(["M", "IY1", "T", "ER0"]) == "mˈiTəɹ"
    assert phonemes(["M", "AE2", "K", "D", "AA1", "N", "AH0", "L", "D"]) == "mˌækdˈɑnəld"


def test_the_first_way_of_saying_a_word_counts() -> None:
    """Comments, other ways and what is no word of letters are left out."""
    lines = ["goethe G OW1 TH # name", "goethe(2) G ER1 T AH0", "a.m. EY1 EH1 M"]
    assert dict(entries(lines)) == {"goethe": "ɡˈOθ"}


def test_what_is_read_already_is_not_packed() -> None:
    """Neither words of the lexicon nor plurals of words that are packed."""
    words = {"cat": "kˈæt", "orwig": "ˈɔɹwɪɡ", "orwigs": "ˈɔɹwɪɡz", "orwig's": "ˈɔɹwɪɡz"}
    assert lacking(words, lambda word: word.lower() == "cat") == {"orwig": "ˈɔɹwɪɡ"}
