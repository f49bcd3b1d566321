"""How a text becomes segments."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest

from supervisor.core.segmentation import has_speech, segment_text

LONG = (
    "When the keeper had climbed the last of the stairs, which he did every evening, he sat down; "
    "the lamp was lit, the sea was calm, and nothing at all was to be seen from up there"
)


def cut(
    text: str, *, language: str = "en", first_max_chars: int = 80, max_chars: int = 240
) -> tuple[str, ...]:
    """The segments as the supervisor's defaults make them."""
    return segment_text(
        text, language=language, first_max_chars=first_max_chars, max_chars=max_chars
    )


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


def test_speech_is_what_unicode_calls_a_letter_or_a_number() -> None:
    """Every character there is, by its category."""
    for code in range(sys.maxunicode + 1):
        spoken = unicodedata.category(chr(code))[0] in "LN"
        assert has_speech(chr(code)) is spoken, hex(code)


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
    assert cut("x" * 1000) == ("x" * 80, *["x" * 240] * 3, "x" * 200)


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


@pytest.mark.parametrize(
    "piece", ["Never mind, it rains. ", "word ", "x", "a, ", "wait... ", "(a ", "\n\nYes."]
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    """Eight times the text takes about eight times as long, not sixty-four times: the better of
    three is compared, so that a machine that does something else meanwhile does not matter.
    """

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        taken = []
        for _ in range(3):
            started = time.process_time()
            cut(text)
            taken.append(time.process_time() - started)
        return min(taken)

    assert seconds(160_000) < 24 * max(seconds(20_000), 0.001)
