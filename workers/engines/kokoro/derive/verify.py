"""`python -m workers.engines.kokoro.derive.verify`: runs `supervisor models verify`.

Every voice says held-out texts, English and its own language, at three speeds, and one voice
of each language a text as long as a run can be; `quality` judges. A table goes to stdout,
progress to stderr, one pair of files for each voice to `--pairs`, every finding to `--json`.
Exit code 0 if the derived model passes, 5 if it does not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

import msgspec

from workers.engines.kokoro import derived, quality, stock, voices
from workers.engines.kokoro.derive.cases import cases, sample
from workers.engines.kokoro.derive.hearing import hear_all
from workers.engines.kokoro.derive.pairs import Pairs
from workers.engines.kokoro.engine import Kokoro
from workers.engines.kokoro.inputs import vocabulary
from workers.engines.kokoro.weights import WeightsError

_HEAD: tuple[str, ...] = (
    *("Voice", "Durations", "Level", "Contrast", "Published", "Derived", "Excess"),
)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole judgement, as `--json` has it. `voices` says how many there are to judge: with
    fewer installed, or a sample, a pass is a pass of `heard` of them.
    """

    model: str
    level: str
    sites: dict[str, int]
    heard: int
    voices: int
    faults: list[str]
    findings: list[quality.Finding]

    def line(self) -> str:
        """The verdict in a sentence."""
        verdict = f"fails: {'; '.join(self.faults)}" if self.faults else "passes"
        return f"The {self.level} model {verdict} ({self.heard} of {self.voices} voices heard)."


def report(findings: Sequence[quality.Finding]) -> str:
    """A line for each voice (means; the level's largest change) and one for all (medians; the
    lowest contrast).
    """
    rows = [_HEAD]
    contrasts = quality.by_voice(findings, lambda one: one.contrast_db)
    for voice, excess in quality.by_voice(findings).items():
        own = [one for one in findings if one.voice == voice]
        means = fmean(_published(own)), fmean(_derived(own))
        rows.append(_row(voice, own, contrasts[voice], *means, excess))
    middle = median(_published(findings)), median(_derived(findings))
    lowest = min(contrasts.values())
    rows.append(_row("all", findings, lowest, *middle, quality.median_excess(findings)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *cells in rows:
        columns = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([f"{name:{widths[0]}}", *columns]))
    return "\n".join([*lines, "Distances from the float reference, levels and contrast in dB."])


def verify(
    source: Path,
    ready: derived.Ready,
    collections: Mapping[str, Path],
    said: Mapping[str, Sequence[quality.Case]],
    processes: int,
    pairs: Pairs | None = None,
) -> list[quality.Finding]:
    """Hear every case of these voices. Raises OSError or VoiceError for what cannot be read."""
    found: dict[str, list[quality.Finding]] = {}
    began = time.monotonic()
    for heard in hear_all(source, ready, collections, said, processes):
        found[heard.voice] = heard.findings
        if pairs is not None and heard.pair is not None:
            pairs.add(heard.voice, heard.pair)
        excess = quality.by_voice(heard.findings)[heard.voice]
        spent = time.monotonic() - began
        left = spent / len(found) * (len(said) - len(found))
        sys.stderr.write(
            f"{len(found)}/{len(said)} {heard.voice}: excess {excess:+.2f} dB; "
            f"{spent:.0f} s, about {left:.0f} s left\n"
        )
        sys.stderr.flush()
    return [finding for voice in said for finding in found[voice]]


def _row(
    name: str, findings: Sequence[quality.Finding], contrast: float, *distances: float
) -> tuple[str, ...]:
    equal = sum(one.same_duration for one in findings)
    level = max((one.level_db for one in findings), key=abs)
    shown = (f"{level:+.2f}", f"{contrast:+.2f}", *(f"{d:.2f}" for d in distances))
    return (name, f"{equal}/{len(findings)}", *shown)


def _published(findings: Sequence[quality.Finding]) -> list[float]:
    return [one.published_db for one in findings]


def _derived(findings: Sequence[quality.Finding]) -> list[float]:
    return [one.derived_db for one in findings]


def _main() -> int:
    parser = argparse.ArgumentParser(prog="workers.engines.kokoro.derive.verify")
    parser.add_argument("--settings", default="{}", help="the engine's settings, in JSON")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--threads", type=int, default=1, help="processes, one thread each")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    engine = Kokoro(msgspec.json.decode(given.settings))
    ready = engine.choose()
    if ready.level == derived.UNCHANGED:
        sys.stderr.write("there is no derived model in use: nothing to verify\n")
        return 5
    collections = engine.collections()
    _tell_what_is_missing(len(collections))
    chosen = {name: collections[name] for name in sample(list(collections), given.sample)}
    pairs = Pairs(given.pairs) if given.pairs else None
    source = engine.source()
    said = cases(list(chosen), vocabulary())
    findings = verify(source, ready, chosen, said, given.threads, pairs)
    outcome = derived.known(ready.path)
    verdict = Verdict(
        model=derived.digest_of(source),
        level=ready.level,
        sites=outcome.sites if outcome else {},
        heard=len(chosen),
        voices=max(len(collections), voices.FULL_SET),
        faults=quality.faults(findings) or quality.median_fault(findings),
        findings=findings,
    )
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(verdict), indent=1))
    passes = ", ".join(f"{name} {count}" for name, count in verdict.sites.items())
    sys.stdout.write(f"{report(findings)}\nSites rewritten: {passes}.\n{verdict.line()}\n")
    _tell_what_is_missing(len(collections))
    return 5 if verdict.faults else 0


def _tell_what_is_missing(here: int) -> None:
    if here < voices.FULL_SET:
        sys.stderr.write(
            f"{here} of {voices.FULL_SET} voices are here; "
            f"the others: supervisor models pull {stock.VOICES}\n"
        )


if __name__ == "__main__":
    try:
        sys.exit(_main())
    except (OSError, ValueError, WeightsError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        sys.exit(5)
