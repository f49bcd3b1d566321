"""The quality gate's arithmetic, and what is said to feed it."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from workers.engines.base import Samples
from workers.engines.kokoro import quality, texts, voices, weights
from workers.engines.kokoro.derive import ranges, verify
from workers.engines.kokoro.derive.calibrate import refuse_fewer_voices, runs
from workers.engines.kokoro.derive.cases import cases, sample
from workers.engines.kokoro.distance import (
    contrast_difference,
    level_difference,
    mel_distance,
)
from workers.engines.kokoro.inputs import vocabulary

VOICES = [f"{language}{sex}_{n}" for language in "abefhijpz" for sex in "fm" for n in range(3)]


def noise(seed: int = 1) -> Samples:
    """One second of it."""
    return np.random.default_rng(seed).normal(0, 0.1, 24_000).astype(np.float32)


def finding(
    voice: str = "af_heart",
    *,
    same: bool = True,
    level: float = 0.0,
    excess: float = 0.0,
    contrast: float = 0.0,
) -> quality.Finding:
    """A case in which the published model is 1 dB from the reference."""
    return quality.Finding(
        voice=voice,
        speed=1.0,
        same_duration=same,
        level_db=level,
        published_db=1.0,
        derived_db=1.0 + excess,
        contrast_db=contrast,
    )


def test_distance_is_the_difference_in_level_where_that_is_all() -> None:
    """The same sound is 0 dB apart, twice the amplitude 6 dB in level and in distance."""
    assert mel_distance(noise(), noise()) == 0
    assert level_difference(noise(), 2 * noise()) == pytest.approx(6.02, abs=0.01)
    assert mel_distance(noise(), 2 * noise()) == pytest.approx(6.02, abs=0.01)
    assert mel_distance(noise(), noise(2)) > 0.5


def test_other_lengths_are_infinitely_far() -> None:
    """Whoever speaks for another time is not compared."""
    assert mel_distance(noise(), noise()[1:]) == math.inf
    assert contrast_difference(noise(), noise()[1:]) == -math.inf


def vowel(breath: float) -> Samples:
    """One second of twenty harmonics of 200 Hz, in noise of this amplitude."""
    time = np.arange(24_000) / 24_000
    tones = sum(np.sin(2 * np.pi * 200 * n * time) / n for n in range(1, 21))
    return (0.1 * tones + breath * noise()).astype(np.float32)


def test_contrast_falls_with_the_noise_between_harmonics() -> None:
    """Twice the noise in a voice is a lower contrast; how loud the voice is plays no part, and
    silence beside it next to none.
    """
    clean, noisy = vowel(0.01), vowel(0.02)
    assert contrast_difference(clean, clean) == 0
    assert contrast_difference(clean, noisy) < -1
    assert contrast_difference(noisy, clean) == pytest.approx(1.2, abs=0.1)
    assert contrast_difference(clean, 2 * clean) == pytest.approx(0, abs=1e-3)
    silence = np.zeros(24_000, np.float32)
    padded = [np.concatenate([silence, samples]) for samples in (clean, noisy)]
    assert contrast_difference(*padded) == pytest.approx(contrast_difference(clean, noisy), abs=0.3)


def test_gate_passes_what_is_as_good() -> None:
    """Small differences of either sign are no fault."""
    found = [
        finding(level=-0.4, excess=0.2, contrast=0.5),
        finding("jf_alpha", level=0.3, excess=-0.5, contrast=-0.1),
    ]
    assert quality.faults(found) == []
    assert quality.median_fault(found) == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (finding(same=False), "1 of 2 durations differ (af_heart at speed 1)"),
        (finding(level=-0.6), "the level changes by -0.60 dB (af_heart at speed 1), more than 0.5"),
        (finding(excess=1.1), "af_heart is 1.10 dB farther from the reference"),
        (finding(level=math.nan), "the level changes by +nan dB"),
        (finding(contrast=-0.25), "af_heart has -0.25 dB of contrast between harmonics and noise"),
        (finding(contrast=math.nan), "af_heart has +nan dB of contrast"),
    ],
)
def test_gate_names_each_fault(bad: quality.Finding, says: str) -> None:
    """One bad case among good ones is told of, with where it was."""
    (fault,) = quality.faults([finding("bm_george"), bad])
    assert says in fault


def test_gate_looks_at_the_median() -> None:
    """A third of a decibel more in most cases is a fault of the whole."""
    (fault,) = quality.median_fault([finding(excess=0.35), finding(excess=0.4), finding()])
    assert fault.startswith("the median is 0.35 dB farther")


def test_texts_are_in_the_alphabet() -> None:
    """Every text is known to the model, and none is used for both calibration and judgement."""
    known = vocabulary()
    calibration = {text for many in texts.CALIBRATION.values() for text in many}
    held_out = {text for many in texts.HELD_OUT.values() for text in many}
    assert calibration.isdisjoint(held_out)
    for text in calibration | held_out | set(texts.SHORT):
        assert len(texts.tokens(text, known)) == len(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize("language", sorted(texts.CALIBRATION))
def test_longest_text_fills_a_run(language: str) -> None:
    """The longest texts of a language, to calibrate and to judge, have at most 510 tokens and
    hardly less.
    """
    for chosen in (texts.CALIBRATION[language][2:], texts.HELD_OUT[language]):
        tokens = texts.tokens(texts.longest(chosen, voices.ROWS), vocabulary())
        assert voices.ROWS - 30 < len(tokens) <= voices.ROWS


def test_calibration_covers_voices_languages_and_lengths() -> None:
    """Each voice speaks thrice, one of each language to the limit; always the same plan."""
    plan = list(runs(VOICES))
    assert plan == list(runs(VOICES))
    assert {voice for voice, _, _ in plan} == set(VOICES)
    assert len(plan) == 3 * len(VOICES) + 9
    lengths = [len(text) for _, text, _ in plan]
    assert min(lengths) < 8
    assert sum(length > 450 for length in lengths) == 9


def test_calibration_with_fewer_voices_than_what_ships_is_refused() -> None:
    """A fresh install has 5 voices; what it would find must not replace the ranges of 54."""
    before = ranges.shipped(weights.SHA256)
    assert before is not None
    assert before.voices == voices.FULL_SET
    with pytest.raises(ValueError, match=r"only 5 voices.* models pull kokoro-voices, or --force"):
        refuse_fewer_voices(5, before)
    refuse_fewer_voices(voices.FULL_SET, before)
    refuse_fewer_voices(5, ranges.shipped("0" * 64))


def test_voices_of_a_sample_are_spread() -> None:
    """A sample is no beginning of the list, and never more than there is."""
    assert len(sample(VOICES, 9)) == 9
    assert len({name[0] for name in sample(VOICES, 9)}) == 9
    assert sample(VOICES, None) == sample(VOICES, 99) == VOICES


def test_judged_with_every_text_at_every_speed() -> None:
    """Each voice says each of its language's texts, one of them English, at all three speeds; one
    voice of each language says the longest.
    """
    long = []
    known = vocabulary()
    english = texts.tokens(texts.HELD_OUT["a"][0], known)
    for voice, said in cases(VOICES, known).items():
        assert {case.voice for case in said} == {voice}
        given = {(tuple(case.tokens), case.speed) for case in said if len(case.tokens) < 400}
        own = {tokens for tokens, _ in given}
        assert len(own) == len(texts.HELD_OUT[voice[0]]) >= 2
        assert tuple(english) in own
        assert given == {(tokens, speed) for tokens in own for speed in (0.8, 1.0, 1.3)}
        long += [voice[0] for case in said if len(case.tokens) > voices.ROWS - 30]
    assert sorted(long) == list("abefhijpz")


@pytest.mark.parametrize(
    ("heard", "faults", "says"),
    [
        (54, [], "The exact model passes (54 of 54 voices heard)."),
        (5, [], "The exact model passes (5 of 54 voices heard)."),
        (54, ["one", "two"], "The exact model fails: one; two (54 of 54 voices heard)."),
    ],
)
def test_verdict_says_of_how_many_voices(heard: int, faults: list[str], says: str) -> None:
    """A pass of the five voices of the wheels does not read like one of all."""
    verdict = verify.Verdict(
        model="ab",
        level="exact",
        sites={},
        heard=heard,
        voices=54,
        faults=faults,
        findings=[finding()],
    )
    assert verdict.line() == says


def test_report_has_a_line_for_each_voice_and_one_for_all() -> None:
    """Means for a voice, medians for all, the largest change of level, the lowest contrast."""
    found = [finding(level=0.1, contrast=-0.5), finding(level=-0.2, excess=1.0), finding("jm_kumo")]
    table = verify.report(found)
    head, heart, kumo, everyone, _ = [line.split() for line in table.splitlines()]
    assert head[0] == "Voice"
    assert heart == ["af_heart", "2/2", "-0.20", "-0.25", "1.00", "1.50", "0.50"]
    assert kumo[:2] == ["jm_kumo", "1/1"]
    assert everyone == ["all", "3/3", "-0.20", "-0.25", "1.00", "1.00", "0.00"]


def test_ranges_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A file of ranges, one line for each site, gives back what went in."""
    site = ranges.Range(low=-1.5, high=2, channel_low=(-1, -2), channel_high=(0.25, 3))
    found = ranges.Ranges(
        source="ab", onnxruntime="1", voices=54, runs=171, audio_s=800, sites={"b": site, "a": site}
    )
    path = tmp_path / "ranges.json"
    path.write_bytes(ranges.content(found))
    assert ranges.read(path) == found
    assert path.read_text().count("\n") == 11
