"""CPU time of reading English prose in two versions, in turns: `BEFORE AFTER` are checkouts.

    PROSE=austen.txt python -m scripts.compare_reading ../before .

Both read the same sentences, none twice, each in a process that has the reader loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from statistics import median

from benchmarks.prose_texts import WORDS, books, paragraphs
from benchmarks.spoken_sets import segments_read

ROUNDS = 15

_READ = """
import json, sys, time
from workers.engines.english import reader
read = reader(british=False)
for line in sys.stdin:
    texts = json.loads(line)
    started = time.process_time()
    for text in texts:
        read.phonemes(text)
    print(time.process_time() - started, flush=True)
"""


def main() -> int:
    """Print ms of CPU time for 1,000 words of both, the median and all, then the ratio."""
    book = books()[0]
    read = segments_read(paragraphs(book, WORDS))
    texts = [segment.text for segment in chain.from_iterable(read)]
    found: list[list[float]] = [[], []]
    with ExitStack() as stack:
        readers = [stack.enter_context(_reader(Path(path))) for path in sys.argv[1:3]]
        for number in range(ROUNDS + 1):
            some = texts[number :: ROUNDS + 1]
            words = sum(len(text.split()) for text in some)
            for which in (0, 1) if number % 2 == 0 else (1, 0):
                cost = _round(readers[which], some) / words * 1e6
                if number:  # the first is a warm-up
                    found[which].append(cost)
        for process in readers:
            process.communicate()
    for name, costs in zip(("before", "after"), found, strict=True):
        raw = " ".join(f"{cost:.1f}" for cost in costs)
        print(f"{name}: {median(costs):.1f} ms of CPU for 1,000 words ({raw})")
    ratios = [after / before for before, after in zip(*found, strict=True)]
    print(f"{book.name}: {median(ratios):.2f} ×, median of {ROUNDS} rounds")
    return 0


def _reader(checkout: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _READ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _round(process: subprocess.Popen[str], texts: list[str]) -> float:
    """Seconds of CPU time for these texts. Raises RuntimeError where the reader has ended."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a reader without pipes")
    process.stdin.write(json.dumps(texts) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a reader has ended")
    return float(line)


if __name__ == "__main__":
    sys.exit(main())
