"""The gateway's note at a durable job: what comes back of it, and what of another's."""

from __future__ import annotations

import pytest

from supervisor.gateway.jobs.records import Label, label_of


def test_it_comes_back_as_it_was() -> None:
    """In far fewer characters than a label may have."""
    label = Label("key:0123456789abcdef", "flac", 48_000, 4 / 3, "0123456789abcdef")
    assert label_of(label.encoded()) == label
    assert len(label.encoded()) < 200


@pytest.mark.parametrize(
    "encoded",
    [
        None,
        "",
        "mine",
        "[]",
        "{",
        '{"tempo": 0}',
        '{"tempo": -1}',
        '{"tempo": 1e308}',
        '{"rate": 0}',
        '{"format": 7}',
    ],
)
def test_another_s_note_is_none(encoded: str | None) -> None:
    """A program may label its jobs as it likes: they are nobody's here, and plain mp3."""
    assert label_of(encoded) == Label()
