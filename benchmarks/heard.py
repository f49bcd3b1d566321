"""What is heard is what was written: sentences spoken, recognised, and held against their forms.

A speech recogniser (Whisper-base) writes down what it hears of the sentences that a set marks
(`benchmarks.spoken_sets`). Words that differ from the nearest spoken form are errors, where they
sound otherwise: how a word is spelled, apart or joined, is not asked. `python -m benchmarks.heard
FILE` listens to any other set.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.aside import RECOGNISER, ask, prepare
from benchmarks.harness import LeftOut, Result, at_most, say
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from benchmarks.spoken_sets import ENGLISH, Row, load_set
from supervisor.audio.wav import write_wav

ENGINES = ("hibari", "kokoro")
TARGET_PERCENT = 3.0

_LONGEST_JOINED = 6
"""Words that may stand for one ("F B I" for "FBI", "river town" for "rivertown")."""

_DOT = re.compile(r"(?<=\w\w)\.(?=\w\w)")
"""The recogniser writes an address as one would, and not as it hears it."""

_NO_SOUND = re.compile(r"[.'\u2019]")
_BETWEEN = re.compile(r"[^\w]+")
_BRITISH = (
    (re.compile(r"our(s|ed|ing)?$"), r"or\1"),
    (re.compile(r"(met|lit|cent|theat)re(s?)$"), r"\1er\2"),
    (re.compile(r"is(e[ds]?|ing|ation)$"), r"iz\1"),
    (re.compile(r"^grey(s?)$"), r"gray\1"),
)
_SHORT = {
    "doctor": "dr",
    "misses": "mrs",
    "missus": "mrs",
    "mister": "mr",
    "professor": "prof",
    "saint": "st",
    "street": "st",
    "avenue": "ave",
    "road": "rd",
    "mount": "mt",
    "limited": "ltd",
    "brothers": "bros",
    "junior": "jr",
    "versus": "vs",
    "okay": "ok",
    "cetera": "c",  # "et c", which is "etc" when it is joined
}
"""Words that a recogniser writes short. What it writes is no matter of how they were said."""


class Heard(NamedTuple):
    """A sentence as it was heard, its nearest spoken form, and how many words of that differ."""

    text: str
    heard: str
    form: str
    errors: int
    words: int


def run() -> Result:
    """The sentences of our own set that are marked, by both engines at their own pace."""
    found = _listened([row for row in load_set() if row.heard])
    return Result(
        title="What is heard is what was written",
        arms={engine: [_counted(one) for one in heard] for engine, heard in found.items()},
        claims=[
            at_most(
                f"{engine}: word error rate of hard sentences",
                error_percent(heard),
                TARGET_PERCENT,
                "%",
                f"{len(heard)} sentences, speed 1, default voice, heard by Whisper-base",
            )
            for engine, heard in found.items()
        ],
        notes=[
            *(f"{engine} is not installed." for engine in ENGINES if engine not in found),
            *(
                f"{engine}: {one.text!r} heard as {one.heard!r}"
                for engine, heard in found.items()
                for one in heard
                if one.errors
            ),
        ],
    )


def main() -> None:
    """Listen to one set and print its error rate; no result is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heard", description=__doc__)
    parser.add_argument("set", type=Path, nargs="?", default=ENGLISH, help="a file of JSON lines")
    rows = [row for row in load_set(parser.parse_args().set) if row.say]
    marked = [row for row in rows if row.heard]
    try:
        found = _listened(marked or rows)
    except LeftOut as left_out:
        raise SystemExit(str(left_out)) from None
    for engine, heard in found.items():
        for one in heard:
            if one.errors:
                print(f"{one.errors} of {one.words}: {one.text!r} heard as {one.heard!r}")
        print(f"{engine}: {error_percent(heard):.2f} % of {sum(one.words for one in heard)} words")


def error_percent(heard: Iterable[Heard]) -> float:
    """Errors for each hundred words of all sentences together."""
    heard = list(heard)
    return 100 * sum(one.errors for one in heard) / sum(one.words for one in heard)


def nearest(row: Row, heard: str) -> Heard:
    """The sentence beside the spoken form that has the fewest errors for its words."""
    said = words(heard)
    beside = [(differing(words(form), said), len(words(form)), form) for form in row.say]
    errors, count, form = min(beside, key=lambda one: one[0] / one[1])
    return Heard(row.text, heard, form, errors, count)


def words(text: str) -> list[str]:
    """The words of a text as they are compared: lower case, no punctuation, one spelling."""
    plain = _BETWEEN.sub(" ", _NO_SOUND.sub("", _DOT.sub(" dot ", text.lower())))
    return [_spelled(word) for word in plain.split()]


def _spelled(word: str) -> str:
    for british, american in _BRITISH:
        word = british.sub(american, word)
    return _SHORT.get(word, word)


def differing(form: Sequence[str], heard: Sequence[str]) -> int:
    """Words to put in, take out or replace; some words joined are the one that they make."""
    table = [list(range(len(heard) + 1))]
    for i in range(1, len(form) + 1):
        above, row = table[-1], [i]
        for j in range(1, len(heard) + 1):
            same = form[i - 1] == heard[j - 1]
            best = min(above[j] + 1, row[-1] + 1, above[j - 1] + (not same))
            for k in range(2, _LONGEST_JOINED + 1):
                if k <= j and form[i - 1] == "".join(heard[j - k : j]):
                    best = min(best, above[j - k])
                if k <= i and heard[j - 1] == "".join(form[i - k : i]):
                    best = min(best, table[i - k][j - 1])
            row.append(best)
        table.append(row)
    return table[-1][-1]


def _listened(rows: Sequence[Row]) -> dict[str, list[Heard]]:
    """What is heard of each engine. Raises LeftOut where there is no recogniser."""
    prepare(RECOGNISER)
    with tempfile.TemporaryDirectory() as directory:
        spoken = _spoken(rows, Path(directory))
        paths = [str(path) for files in spoken.values() for path in files]
        say(f"recognising {len(paths)} files")
        texts = iter(ask(RECOGNISER, paths))
    return {
        engine: [nearest(row, next(texts)) for row, _ in zip(rows, files, strict=True)]
        for engine, files in spoken.items()
    }


def _spoken(rows: Sequence[Row], directory: Path) -> Mapping[str, Sequence[Path]]:
    """A file for each sentence, for each engine that is here."""
    settings = {**POOL_OF_TWO, "engines.preload": list(ENGINES)}
    spoken: dict[str, list[Path]] = {}
    with service(settings) as running, running.client() as client:
        there = client.engines()
        for engine in ENGINES:
            if engine not in there or there[engine]["unavailable"] is not None:
                continue
            say(f"{engine}: speaking {len(rows)} sentences")
            spoken[engine] = [directory / f"{engine}-{number}.wav" for number in range(len(rows))]
            for row, path in zip(rows, spoken[engine], strict=True):
                audio = client.synthesize(row.text, engine=engine, seed=1)
                write_wav(path, audio.samples, audio.sample_rate)
    return spoken


def _counted(one: Heard) -> dict[str, float]:
    return {"errors": float(one.errors), "words": float(one.words)}


if __name__ == "__main__":
    main()
