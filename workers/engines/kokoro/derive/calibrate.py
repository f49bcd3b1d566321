"""`python -m workers.engines.kokoro.derive.calibrate`: runs `supervisor models calibrate`.

Every voice says something short and something longer in its language, and a sentence in
English; one voice of each language says the longest that fits into a run. The result is the
lowest and highest value of each tensor over all runs. Progress goes to stderr, the path of the
written file to stdout.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime as ort

from workers.engines import files
from workers.engines.kokoro import derived, stock, texts, voices
from workers.engines.kokoro.derive.graph import Array
from workers.engines.kokoro.derive.probe import Probe, add_probes
from workers.engines.kokoro.derive.ranges import Range, Ranges, content, shipped
from workers.engines.kokoro.engine import Kokoro
from workers.engines.kokoro.inputs import inputs, vocabulary
from workers.engines.kokoro.weights import WeightsError
from workers.session import Tensor, build_session

_SPEEDS = (1.0, 0.8, 1.25)
_RATE = 24_000
_DIGITS = 5


class _Extremes:
    """Lowest and highest values so far, for each probe and channel."""

    def __init__(self, probes: list[Probe]) -> None:
        self._probes = probes
        self._seen: dict[str, Array] = {}

    def add(self, reported: dict[str, Tensor]) -> None:
        for probe in self._probes:
            for name in (probe.input_low, probe.output_low):
                self._merge(name, reported[name][0], np.minimum)
            for name in (probe.input_high, probe.output_high):
                self._merge(name, reported[name][0], np.maximum)

    def ranges(self) -> dict[str, Range]:
        return {
            probe.site: Range(
                low=_rounded(self._seen[probe.input_low].min()),
                high=_rounded(self._seen[probe.input_high].max()),
                channel_low=tuple(map(_rounded, self._seen[probe.output_low])),
                channel_high=tuple(map(_rounded, self._seen[probe.output_high])),
            )
            for probe in self._probes
        }

    def _merge(self, name: str, values: Tensor, how: np.ufunc) -> None:
        seen = self._seen.get(name)
        self._seen[name] = values if seen is None else how(seen, values)


Run = tuple[str, str, float]
"""Voice, text and speed."""


def runs(names: list[str]) -> Iterator[Run]:
    """Every run; the same for the same voices."""
    long_done: set[str] = set()
    for number, name in enumerate(names):
        language = name[0] if name[0] in texts.CALIBRATION else "a"
        short, longer = texts.CALIBRATION[language][:2], texts.CALIBRATION[language][2:]
        english = texts.CALIBRATION["a"][2:]
        for kind, chosen in enumerate((short, longer, english)):
            yield name, chosen[number % len(chosen)], _SPEEDS[(number + kind) % len(_SPEEDS)]
        if language not in long_done:
            long_done.add(language)
            yield name, texts.longest(texts.CALIBRATION[language][2:], voices.ROWS), 1.0


def calibrate(
    source: Path, collections: Mapping[str, Path], threads: int, plan: Sequence[Run]
) -> Ranges:
    """Run all of a plan of `runs`. Raises OSError or VoiceError for what cannot be read."""
    session, probes = _session(source, threads)
    known = vocabulary()
    extremes = _Extremes(probes)
    outputs = [output.name for output in session.get_outputs()]
    started, audio_s = time.monotonic(), 0.0
    for number, (voice, text, speed) in enumerate(plan, 1):
        given = inputs(texts.tokens(text, known), voices.style(collections[voice], voice), speed)
        reported = dict(zip(outputs, session.run(outputs, given), strict=True))
        audio_s += reported[outputs[0]].size / _RATE
        extremes.add(reported)
        if number % 10 == 0 or number == len(plan):
            spent = time.monotonic() - started
            line = f"{number}/{len(plan)} runs, {audio_s:.0f} s of audio in {spent:.0f} s\n"
            sys.stderr.write(line)
            sys.stderr.flush()
    return Ranges(
        source=derived.digest_of(source),
        onnxruntime=ort.__version__,
        voices=len(collections),
        runs=len(plan),
        audio_s=round(audio_s),
        sites=extremes.ranges(),
    )


def refuse_fewer_voices(here: int, before: Ranges | None) -> None:
    """Raises ValueError where what would be written covers less than what it would replace."""
    if before is not None and here < before.voices:
        raise ValueError(
            f"only {here} voices are here, and the ranges that ship come from {before.voices}: "
            f"supervisor models pull {stock.VOICES}, or --force to use fewer"
        )


def _session(source: Path, threads: int) -> tuple[ort.InferenceSession, list[Probe]]:
    model = onnx.load(source)
    probes = add_probes(model)
    if not probes:
        raise ValueError(f"{source} has no convolutions to calibrate")
    with tempfile.TemporaryDirectory(prefix="kokoro-calibrate-") as directory:
        path = Path(directory) / "probe.onnx"
        onnx.save(model, path)
        return build_session(path, threads), probes


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _main() -> None:
    parser = argparse.ArgumentParser(prog="workers.engines.kokoro.derive.calibrate")
    parser.add_argument("--settings", default="{}", help="the engine's settings, in JSON")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--force", action="store_true", help="with fewer voices than what ships")
    given = parser.parse_args()
    engine = Kokoro(msgspec.json.decode(given.settings))
    source, collections = engine.source(), engine.collections()
    if not given.force:
        refuse_fewer_voices(len(collections), shipped(derived.digest_of(source)))
    plan = list(runs(list(collections)))
    found = calibrate(source, collections, given.threads, plan)
    target = given.output or derived.own_ranges(found.source)
    with files.locked(target):
        files.write(target, [content(found)])
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    try:
        _main()
    except (OSError, ValueError, WeightsError) as error:
        sys.exit(" ".join(str(error).split()))
