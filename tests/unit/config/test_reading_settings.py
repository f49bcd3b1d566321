"""The section `reading`, from any source: what is taken, and what is said of what is wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from supervisor.config import ConfigError, check, loading, override
from supervisor.config.loading import Place as Source
from supervisor.config.settings import Settings
from supervisor.lexicon import MAX_SETTINGS, parse
from tests.unit.config.places import Place

KEY = "reading.pronunciations"


def words(pronunciations: object) -> dict[str, Any]:
    """A tree of settings with these pronunciations."""
    return {"reading": {"pronunciations": pronunciations}}


def said(loaded: loading.Loaded) -> dict[str, Any]:
    """The pronunciations in force."""
    return loaded.settings.reading.pronunciations


def test_nothing_is_said_otherwise_by_default() -> None:
    """Markup is found out, what nobody can read is left out, and so are emoji in a sentence."""
    reading = Settings().reading
    assert (reading.markup, reading.unreadable, reading.emoji) == ("auto", "skip", "nothing")
    assert reading.pronunciations == {}


def test_every_form_of_an_entry_is_kept_as_it_was_written(place: Place) -> None:
    """And can be parsed without an error, as jobs do."""
    entries = {
        "Nguyen": "win",
        "Siobhán": "/ʃɪˈvɔn/",
        "US": {"say": "you ess", "case": True, "language": "en"},
        "C++": {"say": "see plus plus", "language": None},
        "New York": None,
        "東京": "とうきょう",
    }
    loaded = place.load(words(entries))
    assert said(loaded) == entries
    assert loaded.settings.model_dump()["reading"]["pronunciations"] == entries
    assert len(parse(said(loaded), at_most=MAX_SETTINGS)) == len(entries)


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ({"markup": "xml"}, 'reading.markup must be "auto" or "plain" or "markdown" or "html" or '),
        ({"unreadable": 1}, 'reading.unreadable must be "skip" or "spell" or "refuse", but is 1'),
        ({"emoji": True}, 'reading.emoji must be "names" or "nothing", but is true'),
        ({"markdown": "auto"}, "unknown key reading.markdown; nearest valid key: reading.markup"),
        *(
            ({"pronunciations": entries}, f"{KEY}{message}")
            for entries, message in (
                ({"Nguyen": "/Rɛd/"}, ".Nguyen: 'R' (U+0052), symbol 1, is no phoneme here; near"),
                ({"Nguyen": 5}, '.Nguyen: must be "/phonemes/", another spelling, or an object'),
                ({"Nguyen": ""}, ".Nguyen: there is nothing to say"),
                ({"Nguyen": "\ue004"}, ".Nguyen: the spelling holds a control or private charact"),
                ({"Nguyen": "w" * 201}, ".Nguyen: a spelling has at most 200 characters"),
                (
                    {"Nguyen": {"say": "win", "cas": True}},
                    ".Nguyen: unknown key cas; nearest valid",
                ),
                ({"Nguyen": {"case": True}}, '.Nguyen: needs "say"'),
                ({"St. John": "/"}, ".St. John: phonemes stand between two slashes"),
                ({"": "win"}, ".: an entry needs a word or a phrase for its name"),
                ({"[key]": ""}, ".[key]: there is nothing to say"),
                ({"x" * 500: "win"}, f".{'x' * 177}…: a word or phrase has at most 100"),
                ({"a\nb": "/"}, ".a\\nb: phonemes stand between"),
                ({"A": "", "B": "b", "C": "/c"}, ".A: there is nothing to say: give a spelling, "),
                ({"Read": "red", "read": "reed"}, ": Read and read are the same word and said"),
                (5, " must be an object, each a non-empty string or an object or null, but is 5"),
                (None, " must be an object, each a non-empty string or an object or null, but "),
            )
        ),
    ],
)
def test_a_wrong_entry_is_named_in_one_line(
    place: Place, reading: dict[str, Any], message: str
) -> None:
    """With its file, whether it is loaded or checked alone."""
    with pytest.raises(ConfigError) as caught:
        place.load(override={"reading": reading})
    assert str(caught.value).startswith(f"{place.override}: {message}")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    with pytest.raises(ConfigError) as alone:
        check(place.override)
    assert str(alone.value) == str(caught.value)


def test_further_wrong_entries_are_counted(place: Place) -> None:
    """One at a time, so that the line stays one; all of a large file within a moment."""
    entries = {f"name{number}": "/R/" for number in range(2_000)}
    with pytest.raises(ConfigError, match=r"name0: 'R' .* \(and 1999 more\)$") as caught:
        place.load(words(entries))
    assert list(caught.value.keys) == [("reading", "pronunciations", "name0")]


def test_files_are_merged_word_by_word(place: Place) -> None:
    """The override changes one word, takes one away, and leaves the rest."""
    loaded = place.load(
        words({"Nguyen": "nwin", "Read": "red", "SQL": "sequel"}),
        words({"Nguyen": "win", "SQL": None}),
    )
    assert said(loaded) == {"Nguyen": "win", "Read": "red", "SQL": None}
    assert loaded.origins[f"{KEY}.Nguyen"] == str(place.override)
    assert loaded.origins[f"{KEY}.Read"] == str(place.config)


def test_files_that_disagree_are_both_named_and_null_settles_it(place: Place) -> None:
    """Where a word is written with other capitals, nothing says which of the two is meant."""
    with pytest.raises(ConfigError, match="Read and read are the same word") as caught:
        place.load(words({"Read": "red"}), words({"read": "reed"}))
    assert f"{place.config} and {place.override}: {KEY}: " in str(caught.value)
    settled = place.load(override=words({"Read": None, "read": "reed"}))
    assert said(settled) == {"Read": None, "read": "reed"}


def test_ten_thousand_entries_are_taken_and_no_more(place: Place) -> None:
    """In one file, or in two together; a pronunciation of each is parsed in a moment."""
    entries = {f"name{number}": "/ˈneɪm/" for number in range(MAX_SETTINGS)}
    started = time.process_time()
    assert said(place.load(words(entries), {})) == entries
    assert time.process_time() - started < 5
    for files in ((entries | {"more": "x"}, {}), (entries, {"more": "x"})):
        with pytest.raises(ConfigError, match=f"{KEY}: 10001 entries are more than 10000"):
            place.load(*map(words, files))


@pytest.mark.parametrize(
    ("variable", "value", "entries"),
    [
        ("", '{"New York": "ny", "US": {"say": "u s", "case": true}}', None),
        ("__NGUYEN", "win", {"nguyen": "win"}),
        ("__NGUYEN", "/wɪn/", {"nguyen": "/wɪn/"}),
        ("__NGUYEN", "null", {"nguyen": None}),
        (
            "__NGUYEN",
            '{"say": "win", "language": "en"}',
            {"nguyen": {"say": "win", "language": "en"}},
        ),
        ("__NGUYEN__SAY", "win", {"nguyen": {"say": "win"}}),
    ],
)
def test_variables_may_say_words(
    place: Place, variable: str, value: str, entries: dict[str, Any] | None
) -> None:
    """All of them as JSON, or one by its name in any capitals."""
    environ = {f"SUPERVISOR_READING__PRONUNCIATIONS{variable}": value}
    expected = json.loads(value) if entries is None else entries
    assert said(place.load(environ=environ)) == expected


def test_a_wrong_variable_is_named(place: Place) -> None:
    """Text that is no JSON, and a word that cannot be said."""
    name = "SUPERVISOR_READING__PRONUNCIATIONS"
    with pytest.raises(ConfigError, match=f"^environment {name}: must be an object, .* as JSON$"):
        place.load(environ={name: "win"})
    with pytest.raises(ConfigError, match=f"^environment {name}__NGUYEN: {KEY}.nguyen: 'R' "):
        place.load(environ={f"{name}__NGUYEN": "/R/"})


def test_the_command_line_may_say_words(place: Place) -> None:
    """A dotted key keeps its capitals; a word with a point is written as JSON."""
    assert said(place.load(command_line={f"{KEY}.Nguyen": "win"})) == {"Nguyen": "win"}
    assert said(place.load(command_line={KEY: '{"St. John": "sinjun"}'})) == {"St. John": "sinjun"}


def test_a_program_changes_single_words(place: Place) -> None:
    """What it does not name stays, and what cannot be said is refused before it is written."""
    place.override.write_text(json.dumps(words({"Nguyen": "win", "SQL": "sequel"})))
    source = Source(override=str(place.override))
    done = override.change(source, words({"SQL": None, "Siobhán": "/ʃɪˈvɔn/"}), {})
    after = {"Nguyen": "win", "SQL": None, "Siobhán": "/ʃɪˈvɔn/"}
    assert said(done.loaded) == after
    assert json.loads(place.override.read_text()) == words(after)
    with pytest.raises(ConfigError, match=r"Nguyen: 'R' \(U\+0052\)"):
        override.change(source, words({"Nguyen": "/R/"}), {})
    assert json.loads(place.override.read_text()) == words(after)
