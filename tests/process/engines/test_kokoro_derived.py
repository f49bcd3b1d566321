"""Derived models in the cache: made once, whole whatever happens, and never in the way of
speaking.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from workers.engines.kokoro import Kokoro, derived, quality, voices, weights
from workers.engines.kokoro.derive import verify

NEVER = "0" * 64
"""A digest that no model has."""

CHOOSE = """
from workers.engines.kokoro import derived, weights
ready = derived.choose("exact", weights.SHA256, weights.assemble)
answer = [ready.level, str(ready.path)]
"""


@pytest.fixture
def cache(kokoro_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache that this session's tests share."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(kokoro_cache))
    return kokoro_cache / "kokoro"


def refuse(target: Path, reason: str) -> None:
    """Leave a refusal as the program leaves one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    outcome = derived.Outcome(level="exact", sites={}, refused=reason, sha256=None)
    derived.beside(target).write_bytes(msgspec.json.encode(outcome))


def not_needed() -> Path:
    """A source that must not be asked for."""
    raise AssertionError


def test_first_starts_at_the_same_time(
    cache: Path, program: Callable[[str], object], kokoro_cache: Path
) -> None:
    """Two processes that need the model at once get the same one; every pass found its sites;
    nothing else is left.
    """
    environment = {**os.environ, "SUPERVISOR_CACHE_DIR": str(kokoro_cache)}
    other = subprocess.Popen([sys.executable, "-c", CHOOSE], env=environment)
    target = derived.location(weights.SHA256, "exact")
    assert program(CHOOSE) == ["exact", str(target)]
    assert other.wait() == 0
    outcome = derived.known(target)
    assert outcome is not None
    assert outcome.refused is None
    assert min(outcome.sites.values()) >= 1
    assert not [path for path in cache.iterdir() if path.suffix in {".work", ".part"}]


def test_found_again_without_the_source(cache: Path, program: Callable[[str], object]) -> None:
    """A model that is there is used without a look at the source, which need not be there."""
    program(CHOOSE)
    ready = derived.choose("exact", weights.SHA256, not_needed)
    assert ready == derived.Ready(derived.location(weights.SHA256, "exact"), "exact")


def test_damaged_model_is_not_known(
    cache: Path, program: Callable[[str], object], tmp_path: Path
) -> None:
    """One flipped bit, and the model counts as one that was never made."""
    program(CHOOSE)
    good = derived.location(weights.SHA256, "exact")
    copy = tmp_path / good.name
    copy.write_bytes(good.read_bytes())
    derived.beside(copy).write_bytes(derived.beside(good).read_bytes())
    assert derived.known(copy) is not None
    content = bytearray(copy.read_bytes())
    content[1_000_000] ^= 1
    copy.write_bytes(content)
    assert derived.known(copy) is None


def test_refused_model_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """After a refusal the source is used, with one line that says why, and nothing is tried."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    refuse(derived.location(NEVER, "exact"), "the level changes by +3.00 dB")
    source = tmp_path / "source.onnx"
    assert derived.choose("exact", NEVER, lambda: source) == derived.Ready(source, "none")
    said = capfd.readouterr().err
    assert said == "kokoro: the exact model is not used: the level changes by +3.00 dB\n"


def test_strange_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file that is no model is refused once and for all, and stays the source."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    source = tmp_path / "source.onnx"
    source.write_bytes(b"no model at all")
    digest = derived.digest_of(source)
    assert derived.choose("exact", digest, lambda: source).level == "none"
    assert "the exact model is not used: DecodeError" in capfd.readouterr().err
    outcome = derived.known(derived.location(digest, "exact"))
    assert outcome is not None
    assert outcome.refused
    assert not list((tmp_path / "kokoro").glob("*.onnx"))


def test_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where nothing can be written the source is used, and no refusal is remembered."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", "/proc/none")
    source = tmp_path / "source.onnx"
    assert derived.choose("exact", NEVER, lambda: source) == derived.Ready(source, "none")
    assert "the exact model cannot be made: " in capfd.readouterr().err


def test_level_follows_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`auto` is calibrated where bytes are summed without saturation and there are ranges,
    exact elsewhere, and a model without ranges says how to get them.
    """
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("workers.engines.kokoro.features.dot_product", lambda: True)
    assert derived._levels("auto", weights.SHA256) == ("calibrated", "exact")
    assert derived._levels("auto", NEVER) == ("exact",)
    assert derived._levels("calibrated", NEVER) == ("exact",)
    assert "supervisor models calibrate" in capfd.readouterr().err
    monkeypatch.setattr("workers.engines.kokoro.features.dot_product", lambda: False)
    assert derived._levels("auto", weights.SHA256) == ("exact",)
    assert derived._levels("none", weights.SHA256) == ()


@pytest.mark.timeout(600)
def test_sample_of_voices_passes_the_gate(cache: Path) -> None:
    """The best model for this processor: two voices say held-out texts at three speeds with
    equal durations, a level within 0.5 dB, and no voice 1 dB farther from the float
    reference than the published model.
    """
    engine = Kokoro({})
    ready = engine.choose()
    assert ready.level in derived.LEVELS
    bundled = voices.bundled()
    assert bundled is not None
    chosen = dict.fromkeys(["jf_tebukuro", "jm_kumo"], bundled)
    findings = verify.verify(engine.source(), ready, chosen, threads=1)
    assert len(findings) == 6
    assert quality.faults(findings) == []


def test_setting_none_uses_the_published_model(cache: Path) -> None:
    """Without optimization the session is the source's, and speaks for the same time."""
    plain, derived_from_it = Kokoro({"optimization": "none"}), Kokoro({"optimization": "exact"})
    assert plain.choose() == derived.Ready(weights.location(), "none")
    text = "The weather is fine today."
    first, second = (
        e.open(1).synthesize(text, "jf_alpha", 1.0, 1) for e in (plain, derived_from_it)
    )
    assert first.size == second.size
    assert not np.array_equal(first, second)


def test_unused_models_go_after_a_month(tmp_path: Path) -> None:
    """Of other versions, what was not used for 30 days is deleted, with what belongs to it."""
    keep, recent, old = (tmp_path / f"derived-exact-{name}.onnx" for name in "kro")
    for path in (keep, recent, old):
        for file in (path, derived.beside(path), path.with_suffix(".lock")):
            file.touch()
    for path in (keep, old):
        os.utime(path, (1e9, 1e9))
    derived.remove_unused(keep)
    assert {path.stem for path in tmp_path.iterdir()} == {keep.stem, recent.stem}
