"""The job machine under any order of events: its invariants, and one outcome for each job."""

from __future__ import annotations

from collections import Counter
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)
from msgspec import structs

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm, Stored, Worded, with_words
from supervisor.core.jobs.classes import CLASSES
from supervisor.core.jobs.disk_backlog import HOLD_BACK_S
from supervisor.core.jobs.job import JobState
from supervisor.core.jobs.limits import Keep
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import Part, sentences
from supervisor.core.jobs.request import JobRequest, TraceContext
from supervisor.core.jobs.segmentation import Uncut
from supervisor.core.jobs.spans import Trace
from supervisor.speech import RequestClass, Speech, Word
from tests.fixtures.defaults import BOUNDS, fresh_jobs, limits_with

CLIENTS = st.sampled_from([b"a", b"b", b"c"])
OUTCOMES = ("done", "failed", "cancelled", "expired", "quarantined")


def pcm(job: str, segment: int, size: int) -> bytes:
    """Audio that says whose it is: a mix-up cannot go unseen."""
    pattern = f"{job}/{segment};".encode()
    return (pattern * (size // len(pattern) + 1))[:size]


def words(job: str, segment: int) -> tuple[Word, ...]:
    """The words of every other segment, which say whose they are, too."""
    return (Word(f"{job}/{segment}", 0.0, 0.1),) if segment % 2 else ()


def without_text(request: JobRequest) -> JobRequest:
    """What a journal has left of a request when its job has ended."""
    lines = 0 if request.rest is None else request.rest.text.count("\n") + 1
    return structs.replace(
        request, segments=(Part(""),) * (len(request.segments) + lines), rest=None
    )


class Row:
    """What the model's journal has of a job."""

    def __init__(self, command: e.PersistJob) -> None:
        self.command = command
        self.audio: dict[int, bytes] = {}
        self.outcome: JobState | None = None
        self.message = ""
        self.ended_at: float | None = None


class JobsMachine(RuleBasedStateMachine):
    """Clients, workers, journal and time do what they like; the model remembers what it saw."""

    jobs_made = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.machine = self.fresh()
        self.now = 100.0
        self.epoch = 0
        self.count = 0
        self.live: set[int] = set()
        self.assigned: dict[int, e.RunSegment] = {}
        self.requests: dict[str, JobRequest] = {}
        self.sizes: dict[tuple[str, int], int] = {}
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.lost_plain = 0
        self.heard: dict[str, bytes] = {}
        self.credit: Counter[str] = Counter()
        self.attempts: Counter[tuple[str, int]] = Counter()
        self.journal: dict[str, Row] = {}
        self.asked: list[e.PersistJob | e.PersistAudio | e.PersistOutcome | e.ForgetJob] = []
        self.owed: list[e.PersistOutcome | e.ForgetJob] = []
        self.told: dict[str, str] = {}
        self.unwritten: set[str] = set()
        self.traced = 0
        self.turns: list[e.CutText] = []
        self.stopping: dict[int, e.InterruptSegment] = {}
        """By worker, what it was told to stop for another segment."""

    @staticmethod
    def fresh() -> Jobs:
        machine = fresh_jobs(
            limits_with(jobs=12, jobs_per_client=6, work_s=5.0, work_s_per_client=3.0, bytes=400),
            Keep(5.0, 300, 6),
            Keep(20.0, 900, 6),
            classes=structs.replace(BOUNDS.classes, preempt_left_s=0.01),
        )
        spoken = JobRequest(speech=Speech(engine="e", voice="v"), sample_rate=1, segments=())
        machine.costs.learn(spoken, 9, 0.1)  # Nobody is interrupted by a guess.
        return machine

    def tell(self, event: e.Event) -> list[e.Command]:
        commands = self.machine.handle(event)
        for command in commands:
            self.carry_out(command)
        return commands

    def carry_out(self, command: e.Command) -> None:
        match command:
            case e.RunSegment(worker=worker, job=job):
                assert worker in self.live, "a segment went to a worker that is gone"
                assert worker not in self.assigned, "one worker got two segments"
                assert job in self.accepted, "a job ran that was not accepted"
                assert command.part.text, "a job ran whose text is gone"
                self.assigned[worker] = command
                self.attempts[job, command.segment] += 1
                assert command.attempt == self.attempts[job, command.segment]
            case e.ReleaseAudio(job=job, offset=offset, pcm=data):
                assert offset == len(self.heard[job]), "audio out of order or sent twice"
                self.hear(job, data)
            case e.ReleaseEnd(job=job, pcm=data, bytes=total):
                self.hear(job, data)
                assert len(self.heard[job]) == total, "END came before all audio"
                assert self.heard[job] == self.expected(job), "the audio is not this job's"
            case e.InterruptSegment(worker=worker, gently=True):
                run = self.assigned[worker]
                assert (run.job, run.segment) == (command.job, command.segment)
                self.stopping[worker] = command
            case e.WorkerFree(worker=worker):
                assert worker not in self.assigned, "dismissed while it speaks"
                self.live.discard(worker)
            case e.ReleaseFailure(job=job, code=code) if job in self.journal:
                self.told_failure(job, code)
            case e.CutText(job=job):
                assert not any(turn.job == job for turn in self.turns), "asked for two turns"
                self.turns.append(command)
            case e.PersistJob() | e.PersistAudio() | e.PersistOutcome() | e.ForgetJob():
                self.asked.append(command)
            case e.JobTraced(trace=trace):
                self.traced += 1
                self.look_at(trace)

    def told_failure(self, job: str, code: str) -> None:
        """Of a durable job: only what a restart cannot change, unless the journal fails long."""
        found = self.machine.find(job)
        if code == "conflict" or found is None or not found.failed:
            return  # of this connection, or of kept audio; not of the job
        if self.journal[job].outcome is None:
            since = self.now - (found.ended_at or self.now)
            assert since >= HOLD_BACK_S, "an outcome was told before it was written"
            self.unwritten.add(job)
        elif job not in self.unwritten:
            assert self.told.setdefault(job, code) == code, "two outcomes were told"

    def written(self, change: e.PersistOutcome | e.ForgetJob) -> None:
        """The journal carries out a change that nobody waits for, or only a verdict."""
        if isinstance(change, e.ForgetJob):
            self.journal.pop(change.job, None)
            return
        row = self.journal.get(change.job)
        if row is not None:
            assert row.outcome in (None, "done"), "a durable job ended twice"
            assert row.outcome is None or change.outcome == "done", "done, and then something else"
            row.outcome, row.message = change.outcome, change.message
            row.ended_at = change.now
            if change.outcome != "done":
                row.audio.clear()
        self.tell(e.OutcomePersisted(self.now, change.job))

    def look_at(self, trace: Trace) -> None:
        """Every attempt is told, and nothing lies outside of its job's time."""
        whole, said = trace.job, trace.job.attributes
        assert all(whole.start <= part.start <= part.end <= whole.end for part in trace.parts)
        told = sum(part.name == "segment" for part in trace.parts)
        job = str(said["tts.job.id"])
        ran = sum(self.attempts[job, i] for i in range(self.parts(job)))
        assert (told, said["tts.segments_left_out"]) == (ran, 0)
        assert (whole.error is None) == (said["tts.job.outcome"] == "done")

    def hear(self, job: str, data: Pcm) -> None:
        """A piece may overdraw the credit, but none is sent without any."""
        assert len(data) == 0 or self.credit[job] > 0, "audio was sent without credit"
        self.credit[job] -= len(data)
        if isinstance(data, Stored):
            whole: Pcm = with_words(
                (self.journal[data.job].audio[data.segment],),
                words(job, data.segment) if data.words else (),
            )[0]
            data = whole[data.start : data.start + data.size]
        told = data.words if isinstance(data, Worded) else ()
        begun = len(data) and self.begins(job, len(self.heard[job]))
        assert told == (begun or ()), "words come with the first byte of their segment"
        plain = data.pcm if isinstance(data, Worded) else data
        assert not isinstance(plain, Stored)
        self.heard[job] += bytes(plain)

    def begins(self, job: str, offset: int) -> tuple[Word, ...]:
        """The words of the segment whose audio begins with this byte."""
        begin = 0
        for segment in range(self.parts(job)):
            if begin == offset and self.sizes[job, segment]:
                return words(job, segment)
            begin += self.sizes[job, segment]
        return ()

    def expected(self, job: str) -> bytes:
        return b"".join(pcm(job, i, self.sizes[job, i]) for i in range(self.parts(job)))

    def parts(self, job: str) -> int:
        """How many segments the whole of its text has."""
        request = self.requests[job]
        rest = 0 if request.rest is None else request.rest.text.count("\n") + 1
        return len(request.segments) + rest

    @rule(
        target=jobs_made,
        client=CLIENTS,
        sizes=st.lists(st.integers(0, 200), min_size=1, max_size=4),
        credit=st.integers(0, 400),
        priority=st.integers(0, 9),
        patience=st.none() | st.floats(0.1, 20),
        durable=st.booleans(),
        key=st.none() | st.sampled_from(["k1", "k2"]),
        at_once=st.integers(0, 4),
        request_class=st.none() | st.sampled_from(CLASSES),
    )
    def submit(
        self,
        client: bytes,
        sizes: list[int],
        credit: int,
        priority: int,
        patience: float | None,
        durable: bool,
        key: str | None,
        at_once: int,
        request_class: RequestClass | None,
    ) -> str:
        """A key may be in use: then the same sizes are the same request. Not all of the text need
        be cut before the job is handed in.
        """
        self.count += 1
        job = f"j{self.count}"
        deadline = None if patience is None else self.now + patience
        texts = tuple(f"segment {i}" for i in range(len(sizes)))
        print_ = repr((sizes, durable)).encode()
        request = JobRequest(
            speech=Speech(engine="e", voice="v"),
            sample_rate=24_000,
            segments=sentences(*texts[:at_once]),
            priority=priority,
            deadline=deadline,
            durable=durable,
            key=key,
            request_class=request_class,
            fingerprint=print_,
            trace=TraceContext("", "", self.now - 0.25),
            rest=Uncut("\n".join(texts[at_once:])) if at_once < len(texts) else None,
        )
        self.requests[job] = request
        self.sizes.update({(job, i): size for i, size in enumerate(sizes)})
        self.heard[job] = b""
        self.credit[job] = credit
        submitted = e.Submitted(
            now=self.now,
            job=job,
            owner="o",
            client=client,
            request=request,
            credit=credit,
            reference=job,
            flow=client.decode(),
        )
        commands = self.machine.handle(submitted)
        for command in commands:
            if isinstance(command, e.ReleaseAccepted) and command.job != job:
                assert self.requests[command.job].fingerprint == print_
                self.heard[command.job], self.credit[command.job] = b"", credit
                self.refused.add(job)
            elif isinstance(command, e.ReleaseAccepted):
                self.accepted.add(job)
            elif isinstance(command, e.ReleaseRefusal):
                self.refused.add(command.reference)
        for command in commands:
            self.carry_out(command)
        if job not in self.accepted | self.refused:
            same = durable and (key is None or self.asked)
            assert same, "no answer, and nobody was asked"
            if not any(isinstance(a, e.PersistJob) and a.job == job for a in self.asked):
                self.refused.add(job)  # it took over a request that is being written down
        return job

    @rule(target=jobs_made, durable=st.booleans(), stops=st.booleans())
    def wait_beside_a_book(self, durable: bool, stops: bool) -> MultipleResults[str]:
        """A sentence, while another client's book has the workers."""
        made = [
            str(
                self.submit(
                    client=client,
                    sizes=[9] * segments,
                    credit=400,
                    priority=5,
                    patience=None,
                    durable=durable and client == b"a",
                    key=None,
                    at_once=segments,
                    request_class="batch" if client == b"a" else "interactive",
                )
            )
            for client, segments in ((b"a", 4), (b"b", 1))
        ]
        if stops:
            self.stop()
        return multiple(*made)

    @rule(target=jobs_made, client=CLIENTS, credit=st.integers(0, 400))
    def submit_open(self, client: bytes, credit: int) -> str:
        """A text that is to come, of which there is nothing yet."""
        self.count += 1
        job = f"j{self.count}"
        self.requests[job] = JobRequest(
            speech=Speech(engine="e", voice="v"),
            sample_rate=24_000,
            segments=(),
            trace=TraceContext("", "", self.now - 0.25),
            open=True,
        )
        self.heard[job], self.credit[job] = b"", credit
        submitted = e.Submitted(
            now=self.now,
            job=job,
            owner="o",
            client=client,
            request=self.requests[job],
            credit=credit,
            reference=job,
            flow=client.decode(),
        )
        told = {type(command) for command in self.tell(submitted)}
        (self.accepted if e.ReleaseAccepted in told else self.refused).add(job)
        return job

    @rule(job=jobs_made, sizes=st.lists(st.integers(0, 200), max_size=3))
    def append(self, job: str, sizes: list[int]) -> None:
        """More of its text, if it is still open; of another one nothing comes of it."""
        parts = sentences(*(f"appended {i}" for i in range(len(sizes))))
        found = self.machine.jobs.get(job)
        if found is not None and found.open:
            request = self.requests[job]
            begun = len(request.segments)
            self.requests[job] = structs.replace(request, segments=(*request.segments, *parts))
            self.sizes.update({(job, begun + i): size for i, size in enumerate(sizes)})
        self.tell(e.TextAppended(self.now, job, parts))

    @rule(job=jobs_made)
    def end_text(self, job: str) -> None:
        self.tell(e.TextEnded(self.now, job))

    @rule()
    def end_texts(self) -> None:
        for job in list(self.machine.jobs):
            self.tell(e.TextEnded(self.now, job))

    @rule(job=jobs_made)
    def refuse_text(self, job: str) -> None:
        self.tell(e.TextRefused(self.now, job, "it is no text"))

    @rule(works=st.booleans())
    def journal_answers(self, works: bool) -> None:
        if not self.asked:
            return
        asked = self.asked.pop(0)
        error = None if works else "disk full"
        if works:
            owed, self.owed = self.owed, []
            for change in owed:
                self.written(change)
        if isinstance(asked, e.PersistOutcome | e.ForgetJob):
            if works:
                self.written(asked)
            else:
                self.owed.append(asked)
            return
        if isinstance(asked, e.PersistJob):
            if works:
                self.journal[asked.job] = Row(asked)
                self.accepted.add(asked.job)
            else:
                self.refused.add(asked.job)
            self.tell(e.JobPersisted(self.now, asked.job, error))
            return
        row = self.journal.get(asked.job)
        pieces = asked.pieces
        if works and row is not None:
            told = bool(pieces) and isinstance(pieces[0], Worded)
            plain = [p.pcm if isinstance(p, Worded) else p for p in pieces]
            row.audio[asked.segment] = b"".join(p for p in plain if not isinstance(p, Stored))
            size = len(row.audio[asked.segment])
            pieces = (Stored(asked.job, asked.segment, 0, size, told),)
        self.tell(
            e.AudioStored(
                now=self.now, job=asked.job, segment=asked.segment, pieces=pieces, error=error
            )
        )

    @rule()
    def restart(self) -> None:
        """Kill -9: what is not in the journal is gone, what is in it comes back."""
        counts, plain = self.machine.counts, self.machine.jobs.values()
        self.lost_plain += sum(not job.request.durable for job in plain)
        self.outcomes.update({name: counts[name] for name in OUTCOMES})
        self.refused |= {a.job for a in self.asked if isinstance(a, e.PersistJob)}
        self.asked.clear()
        self.owed.clear()
        self.assigned.clear()
        self.stopping.clear()
        self.live.clear()
        self.turns.clear()
        self.machine = self.fresh()
        rows = sorted(
            self.journal.values(), key=lambda r: (r.ended_at is None, r.ended_at or r.command.now)
        )
        for row in rows:
            command = row.command
            parts = {
                i: Stored(command.job, i, 0, len(a), bool(a and words(command.job, i)))
                for i, a in row.audio.items()
            }
            stored: dict[int, Pcm] = dict(parts) if row.outcome in (None, "done") else {}
            for segment in range(self.parts(command.job)):
                self.attempts[command.job, segment] = 0
            self.tell(
                e.Recovered(
                    now=self.now,
                    job=command.job,
                    owner=command.owner,
                    request=command.request
                    if row.outcome is None
                    else without_text(command.request),
                    accepted_at=command.now,
                    stored=stored,
                    outcome=row.outcome,
                    message=row.message,
                    ended_at=row.ended_at,
                )
            )

    @rule(job=jobs_made, segment=st.integers(0, 3))
    def lose_file(self, job: str, segment: int) -> None:
        """A file is damaged; it is missed at the next start."""
        row = self.journal.get(job)
        if row is not None:
            row.audio.pop(segment, None)
            self.restart()

    @rule(job=jobs_made, amount=st.integers(1, 500))
    def grant(self, job: str, amount: int) -> None:
        found = self.machine.find(job)
        if found is not None and found.client is not None:
            self.credit[job] += amount
        self.tell(e.CreditGranted(self.now, job, amount))

    @rule(job=jobs_made)
    def cancel(self, job: str) -> None:
        self.tell(e.Cancelled(self.now, job, "test"))

    @rule(job=jobs_made, client=CLIENTS, credit=st.integers(0, 400), data=st.data())
    def attach(self, job: str, client: bytes, credit: int, data: st.DataObject) -> None:
        found = self.machine.find(job)
        if found is None or found.kept_from > found.audio.end:
            return
        offset = data.draw(st.integers(found.kept_from, found.audio.end))
        self.heard[job] = self.expected(job)[:offset]
        self.credit[job] = credit
        self.tell(
            e.ClientAttached(now=self.now, job=job, client=client, offset=offset, credit=credit)
        )

    @rule(job=jobs_made, client=CLIENTS)
    def attach_where_it_was(self, job: str, client: bytes) -> None:
        """After a restart a client may have heard more than is spoken again."""
        found = self.machine.find(job)
        at = len(self.heard[job])
        if found is None or found.ended or not found.request.durable or found.kept_from > at:
            return
        self.credit[job] = 400
        self.tell(e.ClientAttached(now=self.now, job=job, client=client, offset=at, credit=400))

    @rule(client=CLIENTS)
    def lose_client(self, client: bytes) -> None:
        before = {id for id, job in self.machine.jobs.items() if job.client == client}
        plain = {id for id in before if not self.requests[id].durable}
        self.tell(e.ClientLost(self.now, client))
        assert not plain & set(self.machine.jobs), "a plain job outlived its only listener"
        gone = before - plain - set(self.machine.jobs)
        assert not gone, "a durable job ended with its listener"

    @rule()
    def cut(self) -> None:
        """One of those who wait for a turn has one."""
        if self.turns:
            self.tell(e.CutTurn(self.now, self.turns.pop(0).job))

    @rule()
    def add_worker(self) -> None:
        self.epoch += 1
        self.live.add(self.epoch)
        self.tell(e.WorkerReady(self.now, self.epoch))

    @rule(data=st.data())
    def speak(self, data: st.DataObject) -> None:
        if not self.assigned:
            return
        worker = data.draw(st.sampled_from(sorted(self.assigned)))
        run = self.assigned.pop(worker)
        audio = pcm(run.job, run.segment, self.sizes[run.job, run.segment])
        cut = data.draw(st.integers(0, len(audio)))
        parts = tuple(part for part in (audio[:cut], audio[cut:]) if part)
        pieces = with_words(parts, words(run.job, run.segment))
        self.tell(
            e.SegmentSpoken(
                now=self.now,
                worker=worker,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                pieces=pieces,
                synthesis_s=0.1,
            )
        )

    @rule(data=st.data(), unreadable=st.booleans())
    def refuse(self, data: st.DataObject, unreadable: bool) -> None:
        if self.assigned:
            worker = data.draw(st.sampled_from(sorted(self.assigned)))
            run = self.assigned.pop(worker)
            self.tell(
                e.SegmentRefused(
                    now=self.now,
                    worker=worker,
                    job=run.job,
                    segment=run.segment,
                    attempt=run.attempt,
                    message="no",
                    unreadable=unreadable,
                )
            )

    @rule()
    def stop(self) -> None:
        """A segment that was told to stop for another does; it may have ended before."""
        while self.stopping:
            worker, told = self.stopping.popitem()
            run = self.assigned.get(worker)
            name = told.job, told.segment, told.attempt
            if run is None or (run.job, run.segment, run.attempt) != name:
                continue
            del self.assigned[worker]
            self.tell(
                e.SegmentRefused(
                    now=self.now,
                    worker=worker,
                    job=run.job,
                    segment=run.segment,
                    attempt=run.attempt,
                    message="interrupted",
                    interrupted=True,
                )
            )

    @rule(data=st.data())
    def lose_worker(self, data: st.DataObject) -> None:
        if self.live:
            worker = data.draw(st.sampled_from(sorted(self.live)))
            self.live.discard(worker)
            self.assigned.pop(worker, None)
            self.tell(e.WorkerLost(self.now, worker, "killed"))

    @rule(data=st.data())
    def retire_worker(self, data: st.DataObject) -> None:
        if self.live:
            self.tell(e.WorkerRetired(self.now, data.draw(st.sampled_from(sorted(self.live)))))

    @rule(job=jobs_made, worker=st.integers(1, 5), segment=st.integers(0, 3))
    def stale_answer(self, job: str, worker: int, segment: int) -> None:
        """An answer that nobody asked for changes nothing but its count."""
        run = self.assigned.get(worker)
        if run is not None and (run.job, run.segment) == (job, segment):
            return
        before = self.machine.counts["stale"]
        self.tell(
            e.SegmentSpoken(
                now=self.now,
                worker=worker,
                job=job,
                segment=segment,
                attempt=1,
                pieces=(b"forged",),
                synthesis_s=0.1,
            )
        )
        assert self.machine.counts["stale"] == before + 1

    @rule(seconds=st.floats(0.01, 10))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tell(e.Tick(self.now))

    @invariant()
    def holds(self) -> None:
        self.machine.check()
        for job, heard in self.heard.items():
            assert self.expected(job).startswith(heard), f"job {job} heard somebody else's audio"
        ended = sum(self.machine.counts[name] for name in OUTCOMES) + self.outcomes.total()
        assert ended == self.traced, "an outcome without a trace, or with two"
        live = len(self.machine.jobs)
        again = ended + live + self.lost_plain - len(self.accepted)
        assert again >= 0, "an accepted job was lost"
        assert again == 0 or self.outcomes, "a job ended twice in one epoch"
        forgotten = {c.job for c in [*self.asked, *self.owed] if isinstance(c, e.ForgetJob)}
        for id, row in self.journal.items():
            known = self.machine.find(id) is not None
            assert known or id in forgotten, (
                f"durable job {id} is in the journal and nowhere else ({row.outcome})"
            )

    def teardown(self) -> None:
        """Given workers, time and a journal, every job that is left comes to an end."""
        answer = partial(self.journal_answers, works=True)
        self.end_texts()
        for _ in range(3):
            self.add_worker()
        if self.count % 2:
            for job in list(self.machine.jobs):
                self.attach_where_it_was(job, b"z")
                self.grant(job, 10_000)
        else:  # What is durable ends without anybody who listens.
            for client in (b"a", b"b", b"c"):
                self.lose_client(client)
        for _ in range(1_000):
            while self.asked:
                answer()
            while self.turns:
                self.cut()
            if not self.assigned:
                self.wait(0.001)
                if not self.asked and not self.assigned and not self.turns:
                    break
                continue
            worker, run = self.assigned.popitem()
            audio = pcm(run.job, run.segment, self.sizes[run.job, run.segment])
            self.tell(
                e.SegmentSpoken(
                    now=self.now,
                    worker=worker,
                    job=run.job,
                    segment=run.segment,
                    attempt=run.attempt,
                    pieces=with_words((audio,), words(run.job, run.segment)),
                    synthesis_s=0.1,
                )
            )
        assert not self.machine.jobs, "a job never ended"
        assert self.accepted | self.refused == set(self.requests), "a request was never answered"


TestJobs = JobsMachine.TestCase
TestJobs.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
