"""Requests as what waits in a fleet's queue: messages, parts, and where the text lies."""

from __future__ import annotations

import msgspec
import pytest

from supervisor.client.durable.orders import Order, Place, named, order, parts_of
from supervisor.wire.client import Submit
from supervisor.wire.fleet import codec
from supervisor.wire.fleet.jobs import Config
from supervisor.wire.fleet.names import MAX_PARTS, MAX_TEXT_BYTES, PIECE_BYTES

CONFIG = Config(lanes=4, part_s=60.0, engines=("kokoro",))
PLACE = Place(engine="kokoro", sample_rate=24_000, tenant="shop", owner="me", made_by="f")
SUBMIT = Submit(id="1", key="k", durable=True, priority=8, deadline_ms=5_000, words=True, voice="v")


def ordered(text: str, submit: Submit = SUBMIT, seed: int = 7) -> Order:
    """A request in the queue."""
    name = named(submit, PLACE, CONFIG)
    body = text.encode()
    return order(submit, body, name=name, place=PLACE, config=CONFIG, seed=seed, now_ms=1_000)


def test_a_short_text_is_one_message_with_the_whole_request() -> None:
    """All that decides its samples is in it, and nothing that is between client and fleet alone."""
    found = ordered("Hello.")
    (job,) = found.jobs
    assert found.name.parts == 0
    assert (found.name.klass, found.name.engine, found.name.tenant) == ("high", "kokoro", "shop")
    assert (job.text, job.text_pieces, job.text_bytes, found.pieces) == ("Hello.", 0, 6, ())
    assert (job.submitted_ms, job.deadline_ms, job.owner, job.sample_rate) == (
        (1_000, 6_000, "me", 24_000)
    )
    spoken = job.submit
    assert (spoken.engine, spoken.seed, spoken.voice, spoken.words) == ("kokoro", 7, "v", True)
    assert (spoken.key, spoken.durable, spoken.deadline_ms, spoken.part) == (
        None,
        False,
        None,
        None,
    )
    assert job.made_by is None


def test_a_long_text_is_a_message_for_each_part() -> None:
    """Each names the whole text and its share of the work; together they are one job."""
    text = "A sentence of the book. " * 1_000
    found = ordered(text)
    count = found.name.parts
    assert count == 8
    assert [job.submit.part for job in found.jobs] == [(n, count) for n in range(count)]
    assert [job.id for job in found.jobs] == [part.id for part in found.name.each()]
    assert {job.cost_s for job in found.jobs} == {len(text) * 0.02 / count}
    assert {job.made_by for job in found.jobs} == {"f"}
    assert {job.text for job in found.jobs} == {text}


@pytest.mark.parametrize("chars", [30_000, 600_000])
def test_a_text_that_no_message_holds_lies_beside_them(chars: int) -> None:
    """Once for all parts; every message stays below what a server takes."""
    text = "ä" * chars
    found = ordered(text)
    body = text.encode()
    if len(body) * len(found.jobs) <= MAX_TEXT_BYTES:
        pytest.fail("that is no long text")
    assert b"".join(found.pieces) == body
    assert all(len(piece) == PIECE_BYTES for piece in found.pieces[:-1])
    assert {job.text for job in found.jobs} == {None}
    assert {(job.text_of, job.text_pieces) for job in found.jobs} == {
        (found.text_of, len(found.pieces))
    }
    assert max(len(codec.encode(job)) for job in found.jobs) < codec.MAX_BYTES


def test_parts_are_never_tiny_nor_too_many() -> None:
    """Three segments at least; a part is not cut again, and no text has more than there may be."""
    assert parts_of(1_000, SUBMIT, Config(part_s=1.0)) == 2
    assert parts_of(799, SUBMIT, Config(part_s=1.0)) == 0
    assert parts_of(100_000_000, SUBMIT, Config(part_s=1.0)) == MAX_PARTS
    part = msgspec.structs.replace(SUBMIT, part=(0, 2))
    assert parts_of(1_000_000, part, CONFIG) == 0


def test_what_a_request_is_does_not_depend_on_how_soon_it_is_wanted() -> None:
    """A second attempt may be of another class, and has another deadline and seed."""
    first = ordered("Hello.")
    again = msgspec.structs.replace(SUBMIT, priority=1, deadline_ms=None, id="2")
    second = ordered("Hello.", again, seed=8)
    assert second.name.klass == "batch"
    assert second.name.id == first.name.id
    assert second.jobs[0].request == first.jobs[0].request
    assert ordered("Other.").jobs[0].request != first.jobs[0].request
