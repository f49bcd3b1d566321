"""`python -m workers.engines.kokoro.derive.build SOURCE SHA256 LEVEL TARGET`: derive one model.

Any number of these may run for the same target; one works, the others wait for its result. The
model appears whole, after the gate, and its `Outcome` after it; the remains of a killed build are
removed by the next one, of any target. Exit code 0 with an outcome, even a refusal; 1 with a line
on stderr where there is none (no room), to be tried again at the next start.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import msgspec
import onnx

from workers.engines import files
from workers.engines.kokoro import derived, quality, texts, voices
from workers.engines.kokoro.derive import levels, pace
from workers.engines.kokoro.derive import ranges as calibration
from workers.engines.kokoro.derive.reference import write_reference
from workers.engines.kokoro.derive.static import static_convolutions
from workers.engines.kokoro.inputs import vocabulary
from workers.session import build_session, save_optimized

_BLOCK = 1 << 20
_REWRITTEN = "rewritten.onnx"
_VOICES = ("jf_alpha", "jm_kumo")
"""They come in the wheel with the vocabulary, so they are here."""


def main(source: Path, digest: str, level: str, target: Path) -> None:
    """Derive the model unless it is there. Raises OSError."""
    with files.locked(target):
        _sweep(target)
        if derived.known(target) is not None:
            return
        aside = target.with_suffix(".work")
        aside.mkdir()
        try:
            outcome = _derive(source, digest, level, aside)
            if outcome.refused is None:
                files.write(target, _blocks(aside / "optimized.onnx"))
                outcome = msgspec.structs.replace(outcome, stamp=derived.stamp_of(target))
            files.write(derived.beside(target), [msgspec.json.encode(outcome)])
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    derived.remove_unused(target)


def _sweep(target: Path) -> None:
    """Remove the remains of killed builds, of this target and of others not being built now."""
    for left in [*target.parent.glob("derived-*.work"), *target.parent.glob(".derived-*.part")]:
        of = target.with_name(left.name.strip(".").split(".")[0] + target.suffix)
        with files.locked_now(of) if of != target else nullcontext(enter_result=True) as mine:
            if mine and left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif mine:
                left.unlink(missing_ok=True)


def _derive(source: Path, digest: str, level: str, aside: Path) -> derived.Outcome:
    """Make the model; a step that fails is a refusal. Raises OSError or MemoryError."""
    sites: dict[str, int] = {}
    optimized = aside / "optimized.onnx"
    try:
        if level == derived.UNCHANGED:  # Nothing to try: sessions of the source do the same.
            _write(onnx.load(source), aside)
            save_optimized(aside / _REWRITTEN, optimized)
            faults = []
        else:
            ranges = derived.ranges(digest) if level == "calibrated" else None
            sites = _rewrite(source, ranges, aside)
            faults = _unchanged(level, sites) or _faults(source, aside, optimized)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a strange source fails in strange ways
        faults = [" ".join(f"{type(error).__name__}: {error}".split())]
    return derived.Outcome(
        level=level,
        sites=sites,
        refused="; ".join(faults) or None,
        sha256=None if faults else derived.digest_of(optimized),
    )


def _faults(source: Path, aside: Path, optimized: Path) -> list[str]:
    """Optimize what was rewritten, and try it; what is wrong with it."""
    save_optimized(aside / _REWRITTEN, optimized)
    return quality.faults(_try(source, optimized, aside / "reference.onnx"))


def _unchanged(level: str, sites: Mapping[str, int]) -> list[str]:
    """Why a model is not what its level says, whatever it sounds like."""
    if not any(sites.values()):
        return ["no pass found its pattern in this model"]
    if level == "calibrated" and not sites.get(static_convolutions.__name__):
        return [f"{static_convolutions.__name__} found nothing that the ranges fit"]
    return []


def _rewrite(source: Path, ranges: Path | None, aside: Path) -> dict[str, int]:
    """Write the rewritten graph, and the one to judge it by."""
    write_reference(source, aside / "reference.onnx")
    model = onnx.load(source)
    sites = levels.rewrite(model, calibration.read(ranges) if ranges else None)
    _write(model, aside)
    return sites


def _write(model: onnx.ModelProto, aside: Path) -> None:
    """Write the model, made to take a speed for each token where it can be."""
    pace.prepare(model)
    onnx.save(model, aside / _REWRITTEN)


def _try(published: Path, optimized: Path, reference: Path) -> list[quality.Finding]:
    panel = quality.Panel(
        build_session(published, 1),
        build_session(optimized, 1, optimized=True),
        build_session(reference, 1),
    )
    bundled = voices.bundled()
    if bundled is None:
        raise FileNotFoundError("the voices of the extra [kokoro] are not installed")
    known = vocabulary()
    findings = []
    for voice, text in zip(_VOICES, texts.SHORT, strict=True):
        case = quality.Case(voice, 1.0, texts.tokens(text, known))
        findings.append(panel.hear(case, voices.style(bundled, voice)).finding)
    return findings


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    except OSError as problem:
        sys.exit(str(problem))
