"""How much of a text that is being written can be spoken: what does not change any more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.segmentation import uncut
from supervisor.core.jobs.settling import LONGEST, settled


def taken(text: str, *, hungry: bool = False, paused: bool = False) -> str:
    """What of a text is spoken."""
    return text[: settled(text, "en", hungry=hungry, paused=paused)]


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("Hello there", ""),
        ("Hello there.", ""),
        ("Hello there. ", ""),
        ("Hello there. Wh", "Hello there. "),
        ("“Why?” she as", ""),
        ("“Why?” She as", "“Why?” "),
        ("Dr. Sm", ""),
        ("It is No. 5", ""),
        ("It costs 3. Fi", "It costs 3. "),
        ("A title\n\nThe te", "A title\n\n"),
        ("- one\n- two\n- th", "- one\n- two\n"),
        ("Wait [pause:1s] th", "Wait [pause:1s]"),
        ("One. Two. Thr", "One. Two. "),
        ("私は元気です。あなたは", "私は元気です。"),
        ("", ""),
        (" ", ""),
    ],
)
def test_a_sentence_is_settled_when_the_next_one_begins(text: str, now: str) -> None:
    """A point may be that of an abbreviation, and quoted speech may go on."""
    language = "ja" if "。" in text else "en"
    assert text[: settled(text, language, hungry=False, paused=False)] == now


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("Well, this is the first clause, and it g", "Well, this is the first clause, "),
        ("Well, this", ""),
        ("This is the first clause,", ""),
        ("One sentence is here. And a clause, which", "One sentence is here. "),
        ("It costs 1,000 dol", ""),
    ],
)
def test_who_waits_for_a_sound_gets_a_clause(text: str, now: str) -> None:
    """None that is too short to be spoken by itself, and only where nothing else is there."""
    assert taken(text, hungry=True) == now


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("Hello there.", "Hello there."),
        ("One. Two!", "One. Two!"),
        ("I am not so su", "I am not so "),
        ("supercali", ""),
        ("One sentence. And then", "One sentence. "),
    ],
)
def test_a_pause_of_the_writer_ends_what_looks_ended(text: str, now: str) -> None:
    """And whoever waits gets the words that are written to their end."""
    assert taken(text, hungry=True, paused=True) == now


def test_nothing_is_held_back_for_ever() -> None:
    """A text without an end is spoken in pieces of some hundred characters."""
    for text in ("word " * 2_000, "x" * 9_000, "a, " * 3_000):
        size = settled(text, "en", hungry=False, paused=False)
        assert LONGEST // 2 < size <= LONGEST


def test_of_much_at_once_whole_sentences_are_taken() -> None:
    """As many as are looked at, though clauses end behind the last of them."""
    text = "One of many sentences, and not the last. " * 100
    stretch = taken(text)
    assert LONGEST // 2 < len(stretch) <= LONGEST
    assert stretch.endswith("last. ")


@given(
    st.lists(
        st.sampled_from(
            ["Dr. Smith came at 5. ", "“No!” she said. ", "Why? ", "It rained, and we left.\n\n"]
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 9),
)
def test_a_text_in_pieces_has_the_segments_of_the_whole(sentences: list[str], size: int) -> None:
    """However it comes: cut at the ends of its sentences it is cut as the whole is."""
    text = "".join(sentences).rstrip()
    whole, rest = uncut(text, language="en", first_max_chars=80, max_chars=300).slice()
    assert rest is None
    parts: list[Part] = []
    waiting = ""
    for at in range(0, len(text), size):
        waiting += text[at : at + size]
        stretch = taken(waiting)
        waiting = waiting[len(stretch) :]
        if stretch.strip():
            parts += uncut(stretch, language="en", first_max_chars=80, max_chars=300).slice()[0]
    if waiting.strip():
        parts += uncut(waiting, language="en", first_max_chars=80, max_chars=300).slice()[0]
    assert [part.text for part in parts] == [part.text for part in whole]
