"""The pages of results and claims come from the result files, prose stays as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.environment import environment
from benchmarks.harness import RESULTS, Record, Result, at_least, at_most, save

PAGE = """# Performance

By hand, above.

<!-- table: claims -->
old
<!-- end -->

By hand, below.
"""


def record(name: str = "ready", value: float = 7.0) -> Record:
    """A record with one met and one missed claim."""
    result = Result(
        title=f"Title of {name}",
        arms={"forked": [{"ready_ms": 7.0}, {"ready_ms": 9.0}], "spawned": [{"ready_ms": 12345.6}]},
        claims=[
            at_most("ready, p95", value, 25, "ms", measured_as="50 forks"),
            at_least("faster than spawn", 12, 30, "×"),
        ],
        notes=["the spawned arm ran once"],
    )
    return Record(name, environment(), result)


def test_prose_is_kept_and_the_table_is_replaced() -> None:
    """Only what stands between markers changes, and a second run changes nothing."""
    page = tables.fill(PAGE, [record()])
    assert "By hand, above." in page
    assert "By hand, below." in page
    assert "old" not in page
    assert tables.fill(page, [record()]) == page


def test_a_missed_target_is_shown_as_missed() -> None:
    """Neither the table of all claims nor the result's own page hides what was not reached."""
    once = record()
    for page in (tables.fill(PAGE, [once]), tables.result_page(once)):
        assert "| ready, p95 | at most 25 ms | 7 ms | met |" in page
        assert "| faster than spawn | at least 30 × | 12 × | **missed** |" in page


def test_each_claim_says_how_it_is_measured_again() -> None:
    """The command stands in its row, as the Makefile has it, and leads to the result's page."""
    page = tables.fill(PAGE, [record(), record("peers_noop"), record("chaos")])
    for name, command in {
        "ready": "make bench BENCH=ready",
        "peers_noop": "make bench-peers ENGINE=noop",
        "chaos": "make chaos CHAOS_RECORD=1",
    }.items():
        assert page.count(f"[`{command}`](../benchmarks/results/{name}.md) |") == 2


def test_the_page_of_a_result_holds_all_of_it() -> None:
    """Title, arms, how it was measured, and what a reader must know of the run."""
    page = tables.result_page(record())
    assert page.startswith("# Title of ready\n")
    assert "| forked | ready_ms | 2 | 8 | 8.9 | 7 | 9 |" in page
    assert "| spawned | ready_ms | 1 | 12,346 |" in page
    assert "- the spawned arm ran once" in page
    assert "- 50 forks" in page


def test_what_was_never_measured_says_so() -> None:
    """Markers without results are filled with a plain statement, not with old numbers."""
    page = tables.fill(PAGE, [])
    assert tables.NOTHING in page
    assert "old" not in page


def test_a_sentence_may_hold_a_figure() -> None:
    """A median of an arm, or what a claim found, in the place of what stood there before; one that
    the benchmark does not have is no figure.
    """
    text = "It takes <!-- value: ready | forked | ready_ms -->old<!-- end --> ms"
    page = tables.fill(text, [record()])
    assert page.replace("--><!--", "--> <!--") == page, "something stands there"
    assert "old" not in page
    claim = tables.fill("<!-- value: ready | ready, p95 --><!-- end -->", [record()])
    assert "-->7<!--" in claim
    assert tables.NOTHING in tables.fill(text, [])
    with pytest.raises(ValueError, match="no figure"):
        tables.fill("<!-- value: ready | forked | gone_ms --><!-- end -->", [record()])


@pytest.mark.parametrize("path", [tables.README, tables.PAGE], ids=lambda path: path.name)
def test_the_pages_quote_what_was_measured(path: Path) -> None:
    """Every figure between markers comes out of a result file, and stands there as it was found."""
    text = path.read_text()
    assert tables.fill(text, tables.read()) == text
    assert text.count("<!-- value: ") + text.count("| met |") >= 5


def test_each_result_has_its_page() -> None:
    """And each page its result; it says what the file holds."""
    pages = {path.stem: path.read_text() for path in RESULTS.glob("*.md")}
    assert pages == {record.name: tables.result_page(record) for record in tables.read()}


def test_each_missed_target_has_its_reason() -> None:
    """The performance page says of every benchmark with a missed target what stands in the way."""
    reasons = tables.PAGE.read_text().split("## What stands in the way\n")[1].split("\n## ")[0]
    missed = {r.name for r in tables.read() if not all(claim.met for claim in r.result.claims)}
    assert {name for name in missed if f"**`{name}`**" not in reasons} == set()


def test_the_pages_are_written_from_the_files(tmp_path: Path) -> None:
    """The command reads every result in the directory and writes all pages in place."""
    page, readme = tmp_path / "PERFORMANCE.md", tmp_path / "README.md"
    page.write_text(PAGE)
    readme.write_text("<!-- value: ready | ready, p95 --><!-- end -->\n")
    save(record(), tmp_path / "results")
    assert tables.write(page, tmp_path / "results", readme) == tmp_path / "results"
    assert "| ready, p95 |" in page.read_text()
    assert "-->7<!--" in readme.read_text()
    assert "| forked | ready_ms |" in (tmp_path / "results" / "ready.md").read_text()


def test_many_arms_have_a_line_each() -> None:
    """With more than twenty arms the table has one row an arm; a measure it lacks stays empty."""
    arms = {f"voice {n}": [{"excess_db": float(n)}, {"excess_db": n + 1.0}] for n in range(21)}
    arms["quiet"] = [{"level_db": 0.5}]
    result = Result(title="Voices", arms=arms, claims=[])
    page = tables.arms_table(Record("v", environment(), result))
    assert "| arm | n | excess_db, median | level_db, median |" in page
    assert "| voice 3 | 2 | 3.5 |  |" in page
    assert "| quiet | 1 |  | 0.5 |" in page
