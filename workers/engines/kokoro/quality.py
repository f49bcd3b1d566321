"""The quality gate: compares a derived model with the published one.

Both are compared with a reference whose generator computes in float. The published model is at some
distance from it; a derived one may not be much farther, nor lay more noise between the harmonics of
a voice: that is what makes it sound less natural, and no mel distance shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median

import msgspec
import onnxruntime as ort

from workers.engines.base import Samples
from workers.engines.kokoro import voices
from workers.engines.kokoro.distance import (
    contrast_difference,
    level_difference,
    mel_distance,
)
from workers.engines.kokoro.inputs import inputs
from workers.session import Stopper

MAX_LEVEL_DB = 0.5
MAX_MEDIAN_DB = 0.3
MAX_WORST_DB = 1.0
MIN_CONTRAST_DB = -0.2
"""Between a model that a trained judge of naturalness cannot tell from the published one and one
that costs a tenth of a point of five. docs/PERFORMANCE.md has the figures."""


class Case(msgspec.Struct, frozen=True):
    """One thing to say; `tokens` without the pads."""

    voice: str
    speed: float
    tokens: list[int]


class Finding(msgspec.Struct, frozen=True):
    """Measurements of one case. Distances from the reference, and the changes of level and of
    contrast (derived against published) in dB, all of them finite only where durations are equal.
    """

    voice: str
    speed: float
    same_duration: bool
    level_db: float
    published_db: float
    derived_db: float
    contrast_db: float

    @property
    def excess_db(self) -> float:
        """Distance from the reference, derived model less published one."""
        return self.derived_db - self.published_db


class Heard(msgspec.Struct, frozen=True):
    """The same case by both models."""

    published: Samples
    derived: Samples
    finding: Finding


class Panel:
    """The three models, and who speaks with them."""

    def __init__(
        self,
        published: ort.InferenceSession,
        derived: ort.InferenceSession,
        reference: ort.InferenceSession,
    ) -> None:
        self._sessions = (published, derived, reference)
        self._stopper = Stopper()

    def hear(self, case: Case, style: voices.Style) -> Heard:
        """Speak one case three times."""
        given = inputs(case.tokens, style, case.speed)
        spoken = []
        for session in self._sessions:
            with self._stopper.running():
                audio, *_ = self._stopper.run(session, given, shrink=True)
            spoken.append(audio.reshape(-1))
        published, derived, reference = spoken
        finding = Finding(
            voice=case.voice,
            speed=case.speed,
            same_duration=len({samples.size for samples in spoken}) == 1,
            level_db=level_difference(published, derived),
            published_db=mel_distance(reference, published),
            derived_db=mel_distance(reference, derived),
            contrast_db=contrast_difference(published, derived),
        )
        return Heard(published, derived, finding)


def faults(findings: Sequence[Finding]) -> list[str]:
    """Reasons not to use a derived model, one line each; none if it may be used."""
    changed = [one for one in findings if not one.same_duration]
    if changed:
        return [f"{len(changed)} of {len(findings)} durations differ ({_where(changed[0])})"]
    # "not at most" instead of "more than", so that a nan (silence) is a fault too.
    lines = [
        f"the level changes by {one.level_db:+.2f} dB ({_where(one)}), more than {MAX_LEVEL_DB} dB"
        for one in findings
        if not abs(one.level_db) <= MAX_LEVEL_DB
    ]
    lines += [
        f"{voice} is {excess:.2f} dB farther from the reference than the published model, "
        f"more than {MAX_WORST_DB} dB"
        for voice, excess in by_voice(findings).items()
        if not excess <= MAX_WORST_DB
    ]
    lines += [
        f"{voice} has {contrast:+.2f} dB of contrast between harmonics and noise beside the "
        f"published model, less than {MIN_CONTRAST_DB} dB"
        for voice, contrast in by_voice(findings, lambda one: one.contrast_db).items()
        if not contrast >= MIN_CONTRAST_DB
    ]
    return lines


def median_fault(findings: Sequence[Finding]) -> list[str]:
    """The same for the whole, for which a few cases do not suffice."""
    middle = median_excess(findings)
    if middle <= MAX_MEDIAN_DB:
        return []
    apart = f"{middle:.2f} dB farther from the reference than the published model's"
    return [f"the median is {apart}, more than {MAX_MEDIAN_DB} dB"]


def median_excess(findings: Iterable[Finding]) -> float:
    """Median distance of the derived model less the published one's, in dB."""
    pairs = [(one.derived_db, one.published_db) for one in findings]
    derived, published = zip(*pairs, strict=True)
    return float(median(derived) - median(published))


def by_voice(
    findings: Iterable[Finding], of: Callable[[Finding], float] = lambda one: one.excess_db
) -> dict[str, float]:
    """Mean of each voice, in dB: of the excess, or of what is asked for."""
    found: dict[str, list[float]] = {}
    for one in findings:
        found.setdefault(one.voice, []).append(of(one))
    return {voice: fmean(values) for voice, values in found.items()}


def _where(finding: Finding) -> str:
    return f"{finding.voice} at speed {finding.speed:g}"
