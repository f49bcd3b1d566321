"""Plain prose is read as another good reader reads it: 40,000 words of books beside misaki.

misaki, with espeak for words that it does not know, is the reader that Kokoro was trained with. Two
readers that agree may both be wrong, and where they differ either may be right; but rules for what
is hard to read that harm what is easy would show here at once.

    PROSE=austen.txt:doyle.txt make bench BENCH=prose

`python -m benchmarks.prose` prints what differs most often; no result is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from benchmarks.aside import MISAKI, ask, prepare
from benchmarks.harness import LeftOut, Result, Sample, at_least, say
from benchmarks.prose_texts import WORDS, books, paragraphs
from benchmarks.spoken_sets import plain, segments_read

TARGET_PERCENT = 99.0
MOST_OFTEN = 100

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
    """An arm for each book, a sample for about a thousand words."""
    read = _both()
    pairs = [pair for each in read.values() for pair in each]
    known = [pair for pair in pairs if pair.theirs.known]
    return Result(
        title="Plain prose is unharmed",
        arms={book: [*_counted(each)] for book, each in read.items()},
        claims=[
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
        pairs = [pair for each in _both().values() for pair in each]
    except LeftOut as left_out:
        raise SystemExit(str(left_out)) from None
    print(f"{_percent(pairs):.2f} % of {len(pairs)} words agree")
    print("\n".join(_apart(pairs, MOST_OFTEN)))


def beside(theirs: Sequence[Theirs], ours: Sequence[str]) -> Iterator[Pair]:
    """Each word of one reading with that of the other, those that are the same first."""
    one, other = [plain(word.phonemes) for word in theirs], [plain(word) for word in ours]
    same = SequenceMatcher(None, one, other, autojunk=False)
    for _, begin, end, start, stop in same.get_opcodes():
        left, right = theirs[begin:end], ours[start:stop]
        if plain("".join(word.phonemes for word in left)) == plain("".join(right)):
            yield from (Pair(word, word.phonemes) for word in left)
            continue
        for number in range(max(len(left), len(right))):
            word = left[number] if number < len(left) else Theirs("", "", known=True)
            yield Pair(word, right[number] if number < len(right) else "")


def _both() -> dict[str, list[Pair]]:
    """The words of each book, by both readers. Raises LeftOut where one of these is missing."""
    paths = books()
    prepare(MISAKI)
    found = {}
    for path in paths:
        found[path.stem] = [*_read(path, WORDS // len(paths))]
        say(f"{path.stem}: {len(found[path.stem])} words, {_percent(found[path.stem]):.2f} % agree")
    return found


def _read(book: Path, words: int) -> Iterator[Pair]:
    segments = [one for text in segments_read(paragraphs(book, words)) for one in text]
    answers = ask(MISAKI, [segment.text for segment in segments])
    for segment, answer in zip(segments, answers, strict=True):
        yield from beside([Theirs(*word) for word in answer], _WORD.findall(segment.phonemes))


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
