"""Naturalness: marks of the same sentence are compared, and without a judge nothing is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import naturalness
from benchmarks.harness import LeftOut


def test_marks_of_the_same_sentence_are_compared() -> None:
    """A mean difference for each voice and model, met or missed; a missing model is told."""
    published = {"af_heart-000.wav": 3.0, "af_heart-001.wav": 4.0, "bm_george-000.wav": 2.0}
    published |= {"bm_george-001.wav": 5.0}
    calibrated = {name: mark - 0.01 for name, mark in published.items()} | {
        "bm_george-000.wav": 1.8
    }
    found = naturalness.result({"none": published, "calibrated": calibrated})
    heart, george = found.claims
    assert heart.claim == "af_heart: naturalness, calibrated less published"
    assert heart.value == pytest.approx(-0.01)
    assert george.value == pytest.approx(-0.105)
    assert (heart.met, george.met) == (True, False)
    assert len(found.arms["af_heart"]) == 2
    assert found.notes == ["The exact model cannot be had here."]


def test_without_weights_it_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line says what to set, before anything is installed or spoken."""
    for value in ("", str(tmp_path / "absent.tar")):
        monkeypatch.setenv("NATURALNESS_WEIGHTS", value)
        with pytest.raises(LeftOut, match="set NATURALNESS_WEIGHTS to"):
            naturalness.run()


def test_sentences_are_many_and_each_another() -> None:
    """Sixty lines, none twice, each a whole sentence."""
    lines = naturalness.SENTENCES.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines)) == 60
    assert all(line[0].isupper() and line[-1] in ".?!" for line in lines)
