"""The table of a comparison: every arm beside one of them, measure by measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.harness import Result, measure, median

HEAD = ["measure", "arm", "n", "median", "min", "max", "ratio", ""]


def rows(result: Result, number: Callable[[float], str]) -> list[list[str]]:
    """One row for each measure of each arm that has it.

    The ratio is the arm's median ÷ that of `compared_with`; the last column says who is
    best, and who of the others is better than `compared_with`. More is better of what ends
    with `_per_s`, less of all the rest.
    """
    names = dict.fromkeys(
        name for samples in result.arms.values() for sample in samples for name in sample
    )
    return [row for name in names for row in _measure_rows(result, name, number)]


def medians(result: Result, name: str) -> dict[str, float]:
    """The median of a measure in each arm that has it."""
    values = {
        arm: [sample[name] for sample in samples if name in sample]
        for arm, samples in result.arms.items()
    }
    return {arm: median(each) for arm, each in values.items() if each}


def best(name: str, middles: Mapping[str, float]) -> float | None:
    """The best of some medians of a measure, None if there is none."""
    return (max if _more_is_better(name) else min)(middles.values(), default=None)


def _more_is_better(name: str) -> bool:
    return name.endswith("_per_s")


def _measure_rows(result: Result, name: str, number: Callable[[float], str]) -> list[list[str]]:
    found = {
        arm: measure([sample for sample in samples if name in sample], name)
        for arm, samples in result.arms.items()
    }
    found = {arm: values for arm, values in found.items() if values}
    middles = medians(result, name)
    ours = middles.get(result.compared_with)
    more = _more_is_better(name)
    made = []
    for arm, values in found.items():
        middle = middles[arm]
        ratio = f"{middle / ours:.2f}" if ours else ""
        ahead = ours is not None and (middle > ours if more else middle < ours)
        verdict = "**best**" if middle == best(name, middles) else "ahead" if ahead else ""
        figures = [number(value) for value in (middle, min(values), max(values))]
        made.append([name, arm, str(len(values)), *figures, ratio, verdict])
    return made
