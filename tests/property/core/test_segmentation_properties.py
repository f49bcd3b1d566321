"""Whatever the text: what is spoken of it is all there, in order, in pieces that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.jobs.segmentation import has_speech, uncut
from tests.fixtures.cutting import cut_whole

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


def spoken(text: str) -> str:
    """Its letters and numbers."""
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
    assert all(map(has_speech, segments))
    assert all(len(segment) <= limit for segment in segments)
    assert all(segment == " ".join(segment.split()) for segment in segments)
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
