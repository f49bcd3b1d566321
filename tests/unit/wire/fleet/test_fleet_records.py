"""Records of a fleet: read back as written, newer ones told from broken ones."""

from __future__ import annotations

import msgspec
import pytest

from supervisor.speech import LeftOut, Word
from supervisor.wire.client import Submit
from supervisor.wire.fleet import codec, jobs, live
from supervisor.wire.fleet.codec import NewerSchema, Record, Unreadable
from supervisor.wire.fleet.headers import JobHeaders, headers_of, read_headers
from supervisor.wire.fleet.names import job_name

SUBMIT = Submit(id="1", engine="kokoro", voice="af", seed=7, key="k", part=(1, 3), volume=0.5)
JOB = jobs.Job(id="a-1", tenant="t", submit=SUBMIT, text="Hello.", deadline_ms=5, cost_s=1.5)
OUTCOME = jobs.Outcome(
    id="a-1", kind="done", object="a-1.h.e.1", part=(1, 3), left_out=(LeftOut(what="x"),)
)
RECORDS: tuple[Record, ...] = (
    JOB,
    OUTCOME,
    jobs.Config(lanes=4, engines=("kokoro",)),
    jobs.Words(words=(Word("Hello.", 0.0, 0.5),)),
    jobs.DeadLetter(name="n", job=JOB, code="poison", message="m", host="h"),
    live.Heartbeat(host="h", epoch="e", engines={"kokoro": {"sample_rate": 24_000}}),
    live.Bid(segments=2, below_s=0.5),
    live.Answer(host="h", epoch="e", start_s=0.0),
    live.Control(what="cancel", name="n"),
    live.ControlAnswer(state="running", host="h"),
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    """The whole request is in a job, and no record changes on its way."""
    assert codec.decode(codec.encode(record), type(record)) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_newer_schema_is_told_from_a_broken_record(record: Record) -> None:
    """What a newer version wrote goes to another host, even where its fields mean other things."""
    fields = msgspec.msgpack.decode(codec.encode(record)) | {"schema": 2, "id": 5, "host": [1]}
    with pytest.raises(NewerSchema, match="upgrade this host") as raised:
        codec.decode(msgspec.msgpack.encode(fields), type(record))
    assert raised.value.schema == 2
    fields |= {"schema": 0}
    with pytest.raises(Unreadable):
        codec.decode(msgspec.msgpack.encode(fields), type(record))


def test_a_field_of_a_later_release_is_ignored() -> None:
    """Within a schema fields may be added."""
    fields = msgspec.msgpack.decode(codec.encode(OUTCOME)) | {"later": {"a": 1}}
    assert codec.decode(msgspec.msgpack.encode(fields), jobs.Outcome) == OUTCOME


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", b"{", b"\x80", b"\x91" * 100_000, b"x" * (codec.MAX_BYTES + 1), b"\xde\xff\xff"],
)
def test_hostile_bytes_are_one_clear_error(data: bytes) -> None:
    """Nothing but Unreadable, however deep or long."""
    for kind in {type(record) for record in RECORDS} - {jobs.Config, jobs.Words, live.Bid}:
        with pytest.raises(Unreadable):
            codec.decode(data, kind)


def test_headers_say_what_the_broker_needs_and_nothing_breaks_them() -> None:
    """They are read back; hostile ones count as absent, and none carries a line of its own."""
    assert read_headers(headers_of(JOB)) == JobHeaders(
        id="t.a-1", tenant="t", deadline_ms=5, cost_s=1.5, part=(1, 3)
    )
    assert read_headers(None) == JobHeaders()
    hostile = {"Tts-Schema": "9" * 999, "Tts-Cost-S": "nan", "Tts-Part": "3/3", "Tts-Deadline": "²"}
    assert read_headers(hostile) == JobHeaders()
    forged = msgspec.structs.replace(SUBMIT, traceparent="00-a\r\nNats-Msg-Id: other")
    assert "traceparent" not in headers_of(msgspec.structs.replace(JOB, submit=forged))


def test_a_manifest_is_put_together_from_the_outcomes_of_the_parts() -> None:
    """It is done when all parts are, and failed as soon as one is."""
    name = job_name("batch", "kokoro", 0, "t", "a", 2)
    assert jobs.manifest(name, (OUTCOME, None)).state == "unfinished"
    assert jobs.manifest(name, (OUTCOME, OUTCOME)).state == "done"
    failed = jobs.Outcome(id="a-1", kind="failed", code="poison")
    found = jobs.manifest(name, (None, failed))
    assert (found.state, found.bad, found.settled) == ("failed", failed, 1)
    assert codec.decode(codec.encode(found), jobs.Manifest) == found


def test_a_digest_tells_what_is_spoken_and_not_how_soon() -> None:
    """Priority, deadline and credit may differ between two attempts; text and voice may not."""
    same = msgspec.structs.replace(SUBMIT, id="2", priority=9, deadline_ms=1, credit=5, part=None)
    assert jobs.request_digest(same, "a") == jobs.request_digest(SUBMIT, "a")
    other = msgspec.structs.replace(SUBMIT, voice="am")
    digests = {jobs.request_digest(s, t) for s, t in ((SUBMIT, "a"), (SUBMIT, "b"), (other, "a"))}
    assert len(digests) == 3
