"""Texts in several scripts: each is read by who reads it, and what nobody reads is told."""

from __future__ import annotations

import pytest

from workers.engines.kokoro.reading import read


@pytest.mark.parametrize(
    ("voice", "text", "spoken", "skipped"),
    [
        ("ef_dora", "iPhone手机", "iphone", ("手机",)),
        ("ef_dora", "una \u0422-shirt nueva", "una shirt nueva", ("\u0422-",)),
        ("ff_siwis", "Привет les amis", "les amis", ("Привет",)),
        ("if_sara", "5G手机", "cinque gi", ("手机",)),
        ("pf_dora", "日本 é bonito", "é bonito", ("日本",)),
        ("hf_alpha", "मैं 中文 सीखता हूँ", "मैं सीखता हूँ", ("中文",)),
        ("ef_dora", "ＡＢＣ", "a be ce", ()),
    ],
)
def test_what_nobody_reads_is_left_out_and_told(
    voice: str, text: str, spoken: str, skipped: tuple[str, ...]
) -> None:
    """Also inside a word, of which the rest is read; wide letters are letters."""
    reading = read(text, voice)
    assert (reading.spoken, reading.skipped) == (spoken, skipped)


def test_a_hindi_voice_says_english_words() -> None:
    """Names and words in Latin letters, accents and all."""
    reading = read("मैं Python और café लिखता हूँ", "hf_alpha")
    assert "pˈIθˌɑn" in reading.phonemes.split()
    assert "kæfˈA" in reading.phonemes.split()
    assert reading.skipped == ()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
def test_a_mandarin_voice_says_english_words() -> None:
    """Also without a space between the two; what is neither is told."""
    reading = read("我用Python写程序。", "zf_xiaobei")
    assert reading.spoken == "我用 Python 写程序."
    assert reading.phonemes == "wo↓ jʊ↘ŋ pˈIθˌɑn ɕje↓ ꭧʰə↗ŋɕy↘."
    assert read("iPhone手机", "zf_xiaobei").phonemes == "ˈIfˌOn ʂou↓ʨi→"
    assert read("A型", "zf_xiaobei").phonemes == "ˈA ɕi↗ŋ"
    assert read("好мир", "zf_xiaobei").skipped == ("мир",)


def test_a_japanese_voice_says_english_words() -> None:
    """Letters before a word too; what is neither is told."""
    assert read("Tシャツ", "jf_alpha").phonemes == "tˈi ɕaʦɨ"
    assert read("私のNASA", "jf_alpha").phonemes == "βataɕi no nˈæsə"
    assert read("私は한국が好き", "jf_alpha").skipped == ("한국",)
