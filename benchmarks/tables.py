"""Write benchmarks/results/*.json where they are read: a page beside each, and what others quote.

`results/NAME.md` holds all of a result: its claims, its arms, how and where it was measured.
docs/PERFORMANCE.md and README.md are written by hand; only what stands between a pair of markers
is replaced there. `<!-- table: claims -->` … `<!-- end -->` holds every claim beside its target.
Within a sentence `<!-- value: NAME | ARM | MEASURE -->` … `<!-- end -->` holds a median, and
`<!-- value: NAME | CLAIM -->` … what a claim found. The same files always give the same pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks import side_by_side
from benchmarks.harness import RESULTS, Environment, Record, load, measure, median, percentile

PAGE = Path(__file__).parent.parent / "docs" / "PERFORMANCE.md"
README = Path(__file__).parent.parent / "README.md"

_CLAIMS = re.compile(r"<!-- table: claims -->\n.*?<!-- end -->", re.DOTALL)
_VALUE = re.compile(r"<!-- value: ([^>]+?) -->.*?<!-- end -->", re.DOTALL)

NOTHING = "Not measured yet."

_CLAIM_HEAD = ["claim", "target", "measured", ""]
_PEERS = "peers_"

_MANY_ARMS = 20
"""From here on an arm has one line, with medians alone."""


def write(page: Path = PAGE, results: Path = RESULTS, readme: Path = README) -> Path:
    """Write a page beside each result, fill both pages, and return `results`. Prose stays."""
    records = read(results)
    for record in records:
        (results / f"{record.name}.md").write_text(result_page(record))
    for path in (page, readme):
        path.write_text(fill(path.read_text(), records))
    return results


def read(results: Path = RESULTS) -> list[Record]:
    """Every result of the folder, by name."""
    return [load(path) for path in sorted(results.glob("*.json"))]


def fill(text: str, records: Sequence[Record]) -> str:
    """The text with the table of claims and every figure replaced that it has markers for."""
    by_name = {record.name: record for record in records}
    text = _VALUE.sub(
        lambda found: f"<!-- value: {found[1]} -->{_value(found[1], by_name)}<!-- end -->", text
    )
    return _CLAIMS.sub(f"<!-- table: claims -->\n{claims_table(records)}\n<!-- end -->", text)


def command(name: str) -> str:
    """The command that measures a result anew."""
    if name == "chaos":
        return "make chaos CHAOS_RECORD=1"
    if name == "chaos_fleet":
        return "make chaos-fleet CHAOS_RECORD=1"
    if name.startswith(_PEERS):
        return f"make bench-peers ENGINE={name.removeprefix(_PEERS)}"
    return f"make bench BENCH={name}"


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
    """Every claim of every result, with a link from the command to the result's page."""
    rows = [
        [*cells, f"[`{command(record.name)}`](../benchmarks/results/{record.name}.md)"]
        for record in records
        for cells in _claim_rows(record)
    ]
    return _table([*_CLAIM_HEAD, "command, all figures"], rows) if rows else NOTHING


def result_page(record: Record) -> str:
    """All of one result: title, claims, arms, how each claim was measured, and where."""
    parts = [f"# {record.result.title}", f"Written by `{command(record.name)}`."]
    if record.result.claims:
        parts.append(_table(_CLAIM_HEAD, _claim_rows(record)))
    return "\n\n".join([*parts, arms_table(record)]) + "\n"


def _claim_rows(record: Record) -> list[list[str]]:
    return [
        [
            claim.claim,
            f"{claim.bound} {claim.target:g} {claim.unit}".strip(),
            f"{number(claim.value)} {claim.unit}".strip(),
            "met" if claim.met else "**missed**",
        ]
        for claim in record.result.claims
    ]


def arms_table(record: Record) -> str:
    """Table of the arms, how each claim was measured, and where it ran."""
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
    """Ways of measuring the claims: one for all where they were measured alike."""
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
