"""What is heard of a text with tags of voices and paces."""

from __future__ import annotations

import pytest

from tests.fixtures.marked_texts import shown


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("No tags at all.", "No tags at all."),
        ("A. [voice:af_bella] B.", "A. ⟨voice=af_bella⟩ B."),
        ("[voice:af_bella] B. [voice:am_adam] C.", "⟨voice=af_bella⟩ B. ⟨voice=am_adam⟩ C."),
        ("[Voice:af_bella(2) + af_sky]B.", "⟨voice=af_bella(2)+af_sky⟩B."),
        ("A [rate:0.5] b [rate:1.0] c", "A ⟨rate=0.5⟩ b ⟨as before⟩ c"),
        ("[voice:x] [rate:1.5] a", "⟨voice=x⟩ ⟨rate=1.5;voice=x⟩ a"),
        ("[rate:1.5] a [voice:x] b", "⟨rate=1.5⟩ a ⟨voice=x⟩ b"),
        ("[voice:x] *Did* it [pause:0.3s] land?", "⟨voice=x⟩ Did it [pause:0.3s] land?"),
        ("[voice:x] [Worcester](/wˈʊstər/) is.", "⟨voice=x⟩ ⟨Worcester = wˈʊstər⟩ is."),
        ("A.\n\n[voice:x] B.", "A.\n\n⟨voice=x⟩ B."),
        ("[voice:] [voice:a;b] [voice:[x]] [rate:] [rate:fast] [rate:-1]", None),
    ],
)
def test_tags(text: str, heard: str | None) -> None:
    """A voice comes with its own pace, a pace stays until the next tag; what is no tag is text."""
    assert shown(text, "tags") == (text if heard is None else heard)


def test_tags_are_text_where_nobody_asks_for_them() -> None:
    """As they were before there were any."""
    assert shown("A. [voice:af_bella] B.") == "A. [voice:af_bella] B."
