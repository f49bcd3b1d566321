"""Whatever the text: what is spoken of it is all there, in order, in pieces that fit."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.jobs.parts import Part, line_of, part_of
from supervisor.core.jobs.segmentation import uncut
from supervisor.core.jobs.unreadable import has_speech
from tests.fixtures.cutting import cut_whole, parts_of

LANGUAGES = st.sampled_from(["en", "en-GB", "de", "ja", "zh", "und"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(
        [
            "word",
            "Dr.",
            "3.14",
            "end.",
            "so,",
            "then;",
            "—",
            "(a",
            "b)",
            "?!",
            "\n\n",
            "日本。",
            "\n",
            "because of",
            "[pause:1s]",
            "[pause:",
            "...",
        ]
    )
).map(" ".join)


def segment_text(
    text: str, *, language: str, first_max_chars: int, max_chars: int
) -> tuple[str, ...]:
    """All segments of a text."""
    return cut_whole(
        uncut(text, language=language, first_max_chars=first_max_chars, max_chars=max_chars)
    )


TAG = re.compile(r"\[pause:1s\]")


def spoken(text: str) -> str:
    """Its letters and numbers, but for the silences that it asks for."""
    text = TAG.sub("", text)
    return "".join(character for character in text if has_speech(character))


@given(text=TEXTS, language=LANGUAGES, first=st.integers(1, 40), further=st.integers(0, 40))
def test_nothing_is_lost_and_everything_fits(
    text: str, language: str, first: int, further: int
) -> None:
    """Every letter and number once and in order; limits held; nothing that cannot be spoken; no
    space at an end; and the same again the next time.
    """
    limit = first + further
    segments = segment_text(text, language=language, first_max_chars=first, max_chars=limit)
    assert "".join(map(spoken, segments)) == spoken(text)
    assert all(map(has_speech, filter(None, segments)))
    assert all(len(segment) <= limit for segment in segments)
    assert all(segment == " ".join(segment.split()) for segment in segments)
    assert "" not in segments[1:]
    again = segment_text(text, language=language, first_max_chars=first, max_chars=limit)
    assert again == segments


@given(
    sentences=st.lists(
        st.lists(st.sampled_from(["the", "sea", "went", "on,", "again"]), min_size=1).map(
            lambda words: f"Then {' '.join(words)}."
        ),
        min_size=1,
    )
)
def test_segments_are_their_own_segments(sentences: list[str]) -> None:
    """What was cut once is not cut again: sentences that fit are the segments, one by one."""
    segments = segment_text(
        " ".join(sentences), language="en", first_max_chars=2_000, max_chars=2_000
    )
    assert list(segments) == sentences
    assert (
        segment_text(" ".join(segments), language="en", first_max_chars=2_000, max_chars=2_000)
        == segments
    )


@given(text=TEXTS, language=LANGUAGES, limit=st.integers(1, 40))
def test_a_part_is_a_line_and_back(text: str, language: str, limit: int) -> None:
    """In the journal it is one; a line of an earlier version is a sentence."""
    parts = parts_of(uncut(text, language=language, first_max_chars=limit, max_chars=limit))
    lines = [line_of(part) for part in parts]
    assert not any("\n" in line for line in lines)
    assert [*map(part_of, lines)] == [*parts]
    assert [part_of(part.text) for part in parts] == [Part(part.text) for part in parts]


@given(
    words=st.lists(
        st.sampled_from(["the", "sea", "and", "of", "went", "on,", "again"]), min_size=1
    ),
    first=st.integers(1, 60),
)
def test_within_a_sentence_nothing_ends_but_clauses(words: list[str], first: int) -> None:
    """Wherever it is cut: the last part alone ends the sentence, and only marks end a clause."""
    sentence = f"Then {' '.join(words)} it."
    parts = parts_of(uncut(sentence, language="en", first_max_chars=first, max_chars=60))
    assert [part.ends for part in parts[-1:]] == ["sentence"]
    for part in parts[:-1]:
        assert part.ends == ("clause" if part.text.endswith(",") else "phrase")
