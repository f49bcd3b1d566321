"""The performance page: tables come from the result files, prose stays as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.environment import environment
from benchmarks.harness import RESULTS, Record, Result, at_least, at_most, load, save

PAGE = """# Performance

By hand, above.

<!-- table: claims -->
<!-- end -->

By hand, between.

<!-- table: ready -->
old
<!-- end -->
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


def test_prose_is_kept_and_tables_are_replaced() -> None:
    """Only what stands between markers changes, and a second run changes nothing."""
    once = record()  # Its environment has a load average, which is another one a moment later.
    page = tables.render(PAGE, [once])
    assert "By hand, above." in page
    assert "By hand, between." in page
    assert "old" not in page
    assert "| forked | ready_ms | 2 | 8 | 8.9 | 7 | 9 |" in page
    assert "| spawned | ready_ms | 1 | 12,346 |" in page
    assert "- the spawned arm ran once" in page
    assert "- 50 forks" in page
    assert tables.render(page, [once]) == page


def test_a_missed_target_is_shown_as_missed() -> None:
    """The claims table does not hide what was not reached."""
    page = tables.render(PAGE, [record()])
    assert "| ready, p95 | 7 ms | at most 25 ms | met | `ready` |" in page
    assert "| faster than spawn | 12 × | at least 30 × | **missed** | `ready` |" in page


def test_a_new_benchmark_gets_a_section() -> None:
    """A result without markers is appended under its title, once."""
    once, memory = record(), record("memory")
    page = tables.render(PAGE, [once, memory])
    assert page.count("## Title of memory") == 1
    assert tables.render(page, [once, memory]) == page


def test_what_was_never_measured_says_so() -> None:
    """Markers without results are filled with a plain statement, not with old numbers."""
    page = tables.render(PAGE, [])
    assert page.count("Not measured yet.") == 2
    assert "old" not in page


def test_a_page_may_hold_the_claims_of_some_benchmarks_alone() -> None:
    """The README quotes what it names, with what was missed of it, and gets no new sections."""
    text = "Above.\n<!-- table: claims of memory nothing -->\nold\n<!-- end -->\n"
    page = tables.fill(text, [record(), record("memory")])
    assert "old" not in page
    assert "`memory`" in page
    assert "**missed**" in page
    assert "`ready`" not in page
    assert "## " not in page
    assert tables.fill(page, [record(), record("memory")]) == page


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


def test_the_readme_quotes_figures_that_there_are() -> None:
    """Every one of them comes out of a result file, and stands there as it was measured."""
    text = tables.README.read_text()
    records = [load(path) for path in sorted(RESULTS.glob("*.json"))]
    assert tables.fill(text, records) == text
    assert text.count("<!-- value: ") >= 5


def test_the_pages_are_written_from_the_files(tmp_path: Path) -> None:
    """The command reads every result in the directory and writes both pages in place."""
    page, readme = tmp_path / "PERFORMANCE.md", tmp_path / "README.md"
    page.write_text(PAGE)
    readme.write_text("<!-- table: claims of ready -->\n<!-- end -->\n")
    save(record(), tmp_path / "results")
    assert tables.write(page, tmp_path / "results", readme) == page
    assert "| forked | ready_ms |" in page.read_text()
    assert "| ready, p95 | 7 ms |" in readme.read_text()


def test_the_page_says_what_is_not_measured_yet() -> None:
    """Sections of the real page whose results are missing keep their markers and say so."""
    page = tables.render(tables.PAGE.read_text(), [])
    for name in ("peers_noop", "peers_hibari", "peers_kokoro", "kokoro_quality"):
        assert f"<!-- table: {name} -->\n{tables.NOTHING}\n<!-- end -->" in page


def test_many_arms_have_a_line_each() -> None:
    """With more than twenty arms the table has one row an arm; a measure it lacks stays empty."""
    arms = {f"voice {n}": [{"excess_db": float(n)}, {"excess_db": n + 1.0}] for n in range(21)}
    arms["quiet"] = [{"level_db": 0.5}]
    result = Result(title="Voices", arms=arms, claims=[])
    page = tables.render("<!-- table: v -->\n<!-- end -->", [Record("v", environment(), result)])
    assert "| arm | n | excess_db, median | level_db, median |" in page
    assert "| voice 3 | 2 | 3.5 |  |" in page
    assert "| quiet | 1 |  | 0.5 |" in page


def test_arms_may_stand_in_one_line_each_across_benchmarks() -> None:
    """A page names the columns; the best of each is marked, and what an arm lacks is a dash."""
    text = "<!-- table: arms by peers_a.ready_ms peers_b.ready_ms gone.ready_ms -->\n<!-- end -->"
    forked_alone = Result(title="B", arms={"forked": [{"ready_ms": 8.0}]}, claims=[])
    other = Record("peers_b", environment(), forked_alone)
    page = tables.fill(text, [record("peers_a"), other])
    assert "| arm | a: ready_ms | b: ready_ms |" in page
    assert "| forked | **8** | 8 |" in page, "with nothing to compare with, nothing is the best"
    assert "| spawned | 12,346 | – |" in page


def test_a_page_without_a_measured_column_says_so() -> None:
    """Markers whose benchmarks all lack a result are filled with a statement."""
    text = "<!-- table: arms by gone.ready_ms -->\nold\n<!-- end -->"
    assert tables.fill(text, []).splitlines()[1] == tables.NOTHING
