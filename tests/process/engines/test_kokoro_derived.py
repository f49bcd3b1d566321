"""Derived models in the cache: made once, whole whatever happens, and never in the way of
speaking.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from supervisor.speech import Speech
from workers.engines.kokoro import Kokoro, derived, quality, texts, voices, weights
from workers.engines.kokoro.derive import calibrate, levels, ranges, static, verify
from workers.engines.kokoro.derive.cases import cases
from workers.engines.kokoro.derive.reference import write_reference
from workers.engines.kokoro.engine import KokoroSession
from workers.engines.kokoro.inputs import vocabulary
from workers.session import build_session

pytestmark = pytest.mark.timeout(600)
"""Deriving takes 10 to 30 s on a machine that has nothing else to do."""

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


def tenth(site: ranges.Range) -> ranges.Range:
    """A range that is much too narrow."""
    return ranges.Range(
        low=site.low / 10,
        high=site.high / 10,
        channel_low=tuple(low / 10 for low in site.channel_low),
        channel_high=tuple(high / 10 for high in site.channel_high),
    )


def not_needed(*_: object) -> Path:
    """A source that must not be asked for, or a file that must not be read."""
    raise AssertionError


def test_first_starts_at_the_same_time(
    cache: Path, program: Callable[[str], object], kokoro_cache: Path
) -> None:
    """Two processes that need the model at once get the same one; every pass found its sites;
    nothing else of it is left.
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
    of_it = [path for path in cache.iterdir() if path.name.strip(".").startswith(target.stem)]
    assert not [path for path in of_it if path.suffix in {".work", ".part"}]


def test_found_again_without_the_source(cache: Path, program: Callable[[str], object]) -> None:
    """A model that is there is used without a look at the source, which need not be there."""
    program(CHOOSE)
    ready = derived.choose("exact", weights.SHA256, not_needed)
    location = derived.location(weights.SHA256, "exact")
    assert ready == derived.Ready(location, "exact", optimized=True)


def test_damaged_model_is_not_known(
    cache: Path, program: Callable[[str], object], tmp_path: Path
) -> None:
    """One flipped bit, and the model counts as one that was never made.

    A file that has not changed since it was written is not read to find that out.
    """
    program(CHOOSE)
    good = derived.location(weights.SHA256, "exact")
    copy = tmp_path / good.name
    copy.write_bytes(good.read_bytes())
    derived.beside(copy).write_bytes(derived.beside(good).read_bytes())
    assert derived.known(copy) is not None, "another file, and the same content"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(derived, "digest_of", not_needed)
        assert derived.known(good) is not None
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


@pytest.mark.parametrize("level", ["exact", "none"])
def test_no_room(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where nothing can be written the source is used, and no refusal is remembered."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", "/proc/none")
    source = tmp_path / "source.onnx"
    assert derived.choose(level, NEVER, lambda: source) == derived.Ready(source, "none")
    assert f"the {level} model cannot be made: " in capfd.readouterr().err


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
    assert derived._levels("none", weights.SHA256) == ("none",)


def test_cache_of_others_is_used(
    cache: Path, program: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model whose time of use cannot be noted, as in a read-only cache, is used all the same."""
    program(CHOOSE)

    def refuse_to_touch(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "utime", refuse_to_touch)
    assert derived.choose("exact", weights.SHA256, not_needed).level == "exact"


def test_key_follows_the_gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model that an older gate let pass, or refused, is judged anew when the gate changes: the
    key reads every module that judges.
    """
    package = tmp_path / "kokoro"
    shutil.copytree(Path(derived.__file__).parent, package)
    monkeypatch.setattr(derived, "_CODE", package / "derive")
    before = derived.location(weights.SHA256, "exact")
    assert derived.location(weights.SHA256, "exact") == before
    for name in ("quality", "distance", "texts", "derive/cases", "derive/static"):
        with (package / f"{name}.py").open("a") as file:
            file.write("# changed\n")
        after = derived.location(weights.SHA256, "exact")
        assert after != before
        before = after


def test_ranges_that_cannot_be_right_are_refused_end_to_end(
    kokoro_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Ranges a tenth of the true ones clip what is said: the gate refuses the calibrated model,
    the exact one is used, one line says why, and it is remembered.
    """
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    (tmp_path / "kokoro").mkdir()
    source = tmp_path / "kokoro" / weights.location().name
    source.symlink_to(kokoro_cache / "kokoro" / source.name)
    shipped = ranges.shipped(weights.SHA256)
    assert shipped is not None
    sites = {name: tenth(site) for name, site in shipped.sites.items()}
    wrong = msgspec.structs.replace(shipped, sites=sites)
    derived.own_ranges(weights.SHA256).write_bytes(ranges.content(wrong))
    assert derived.choose("calibrated", weights.SHA256, lambda: source).level == "exact"
    assert "kokoro: the calibrated model is not used: " in capfd.readouterr().err
    outcome = derived.known(derived.location(weights.SHA256, "calibrated"))
    assert outcome is not None
    assert outcome.refused
    assert outcome.sites["static_convolutions"] > 40


def test_model_in_which_no_pass_finds_anything_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A foreign model that nothing was rewritten in is not called exact; it is used as it is,
    and both lines say why.
    """
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    source = tmp_path / "source.onnx"
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    same = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [same])
    onnx.save(helper.make_model(graph), source)
    digest = derived.digest_of(source)
    assert derived.choose("exact", digest, lambda: source) == derived.Ready(source, "none")
    said = capfd.readouterr().err
    assert "the exact model: found nothing to rewrite: instance_norms, signed_activ" in said
    assert "the exact model is not used: no pass found its pattern in this model" in said


def test_calibration_finds_what_ships(cache: Path) -> None:
    """One voice and two runs: every site that ships is found, with ranges within the shipped
    ones, which come from these runs and more.
    """
    bundled = voices.bundled()
    assert bundled is not None
    found = calibrate.calibrate(
        weights.assemble(), {"jf_alpha": bundled}, 1, plan=[("jf_alpha", "hˈai.", 1.0)] * 2
    )
    shipped = ranges.shipped(weights.SHA256)
    assert shipped is not None
    assert (found.source, found.voices, found.runs) == (weights.SHA256, 1, 2)
    assert found.sites.keys() == shipped.sites.keys()
    for name, site in found.sites.items():
        assert site.low < site.high
        assert len(site.channel_low) == len(shipped.sites[name].channel_low)
        assert site.high - site.low < 1.2 * (shipped.sites[name].high - shipped.sites[name].low)


def test_sample_of_voices_passes_the_gate(cache: Path) -> None:
    """The best model for this processor: two voices say held-out texts, English and Japanese, at
    three speeds with equal durations, a level within 0.5 dB, no voice 1 dB farther from the
    float reference than the published model, and 0.3 dB in the median, none noisier.
    """
    engine = Kokoro({})
    ready = engine.choose()
    assert ready.level in derived.LEVELS
    bundled = voices.bundled()
    assert bundled is not None
    chosen = dict.fromkeys(["jf_tebukuro", "jm_kumo"], bundled)
    said = cases(list(chosen), vocabulary())
    said = {"jf_tebukuro": said["jf_tebukuro"][:3], "jm_kumo": said["jm_kumo"][3:6]}
    findings = verify.verify(engine.source(), ready, chosen, said, processes=2)
    assert [one.speed for one in findings] == [0.8, 1.0, 1.3] * 2
    assert quality.faults(findings) == []
    assert quality.median_fault(findings) == []


def test_gate_hears_the_noise_of_coarse_steps(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The passes as they were when they cost naturalness, with whole ranges in bytes for what is
    added to the signal, fail for their noise; as they are now they pass.
    """
    shipped, bundled = ranges.shipped(weights.SHA256), voices.bundled()
    assert shipped is not None
    assert bundled is not None
    source, reference = weights.assemble(), tmp_path / "reference.onnx"
    write_reference(source, reference)
    panel_of = functools.partial(quality.Panel, build_session(source, 1))
    case = quality.Case("jf_alpha", 1.0, texts.tokens(texts.SHORT[0], vocabulary()))

    def faults() -> list[str]:
        model = onnx.load(source)
        levels.rewrite(model, shipped)
        derived_session = build_session(model.SerializeToString(), 1)
        panel = panel_of(derived_session, build_session(reference, 1))
        return quality.faults([panel.hear(case, voices.style(bundled, case.voice)).finding])

    assert faults() == []
    for name, value in {"SHARES": (), "EXACT_SUMS": (), "ADDED_SHARE": 1.0}.items():
        monkeypatch.setattr(static, name, value)
    # How a processor rounds sums of bytes may take the level a little over its bound as well.
    assert any("dB of contrast between harmonics and noise" in fault for fault in faults())


def test_setting_none_speaks_as_the_published_model_does(cache: Path) -> None:
    """To the sample, from a graph that is optimized once; a session of it takes half the time."""
    plain, derived_from_it = Kokoro({"optimization": "none"}), Kokoro({"optimization": "exact"})
    kept = derived.location(weights.SHA256, "none")
    assert plain.choose() == derived.Ready(kept, "none", optimized=True)
    known = derived.known(kept)
    assert known is not None
    assert known.sites == {}
    source = KokoroSession(build_session(plain.source(), 1), plain.collections())
    text = "The weather is fine today."
    sessions = (plain.open(1), derived_from_it.open(1), source)
    first, second, published = (
        each.synthesize(text, Speech(engine="", voice="jf_alpha", seed=1)).samples
        for each in sessions
    )
    assert np.array_equal(first, published)
    assert first.size == second.size
    assert not np.array_equal(first, second)


def test_unused_models_go_after_a_month(tmp_path: Path) -> None:
    """Of other versions, what was not used for 30 days is deleted, with what belongs to it."""
    keep, recent, old = (tmp_path / f"derived-exact-{name}.onnx" for name in "kro")
    for path in (keep, recent, old):
        for file in (path, derived.beside(path), path.with_suffix(".lock")):
            file.touch()
    for path in (keep, old):
        os.utime(derived.beside(path), (1e9, 1e9))
    lone = tmp_path / "derived-exact-l.onnx"  # Who made it was killed before it was done.
    lone.touch()
    os.utime(lone, (1e9, 1e9))
    derived.remove_unused(keep)
    assert {path.stem for path in tmp_path.iterdir()} == {keep.stem, recent.stem}
