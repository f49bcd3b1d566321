"""The quality gate's arithmetic, and what is said to feed it."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from workers.engines.base import Samples
from workers.engines.kokoro import quality, texts, voices
from workers.engines.kokoro.derive import ranges, verify
from workers.engines.kokoro.derive.calibrate import runs
from workers.engines.kokoro.distance import level_difference, mel_distance
from workers.engines.kokoro.inputs import vocabulary

VOICES = [f"{language}{sex}_{n}" for language in "abefhijpz" for sex in "fm" for n in range(3)]


def noise(seed: int = 1) -> Samples:
    """One second of it."""
    return np.random.default_rng(seed).normal(0, 0.1, 24_000).astype(np.float32)


def finding(
    voice: str = "af_heart", *, same: bool = True, level: float = 0.0, excess: float = 0.0
) -> quality.Finding:
    """A case in which the published model is 1 dB from the reference."""
    return quality.Finding(
        voice=voice,
        speed=1.0,
        same_duration=same,
        level_db=level,
        published_db=1.0,
        derived_db=1.0 + excess,
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


def test_gate_passes_what_is_as_good() -> None:
    """Small differences of either sign are no fault."""
    found = [finding(level=-0.4, excess=0.2), finding("jf_alpha", level=0.3, excess=-0.5)]
    assert quality.faults(found) == []
    assert quality.median_fault(found) == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (finding(same=False), "1 of 2 durations differ (af_heart at speed 1)"),
        (finding(level=-0.6), "the level changes by -0.60 dB (af_heart at speed 1), more than 0.5"),
        (finding(excess=1.1), "af_heart is 1.10 dB farther from the reference"),
        (finding(level=math.nan), "the level changes by +nan dB"),
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
    """The longest text of a language is at most 510 tokens and hardly less."""
    tokens = texts.tokens(texts.longest(language, voices.ROWS), vocabulary())
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


def test_voices_of_a_sample_are_spread() -> None:
    """A sample is no beginning of the list, and never more than there is."""
    assert len(verify.sample(VOICES, 9)) == 9
    assert len({name[0] for name in verify.sample(VOICES, 9)}) == 9
    assert verify.sample(VOICES, None) == verify.sample(VOICES, 99) == VOICES


def test_judged_at_every_speed_and_in_two_languages() -> None:
    """Three cases a voice: three speeds, English and the voice's own language."""
    for voice in VOICES:
        given = verify.cases(voice)
        assert [case.speed for case in given] == [0.8, 1.0, 1.3]
        assert len({tuple(case.tokens) for case in given}) >= 2


def test_report_has_a_line_for_each_voice_and_one_for_all() -> None:
    """Means for a voice, medians for all, the largest change of level."""
    table = verify.report([finding(level=0.1), finding(level=-0.2, excess=1.0), finding("jm_kumo")])
    head, heart, kumo, everyone, _ = [line.split() for line in table.splitlines()]
    assert head[0] == "Voice"
    assert heart == ["af_heart", "2/2", "-0.20", "1.00", "1.50", "0.50"]
    assert kumo[:2] == ["jm_kumo", "1/1"]
    assert everyone == ["all", "3/3", "-0.20", "1.00", "1.00", "0.00"]


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
