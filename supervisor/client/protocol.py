"""The client's side of docs/PROTOCOL.md as a state machine without I/O.

Calls put frames into `outbox` and return records; `receive` takes the
supervisor's frames and fills the records. Time arrives as an argument (monotonic
seconds). One conversation is one connection to one epoch of a supervisor: when
either ends, `fail` ends everything that is pending, and a new conversation is begun.
`link` moves the frames; `calls` and `job` wait and retry.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from typing import Any, TypedDict, Unpack

from supervisor.client.durable_texts import DurableTexts
from supervisor.client.errors import (
    BadRequest,
    JobCancelled,
    ProtocolError,
    SupervisorError,
    SupervisorGone,
    from_wire,
)
from supervisor.client.records import Answer, JobRecord, Pending, WatchRecord
from supervisor.wire.client import (
    DEFAULT_CREDIT,
    Accepted,
    Append,
    Attach,
    Bye,
    Cancel,
    Chunk,
    ClearCache,
    Credit,
    End,
    Error,
    Event,
    Finish,
    Goaway,
    Hello,
    Jobs,
    Message,
    Outlook,
    Ping,
    Reply,
    Report,
    Status,
    Submit,
    Watch,
    Watching,
    Welcome,
    Written,
)
from supervisor.wire.codec import (
    MAX_HEADER_BYTES,
    Body,
    Frames,
    WireError,
    decode_reply,
    encode,
)
from supervisor.wire.trace_context import header_or_none

PING_AFTER_S = 5.0
"""Silence, while something is pending, after which the supervisor is pinged."""

GONE_AFTER_S = 15.0
"""Time for the answer to that ping. A machine under full load may be slow to answer."""


class JobOptions(TypedDict, total=False):
    """Options of a job that go into SUBMIT as the caller gives them."""

    volume: float
    words: bool
    language: str | None
    markup: str | None
    unreadable: str | None
    pronunciations: dict[str, Any] | None
    tempo: float
    priority: int
    key: str | None
    durable: bool
    open: bool
    traceparent: str | None
    tracestate: str | None
    on_behalf: str | None
    request_class: str | None
    label: str | None
    first_segment: int
    part: tuple[int, int] | None


class SubmitFields(JobOptions, total=False):
    """The fields of SUBMIT that a caller may set; `wire.client.Submit` explains them."""

    voice: str | None
    engine: str | None
    speed: float
    seed: int | None
    deadline_ms: int | None


class Conversation:
    """Requests out, replies in, for one connection."""

    def __init__(self, now: float, *, name: str = "", credit: int = DEFAULT_CREDIT) -> None:
        self.outbox: deque[Frames] = deque()
        self.welcome: Answer[Welcome] = Answer()
        self.over = False
        self.draining: str | None = None
        self._credit = credit
        self._ids = itertools.count(1)
        self._requests: dict[str, JobRecord | Answer[Report] | WatchRecord] = {}
        self._jobs: dict[str, JobRecord] = {}
        self._watch: WatchRecord | None = None
        self._texts = DurableTexts(self._send, self._name)
        self._heard_at = now
        self._pinged_at: float | None = None
        self._send(Hello(client=name))

    # -- requests -----------------------------------------------------------------------

    def submit(self, text: str, now: float, **asked: Unpack[SubmitFields]) -> JobRecord:
        """Submit a text. Raises BadRequest for a request that cannot be encoded."""
        request = self._name()
        for header in ("traceparent", "tracestate"):
            if header in asked:
                asked[header] = header_or_none(asked[header])
        message = Submit(id=request, credit=self._credit, **asked)
        self._send(message, self._encode_text(text))
        record = JobRecord(request, self._credit, now)
        self._requests[request] = record
        return record

    def append(self, record: JobRecord, text: str, *, flush: bool = False) -> None:
        """Send more of an open job's text. Raises BadRequest for one that cannot be encoded."""
        data = self._encode_text(text)
        if record.text is not None:
            self._texts.append(record, record.text, data, flush=flush)
        elif record.accepted is not None and not record.ended:
            self._send(Append(job=record.accepted.job, flush=flush), data)

    def finish(self, record: JobRecord) -> None:
        """End the text of an open job."""
        if record.text is not None:
            self._texts.finish(record, record.text)
        elif record.accepted is not None and not record.ended:
            self._send(Finish(job=record.accepted.job))

    def attach(self, job: str, now: float, offset: int = 0) -> JobRecord:
        """Take over a job's audio from byte `offset` on; returns the record of one already held."""
        held = self._jobs.get(job)
        if held is not None:
            return held
        request = self._name()
        self._send(Attach(id=request, job=job, offset=offset, credit=self._credit))
        record = JobRecord(request, self._credit, now, offset)
        self._requests[request] = record
        return record

    def holds(self, job: str) -> bool:
        """Whether this conversation listens to a job that has not ended."""
        return job in self._jobs

    def take(self, record: JobRecord) -> Body | None:
        """The next piece of audio, if one is ready; grants credit for it.

        Credit is granted by halves of the window, so that messages are few and the supervisor
        always has room for a chunk.
        """
        if not record.ready:
            return None
        body = record.ready.popleft()
        record.taken += len(body)
        self._grant(record)
        return body

    def _grant(self, record: JobRecord) -> None:
        due = record.taken + self._credit - record.granted
        if due * 2 >= self._credit and not record.ended and record.accepted is not None:
            record.granted += due
            self._send(Credit(job=record.accepted.job, bytes=due))

    def cancel(self, record: JobRecord) -> None:
        """Cancel a job, or a request that is not answered yet. Its audio is dropped."""
        if record.ended:
            return
        if record.accepted is not None:
            self._send(Cancel(job=record.accepted.job))
            self._jobs.pop(record.accepted.job, None)
        record.ready.clear()
        record.fail(JobCancelled("the job was cancelled", code="cancelled"))

    def cancel_job(self, job: str, *, forget: bool = False) -> None:
        """Cancel a job by its id, listened to or not; with `forget` nothing of it is left."""
        self._send(Cancel(job=job, forget=forget))

    def status(self, *, events: bool = False) -> Answer[Report]:
        """Ask for the status document, with the last events or without."""
        return self._ask(Status(id=self._name(), events=events))

    def jobs(self, job: str | None = None, limit: int = 100) -> Answer[Report]:
        """Ask for the list of jobs, or for one job with its story."""
        return self._ask(Jobs(id=self._name(), job=job, limit=limit))

    def clear_cache(self) -> Answer[Report]:
        """Have all cached segments forgotten."""
        return self._ask(ClearCache(id=self._name()))

    def outlook(self) -> Answer[Report]:
        """Ask how soon a sentence would be begun."""
        return self._ask(Outlook(id=self._name()))

    def watch(self, kinds: tuple[str, ...]) -> WatchRecord:
        """Ask for the events of these kinds, on a connection that watches nothing yet."""
        request = self._name()
        self._send(Watch(id=request, events=kinds))
        record = self._requests[request] = WatchRecord()
        return record

    def _ask(self, message: Status | Jobs | ClearCache | Outlook) -> Answer[Report]:
        self._send(message)
        request = message.id
        answer: Answer[Report] = Answer()
        self._requests[request] = answer
        return answer

    def bye(self) -> None:
        """Say BYE; the supervisor cancels the jobs that this connection still holds."""
        self._send(Bye())

    # -- replies and time ---------------------------------------------------------------

    def receive(self, frames: Frames, now: float) -> None:
        """Take in one message. An invalid one ends the conversation."""
        self._heard_at, self._pinged_at = now, None
        try:
            message, body = decode_reply(frames)
        except WireError as error:
            self.fail(ProtocolError(f"unreadable answer: {error}", code=error.code))
        else:
            self._take(message, body, now)

    def _take(self, message: Reply, body: Body, now: float) -> None:
        match message:
            case Chunk() if (record := self._jobs.get(message.job)) is not None:
                self._check(record, message.job, record.add(message, body, now))
                if record.skips:
                    self._grant(record)
            case End() if (record := self._jobs.pop(message.job, None)) is not None:
                self._check(record, message.job, record.finish(message, body, now))
            case Accepted() if (asked := self._requests.pop(message.id, None)) is not None:
                self._on_accepted(asked, message)
            case Written():
                self._on_written(message)
            case Report() if isinstance(asked := self._requests.pop(message.id, None), Answer):
                asked.settle(message)
            case Error():
                self._on_error(message, now)
            case Welcome():
                self._on_welcome(message)
            case Goaway():
                self.draining = message.reason
            case _:
                self._on_watched(message)

    def tick(self, now: float) -> None:
        """Check for a silent supervisor; to be called when all messages are received."""
        self._texts.write_again(self._jobs.values(), now)
        if not self.pending:
            return
        if self._pinged_at is None:
            if now - self._heard_at >= PING_AFTER_S:
                self._pinged_at = now
                self._send(Ping())
        elif now - self._pinged_at >= GONE_AFTER_S:
            self.fail(SupervisorGone("the supervisor has stopped answering"))

    @property
    def pending(self) -> bool:
        """Whether an answer, or a job's audio, is still to come."""
        return bool(self._requests or self._jobs or self._watch) or not self.welcome.settled

    def fail(self, error: SupervisorError) -> None:
        """End the conversation: everything pending ends with `error`."""
        self.over = True
        for pending in self._all_pending():
            pending.fail(error)
        self._requests.clear()
        self._jobs.clear()
        self._watch = None
        self._texts.forget()
        self.outbox.clear()

    # -- inside -------------------------------------------------------------------------

    def _on_welcome(self, message: Welcome) -> None:
        known = self.welcome.value
        if known is not None and known.epoch != message.epoch:
            self.fail(SupervisorGone("the supervisor was restarted"))
        else:
            self.welcome.settle(message)

    def _on_watched(self, message: Reply) -> None:
        """Take what is about events; STARTED and PONG need no reaction, and the rest is about jobs
        that we let go of.
        """
        if isinstance(message, Event) and self._watch is not None:
            self._watch.add(message)
        elif isinstance(message, Watching):
            asked = self._requests.pop(message.id, None)
            if isinstance(asked, WatchRecord):
                self._watch = asked
                asked.begin(message)

    def _on_accepted(self, asked: Pending, message: Accepted) -> None:
        if not isinstance(asked, JobRecord) or message.sample_rate <= 0:
            asked.fail(ProtocolError("unexpected ACCEPTED", code="bad_message"))
        elif asked.ended:
            self._send(Cancel(job=message.job))  # the caller has given it up meanwhile
        else:
            self._jobs[message.job] = asked
            asked.accept(message)
            self._check(asked, message.job, self._texts.accepted(asked, message))

    def _on_written(self, message: Written) -> None:
        record, defect = self._texts.written(message)
        if record is not None:
            self._check(record, message.job, defect)
            record.changed()

    def _on_error(self, message: Error, now: float) -> None:
        if self._texts.refused(message, now):
            return
        asked: Pending | None = None
        if message.id is not None:
            asked = self._requests.pop(message.id, None)
        if asked is None and message.job is not None:
            asked = self._jobs.pop(message.job, None)
        if asked is not None:
            if asked.error is None:
                asked.fail(from_wire(message))
        elif message.id is None and message.job is None:
            self.fail(from_wire(message))

    def _check(self, record: JobRecord, job: str, defect: str | None) -> None:
        """End a job whose audio has a defect, rather than return wrong speech."""
        if defect is not None:
            self._jobs.pop(job, None)
            self._send(Cancel(job=job))
            record.fail(ProtocolError(f"the supervisor sent {defect}", code="bad_message"))

    def _all_pending(self) -> Iterator[Pending]:
        yield from self._requests.values()
        yield from self._jobs.values()
        if self._watch is not None:
            yield self._watch
        if not self.welcome.settled:
            yield self.welcome

    def _name(self) -> str:
        return str(next(self._ids))

    def _send(self, message: Message, body: bytes | None = None) -> None:
        try:
            frames = encode(message, body)
        except UnicodeEncodeError:
            raise BadRequest("a name is not Unicode text", code="bad_message") from None
        except OverflowError:
            raise BadRequest("a number is too large to send", code="out_of_range") from None
        if len(frames[1]) > MAX_HEADER_BYTES:
            # The supervisor could not tell which request it was, and so would end all of them.
            most = f"{MAX_HEADER_BYTES:,} bytes"
            raise BadRequest(
                f"the names and pronunciations of a request have more than {most}",
                code="bad_message",
            )
        self.outbox.append(frames)

    def _encode_text(self, text: str) -> bytes:
        try:
            encoded = text.encode()
        except UnicodeEncodeError as error:
            raise BadRequest(
                f"the text holds a lone surrogate at character {error.start}",
                code="bad_text",
                field="text",
            ) from None
        welcome = self.welcome.value
        limit = welcome.limits.get("max_text_bytes") if welcome is not None else None
        if isinstance(limit, int) and len(encoded) > limit:
            raise BadRequest(
                f"the text has {len(encoded):,} bytes; the supervisor takes {limit:,}",
                code="text_too_long",
                field="text",
            )
        return encoded
