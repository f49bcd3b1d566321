"""Hearing many voices at once: processes of one thread, each with the three models.

Two sessions of one thread on two cores do more than one session of two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import msgspec

from workers.engines.kokoro import derived, voices
from workers.engines.kokoro.derive.reference import write_reference
from workers.engines.kokoro.quality import Case, Finding, Heard, Panel
from workers.session import build_session


class Models(msgspec.Struct, frozen=True):
    """The models of a panel: the published one, the one derived from it, the reference."""

    published: Path
    derived: derived.Ready
    reference: Path

    def panel(self) -> Panel:
        """Sessions of one thread. Raises what the runtime raises for a bad model."""
        return Panel(
            build_session(self.published, 1),
            build_session(self.derived.path, 1, optimized=self.derived.optimized),
            build_session(self.reference, 1),
        )


class HeardVoice(msgspec.Struct, frozen=True):
    """All cases of a voice, and its first at speed 1 with its audio, for people to hear."""

    voice: str
    findings: list[Finding]
    pair: Heard | None


def hear_all(
    source: Path,
    ready: derived.Ready,
    collections: Mapping[str, Path],
    said: Mapping[str, Sequence[Case]],
    processes: int,
) -> Iterator[HeardVoice]:
    """Every voice, in the order in which they are done. Raises OSError or VoiceError for what
    cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="kokoro-verify-") as directory:
        models = Models(source, ready, Path(directory) / "reference.onnx")
        write_reference(source, models.reference)
        with ProcessPoolExecutor(
            max(1, processes), get_context("spawn"), initializer=_begin, initargs=(models,)
        ) as pool:
            # The longest first, so that no process is left with one at the end.
            order = sorted(said, key=lambda voice: -sum(len(case.tokens) for case in said[voice]))
            futures = [pool.submit(_hear, collections[voice], list(said[voice])) for voice in order]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                pool.shutdown(cancel_futures=True)


_panels: list[Panel] = []
"""This process's own, made when it begins."""


def _begin(models: Models) -> None:
    _panels[:] = [models.panel()]


def _hear(collection: Path, said: list[Case]) -> HeardVoice:
    voice = said[0].voice
    style = voices.style(collection, voice)
    findings: list[Finding] = []
    pair: Heard | None = None
    for case in said:
        heard = _panels[0].hear(case, style)
        findings.append(heard.finding)
        if pair is None and case.speed == 1.0:
            pair = heard
    return HeardVoice(voice, findings, pair)
