"""`python -m workers.engines.kokoro.derive.verify`: what `supervisor models verify` runs.

Every voice says held-out texts, English and its own language, at three speeds; `quality`
judges. A table goes to stdout, progress to stderr, and one pair of files for each voice to
`--pairs`, in which chance decides who is A and who is B, so that people may judge too. Exit
code 0 if the derived model passes, 5 if it does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

import msgspec
import soundfile

from workers.engines.kokoro import derived, quality, texts, voices
from workers.engines.kokoro.derive.reference import write_reference
from workers.engines.kokoro.engine import SAMPLE_RATE, Kokoro
from workers.engines.kokoro.inputs import vocabulary
from workers.engines.kokoro.weights import WeightsError
from workers.session import build_session

SPEEDS = (0.8, 1.0, 1.3)

_HEAD: tuple[str, ...] = ("Voice", "Durations", "Level", "Published", "Derived", "Excess")
_KEY = "key.txt"


def cases(voice: str) -> list[quality.Case]:
    """What one voice says: each of its texts at one speed, and so that every speed occurs."""
    known = vocabulary()
    chosen = texts.HELD_OUT.get(voice[0], texts.HELD_OUT["a"])
    given = [texts.tokens(text, known) for text in chosen]
    return [
        quality.Case(voice, speed, given[number % len(given)])
        for number, speed in enumerate(SPEEDS)
    ]


def sample(names: Sequence[str], size: int | None) -> list[str]:
    """So many of the voices, spread evenly over all of them; all without a size."""
    if size is None or size >= len(names):
        return list(names)
    return [names[index * len(names) // size] for index in range(size)]


def report(findings: Sequence[quality.Finding]) -> str:
    """A line for each voice (means; the level's largest change) and one for all (medians)."""
    rows = [_HEAD]
    for voice, excess in quality.by_voice(findings).items():
        own = [one for one in findings if one.voice == voice]
        rows.append(_row(voice, own, fmean(_published(own)), fmean(_derived(own)), excess))
    middle = median(_published(findings)), median(_derived(findings))
    rows.append(_row("all", findings, *middle, quality.median_excess(findings)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *cells in rows:
        columns = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([f"{name:{widths[0]}}", *columns]))
    return "\n".join([*lines, "Distances from the float reference and levels in dB."])


class Pairs:
    """Listening pairs in a directory: `<voice>-a.wav`, `<voice>-b.wav`, and who is who."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._chance = random.Random()  # noqa: S311 - decides an order, keeps no secret
        self._key: list[str] = []

    def add(self, voice: str, heard: quality.Heard) -> None:
        order = [("published", heard.published), ("derived", heard.derived)]
        self._chance.shuffle(order)
        for letter, (name, samples) in zip("ab", order, strict=True):
            soundfile.write(self._directory / f"{voice}-{letter}.wav", samples, SAMPLE_RATE)
            self._key.append(f"{voice}-{letter} {name}\n")
        (self._directory / _KEY).write_text("".join(self._key), encoding="utf-8")


def verify(
    source: Path,
    ready: derived.Ready,
    collections: Mapping[str, Path],
    threads: int,
    pairs: Pairs | None = None,
) -> list[quality.Finding]:
    """Hear every case of these voices. Raises OSError or VoiceError for what cannot be read."""
    with tempfile.TemporaryDirectory(prefix="kokoro-verify-") as directory:
        judge = Path(directory) / "reference.onnx"
        write_reference(source, judge)
        panel = quality.Panel(
            build_session(source, threads),
            build_session(ready.path, threads, optimized=ready.optimized),
            build_session(judge, threads),
        )
    findings = []
    for number, (voice, collection) in enumerate(collections.items(), 1):
        style = voices.style(collection, voice)
        for case in cases(voice):
            heard = panel.hear(case, style)
            findings.append(heard.finding)
            if pairs is not None and case.speed == 1.0:
                pairs.add(voice, heard)
        excess = quality.by_voice(findings)[voice]
        sys.stderr.write(f"{number}/{len(collections)} {voice}: excess {excess:+.2f} dB\n")
        sys.stderr.flush()
    return findings


def _row(name: str, findings: Sequence[quality.Finding], *distances: float) -> tuple[str, ...]:
    equal = sum(one.same_duration for one in findings)
    level = max((one.level_db for one in findings), key=abs)
    return (name, f"{equal}/{len(findings)}", f"{level:+.2f}", *(f"{d:.2f}" for d in distances))


def _published(findings: Sequence[quality.Finding]) -> list[float]:
    return [one.published_db for one in findings]


def _derived(findings: Sequence[quality.Finding]) -> list[float]:
    return [one.derived_db for one in findings]


def _main() -> int:
    parser = argparse.ArgumentParser(prog="workers.engines.kokoro.derive.verify")
    parser.add_argument("--settings", default="{}", help="the engine's settings, in JSON")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pairs", type=Path)
    given = parser.parse_args()
    engine = Kokoro(msgspec.json.decode(given.settings))
    ready = engine.choose()
    if not ready.optimized:
        sys.stderr.write("there is no derived model in use: nothing to verify\n")
        return 5
    collections = engine.collections()
    chosen = {name: collections[name] for name in sample(list(collections), given.sample)}
    pairs = Pairs(given.pairs) if given.pairs else None
    findings = verify(engine.source(), ready, chosen, given.threads, pairs)
    faults = quality.faults(findings) or quality.median_fault(findings)
    verdict = f"fails: {'; '.join(faults)}" if faults else "passes"
    sys.stdout.write(f"{report(findings)}\nThe {ready.level} model {verdict}.\n")
    return 5 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(_main())
    except (OSError, ValueError, WeightsError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        sys.exit(5)
