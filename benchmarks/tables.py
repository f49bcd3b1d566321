"""Turn benchmarks/results/*.json into the tables of docs/PERFORMANCE.md and README.md.

The pages are written by hand; only what stands between a pair of markers is
replaced: `<!-- table: claims -->` … `<!-- end -->` holds all claims beside their
targets, `<!-- table: claims of NAME NAME -->` those of some benchmarks,
`<!-- table: NAME -->` the arms of one, `<!-- table: arms by NAME.MEASURE NAME.MEASURE -->`
one line for each arm with medians of several. Within a sentence
`<!-- value: NAME | ARM | MEASURE -->` … `<!-- end -->` holds a median, and
`<!-- value: NAME | CLAIM -->` … what a claim found. A benchmark without markers gets a
section at the end of the page. The same files always give the same pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks import side_by_side
from benchmarks.harness import RESULTS, Environment, Record, load, measure, median, percentile

PAGE = Path(__file__).parent.parent / "docs" / "PERFORMANCE.md"
README = Path(__file__).parent.parent / "README.md"

_BLOCK = re.compile(r"<!-- table: ([\w. ]+) -->\n.*?<!-- end -->", re.DOTALL)
_VALUE = re.compile(r"<!-- value: ([^>]+?) -->.*?<!-- end -->", re.DOTALL)
_SOME = "claims of "
_BY = "arms by "

NOTHING = "Not measured yet."

_MANY_ARMS = 20
"""From here on an arm has one line, with medians alone."""


def write(page: Path = PAGE, results: Path = RESULTS, readme: Path = README) -> Path:
    """Write the tables anew; return the page's path. Prose is left as it is."""
    records = [load(path) for path in sorted(results.glob("*.json"))]
    page.write_text(render(page.read_text(), records))
    readme.write_text(fill(readme.read_text(), records))
    return page


def render(text: str, records: Sequence[Record]) -> str:
    """The page's text with every table replaced, and sections added for new benchmarks."""
    present = set(_BLOCK.findall(text))
    for record in records:
        if record.name not in present:
            heading = f"## {record.result.title}"
            text = f"{text.rstrip()}\n\n{heading}\n\n<!-- table: {record.name} -->\n<!-- end -->\n"

    return fill(text, records)


def fill(text: str, records: Sequence[Record]) -> str:
    """The text with every table replaced that it has markers for."""
    arms = {record.name: record for record in records}

    def body(name: str) -> str:
        if name == "claims":
            return claims_table(records)
        if name.startswith(_SOME):
            return claims_table(arms[each] for each in name.split()[2:] if each in arms)
        if name.startswith(_BY):
            columns = [each.split(".") for each in name.split()[2:]]
            found = [(arms[one], measured) for one, measured in columns if one in arms]
            return _table(*side_by_side.across(found, number)) if found else NOTHING
        return arms_table(arms[name]) if name in arms else NOTHING

    text = _VALUE.sub(
        lambda found: f"<!-- value: {found[1]} -->{_value(found[1], arms)}<!-- end -->", text
    )
    return _BLOCK.sub(
        lambda block: f"<!-- table: {block[1]} -->\n{body(block[1])}\n<!-- end -->", text
    )


def _value(name: str, records: Mapping[str, Record]) -> str:
    """One figure. Raises ValueError for one that its benchmark does not have."""
    benchmark, what, *measured = (part.strip() for part in name.split("|"))
    if benchmark not in records:
        return NOTHING
    result = records[benchmark].result
    if measured and what in result.arms:
        values = [sample[measured[0]] for sample in result.arms[what] if measured[0] in sample]
        if values:
            return number(median(values))
    for claim in result.claims:
        if not measured and claim.claim == what:
            return number(claim.value)
    raise ValueError(f"no figure {name}")


def claims_table(records: Iterable[Record]) -> str:
    """Every claim of every benchmark: value, target, and whether it is met."""
    rows = [
        [
            claim.claim,
            f"{number(claim.value)} {claim.unit}".strip(),
            f"{claim.bound} {claim.target:g} {claim.unit}".strip(),
            "met" if claim.met else "**missed**",
            f"`{record.name}`",
        ]
        for record in records
        for claim in record.result.claims
    ]
    if not rows:
        return NOTHING
    return _table(["claim", "measured", "target", "", "benchmark"], rows)


def arms_table(record: Record) -> str:
    """What each arm measured, how each claim was measured, and where it ran."""
    if record.result.compared_with:
        table = _table(side_by_side.HEAD, side_by_side.rows(record.result, number))
    elif len(record.result.arms) > _MANY_ARMS:
        table = _table(*_medians(record))
    else:
        table = _table(["arm", "measure", "n", "median", "p95", "min", "max"], _arm_rows(record))
    parts = [table]
    if lines := [f"- {line}" for line in [*_ways(record), *record.result.notes]]:
        parts.append("\n".join(lines))
    parts.append(_environment(record.environment))
    return "\n\n".join(parts)


def _arm_rows(record: Record) -> list[list[str]]:
    rows = []
    for arm, samples in record.result.arms.items():
        for name in dict.fromkeys(key for sample in samples for key in sample):
            values = measure((sample for sample in samples if name in sample), name)
            figures = [median(values), percentile(values, 95), min(values), max(values)]
            rows.append([arm, name, str(len(values)), *map(number, figures)])
    return rows


def _medians(record: Record) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table with one line for each arm: the median of each measure."""
    arms = record.result.arms
    names = list(dict.fromkeys(key for each in arms.values() for one in each for key in one))
    rows = []
    for arm, samples in arms.items():
        cells = [arm, str(len(samples))]
        for name in names:
            values = [sample[name] for sample in samples if name in sample]
            cells.append(number(median(values)) if values else "")
        rows.append(cells)
    return ["arm", "n", *(f"{name}, median" for name in names)], rows


def _ways(record: Record) -> list[str]:
    """How the claims were measured: once for all where they were measured alike."""
    claims = [claim for claim in record.result.claims if claim.measured_as]
    ways = list(dict.fromkeys(claim.measured_as for claim in claims))
    return ways if len(ways) == 1 else [f"{c.claim}: {c.measured_as}" for c in claims]


def _environment(env: Environment) -> str:
    software = {"Linux": env.kernel, "Python": env.python, **env.packages}
    versions = ", ".join(f"{name} {version}" for name, version in software.items())
    return (
        f"{env.taken[:10]}, commit {env.commit}: {env.cpu}, {env.usable_cores} of "
        f"{env.logical_cores} cores, {env.memory_gb:g} GB, {versions}; "
        f"load average {env.load_before:g} before, {env.load_after:g} after."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def number(value: float) -> str:
    """Three significant digits, and whole numbers from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
