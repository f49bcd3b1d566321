"""Count the moves of a pool that should have come to rest.

Never resting is the worst that a pool can do, so there every change counts, and not
none for want of a moment after which to count.
"""

from __future__ import annotations

from benchmarks.harness import Sample
from supervisor.simulate.fluid import CountChange
from supervisor.simulate.report import settling


def restlessness(changes: list[CountChange], since: float, end: float) -> Sample:
    """Of a load that is constant from `since` to `end` (seconds), by changes of the count.

    settled_after_s: the whole time where it never settled.
    changes_after_settling: all since `since` where it never settled.
    changes_in_last_half: of the time from `since` to `end`, settled or not.
    """
    settled = settling(changes, since, end)
    rest = since if settled is None else since + settled
    return {
        "settled_after_s": end - since if settled is None else settled,
        "changes_after_settling": sum(change.time_s > rest for change in changes),
        "changes_in_last_half": sum(change.time_s > (since + end) / 2 for change in changes),
    }
