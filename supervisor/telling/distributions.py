"""What the status's distributions of times say of a stretch of time, and of all of them."""

from __future__ import annotations

from collections.abc import Sequence

from supervisor.wire.status import Distribution


def difference(now: Distribution, before: Distribution) -> list[tuple[float, int]]:
    """Upper bounds with the observations between each and the bound below it, of that time."""
    bounds = sorted((float(text), text) for text in now.buckets)
    risen = [(bound, now.buckets[text] - before.buckets.get(text, 0)) for bound, text in bounds]
    risen.append((float("inf"), now.count - before.count))
    below = [0, *(number for _, number in risen)]
    return [(bound, number - less) for (bound, number), less in zip(risen, below, strict=False)]


def quantile(counts: Sequence[tuple[float, int]], part: float) -> float | None:
    """The value below which `part` of the observations are, evenly spread within a bucket.

    None without any. What is above the highest finite bound counts as that bound.
    """
    wanted = part * sum(number for _, number in counts)
    if wanted <= 0:
        return None
    low = 0.0
    for bound, number in counts:
        if bound == float("inf"):
            return low
        if wanted <= number:
            return low + (bound - low) * wanted / number
        wanted -= number
        low = bound
    return low
