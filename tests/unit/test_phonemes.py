"""The alphabet of phonemes: what is taken, and what a mistake is told."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from supervisor.phonemes import LONGEST, SIGNS, SOUNDS, PhonemeError, one_form

PUNCTUATION = frozenset(';:,.!?—…"()“” ')


@pytest.mark.parametrize(
    "phonemes",
    [
        "wɪn",
        "ˈwɪn",
        "'win",
        "nu ˈɔɹlənz",
        "t͡ʃɪp",
        "ʧɪp",
        "d͜ʒæz",
        "ˈmɑː.ðə",
        "bɔ̃ʒuʁ",
        "sɐ̃w̃",
        "ã",
        "ɡaɾsˈia",
        "ˈɲɔkki",
        "bʰɑ",
        "pʰjɑʊ↘",
        "tɕʰi→ɛ↗n↓",
        "koɲɲiʨiβa",
        "ɕiɰᵝ",
        "dA nIt gO nW bY",
        "wˈɔTɚ",
        "ɹˈOzᵻz bˈʌtᵊn",
        "ça",
        "c\u0327a",
        "gɡ",
    ],
)
def test_phonemes_of_each_language_are_taken(phonemes: str) -> None:
    """Those of eight languages, in broad IPA, and the letters of Kokoro's own alphabet."""
    assert one_form(one_form(phonemes)) == one_form(phonemes)


def test_what_an_engine_has_a_symbol_for_is_taken() -> None:
    """All of the vocabulary but punctuation, S (SAMPA's ʃ), and h's like."""
    found = find_spec("hibari")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "assets/vocab.json"
    vocabulary = set(json.loads(path.read_text(encoding="utf-8")))
    assert vocabulary - PUNCTUATION - {"S"} <= set(SOUNDS + SIGNS)
    assert set(one_form(SOUNDS)) <= vocabulary


def test_all_spellings_of_one_pronunciation_have_one_form() -> None:
    """Composed or not, with a typewriter's stress and g, with any spaces."""
    assert one_form(" 'gɑ̃\n ã ") == one_form("ˈɡɑ̃ a\u0303") == "ˈɡɑ̃ a\u0303"


@pytest.mark.parametrize(
    ("phonemes", "message"),
    [
        ("Rɛd", "'R' (U+0052), symbol 1, is no phoneme here; nearest: ɹ"),
        ("wɪ@n", "'@' (U+0040), symbol 3, is no phoneme here; nearest: ə"),
        ("n3:s", "'3' (U+0033), symbol 2, is no phoneme here; nearest: ɜ"),
        ("nɜ:s", "':' (U+003A), symbol 3, is no phoneme here; nearest: ː"),
        ("bEd", "'E' (U+0045), symbol 2, is no phoneme here; nearest: ɛ"),
        ("sIN", "'N' (U+004E), symbol 3, is no phoneme here; nearest: ŋ"),
        ("SIp", "'S' (U+0053), symbol 1, is no phoneme here; nearest: ʃ"),
        ("meZə", "'Z' (U+005A), symbol 3, is no phoneme here; nearest: ʒ"),
        ("Dɪs", "'D' (U+0044), symbol 1, is no phoneme here; nearest: ð"),
        ("pUt", "'U' (U+0055), symbol 2, is no phoneme here; nearest: ʊ"),
        ("kVt", "'V' (U+0056), symbol 2, is no phoneme here; nearest: ʌ"),
        ("k{t", "'{' (U+007B), symbol 2, is no phoneme here; nearest: æ"),
        ("nɝs", "'ɝ' (U+025D), symbol 2, is no phoneme here; nearest: ɜɹ"),
        ("né", "'é' (U+00E9), symbol 2, is no phoneme here; nearest: e"),
        ("ŋ̊a", "'◌̊' (U+030A), symbol 2, is no phoneme here; leave it out"),
        ("haɪ̯", "'◌̯' (U+032F), symbol 4, is no phoneme here; leave it out"),
        ("bʌtn̩", "'◌̩' (U+0329), symbol 5, is no phoneme here; nearest: ᵊ"),
        ("ˈwɪn(d)", "'(' (U+0028), symbol 5, is no phoneme here; leave it out"),
        ("wɪn/wɪn", "'/' (U+002F), symbol 4, is no phoneme here; leave it out"),
        ("a\ue004", "U+E004, symbol 2, is no phoneme here; leave it out"),
        ("漢", "'漢' (U+6F22), symbol 1, is no phoneme here; write the sound in IPA"),
        ("ba~", "'~' (U+007E), symbol 3, is no phoneme here; nearest: ◌̃"),
        ("ƞa", "'ƞ' (U+019E), symbol 1, is no phoneme here; nearest: "),
        ("", "there is no sound between the slashes: write phonemes, as in /wɪn/"),
        ("ˈ ː", "there is no sound between the slashes: write phonemes, as in /wɪn/"),
    ],
)
def test_the_first_wrong_symbol_is_named_with_what_to_write(phonemes: str, message: str) -> None:
    """Its code, its place counted from 1, and the phoneme that was meant, on one line."""
    with pytest.raises(PhonemeError) as caught:
        one_form(phonemes)
    assert str(caught.value).startswith(message)
    assert str(caught.value).isprintable()


def test_what_is_proposed_is_taken() -> None:
    """Whoever follows the advice is not told of the next mistake, whatever they typed."""
    for code in [*range(0x21, 0x2500), *range(0xA640, 0xA800), 0x1F600]:
        try:
            one_form(f"a{chr(code)}a")
        except PhonemeError as error:
            _, _, nearest = str(error).partition("nearest: ")
            if nearest:
                one_form(f"a{nearest.removeprefix('◌')}a")


def test_length_is_bounded() -> None:
    """200 symbols are taken, 201 are not, and a megabyte is refused unread."""
    one_form("a" * LONGEST)
    for length in (LONGEST + 1, 1 << 20):
        with pytest.raises(PhonemeError, match="at most 200 phonemes"):
            one_form("a" * length)
