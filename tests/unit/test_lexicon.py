"""Entries of a lexicon, as the settings and a request have them: what is taken and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.lexicon import (
    MAX_REQUEST,
    Contradiction,
    Entry,
    LexiconError,
    WrongEntry,
    parse,
    pieces,
)


def only(mapping: dict[str, Any]) -> Entry:
    """The only entry of a mapping."""
    (entry,) = parse(mapping, at_most=MAX_REQUEST)
    return entry


@pytest.mark.parametrize(
    ("word", "said", "entry"),
    [
        ("Nguyen", "win", Entry(word="Nguyen", say="win")),
        ("Nguyen", "/'wɪn/", Entry(word="Nguyen", say="ˈwɪn", phonemes=True)),
        ("Nguyen", " / ˈwɪn / ", Entry(word="Nguyen", say="ˈwɪn", phonemes=True)),
        (" New\n York ", "nu  york", Entry(word="New York", say="nu york")),
        ("cafe\u0301", "kaffay", Entry(word="café", say="kaffay")),
        ("km/h", "kilometres/hour", Entry(word="km/h", say="kilometres/hour")),
        ("C++", "see plus plus", Entry(word="C++", say="see plus plus")),
        ("Nguyen", None, Entry(word="Nguyen", say=None)),
        ("US", {"say": "you ess", "case": True}, Entry(word="US", say="you ess", case=True)),
        (
            "chat",
            {"say": "/ʃa/", "language": "fr-FR"},
            Entry(word="chat", say="ʃa", phonemes=True, language="fr-fr"),
        ),
        ("chat", {"say": "shah", "language": None}, Entry(word="chat", say="shah")),
    ],
)
def test_each_form_of_an_entry_is_read(word: str, said: object, entry: Entry) -> None:
    """A spelling, phonemes between slashes, a table of both, or null."""
    assert only({word: said}) == entry


@pytest.mark.parametrize(
    ("word", "said", "message"),
    [
        ("Nguyen", "/Rɛd/", "Nguyen: 'R' (U+0052), symbol 1, is no phoneme here; nearest: ɹ"),
        ("Nguyen", "", "Nguyen: there is nothing to say"),
        ("Nguyen", " … ", "Nguyen: there is nothing to say"),
        ("Nguyen", "//", "Nguyen: there is no sound between the slashes"),
        ("Nguyen", "/", "Nguyen: phonemes stand between two slashes"),
        ("Nguyen", "/wɪn", "Nguyen: phonemes stand between two slashes"),
        ("Nguyen", "wɪn/", "Nguyen: phonemes stand between two slashes"),
        ("Nguyen", "wɪn", "Nguyen: wɪn looks like phonemes: write them between slashes"),
        ("Nguyen", "[ˈwin]", "Nguyen: [ˈwin] looks like phonemes: write them between slashes"),
        ("Nguyen", "w\ue001in", "Nguyen: the spelling holds a control or private character"),
        ("Nguyen", "w\0in", "Nguyen: the spelling holds a control or private character"),
        ("Nguyen", "w" * 201, "Nguyen: a spelling has at most 200 characters"),
        ("Nguyen", f"/{'a' * 201}/", "Nguyen: a pronunciation has at most 200 phonemes"),
        ("Nguyen", 5, 'Nguyen: must be "/phonemes/", another spelling, or an object with "say"'),
        ("Nguyen", ["win"], 'Nguyen: must be "/phonemes/", another spelling, or an object'),
        ("Nguyen", {}, 'Nguyen: needs "say"'),
        ("Nguyen", {"say": None}, 'Nguyen: needs "say"'),
        ("Nguyen", {"sya": "win"}, "Nguyen: unknown key sya; nearest valid key: say"),
        ("Nguyen", {"say": "win", "case": 1}, "Nguyen: case must be true or false"),
        ("Nguyen", {"say": "win", "language": "e"}, "Nguyen: language must be a BCP 47 tag"),
        ("Nguyen", {"say": "win", "language": "en us"}, "Nguyen: language must be a BCP 47 tag"),
        ("Nguyen", {"say": "win", "language": ["en"]}, "Nguyen: language must be a BCP 47 tag"),
        ("", "win", "'': an entry needs a word or a phrase"),
        (" \n", "win", "' \\n': an entry needs a word or a phrase"),
        ("N\ue004", "win", "'N\\ue004': it holds a control or private character"),
        ("a" * 101, "win", f"{'a' * 60}…: a word or phrase has at most 100 characters"),
        ("one 2 3 4 5 6 7 8 9", "win", "one 2 3 4 5 6 7 8 9: a phrase has at most 8 words"),
        ("東" * 17, "win", "a phrase has at most 16 words, signs and spaces"),
    ],
)
def test_a_wrong_entry_is_named_with_its_fault(word: str, said: object, message: str) -> None:
    """One printable line, that says what to do."""
    with pytest.raises(WrongEntry) as caught:
        only({word: said})
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("Read", "read", ("red", "reed")),
        ("Straße", "STRASSE", ("a", "b")),
        ("café", "cafe\u0301", ("a", "b")),
        ("O'Brien", "O’Brien", ("a", "b")),
        ("New York", "new  york", ("a", "b")),
        ("read", "read ", ({"say": "a", "case": True}, {"say": "b", "case": True})),
        ("Read", "read", ({"say": "a", "language": "en"}, {"say": "b", "language": "EN"})),
        ("a", "A", ("a", "/a/")),
    ],
)
def test_two_that_disagree_are_refused_by_both_names(
    first: str, second: str, said: tuple[object, object]
) -> None:
    """The same word, whatever its capitals, apostrophes and accents are made of."""
    with pytest.raises(Contradiction, match=r"are the same word and said differently") as caught:
        parse({first: said[0], second: said[1]}, at_most=MAX_REQUEST)
    assert (caught.value.first, caught.value.second) == (first, second)
    assert str(caught.value).startswith(first)
    assert parse({first: said[0], second: said[0]}, at_most=MAX_REQUEST)


@pytest.mark.parametrize(
    "mapping",
    [
        {"US": {"say": "you ess", "case": True}, "us": "uss"},
        {"Read": {"say": "red", "case": True}, "read": {"say": "reed", "case": True}},
        {"Chat": {"say": "a", "language": "en"}, "chat": {"say": "b", "language": "fr"}},
        {"Chat": {"say": "a", "language": "en"}, "chat": "b"},
        {"Read": None, "read": "reed"},
    ],
)
def test_two_that_never_meet_or_yield_agree(mapping: dict[str, Any]) -> None:
    """Other capitals, another language, or null, which takes an entry away."""
    assert len(parse(mapping, at_most=MAX_REQUEST)) == 2


def test_the_number_of_entries_is_bounded() -> None:
    """A request has a thousand at most."""
    mapping = {f"word {number}": "x" for number in range(MAX_REQUEST + 1)}
    with pytest.raises(LexiconError, match="1001 pronunciations, more than 1000"):
        parse(mapping, at_most=MAX_REQUEST)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Nguyen's 'Nguyen'", "Nguyen|'s| |'|Nguyen|'"),
        ("don't we'll I'm rock'n'roll", "don't| |we|'ll| |I'm| |rock'n'roll"),
        ("node.js, 1,000 at 10:30.", "node.js|,| |1,000| |at| |10:30|."),
        ("Coca-Cola a_b", "Coca|-|Cola| |a|_|b"),
        ("see https://x.org/a-b?c=d. me@x.org", "see| |https://x.org/a-b?c=d|.| |me@x.org"),
        ("東京tower", "東|京|tower"),
        ("e\u0301te\u0301 が", "e\u0301te\u0301| |が"),
        ("[pause:1.5s] 👍️", "[pause:1.5s]| |👍️"),
        (
            "\ue004a b\ue005c\ue006\ue008rate=2\ue009d\ue000",
            "\ue004a b\ue005c\ue006|\ue008rate=2\ue009|d|\ue000",
        ),
    ],
)
def test_a_text_is_cut_where_words_end(text: str, cut: str) -> None:
    """And what belongs together stays together."""
    assert "|".join(pieces(text)) == cut
