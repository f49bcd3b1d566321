"""Phonemes as people write them come out in the engines' alphabet, in either accent."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import hibari
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.text.ipa import ALPHABET, british_from_american, engine_phonemes

_ASSETS = Path(hibari.__file__).parent / "assets"


@pytest.mark.parametrize(
    ("ipa", "american", "british"),
    [
        ("/ˈkoʊkəroʊ/", "kˈOkəɹO", "kˈQkəɹQ"),
        ("/'kəʊkərəʊ/", "kˈOkəɹO", "kˈQkəɹQ"),
        ("tʃɜːtʃ", "ʧɜɹʧ", "ʧɜːʧ"),
        ("t͡ʃaɪˈkɒfski", "ʧIkˈɑfski", "ʧIkˈɒfski"),
        ("dʒɔɪ", "ʤY", "ʤY"),
        ("haʊ deɪ", "hW dA", "hW dA"),
        ("ɡəˈrɑːʒ", "ɡəɹˈɑʒ", "ɡəɹˈɑːʒ"),
        ("gəˈrɑ:ʒ", "ɡəɹˈɑʒ", "ɡəɹˈɑːʒ"),
        ("ˈlɛstə(r)", "lˈɛstəɹ", "lˈɛstə"),
        ("bɝd ˈlɛtɚ", "bɜɹd lˈɛtəɹ", "bɜːd lˈɛtə"),
        ("ˈstɹɛŋθ", "stɹˈɛŋθ", "stɹˈɛŋθ"),
        ("ˈbɒt.l̩", "bˈɑtᵊl", "bˈɒtᵊl"),
        ("nɪə(r) skweə(r)", "nɪɹ skwɛɹ", "nɪə skwɛː"),
        ("kæˈfe", "kæfˈA", "kafˈA"),
        ("ˌɪntəˈnæʃənəl", "ˌɪntənˈæʃənəl", "ˌɪntənˈaʃənəl"),
    ],
)
def test_ipa_is_spelled_in_the_engines_alphabet(ipa: str, american: str, british: str) -> None:
    """Diphthongs and affricates are one symbol, and the stress stands before its vowel."""
    assert engine_phonemes(ipa, british=False) == american
    assert engine_phonemes(ipa, british=True) == british


def test_a_syllable_break_keeps_two_consonants_apart() -> None:
    """`nut.shell` has no /tʃ/ in it."""
    assert engine_phonemes("ˈnʌt.ʃɛl", british=False) == "nˈʌtʃɛl"


@pytest.mark.parametrize(("accent", "british"), [("us", False), ("gb", True)])
def test_the_engines_own_alphabet_passes_through(accent: str, british: bool) -> None:
    """Of the lexicon's readings, all but odd ones come out as they went in."""
    document = json.loads(
        gzip.decompress((_ASSETS / f"lexicon_{accent}_gold.json.gz").read_bytes())
    )
    readings = [reading for reading in document.values() if isinstance(reading, str)][::20]
    changed = [
        reading
        for reading in (read.replace("ɾ", "T").replace("ʔ", "t") for read in readings)
        if engine_phonemes(reading, british=british) != reading
    ]
    assert len(changed) < len(readings) / 300


@pytest.mark.parametrize("british", [False, True])
def test_what_nobody_can_say_is_dropped(british: bool) -> None:
    """Symbols of neither alphabet leave the rest as it is."""
    assert engine_phonemes("k#æ7t中 ", british=british) == ("kat" if british else "kæt")
    assert not engine_phonemes("### 123", british=british)
    assert not engine_phonemes("ˈ", british=british)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80), st.booleans())
def test_any_text_gives_the_alphabet_alone(text: str, british: bool) -> None:
    """Nothing comes out that an engine lacks, and no white space around it."""
    spelled = engine_phonemes(text, british=british)
    assert ALPHABET.issuperset(spelled)
    assert spelled == spelled.strip()


def test_every_engine_has_the_alphabet() -> None:
    """Each symbol that can come out is in the vocabulary of the default engine."""
    vocabulary = json.loads((_ASSETS / "vocab.json").read_text(encoding="utf-8"))
    assert vocabulary.keys() >= ALPHABET


@pytest.mark.parametrize(
    ("american", "british"),
    [
        ("hˈɑɹvi", "hˈɑːvi"),
        ("skˈɑt", "skˈɒt"),
        ("tˈɜɹnəɹ", "tˈɜːnə"),
        ("bˈæTəɹsbi", "bˈatəsbi"),
        ("ɹˈOd", "ɹˈQd"),
        ("luˈiz", "luˈiːz"),
        ("məɡwˈIɹ", "məɡwˈIə"),
    ],
)
def test_an_american_reading_is_read_in_england(american: str, british: str) -> None:
    """/r/ goes but before vowels, and vowels are those of the British dictionary."""
    assert british_from_american(american) == british


@pytest.mark.parametrize("unit", ["ˈt", "ə", "ː", "t͡ʃ", "(r)", "ɪə", "ˈˌ", "\u0303", " ", "r"])
def test_time_is_linear(unit: str) -> None:
    """200,000 symbols take a tenth of a second here; a look back at each would take minutes."""
    started = time.process_time()
    engine_phonemes(unit * (200_000 // len(unit)), british=True)
    assert time.process_time() - started < 5
