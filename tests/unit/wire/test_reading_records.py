"""The stream between a process and its reading process."""

from __future__ import annotations

import pytest

from supervisor.wire.reading import (
    LENGTH_BYTES,
    LONGEST_BYTES,
    Read,
    Readings,
    Said,
    decode_answer,
    decode_read,
    framed,
    length,
)
from supervisor.wire.worker import Catalogue


def test_records_come_out_as_they_went_in() -> None:
    """The length in front is that of the record, which is what it was before."""
    asked = Read(number=7, engine="hibari", voice="heart", texts=("Grüße.", "日本"))
    answer = Readings(7, (Said(spoken="a", phonemes="ɐ", skipped=("★",)), Said(error="no")))
    for record, decode in (
        (asked, decode_read),
        (answer, decode_answer),
        (Catalogue(()), decode_answer),
    ):
        frame = framed(record)
        assert length(frame[:LENGTH_BYTES]) == len(frame) - LENGTH_BYTES
        assert decode(frame[LENGTH_BYTES:]) == record


def test_nobody_waits_for_a_record_that_nobody_sends() -> None:
    """A length beyond the bound is an error, before any memory is taken for it."""
    assert length(LONGEST_BYTES.to_bytes(LENGTH_BYTES, "big")) == LONGEST_BYTES
    with pytest.raises(ValueError, match="67108865 bytes"):
        length((LONGEST_BYTES + 1).to_bytes(LENGTH_BYTES, "big"))
