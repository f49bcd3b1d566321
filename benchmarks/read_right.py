"""How many sentences are read right, by their phonemes and without audio.

`make bench BENCH=read_right` reads the set of this repository. `python -m benchmarks.read_right
FILE` reads any other of the same form (`benchmarks.spoken_sets`), and shows what is read wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Result, at_least
from benchmarks.spoken_sets import ENGLISH, Judged, judge, load_set

TARGET_PERCENT = 95.0


def run() -> Result:
    """The set of this repository, an arm for each category."""
    judged = judge(load_set())
    right = sum(one.right for one in judged)
    return Result(
        title="What is written is read right",
        arms={cat: [_counted(some)] for cat, some in _by_category(judged).items()},
        claims=[
            at_least(
                "hard sentences read right",
                100 * right / len(judged),
                TARGET_PERCENT,
                "%",
                f"{right} of {len(judged)}, default engine and voice",
            )
        ],
        notes=[f"Read wrong: {_shown(one)}" for one in judged if not one.right],
    )


def main() -> None:
    """Read one set and print its score; no result is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.read_right", description=__doc__)
    parser.add_argument("set", type=Path, nargs="?", default=ENGLISH, help="a file of JSON lines")
    judged = judge(load_set(parser.parse_args().set))
    for one in judged:
        if not one.right:
            print(f"{one.row.cat}: {_shown(one)}\n    {one.phonemes}")
    for cat, some in _by_category(judged).items():
        print(f"{cat:20} {sum(one.right for one in some)} of {len(some)}")
    print(f"{'all':20} {sum(one.right for one in judged)} of {len(judged)}")


def _by_category(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for one in judged:
        found.setdefault(one.row.cat, []).append(one)
    return found


def _counted(judged: Sequence[Judged]) -> dict[str, float]:
    return {"sentences": float(len(judged)), "right": float(sum(one.right for one in judged))}


def _shown(one: Judged) -> str:
    wanted = one.row.say[0] if one.row.say else " … ".join(one.row.want)
    return f"{one.row.text!r} as {one.spoken!r}, not {wanted!r}"


if __name__ == "__main__":
    main()
