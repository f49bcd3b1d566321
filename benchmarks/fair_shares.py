"""Shares of a client who used idle workers alone, and of a second one that comes.

The job machine itself, with workers that take a second for a segment, under a virtual clock.
"""

from __future__ import annotations

from itertools import pairwise

from benchmarks.harness import Result, Sample, at_least, at_most, measure, say
from tests.fixtures.virtual_pool import VirtualPool, book

CASES = ((2, 60), (8, 600), (8, 3_600), (16, 600), (16, 3_600))
"""Workers, and seconds that the first client was alone."""

TOGETHER_S = 300.0
SEGMENT_S = 1.0
LONGEST_SEGMENTS = 2.0
LEAST_SHARE, MOST_SHARE = 48.0, 52.0


def run() -> Result:
    """Every case once: nothing in it is left to chance."""
    arms = {
        f"{workers} workers, {alone_s} s alone": [_case(workers, alone_s)]
        for workers, alone_s in CASES
    }
    samples = [sample for arm in arms.values() for sample in arm]
    waits, shares = measure(samples, "longest_wait_segments"), measure(samples, "share_percent")
    what = f"{len(CASES)} cases, the {TOGETHER_S:g} s after the second client came"
    return Result(
        title="Nobody pays for idle capacity",
        arms=arms,
        claims=[
            at_most(
                "longest wait of who was alone", max(waits), LONGEST_SEGMENTS, "segments", what
            ),
            at_least("his share, the least", min(shares), LEAST_SHARE, "%", what),
            at_most("his share, the most", max(shares), MOST_SHARE, "%", what),
        ],
    )


def _case(workers: int, alone_s: int) -> Sample:
    pool = VirtualPool(workers)
    plenty = workers * (alone_s + int(TOGETHER_S))
    pool.submit("a", book([1], plenty))
    pool.run(alone_s)
    begun = len(pool.started)
    pool.submit("b", book([1], plenty))
    end = alone_s + TOGETHER_S
    pool.run(end)
    since = pool.started[begun:]
    times = [alone_s, *(at for at, flow, _length in since if flow == "a"), end]
    longest = max(later - earlier for earlier, later in pairwise(times)) / SEGMENT_S
    share = 100.0 * sum(flow == "a" for _at, flow, _length in since) / len(since)
    say(f"{workers} workers, {alone_s} s alone: waits {longest:g} segments, gets {share:.1f} %")
    return {"longest_wait_segments": longest, "share_percent": share}
