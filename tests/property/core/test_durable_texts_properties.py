"""Durable open texts under any order of events: what is told to be written is spoken, and once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs

from supervisor.core.jobs import events as e
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest, Unread
from supervisor.journal.texts import JournalTexts, Piece, cut_record
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs

JOB = "j1"
REQUEST = JobRequest(
    speech=Speech(engine="e", voice="v"), sample_rate=24_000, segments=(), durable=True, open=True
)


class DurableText(RuleBasedStateMachine):
    """One text, a client that hears its answers or not, a journal that takes it or not (its files
    are real), and a supervisor that is killed at any time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.texts = JournalTexts(Path(self.directory.name), durable=False)
        self.now = 1.0
        self.machine = fresh_jobs()
        self.given = b""
        """All that the client wrote."""
        self.told = 0
        """Bytes that it was told are written down."""
        self.finished = False
        self.asked: list[e.PersistText | e.PersistCut] = []
        self.waiting = ""
        """What the broker has to cut."""
        self.taken = 0
        self.ended = self.end_told = False
        self.saved: JobRequest | None = None
        """The request of the text that is whole."""
        commands = self.machine.handle(
            e.Submitted(
                now=self.now, job=JOB, owner="o", client=b"c", request=REQUEST, credit=1 << 30
            )
        )
        assert [type(command) for command in commands] == [e.PersistJob]
        self.tell(e.JobPersisted(self.now, JOB))

    def teardown(self) -> None:
        """Whatever happened: with a client that comes back and a journal that works it is spoken to
        its end.
        """
        self.settle()
        self.write_again()
        self.settle()
        assert self.told == len(self.given), "what was given is not written, though nothing fails"
        self.end()
        self.settle()
        while self.waiting or not self.end_told:
            self.cut(4)
        self.settle()
        assert self.saved is not None, "the text does not end"
        self.the_text_is_spoken_once()
        self.directory.cleanup()

    def settle(self) -> None:
        """The journal answers all that it is asked, also what it could not before."""
        self.tick()
        while self.asked:
            self.journal_answers(works=True)

    def tell(self, event: e.Event) -> None:
        for command in self.machine.handle(event):
            match command:
                case e.PersistText() | e.PersistCut():
                    self.asked.append(command)
                case e.PersistWhole(request=request):
                    self.saved = request
                case e.ReadText(unread=unread):
                    self.read(unread)
                case e.TakeText(body=body, last=last):
                    self.waiting += body.decode()
                    self.ended = self.ended or last
                case e.ReleaseWritten(bytes=written):
                    self.told = max(self.told, written)
                    assert self.told <= len(self.given), "more is written than was given"
        assert len(self.asked) <= 2, "the journal has one piece and one cut at a time"
        self.machine.check()

    def read(self, unread: Unread) -> None:
        self.waiting, self.taken, self.ended = unread.body.decode(), unread.at, unread.ended
        self.end_told = False

    # -- the client -----------------------------------------------------------------------

    @precondition(lambda self: not self.finished)
    @rule(
        more=st.text("abc. ", min_size=0, max_size=5), flush=st.booleans(), back=st.integers(0, 9)
    )
    def write(self, more: str, *, flush: bool, back: int) -> None:
        """More of the text, and some that was sent before."""
        at = max(0, len(self.given) - back)
        self.given += more.encode()
        self.append(at, flush=flush)

    @rule()
    def write_again(self) -> None:
        """All that was not told to be written, as after a lost answer."""
        self.append(self.told)

    def append(self, at: int, *, flush: bool = False) -> None:
        body = self.given[at:]
        self.tell(
            e.TextWritten(
                now=self.now, job=JOB, client=b"c", reference="r", at=at, body=body, flush=flush
            )
        )

    @precondition(lambda self: not self.finished)
    @rule()
    def finish(self) -> None:
        """Only of a text that is known to be there."""
        if self.told == len(self.given):
            self.finished = True
            self.end()

    @precondition(lambda self: self.finished)
    @rule()
    def finish_again(self) -> None:
        self.end()

    def end(self) -> None:
        at = len(self.given)
        self.tell(
            e.TextWritten(now=self.now, job=JOB, client=b"c", reference="r", at=at, last=True)
        )

    # -- the broker, the journal and the end of a supervisor --------------------------------

    @rule(size=st.integers(1, 4))
    def cut(self, size: int) -> None:
        """The next characters become a part."""
        part, self.waiting = self.waiting[:size], self.waiting[size:]
        if part:
            self.taken += len(part)
            self.tell(e.TextAppended(self.now, JOB, (Part(part),), (), self.taken))
        elif self.ended and not self.end_told:
            self.end_told = True
            self.tell(e.TextEnded(self.now, JOB))

    @rule(works=st.booleans())
    def journal_answers(self, *, works: bool) -> None:
        if not self.asked:
            return
        asked = self.asked.pop(0)
        error = None if works else "disk full"
        if isinstance(asked, e.PersistText):
            if works:
                self.texts.add(JOB, Piece(asked.at, asked.body, asked.flush, asked.last))
            self.tell(e.TextPersisted(self.now, JOB, error))
            return
        if works:
            self.texts.add(JOB, cut_record(asked.taken, asked.parts, asked.left_out))
        self.tell(e.CutPersisted(self.now, JOB, error))

    @rule()
    def tick(self) -> None:
        self.now += 1.0
        self.tell(e.Tick(self.now))

    @rule(torn=st.binary(max_size=12))
    def restart(self, torn: bytes) -> None:
        """Kill -9, perhaps in the middle of a write; what the client was told is there."""
        with (Path(self.directory.name) / f"{JOB}.text").open("ab") as file:
            file.write(torn)
        self.asked.clear()
        self.saved = None
        self.machine = fresh_jobs()
        found = self.texts.read(JOB)
        assert found.unread.size >= self.told, "what was told to be written is lost"
        request = structs.replace(REQUEST, segments=found.parts)
        self.tell(
            e.Recovered(
                now=self.now,
                job=JOB,
                owner="o",
                request=request,
                accepted_at=1.0,
                stored={},
                unread=found.unread,
            )
        )

    @invariant()
    def the_text_is_spoken_once(self) -> None:
        """The parts are the text up to where it is cut, whoever was killed."""
        job = self.machine.jobs.get(JOB)
        if job is not None:
            said = "".join(segment.part.text for segment in job.segments)
            assert self.given.decode().startswith(said)
        if self.saved is not None:
            parts = "".join(part.text for part in self.saved.segments)
            assert parts == self.given.decode(), "the whole text is another one"
            assert not self.saved.open
        assert job is not None or self.saved is not None


DurableText.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestDurableText = DurableText.TestCase
