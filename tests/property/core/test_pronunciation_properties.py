"""Whatever the lexicon and the text: nothing is changed but the words that it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from supervisor import marks
from supervisor.core.jobs.pronunciations import Dictionary, Pronunciations
from supervisor.lexicon import MAX_REQUEST, Entry, LexiconError, parse, pieces
from supervisor.phonemes import PhonemeError, one_form

CHARACTERS = st.characters(exclude_categories=["Cs"])
BITS = st.sampled_from(
    [
        *(
            "Nguyen",
            "nguyen",
            "New",
            "York",
            " ",
            "  ",
            "\n",
            "\n\n",
            "'",
            "’",
            "'s",
            "-",
            ".",
            "+",
        ),
        *(
            "é",
            "e\u0301",
            "東",
            "京",
            "が",
            "か\u3099",
            "กิ",
            "a",
            "A",
            "ß",
            "ss",
            "_",
            "👍",
            "\ufe0f",
        ),
        *(
            "\ue000",
            "\ue004",
            "\ue005",
            "\ue006",
            "\ue008",
            "\ue009",
            "[pause:1s]",
            "http://a",
            "1",
        ),
    ]
)
TEXTS = st.lists(BITS, max_size=30).map("".join) | st.text(CHARACTERS)
WORDS = st.lists(BITS, min_size=1, max_size=5).map("".join) | st.text(CHARACTERS, max_size=9)
SAID = st.sampled_from(["win", "/wɪn/", "/nu ˈjɔɹk/", "東", None])
FORMS = SAID | st.fixed_dictionaries(
    {"say": st.sampled_from(["win", "/wɪn/"])},
    optional={"case": st.booleans(), "language": st.sampled_from(["en", "en-gb", "de"])},
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(CHARACTERS) | FORMS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["say", "case", "language", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def entries(mapping: dict[str, Any]) -> tuple[Entry, ...]:
    """Those entries of a mapping that are right, and agree with the ones before."""
    kept: dict[str, Any] = {}
    for word, said in mapping.items():
        try:
            parse(kept | {word: said}, at_most=MAX_REQUEST)
        except LexiconError:
            continue
        kept[word] = said
    return parse(kept, at_most=MAX_REQUEST)


ENTRIES = st.dictionaries(WORDS, FORMS, max_size=6).map(entries)


@given(TEXTS)
def test_pieces_are_the_text(text: str) -> None:
    """All of it, in order."""
    assert "".join(pieces(text)) == text


@given(TEXTS, ENTRIES, ENTRIES, st.sampled_from(["en-GB", "de", "und"]))
def test_only_words_of_the_lexicon_change(
    text: str, settings: tuple[Entry, ...], request: tuple[Entry, ...], language: str
) -> None:
    """Without one of them it is the same text; phonemes leave what is written as it is."""
    dictionaries = [Dictionary(each) for each in (request, settings)]
    spoken = Pronunciations(*dictionaries, language=language).in_text(text)
    if not any(entry.say for entry in (*settings, *request)):
        assert spoken is text
    phonemes = [
        Dictionary(entry for entry in each if entry.phonemes) for each in (request, settings)
    ]
    marked = Pronunciations(*phonemes, language=language).in_text(text)
    assert marks.written(marked).split() == marks.written(text).split()
    assert Pronunciations(*phonemes, language=language).in_text(marked) is marked


@given(st.lists(st.sampled_from(["and", "of", "the", "to"]), max_size=20), ENTRIES)
def test_a_text_of_other_words_is_the_same_object(
    text: list[str], settings: tuple[Entry, ...]
) -> None:
    """However large the lexicon."""
    joined = " ".join(text)
    assert Pronunciations(Dictionary(settings), language="en").in_text(joined) is joined


@given(ENTRIES, st.sampled_from(["{}", "({})", "so {}, then", '"{}"', "x\n{}\ny", "{}'s"]))
def test_each_word_is_found_where_it_stands_alone(settings: tuple[Entry, ...], frame: str) -> None:
    """Exactly as the lexicon has it, in a text of its language."""
    pronunciations = Pronunciations(Dictionary(settings), language="en-gb")
    for entry in settings:
        if entry.phonemes and entry.word.isalnum() and entry.language != "de":
            text = frame.format(entry.word)
            assert pronunciations.in_text(text) != text


def line_of(error: Exception | None) -> str:
    """The message of an error, empty for none."""
    return "" if error is None else str(error)


def refusal(attempt: Callable[[], object]) -> Exception | None:
    """Why a lexicon or phonemes were refused."""
    try:
        attempt()
    except (LexiconError, PhonemeError) as error:
        return error
    return None


@given(WORDS, ANYTHING)
def test_any_entry_is_read_or_refused(word: str, said: object) -> None:
    """With one printable line that is no book."""
    line = line_of(refusal(lambda: parse({word: said}, at_most=1)))
    assert line.isprintable()
    assert len(line) < 400


@given(st.text(st.sampled_from("wɪnˈːɹɛaAIO .ʃt͡R3@:\u0329漢é/") | CHARACTERS, max_size=12))
def test_any_phonemes_are_read_or_refused(phonemes: str) -> None:
    """And what is read has one form, which is read again and holds no mark."""
    error = refusal(lambda: one_form(phonemes))
    assert line_of(error).isprintable()
    if error is None:
        assert one_form(one_form(phonemes)) == one_form(phonemes)
        assert marks.PRIVATE.search(one_form(phonemes)) is None
