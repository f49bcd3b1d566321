"""The allocator's reasons in words."""

from __future__ import annotations

from supervisor.telling.reasons import explain
from tests.fixtures.reasons import FIGURES


def test_every_kind_of_decision_has_words() -> None:
    """With the figures that a decision of its kind has; one that is of later is told as it came."""
    said = {kind: explain(kind, figures, "unknown") for kind, figures in FIGURES.items()}
    assert [kind for kind, words in said.items() if words == "unknown"] == []
    assert explain("of_later", [], "of_later_3") == "of later 3"


def test_what_is_waited_for_is_no_countdown() -> None:
    """The figure is how long there must be little to do, whenever one asks."""
    assert "once it was so for 60 s" in explain("scale_down_wait", [60.0], "")


def test_a_bound_of_a_profile_names_it() -> None:
    """Who reads why there are so many cores reads which window wants them."""
    words = explain("bound_min_cores", [6.0], "", "morning")
    assert words.endswith("at least 6 (profile morning)")
