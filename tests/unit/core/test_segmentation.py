"""How a text becomes segments."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest

from supervisor.core.jobs.segmentation import Uncut, uncut
from supervisor.core.jobs.unreadable import has_speech
from supervisor.marks import PRONOUNCED, pronounced
from supervisor.speech import Ends
from tests.fixtures.cutting import cut_whole, parts_of
from tests.fixtures.patterns import PATTERNS, worst

LONG = (
    "When the keeper had climbed the last of the stairs, which he did every evening, he sat down; "
    "the lamp was lit, the sea was calm, and nothing at all was to be seen from up there"
)


S = "sentence"


def cut(
    text: str, *, language: str = "en", first_max_chars: int = 80, max_chars: int = 240
) -> tuple[str, ...]:
    """The segments as the supervisor's defaults make them."""
    whole = uncut(text, language=language, first_max_chars=first_max_chars, max_chars=max_chars)
    return cut_whole(whole)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("One. Two! Three? Four…", ("One.", "Two!", "Three?", "Four…")),
        ("Dr. Smith met Mrs. Jones. They spoke.", ("Dr. Smith met Mrs. Jones.", "They spoke.")),
        ("It costs 3.14 dollars. Fine.", ("It costs 3.14 dollars.", "Fine.")),
        ('"Who?" he asked. "Me."', ('"Who?" he asked.', '"Me."')),
        ("A heading\n\nA paragraph.", ("A heading", "A paragraph.")),
        ("One line\nand the next.", ("One line and the next.",)),
        ("  Spaces \t about.  ", ("Spaces about.",)),
    ],
)
def test_sentences_are_the_segments(text: str, segments: tuple[str, ...]) -> None:
    """Abbreviations, numbers and quotations do not end one; a blank line does, a line end not."""
    assert cut(text) == segments


@pytest.mark.parametrize("text", ["", "  \n\n ", "?!", "… — …", "\u0301\u200b"])
def test_what_cannot_be_spoken_is_no_segment(text: str) -> None:
    """Marks, controls and punctuation alone say nothing."""
    assert not has_speech(text)
    assert cut(text) == ()


def test_speech_is_what_unicode_calls_a_letter_or_a_number_or_a_picture() -> None:
    """Every character there is, by its category; of symbols only the emoji, which have names."""
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        spoken = kind[0] in "LN" and chr(code) not in "¹²³⁰⁴⁵⁶⁷⁸⁹"
        assert has_speech(chr(code)) is spoken or kind in {"So", "Sk", "Sm", "Cn"}, hex(code)
    assert has_speech("👍")
    assert has_speech("x²")
    assert cut("It was rebuilt.¹²") == ("It was rebuilt.",)
    assert not any(map(has_speech, "©®°™→✓♪"))


@pytest.mark.parametrize(
    "sentence",
    [
        *["I met Dr. Will Smith.", "Dr. Who is here.", "Mr. It said no.", "“Mrs. When,” he said."],
        *["See vol. 2 of it.", "See fig. 3 and Vol. IV.", "It is in (p. 5).", "No. 10 is old."],
        *[
            "It is on Mon. at five.",
            "He came on Sept. 4 by train.",
            "Add 2 tsp. of salt.",
            "We use .NET vs. No. 2.",
        ],
    ],
)
def test_an_abbreviation_that_goes_on_ends_no_sentence(sentence: str) -> None:
    """A title before a name, whatever that begins like; what a number follows; a date."""
    assert cut(f"{sentence} Then she left.") == (sentence, "Then she left.")


@pytest.mark.parametrize(
    "sentence", ["It stands in Elm Dr.", "I was in the U.S.", "It is 5 p.m.", "He said no."]
)
def test_what_is_no_title_may_end_one(sentence: str) -> None:
    """A road, a country, an hour."""
    assert cut(f"{sentence} It was hot.") == (sentence, "It was hot.")


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    """At the last clause that fits, and the punctuation stays with what it ends."""
    segments = cut(LONG, max_chars=80)
    assert len(segments) > 2
    assert " ".join(segments) == LONG
    assert all(segment.endswith((",", ";")) for segment in segments[:-1])


def test_without_clauses_it_is_cut_at_a_space_and_without_spaces_anywhere() -> None:
    """Words stay whole as long as they fit; one of 1,000 letters does not."""
    words = "word " * 100
    segments = cut(words, max_chars=100)
    assert set(" ".join(segments).split()) == {"word"}
    assert max(map(len, segments)) > 70
    assert cut("x" * 1000) == (*["x" * 240] * 4, "x" * 40)


def test_a_first_segment_ends_where_a_speaker_breathes() -> None:
    """After a clause; else before a word that begins a phrase, whatever the sentence is about; a
    little later if there is no such place before; else not at all. Nobody breathes after "the".
    """
    sentence = "We left long before sunrise because the road over the pass to the valley is closed."
    assert cut(sentence)[0] == "We left long before sunrise"
    sentence = (
        "We had left long ago and the narrow road over the pass to the valley is closed, as ever."
    )
    assert cut(sentence, max_chars=90)[0] == sentence.removesuffix(" as ever.")
    sentence = (
        "We always took the narrow old road over the pass to the large green valley every day."
    )
    assert cut(sentence)[0] == "We always took the narrow old road over the pass"
    plain = "The quick brown foxes jumped happily yesterday afternoon past numerous lazy old dogs."
    assert cut(plain) == (plain,)
    late = plain.replace("lazy old dogs.", "lazy old dogs, and slept well.")
    assert cut(late) == (late.removesuffix(" and slept well."), "and slept well.")
    short = plain.replace("lazy old dogs.", "lazy old dogs and slept.")
    assert cut(short) == (short,)
    german = "Der Wärter des Leuchtturms stieg jeden Abend die Treppe hinauf und zählte die Stufen."
    assert cut(german, language="de")[0].endswith("hinauf")
    assert cut(german, language="xx") == (german,)
    chinese = "我们很早就出发了，因为通往下一个山谷的道路在中午关闭。" * 2
    assert cut(chinese, language="zh", first_max_chars=20)[0] == "我们很早就出发了，"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", [("One.", "sentence"), ("Two.", "sentence")]),
        ("Hello,", [("Hello,", "clause")]),
        ("One.\n\nTwo.\n", [("One.", "paragraph"), ("Two.", "sentence")]),
        ("One.\n\n***\n\nTwo.\n\n", [("One.", "paragraph"), ("Two.", "paragraph")]),
        ("Part One\n\nIt begins.", [("Part One", "heading"), ("It begins.", "sentence")]),
        (
            "Buy:\n- 2 eggs\n- salt",
            [("Buy:", "item"), ("- 2 eggs", "item"), ("- salt", S)],
        ),
        ("One line\nand the next.", [("One line and the next.", "sentence")]),
        (
            "A full line of it is this\nAnd more of it.",
            [("A full line of it is this And more of it.", "sentence")],
        ),
        (
            "Roses\nAnd violets, and the grass\nAnd pinks",
            [("Roses", "item"), ("And violets, and the grass And pinks", S)],
        ),
        ("Milk\nEggs\nBread", [("Milk", "item"), ("Eggs", "item"), ("Bread", S)]),
        ("Wait [pause:1.5s] for it.", [("Wait", 1.5), ("for it.", "sentence")]),
        ("One.\n\n[Pause:250MS]Two.", [("One.", 0.25), ("Two.", "sentence")]),
        ("[pause:6s][pause:7s]One. […]", [("", 10.0), ("One.", "sentence")]),
        ("[pause:2]", [("[pause:2]", "sentence")]),
        ("[pause:-1s]", [("[pause:-1s]", "sentence")]),
    ],
)
def test_a_part_knows_what_ends_with_it(text: str, parts: list[tuple[str, Ends]]) -> None:
    """As a text is laid out: blank lines, lines that were meant, marks, and what it asks for."""
    found = parts_of(uncut(text, language="en", first_max_chars=80, max_chars=240))
    assert [(part.text, part.ends) for part in found] == parts


def test_of_a_sentence_in_parts_the_last_one_ends_it() -> None:
    """The others end a clause, or nothing."""
    found = parts_of(uncut(f"{LONG}.\n\n", language="en", first_max_chars=20, max_chars=40))
    *others, last = [part.ends for part in found]
    assert last == "paragraph"
    assert set(others) == {"clause", "phrase"}
    assert all((part.ends == "clause") is part.text.endswith((",", ";")) for part in found[:-1])


@pytest.mark.parametrize("before", [" ", "\n\n", "\n\n  "])
def test_a_silence_is_found_wherever_a_window_ends(before: str) -> None:
    """A tag is whole, or text; and what was said before it ends with it, and with nothing else."""
    for shift in range(140):
        text = f"{'x ' * 470}{'y' * shift}.{before}[pause:1.25s] And on. {'More of it. ' * 30}"
        found = parts_of(uncut(text, language="en", first_max_chars=80, max_chars=240))
        assert not any("pause" in part.text for part in found)
        (silence,) = [part for part in found if isinstance(part.ends, float)]
        assert silence.ends == 1.25
        assert silence.text.endswith(f"{'y' * shift}."[-9:])


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("max_chars", [8, 240])
@pytest.mark.parametrize(
    ("written", "phonemes"),
    [
        ("Yahoo!", "ˈjɑː.huː"),
        ("Mr. Smith", "ˈmɪs.tɚ smɪθ"),
        ("Hello! How are you", "hɛˈloʊ haʊ ɑːɹ juː"),
        ("What?No", "wɑt.noʊ"),
        ("東京、大阪。神戸", "toː.kʲoː"),
        ("x" * 150, "wɪn" * 60),
        ("word " * 150, "wɪn"),
    ],
)
def test_a_pronounced_phrase_is_never_cut(
    written: str, phonemes: str, max_chars: int, language: str
) -> None:
    """Whatever its signs, however long it is, and wherever a segment or a window ends."""
    phrase = pronounced(written, phonemes)
    text = f"{phrase} begins. We said {phrase} (so{phrase}). " + f"x{phrase} " * 20 + phrase
    segments = cut(text, language=language, first_max_chars=8, max_chars=max_chars)
    found = [whole for segment in segments for whole in PRONOUNCED.findall(segment)]
    assert len(found) == 24
    assert len(set(found)) == 1


def test_a_sentence_goes_on_behind_a_pronounced_sign() -> None:
    """Whose point or exclamation mark belongs to the name."""
    name = pronounced("Yahoo!", "ˈjɑːhuː")
    assert cut(f"I like {name} and more. {name} It is.") == (
        f"I like {name} and more.",
        f"{name} It is.",
    )


def test_the_first_segment_is_short_so_that_speech_starts_early() -> None:
    """Only the first one: where a sentence begins the text, its rest is as long as it may be."""
    first, *others = cut(LONG)
    assert len(first) <= 80
    assert first.endswith(",")
    assert max(map(len, others)) > 80
    assert cut(f"Yes. {LONG}") == ("Yes.", LONG)
    assert len(cut(f"{'- ' * 50}{LONG}")[0]) <= 80, "what is not spoken before it does not count"


def test_a_language_picks_its_rules() -> None:
    """Of a tag the primary part counts; one that nobody knows is cut as well as can be."""
    assert cut("元気です。はい。", language="ja-JP") == ("元気です。", "はい。")
    assert cut("One. Two.", language="xx") == ("One.", "Two.")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("piece", PATTERNS)
def test_time_grows_with_the_length_alone(piece: str, language: str) -> None:
    """256 kB of any pattern are cut in a second and a half a MB, and no slice of them looks at
    more than a window: together they take it all, each at least a character.
    """
    text = worst(piece, 256 << 10)
    left: Uncut | None = uncut(text, language=language, first_max_chars=80, max_chars=240)
    started, slices = time.process_time(), 0
    while left is not None:
        before = len(left)
        _segments, left = left.slice()
        taken = before - (0 if left is None else len(left))
        assert 0 < taken <= 1024
        slices += 1
    assert slices <= 4 * len(text) / 1024 + 1
    assert time.process_time() - started < 1.5


def test_a_text_is_cut_in_slices_as_it_would_be_whole() -> None:
    """Sentences are the same wherever the windows end; abbreviations at an end are none."""
    sentence = "Then Dr. Smith of St. Ives, who had come at 3.14 p.m. to see Mrs. Jones, said no."
    segments = cut(f"{sentence} " * 400, first_max_chars=240)
    assert segments == (sentence,) * 400
    paragraphs = cut(f"{sentence}\n\n" * 400, first_max_chars=240)
    assert paragraphs == (sentence,) * 400


def test_a_sentence_longer_than_a_window_is_broken_where_one_breathes() -> None:
    """Without an end for 100,000 characters every segment ends with a clause."""
    segments = cut("and then the tide came in again, " * 3_000)
    assert all(segment.endswith(",") for segment in segments)
    assert " ".join(segments) == " ".join(["and then the tide came in again,"] * 3_000)


def test_what_was_cut_before_is_a_segment_a_line() -> None:
    """The rest of a text that was cut whole: some lines a slice, each as it is."""
    lines = [f"Segment {number}." for number in range(1_000)]
    left: Uncut | None = Uncut("\n".join(lines))
    found: list[str] = []
    while left is not None:
        parts, left = left.slice()
        assert 0 < len(parts) <= 64
        found += [part.text for part in parts]
    assert found == lines
