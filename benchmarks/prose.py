"""Plain prose is read as another good reader reads it: 40,000 words of books beside misaki.

misaki, with espeak for words that it does not know, is the reader that Kokoro was trained with. Two
readers that agree may both be wrong, and where they differ either may be right; but rules for what
is hard to read that harm what is easy would show here at once, beside hibari's own reader, which
ours is built on.

    PROSE=austen.txt:doyle.txt make bench BENCH=prose

`python -m benchmarks.prose` prints what differs most often; no result is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from hibari.g2p import G2P

from benchmarks.aside import MISAKI, ask, prepare
from benchmarks.harness import LeftOut, Result, Sample, at_least, at_most, say
from benchmarks.prose_texts import WORDS, books, paragraphs
from benchmarks.spoken_sets import plain, segments_read

TARGET_PERCENT = 99.0
MOST_OFTEN = 100

OURS = "as read here"
HIBARI = "hibari's own reader"

_WORD = re.compile(r"\w+")
"""Phonemes between spaces and marks; those of stress and length are letters to it, too."""


class Theirs(NamedTuple):
    """A word as misaki reads it."""

    written: str
    phonemes: str
    known: bool


class Pair(NamedTuple):
    """A word as misaki reads it and as we do; one of the two is empty where the other has more."""

    theirs: Theirs
    ours: str

    @property
    def agree(self) -> bool:
        """Whether the same is heard, stress apart."""
        return plain(self.theirs.phonemes) == plain(self.ours)


def run() -> Result:
    """An arm for each book and reader, a sample for about a thousand words."""
    read = _read_all()
    pairs, alone = _together(read, OURS), _together(read, HIBARI)
    known = [pair for pair in pairs if pair.theirs.known]
    return Result(
        title="Plain prose is unharmed",
        arms={
            f"{book}, {reader}": [*_counted(each)]
            for book, readings in read.items()
            for reader, each in readings.items()
        },
        claims=[
            at_most(
                "words of plain prose that differ from misaki's ÷ those of hibari's own reader",
                _differ(pairs) / _differ(alone),
                1,
                "×",
                f"{_differ(pairs)} and {_differ(alone)} of {len(pairs)} words, stress apart",
            ),
            at_least(
                "words of plain prose read as misaki reads them",
                _percent(pairs),
                TARGET_PERCENT,
                "%",
                f"{len(pairs)} words, stress apart",
            ),
            at_least(
                "words of plain prose that misaki knows, read as it reads them",
                _percent(known),
                TARGET_PERCENT,
                "%",
                f"{len(known)} words, stress apart; the others are espeak's",
            ),
        ],
        notes=["Most often apart: " + "; ".join(_apart(pairs, 20))],
    )


def main() -> None:
    """Print the agreement and the most frequent words that differ."""
    try:
        pairs = _together(_read_all(), OURS)
    except LeftOut as left_out:
        raise SystemExit(str(left_out)) from None
    print(f"{_percent(pairs):.2f} % of {len(pairs)} words agree")
    print("\n".join(_apart(pairs, MOST_OFTEN)))


def beside(theirs: Sequence[Theirs], ours: Sequence[str]) -> Iterator[Pair]:
    """Each word of one reading with that of the other, those that are the same first."""
    one, other = [plain(word.phonemes) for word in theirs], [plain(word) for word in ours]
    same = SequenceMatcher(None, one, other, autojunk=False)
    for found, begin, end, start, stop in same.get_opcodes():
        left, right = theirs[begin:end], ours[start:stop]
        if found != "equal" and plain("".join(word.phonemes for word in left)) == plain(
            "".join(right)
        ):
            yield from (Pair(word, word.phonemes) for word in left)
            continue
        for number in range(max(len(left), len(right))):
            word = left[number] if number < len(left) else Theirs("", "", known=True)
            yield Pair(word, right[number] if number < len(right) else "")


def _read_all() -> dict[str, dict[str, list[Pair]]]:
    """The words of each book, by each reader. Raises LeftOut where misaki or books are missing."""
    paths = books()
    prepare(MISAKI)
    found = {}
    for path in paths:
        found[path.stem] = _read(path, WORDS // len(paths))
        for reader, pairs in found[path.stem].items():
            say(f"{path.stem}, {reader}: {len(pairs)} words, {_percent(pairs):.2f} % agree")
    return found


def _read(book: Path, words: int) -> dict[str, list[Pair]]:
    """Segment by segment, as they are cut here; the words of misaki beside those of each reader."""
    segments = [one for text in segments_read(paragraphs(book, words)) for one in text]
    texts = [segment.text for segment in segments]
    answers = [[Theirs(*word) for word in answer] for answer in ask(MISAKI, texts)]
    alone = G2P(british=False)
    read = {
        OURS: [segment.phonemes for segment in segments],
        HIBARI: [str(alone(text)) for text in texts],
    }
    return {
        reader: [
            pair
            for theirs, ours in zip(answers, lines, strict=True)
            for pair in beside(theirs, _WORD.findall(ours))
        ]
        for reader, lines in read.items()
    }


def _together(read: Mapping[str, Mapping[str, list[Pair]]], reader: str) -> list[Pair]:
    """The words of all books, by one reader."""
    return [pair for readings in read.values() for pair in readings[reader]]


def _differ(pairs: Iterable[Pair]) -> int:
    return sum(not pair.agree for pair in pairs)


def _percent(pairs: Sequence[Pair]) -> float:
    return 100 * sum(pair.agree for pair in pairs) / len(pairs)


def _counted(pairs: Sequence[Pair], words: int = 1000) -> Iterator[Sample]:
    for start in range(0, len(pairs), words):
        some = pairs[start : start + words]
        agree = [pair for pair in some if pair.agree]
        yield {
            "words": float(len(some)),
            "agree": float(len(agree)),
            "agree_in_stress": float(sum(_stressed(pair) for pair in agree)),
            "known": float(sum(pair.theirs.known for pair in some)),
            "known_agree": float(sum(pair.theirs.known for pair in agree)),
        }


def _stressed(pair: Pair) -> bool:
    one, other = ([mark for mark in said if mark in "ˈˌ"] for said in (pair.theirs[1], pair.ours))
    return one == other


def _apart(pairs: Sequence[Pair], most: int) -> list[str]:
    found = Counter(
        (pair.theirs.written.lower(), pair.theirs.phonemes, pair.ours)
        for pair in pairs
        if not pair.agree
    )
    return [
        f"{count} × {written} misaki {theirs or 'nothing'} here {ours or 'nothing'}"
        for (written, theirs, ours), count in found.most_common(most)
    ]


if __name__ == "__main__":
    main()
