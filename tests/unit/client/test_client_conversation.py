"""The client's protocol state machine, message by message, without a socket."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import pytest

from supervisor.client.errors import (
    BadRequest,
    Busy,
    JobCancelled,
    JobFailed,
    ProtocolError,
    Refused,
    SupervisorError,
    SupervisorGone,
)
from supervisor.client.protocol import GONE_AFTER_S, PING_AFTER_S, Conversation
from supervisor.client.records import JobRecord
from supervisor.speech import Word
from supervisor.wire import client as wire
from supervisor.wire.codec import MAGIC, MAX_HEADER_BYTES, decode_request, encode

WINDOW = 64
SAMPLE = struct.pack("<f", 0.5)


class Dialogue:
    """A conversation whose other side is the test."""

    def __init__(self) -> None:
        self.now = 100.0
        self.conversation = Conversation(self.now, name="test", credit=WINDOW)

    def sent(self) -> list[wire.Message]:
        """What the client has said since the last look."""
        outbox = self.conversation.outbox
        return [decode_request(outbox.popleft()).message for _ in range(len(outbox))]

    def hear(self, message: wire.Message, body: bytes | None = None) -> None:
        self.conversation.receive(encode(message, body), self.now)

    def welcomed(self) -> Dialogue:
        self.hear(wire.Welcome("e1", "0.1.0", "hibari", limits={"max_text_bytes": 1000}))
        self.sent()
        return self

    def accepted(self, job: str = "e1-1", segments: int = 2) -> JobRecord:
        record = self.conversation.submit("Hello.", self.now)
        self.sent()
        self.hear(wire.Accepted(record.request, job, segments, 24_000, 7))
        return record


@pytest.fixture
def talk() -> Dialogue:
    """A conversation after WELCOME."""
    return Dialogue().welcomed()


def test_hello_comes_first_and_welcome_answers_it() -> None:
    """A conversation introduces itself before anything else and knows its epoch afterwards."""
    talk = Dialogue()
    assert talk.sent() == [wire.Hello("test")]
    assert not talk.conversation.welcome.settled
    talk.welcomed()
    welcome = talk.conversation.welcome.value
    assert welcome is not None
    assert welcome.epoch == "e1"


@pytest.mark.parametrize("value", ["x" * 513, "\u00e9", "\udcff", ""])
def test_what_can_be_no_header_is_left_out(talk: Dialogue, value: str) -> None:
    """A trace context that cannot even be sent costs the caller its trace, not its speech."""
    record = talk.conversation.submit("Hello.", talk.now, traceparent=value, tracestate=value)
    assert talk.sent() == [wire.Submit(record.request, credit=WINDOW)]


def test_whom_a_job_is_charged_to_is_told(talk: Dialogue) -> None:
    """Who asks on behalf of somebody says so; nobody is named otherwise."""
    talk.conversation.submit("Hello.", talk.now, on_behalf="addr:192.0.2.7")
    talk.conversation.submit("Hello.", talk.now)
    named, plain = talk.sent()
    assert isinstance(named, wire.Submit)
    assert isinstance(plain, wire.Submit)
    assert (named.on_behalf, plain.on_behalf) == ("addr:192.0.2.7", None)


@pytest.mark.parametrize("field", ["voice", "engine", "key", "on_behalf"])
def test_names_too_long_to_be_read_cost_their_request_alone(talk: Dialogue, field: str) -> None:
    """The supervisor could not say whose header it was: all jobs of the connection would end."""
    long: dict[str, Any] = {field: "x" * MAX_HEADER_BYTES}
    with pytest.raises(BadRequest, match="names and pronunciations of a request") as refused:
        talk.conversation.submit("Hello.", talk.now, **long)
    assert refused.value.code == "bad_message"
    assert talk.sent() == []
    assert not talk.conversation.over
    assert talk.accepted().accepted is not None


def test_a_job_from_submit_to_end(talk: Dialogue) -> None:
    """Audio comes out in order with the times of the caller's own clock."""
    record = talk.conversation.submit("Hello.", talk.now, voice="heart", speed=1.5, seed=7)
    submit = wire.Submit(record.request, voice="heart", speed=1.5, seed=7, credit=WINDOW)
    assert talk.sent() == [submit]
    talk.hear(wire.Accepted(record.request, "e1-1", 2, 24_000, 7))
    assert record.answered
    talk.now += 1.0
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 2)
    talk.now += 1.0
    talk.hear(wire.End("e1-1", 12, 2, queued_s=0.25, synthesis_s=1.5), SAMPLE)
    pieces = [talk.conversation.take(record) for _ in range(3)]
    assert pieces == [SAMPLE * 2, SAMPLE, None]
    assert record.timings is not None
    assert record.timings.first_audio_s == pytest.approx(1.0)
    assert record.timings.total_s == pytest.approx(2.0)
    assert (record.timings.queued_s, record.timings.synthesis_s) == (0.25, 1.5)
    assert not talk.conversation.pending


def test_progress_counts_segments_whose_audio_is_complete(talk: Dialogue) -> None:
    """Audio of segment n means that all before n are done; END completes the last."""
    record = talk.accepted(segments=3)
    assert record.progress.segments_done == 0
    talk.hear(wire.Chunk("e1-1", 1, 0), SAMPLE)
    assert (record.progress.segments_done, record.progress.segments) == (1, 3)
    talk.hear(wire.End("e1-1", 8, 3), SAMPLE)
    assert record.progress.segments_done == 3
    assert record.progress.audio_s == pytest.approx(2 / 24_000)


def test_progress_of_a_long_text_is_estimated_until_its_end(talk: Dialogue) -> None:
    """It may have more segments than was thought, and is never past its end."""
    record = talk.conversation.submit("A book.", talk.now)
    talk.sent()
    talk.hear(wire.Accepted(record.request, "e1-1", 2, 24_000, 7, estimated=True))
    assert record.progress.estimated
    talk.hear(wire.Chunk("e1-1", 2, 0), SAMPLE)
    assert (record.progress.segments_done, record.progress.segments) == (2, 3)
    talk.hear(wire.End("e1-1", 8, 4), SAMPLE)
    assert (record.progress.segments_done, record.progress.segments) == (4, 4)
    assert not record.progress.estimated


def test_credit_follows_what_was_taken_not_what_arrived(talk: Dialogue) -> None:
    """A reader that stops taking gets no more than it granted; one that takes grants in halves."""
    record = talk.accepted()
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 7)
    talk.hear(wire.Chunk("e1-1", 0, 28), SAMPLE * 7)
    assert talk.sent() == []
    talk.conversation.take(record)
    assert talk.sent() == []
    talk.conversation.take(record)
    assert talk.sent() == [wire.Credit("e1-1", 56)]


def test_no_credit_is_granted_to_a_job_that_is_over(talk: Dialogue) -> None:
    """Taking the rest of a finished job sends nothing."""
    record = talk.accepted()
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 16)
    talk.hear(wire.End("e1-1", 64, 2))
    talk.conversation.take(record)
    assert talk.sent() == []


@pytest.mark.parametrize(
    ("message", "body"),
    [
        (wire.Chunk("e1-1", 0, 4), SAMPLE),
        (wire.Chunk("e1-1", 0, 0), SAMPLE[:3]),
        (wire.Chunk("e1-1", 0, 0), b""),
        (wire.Chunk("e1-1", 0, 0), SAMPLE * 20_000),
        (wire.End("e1-1", 8, 2), SAMPLE),
        (wire.End("e1-1", 4, 2), None),
    ],
    ids=["gap", "half a sample", "nothing", "too long", "end too soon", "audio missing"],
)
def test_audio_that_does_not_fit_together_fails_the_job(
    talk: Dialogue, message: wire.Message, body: bytes | None
) -> None:
    """Wrong audio is never handed out as if it were the speech that was asked for."""
    record = talk.accepted()
    talk.hear(message, body)
    assert isinstance(record.error, ProtocolError)
    assert talk.sent() == [wire.Cancel("e1-1")]
    assert not talk.conversation.over


def test_audio_without_credit_fails_the_job(talk: Dialogue) -> None:
    """The supervisor may go beyond the last byte of credit by one chunk, and no further."""
    record = talk.accepted()
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 15)
    talk.hear(wire.Chunk("e1-1", 0, 60), SAMPLE * 100)
    assert record.error is None
    talk.hear(wire.Chunk("e1-1", 0, 460), SAMPLE)
    assert isinstance(record.error, ProtocolError)


def test_a_cancelled_job_is_over_at_once(talk: Dialogue) -> None:
    """Audio and answers that were on their way are dropped; a second cancel says nothing."""
    record = talk.accepted()
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE)
    talk.conversation.cancel(record)
    talk.conversation.cancel(record)
    assert talk.sent() == [wire.Cancel("e1-1")]
    talk.hear(wire.Chunk("e1-1", 0, 4), SAMPLE)
    talk.hear(wire.Error("cancelled", "cancelled", job="e1-1"))
    assert isinstance(record.error, JobCancelled)
    assert talk.conversation.take(record) is None
    assert not talk.conversation.pending


def test_a_request_given_up_is_cancelled_when_it_is_accepted(talk: Dialogue) -> None:
    """A caller that left before the answer leaves no job behind."""
    record = talk.conversation.submit("Hello.", talk.now)
    talk.conversation.cancel(record)
    talk.sent()
    talk.hear(wire.Accepted(record.request, "e1-1", 1, 24_000, 7))
    assert talk.sent() == [wire.Cancel("e1-1")]
    assert not talk.conversation.pending


def test_an_ended_job_stays_ended_when_cancelled(talk: Dialogue) -> None:
    """CANCEL after END is not sent and takes nothing back."""
    record = talk.accepted()
    talk.hear(wire.End("e1-1", 4, 2), SAMPLE)
    talk.conversation.cancel(record)
    assert talk.sent() == []
    assert record.error is None
    assert talk.conversation.take(record) == SAMPLE


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (wire.Error("busy", "later", retryable=True, retry_after_ms=5), Busy),
        (wire.Error("draining", "stopping", retryable=True), Refused),
        (wire.Error("unknown_voice", "no such voice"), BadRequest),
        (wire.Error("bad_version", "another version"), ProtocolError),
        (wire.Error("too_strange", "of a later version"), Refused),
    ],
    ids=lambda value: value.code if isinstance(value, wire.Error) else None,
)
def test_a_refusal_becomes_its_exception(
    talk: Dialogue, error: wire.Error, kind: type[SupervisorError]
) -> None:
    """The class says what to do; code, text and hints are the supervisor's."""
    record = talk.conversation.submit("Hello.", talk.now)
    refusal = wire.Error(
        error.code,
        error.message,
        id=record.request,
        retryable=error.retryable,
        retry_after_ms=error.retry_after_ms,
    )
    talk.hear(refusal)
    assert type(record.error) is kind
    assert (record.error.code, str(record.error)) == (error.code, error.message)
    assert record.error.retryable == error.retryable
    assert record.error.retry_after_ms == error.retry_after_ms


@pytest.mark.parametrize("code", ["failed", "poison", "expired", "conflict", "not_found", "new"])
def test_what_befalls_an_accepted_job_is_a_job_failure(talk: Dialogue, code: str) -> None:
    """A caller who has a job needs to catch one class, whatever ended it."""
    record = talk.accepted()
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE)
    talk.hear(wire.Error(code, "it ended", job="e1-1"))
    assert isinstance(record.error, JobFailed)
    assert talk.conversation.take(record) == SAMPLE


def test_attach_starts_in_the_middle(talk: Dialogue) -> None:
    """Offsets count in the job's whole stream, from the one asked for on."""
    record = talk.conversation.attach("e1-9", talk.now, offset=40)
    assert talk.sent() == [wire.Attach(record.request, "e1-9", 40, WINDOW)]
    talk.hear(wire.Accepted(record.request, "e1-9", 2, 24_000, 7))
    talk.hear(wire.Chunk("e1-9", 1, 40), SAMPLE)
    talk.hear(wire.End("e1-9", 48, 2), SAMPLE)
    assert record.error is None
    assert record.received == 48


def test_attach_to_a_job_already_held_asks_nothing(talk: Dialogue) -> None:
    """Taking over from oneself would only lose what is on its way."""
    record = talk.accepted()
    assert talk.conversation.attach("e1-1", talk.now) is record
    assert talk.sent() == []


def test_jobs_do_not_mix(talk: Dialogue) -> None:
    """Audio goes to the job it names, and messages about unknown jobs to nobody."""
    first, second = talk.accepted("e1-1"), talk.accepted("e1-2")
    talk.hear(wire.Chunk("e1-2", 0, 0), SAMPLE)
    talk.hear(wire.Chunk("e1-3", 0, 0), SAMPLE)
    talk.hear(wire.End("e1-3", 4, 1))
    assert (len(first.ready), len(second.ready)) == (0, 1)


def test_silence_is_answered_with_ping_and_then_taken_for_the_end(talk: Dialogue) -> None:
    """A supervisor that hangs ends the wait; one that answers PING may take its time."""
    record = talk.accepted()
    for _ in range(3):
        talk.now += PING_AFTER_S
        talk.conversation.tick(talk.now)
        talk.conversation.tick(talk.now)
        assert talk.sent() == [wire.Ping()]
        talk.now += GONE_AFTER_S - 1
        talk.conversation.tick(talk.now)
        talk.hear(wire.Pong())
    talk.now += PING_AFTER_S
    talk.conversation.tick(talk.now)
    talk.now += GONE_AFTER_S
    talk.conversation.tick(talk.now)
    assert isinstance(record.error, SupervisorGone)
    assert talk.conversation.over


def test_silence_is_fine_when_nothing_is_owed(talk: Dialogue) -> None:
    """An idle client sends nothing and suspects nobody."""
    talk.now += 1e6
    talk.conversation.tick(talk.now)
    assert talk.sent() == []
    assert not talk.conversation.over


def test_another_epoch_ends_the_conversation(talk: Dialogue) -> None:
    """A restarted supervisor knows nothing of the jobs of the one before."""
    record = talk.accepted()
    talk.hear(wire.Welcome("e2", "0.1.0", "hibari"))
    assert isinstance(record.error, SupervisorGone)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([b"TTS\x02", b"\x80"], "bad_version"),
        ([MAGIC, b"{"], "bad_message"),
        ([b""], "bad_message"),
    ],
)
def test_an_unreadable_answer_ends_the_conversation(
    talk: Dialogue, frames: list[bytes | memoryview], code: str
) -> None:
    """What follows a message that was not understood cannot be trusted."""
    record, answer = talk.accepted(), talk.conversation.status()
    talk.conversation.receive(frames, talk.now)
    for pending in (record, answer):
        assert isinstance(pending.error, ProtocolError)
        assert pending.error.code == code
    assert not talk.conversation.pending


def test_an_error_about_nothing_in_particular_ends_the_conversation(talk: Dialogue) -> None:
    """The supervisor could not read a message of ours: nobody knows which, so all end."""
    record = talk.accepted()
    talk.hear(wire.Error("bad_message", "unreadable header"))
    assert isinstance(record.error, ProtocolError)


@pytest.mark.parametrize(
    ("text", "code"), [("a\ud800b", "bad_text"), ("x" * 1001, "text_too_long")]
)
def test_a_text_that_cannot_be_sent_is_refused_here(talk: Dialogue, text: str, code: str) -> None:
    """No megabytes travel only to be refused, and nothing is left pending."""
    with pytest.raises(BadRequest) as caught:
        talk.conversation.submit(text, talk.now)
    assert caught.value.code == code
    assert talk.sent() == []
    assert not talk.conversation.pending


def test_values_that_have_no_encoding_are_refused_here(talk: Dialogue) -> None:
    """A wrong value is the caller's error, not an exception of the encoder."""
    with pytest.raises(BadRequest):
        talk.conversation.submit("Hello.", talk.now, voice="\ud800")
    with pytest.raises(BadRequest):
        talk.conversation.submit("Hello.", talk.now, seed=2**70)
    assert not talk.conversation.pending


def test_goaway_is_remembered_and_running_jobs_go_on(talk: Dialogue) -> None:
    """Draining finishes what was accepted."""
    record = talk.accepted()
    talk.hear(wire.Goaway("stopping"))
    talk.hear(wire.End("e1-1", 4, 2), SAMPLE)
    assert talk.conversation.draining == "stopping"
    assert record.error is None


def test_a_text_that_the_disk_cannot_take_is_sent_again_when_it_is_asked_for(
    talk: Dialogue,
) -> None:
    """Not as often as somebody looks: each time it is all that is not written down."""
    record = talk.conversation.submit("", talk.now, open=True, durable=True)
    talk.hear(wire.Accepted(record.request, "e1-1", 0, 24_000, 7, written=0))
    talk.conversation.append(record, "One. ")
    talk.conversation.append(record, "Two. ")
    first, second = (each for each in talk.sent() if isinstance(each, wire.Append))
    full = wire.Error("journal_unavailable", "full", retryable=True, retry_after_ms=2000)
    for piece in (first, second):
        talk.hear(msgspec.structs.replace(full, id=piece.id))
    talk.conversation.append(record, "Three. ")
    talk.conversation.tick(talk.now + 1.9)
    assert talk.sent() == []
    talk.conversation.tick(talk.now + 2.0)
    (again,) = talk.sent()
    assert isinstance(again, wire.Append)
    assert again.offset == 0
    talk.hear(wire.Written(again.id, "e1-1", len("One. Two. Three. ")))
    assert record.text is not None
    assert record.text.settled


def test_a_job_goes_on_where_it_broke_off_although_it_is_cut_at_other_places(
    talk: Dialogue,
) -> None:
    """Of the segments that were heard in full nothing comes again, however long they are by now;
    of the one that was not, the bytes that were heard are left out. Words likewise.
    """
    lost = talk.accepted(segments=3)
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 5)
    talk.hear(wire.Chunk("e1-1", 1, 20), SAMPLE * 2)
    again = talk.accepted("e1-2", segments=3)
    again.skip_heard(lost)
    first = (Word("One.", 0.0, 0.1),)
    talk.hear(wire.Chunk("e1-2", 0, 0, words=first), SAMPLE * 3)
    assert not again.ready
    talk.hear(wire.Chunk("e1-2", 1, 12), SAMPLE * 1)
    assert not again.ready
    talk.hear(wire.Chunk("e1-2", 1, 16), SAMPLE * 3)
    assert [len(piece) for piece in again.ready] == [8]
    talk.hear(wire.End("e1-2", 32, 3, words=(Word("Three.", 0.0, 0.1),)), SAMPLE)
    assert [len(piece) for piece in again.ready] == [8, 4]
    assert [word.text for word in again.words] == ["Three."]
    assert again.end is not None


def test_a_job_that_broke_off_before_its_audio_is_heard_from_the_beginning(
    talk: Dialogue,
) -> None:
    """And one whose last segment is shorter than what was heard of it goes on behind it."""
    lost = talk.accepted(segments=2)
    again = talk.accepted("e1-2", segments=2)
    again.skip_heard(lost)
    talk.hear(wire.Chunk("e1-2", 0, 0), SAMPLE)
    assert [len(piece) for piece in again.ready] == [4]
    third = talk.accepted("e1-3", segments=2)
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 5)
    third.skip_heard(lost)
    talk.hear(wire.Chunk("e1-3", 0, 0), SAMPLE * 3)
    talk.hear(wire.End("e1-3", 16, 2), SAMPLE)
    assert [len(piece) for piece in third.ready] == [4]


def _lost_in_its_second_segment(talk: Dialogue) -> JobRecord:
    lost = talk.accepted(segments=3)
    talk.hear(wire.Chunk("e1-1", 0, 0), SAMPLE * 5)
    talk.hear(wire.Chunk("e1-1", 1, 20), SAMPLE * 2)
    return lost


def _submitted_again(talk: Dialogue, lost: JobRecord, first_segment: int) -> JobRecord:
    again = talk.conversation.submit("Hello.", talk.now)
    again.skip_heard(lost, from_segment=True)
    talk.hear(wire.Accepted(again.request, "e1-2", 3, 24_000, 7, first_segment=first_segment))
    return again


def test_a_job_that_goes_on_in_the_middle_of_its_text_counts_from_its_beginning(
    talk: Dialogue,
) -> None:
    """Only what was heard of the first segment is left out; words and progress are the text's."""
    lost = _lost_in_its_second_segment(talk)
    again = _submitted_again(talk, lost, 1)
    assert (again.before_segments, again.before_bytes) == (1, 20)
    talk.hear(wire.Chunk("e1-2", 0, 0, words=(Word("Two.", 0.0, 0.1),)), SAMPLE * 2)
    assert not again.ready
    assert not again.words
    assert not again.progressed
    talk.hear(wire.Chunk("e1-2", 0, 8), SAMPLE)
    assert [len(piece) for piece in again.ready] == [4]
    assert again.progressed
    talk.hear(wire.Chunk("e1-2", 1, 12, words=(Word("Three.", 0.0, 0.1),)), SAMPLE)
    (word,) = again.words
    assert word.begin_s == round(32 / 4 / 24_000, 3)
    assert again.progress.segments_done == 2
    third = talk.accepted("e1-3", segments=3)
    third.skip_heard(again)
    talk.hear(wire.Chunk("e1-3", 0, 0), SAMPLE * 5)
    talk.hear(wire.Chunk("e1-3", 1, 20), SAMPLE * 3)
    assert not third.ready


def test_a_supervisor_that_knows_no_first_segment_speaks_it_all_and_is_heard_in_part(
    talk: Dialogue,
) -> None:
    """It ignores the field, and says so in ACCEPTED."""
    lost = _lost_in_its_second_segment(talk)
    again = _submitted_again(talk, lost, 0)
    assert again.before_bytes == 0
    talk.hear(wire.Chunk("e1-2", 0, 0), SAMPLE * 5)
    talk.hear(wire.Chunk("e1-2", 1, 20), SAMPLE * 2)
    assert not again.ready
    talk.hear(wire.Chunk("e1-2", 1, 28), SAMPLE)
    assert [len(piece) for piece in again.ready] == [4]
