"""How natural Kokoro's derived models sound beside the published one, as a trained judge hears it.

Six voices say sixty plain sentences with each model, and NISQA-TTS gives each a mark from 1 to 5.
Marks of the same sentence are compared: what differs between sentences is far more than what
differs between models. The judge's weights (`nisqa_tts.tar`, CC BY-NC-SA 4.0) are for measuring
alone and no part of this repository: NATURALNESS_WEIGHTS names the file.

    NATURALNESS_WEIGHTS=nisqa_tts.tar make bench BENCH=naturalness

Hours on two cores that are shared; NATURALNESS_SENTENCES takes the first so many of the sentences,
NATURALNESS_MODELS only some of the derived models (calibrated).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

from benchmarks.aside import JUDGE, ask, prepare
from benchmarks.harness import LeftOut, Result, Sample, at_least, measure, say
from supervisor.audio.wav import write_wav
from supervisor.speech import Speech
from workers.engines.kokoro import Kokoro
from workers.engines.kokoro.engine import SAMPLE_RATE, KokoroSession

SENTENCES = Path(__file__).parent / "sets" / "prose.txt"
VOICES = ("af_heart", "af_bella", "af_sarah", "am_michael", "bf_emma", "bm_george")
PUBLISHED = "none"
DERIVED = ("exact", "calibrated")
TARGET = -0.03

Marks = Mapping[str, Mapping[str, float]]
"""By model, and by file: a voice and the number of a sentence."""


def run() -> Result:
    """An arm for each voice, a sample for each sentence."""
    weights = _weights()
    prepare(JUDGE)
    with tempfile.TemporaryDirectory() as directory:
        folders = _spoken(_sentences(), Path(directory))
        say("judging")
        given = ask(JUDGE, [(str(weights), str(folder)) for folder in folders.values()])
    return result(dict(zip(folders, given, strict=True)))


def result(marks: Marks) -> Result:
    """What the marks of all models say."""
    levels = [level for level in DERIVED if level in marks]
    arms: dict[str, list[Sample]] = {}
    for name, published in sorted(marks[PUBLISHED].items()):
        differences = {f"{level}_less": marks[level][name] - published for level in levels}
        arms.setdefault(name.rpartition("-")[0], []).append({"published": published, **differences})
    return Result(
        title="How natural Kokoro's derived models sound",
        arms=arms,
        claims=[
            at_least(
                f"{voice}: naturalness, {level} less published",
                fmean(found),
                TARGET,
                "of 5",
                f"mean of {len(found)} sentences, ± {stdev(found) / len(found) ** 0.5:.3f}",
            )
            for level in levels
            for voice, samples in arms.items()
            for found in [measure(samples, f"{level}_less")]
        ],
        notes=[
            f"The {level} model {'cannot be had here' if level in _asked() else 'was left out'}."
            for level in DERIVED
            if level not in marks
        ],
    )


def _weights() -> Path:
    path = Path(os.environ.get("NATURALNESS_WEIGHTS", ""))
    if not path.is_file():
        raise LeftOut(
            "no judge: set NATURALNESS_WEIGHTS to nisqa_tts.tar, the weights of NISQA-TTS "
            "(github.com/gabrielmittag/NISQA, CC BY-NC-SA 4.0)"
        )
    return path.resolve()


def _asked() -> list[str]:
    """The derived models that are compared."""
    named = (os.environ.get("NATURALNESS_MODELS") or ",".join(DERIVED)).split(",")
    return [level for level in DERIVED if level in named]


def _sentences() -> list[str]:
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return lines[: int(os.environ.get("NATURALNESS_SENTENCES") or len(lines))]


def _spoken(sentences: Sequence[str], directory: Path) -> dict[str, Path]:
    """A folder for each model that is here, with what every voice says. Raises LeftOut."""
    folders = {}
    for level in (PUBLISHED, *_asked()):
        engine = Kokoro({"optimization": level})
        if missing := set(VOICES) - set(engine.collections()):
            raise LeftOut(
                f"no voices {', '.join(sorted(missing))}: supervisor models pull kokoro-voices"
            )
        if engine.choose().level != level:
            continue
        say(f"{level}: speaking {len(VOICES) * len(sentences)} sentences")
        folders[level] = directory / level
        folders[level].mkdir()
        session = engine.open(1)
        for voice in VOICES:
            for number, text in enumerate(sentences):
                _speak(session, text, voice, folders[level] / f"{voice}-{number:03}.wav")
    return folders


def _speak(session: KokoroSession, text: str, voice: str, path: Path) -> None:
    spoken = session.synthesize(text, Speech(engine="", voice=voice))
    write_wav(path, spoken.samples, SAMPLE_RATE)
