"""An ended job told as spans: which there are, when they were, and what they do not say."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Stored
from supervisor.core.jobs.job import STORY_LINES
from supervisor.core.jobs.machine import POISON_KILLS
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest, TraceContext
from supervisor.core.jobs.spans import Span, Trace
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs

TEXT = "Nobody's business."
CONTEXT = TraceContext("00-a-b-01", "c=d", 0.5)


def request(segments: int = 1, *, traced: bool = True, **fields: Any) -> JobRequest:
    """A request whose SUBMIT came in at 0.5."""
    trace = CONTEXT if traced else None
    return JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(TEXT) * segments,
        trace=trace,
        **fields,
    )


class Scene:
    """A job machine with one job, handed in at 1.0."""

    def __init__(self, wanted: JobRequest, workers: int = 1) -> None:
        self.jobs = fresh_jobs()
        for worker in range(1, workers + 1):
            self.jobs.handle(e.WorkerReady(0.0, worker))
        self.runs: list[e.RunSegment] = []
        self.traces: list[Trace] = []
        self.tell(
            e.Submitted(
                now=1.0,
                job="j",
                owner="me",
                client=b"me",
                request=wanted,
                credit=1 << 40,
                reference="r",
            )
        )

    def tell(self, event: e.Event) -> None:
        """Hand in an event; keep what is to run, and traces."""
        for command in self.jobs.handle(event):
            match command:
                case e.RunSegment():
                    self.runs.append(command)
                case e.JobTraced(trace=trace):
                    self.traces.append(trace)

    def speak(self, now: float, samples: int = 24_000) -> None:
        """The segment that has run longest is spoken."""
        run = self.runs.pop(0)
        audio = (bytes(4 * samples),)
        self.tell(
            e.SegmentSpoken(
                now=now,
                worker=run.worker,
                job="j",
                segment=run.segment,
                attempt=run.attempt,
                pieces=audio,
                synthesis_s=0.25,
            )
        )

    @property
    def trace(self) -> Trace:
        """The one trace that the job left."""
        (trace,) = self.traces
        assert TEXT not in repr(trace), "no text of the job leaves the supervisor"
        return trace


def times(trace: Trace) -> list[tuple[str, float, float]]:
    """Name and time of the children."""
    return [(span.name, span.start, span.end) for span in trace.parts]


def segments(trace: Trace) -> list[Span]:
    """The attempts at segments."""
    return [span for span in trace.parts if span.name == "segment"]


def test_a_job_that_is_done() -> None:
    """It begins when SUBMIT came in; the children follow one another, and say whose they are."""
    scene = Scene(request(2), workers=0)
    scene.tell(e.WorkerReady(3.0, 7))
    scene.speak(4.0)
    scene.speak(6.0)
    trace = scene.trace
    assert trace.context is CONTEXT
    assert times(trace) == [
        ("admission", 0.5, 1.0),
        ("queue", 1.0, 3.0),
        ("segment", 3.0, 4.0),
        ("segment", 4.0, 6.0),
        ("release", 4.0, 6.0),
    ]
    assert trace.job == Span(
        "job",
        0.5,
        6.0,
        {
            "tts.job.id": "j",
            "tts.job.outcome": "done",
            "tts.job.durable": False,
            "tts.job.recovered": False,
            "tts.job.priority": 5,
            "tts.job.class": "stream",
            "tts.engine": "e",
            "tts.voice": "v",
            "tts.speed": 1.0,
            "tts.volume": 1.0,
            "tts.words": False,
            "tts.seed": 0,
            "tts.segments": 2,
            "tts.segments_retried": 0,
            "tts.segments_cached": 0,
            "tts.segments_left_out": 0,
            "tts.characters": 2 * len(TEXT),
            "tts.synthesis_s": 0.5,
            "tts.audio_s": 2.0,
        },
    )
    assert segments(trace)[1].attributes == {
        "tts.segment.index": 1,
        "tts.segment.attempt": 1,
        "tts.segment.characters": len(TEXT),
        "tts.segment.outcome": "spoken",
        "tts.segment.synthesis_s": 0.25,
        "tts.worker.epoch": 7,
    }
    assert len(trace) == 6


def test_a_job_that_is_not_traced_leaves_nothing() -> None:
    """No command, so that nobody pays for what nobody asked for."""
    scene = Scene(request(traced=False))
    scene.speak(2.0)
    assert scene.jobs.counts["done"] == 1
    assert scene.traces == []


def test_each_attempt_is_a_span() -> None:
    """The one whose worker was lost is an error, with the epoch of that worker; the job is none."""
    scene = Scene(request(), workers=2)
    lost = scene.runs.pop(0)
    scene.tell(e.WorkerLost(2.0, lost.worker, f"killed; its log: {TEXT}"))
    scene.speak(3.0)
    first, second = segments(scene.trace)
    assert (first.start, first.end, first.error) == (1.0, 2.0, "worker lost")
    assert (second.start, second.end, second.error) == (2.0, 3.0, None)
    numbers = [span.attributes["tts.segment.attempt"] for span in (first, second)]
    workers = {span.attributes["tts.worker.epoch"] for span in (first, second)}
    assert (numbers, workers) == ([1, 2], {1, 2})
    assert scene.trace.job.error is None
    assert scene.trace.job.attributes["tts.segments_retried"] == 1


def test_a_job_that_is_cancelled_while_it_runs() -> None:
    """What ran is cut off at that moment, and so is the release; the reason is our own."""
    scene = Scene(request(3), workers=2)
    scene.speak(2.0)
    scene.tell(e.Cancelled(2.5, "j", "the client is gone"))
    trace = scene.trace
    assert trace.job.error == "cancelled: the client is gone"
    ends = [(span.end, span.error) for span in segments(trace)]
    assert ends == [(2.0, None), (2.5, "interrupted"), (2.5, "interrupted")]
    assert times(trace)[-1] == ("release", 2.0, 2.5)


def test_a_job_that_expires_in_the_queue() -> None:
    """It waited until its end: there is no attempt, and nothing to release."""
    scene = Scene(request(deadline=5.0), workers=0)
    scene.tell(e.Tick(5.0))
    assert times(scene.trace) == [("admission", 0.5, 1.0), ("queue", 1.0, 5.0)]
    assert scene.trace.job.error == "expired: the deadline has passed"


@pytest.mark.parametrize("unreadable", [False, True])
def test_what_an_engine_says_is_not_passed_on(unreadable: bool) -> None:
    """Its message may quote the text: the attempt was refused and the job failed, no more."""
    scene = Scene(request())
    run = scene.runs.pop()
    message = f"cannot read {TEXT!r}"
    scene.tell(
        e.SegmentRefused(
            now=2.0,
            worker=run.worker,
            job="j",
            segment=0,
            attempt=run.attempt,
            message=message,
            unreadable=unreadable,
        )
    )
    (attempt,) = segments(scene.trace)
    assert (attempt.end, attempt.error) == (2.0, "refused")
    assert scene.trace.job.error == "failed"


def test_a_segment_that_ends_worker_after_worker() -> None:
    """Every kill is there; what the workers wrote last is not."""
    scene = Scene(request(), workers=POISON_KILLS)
    for kill in range(POISON_KILLS):
        scene.tell(e.WorkerLost(2.0 + kill, scene.runs.pop().worker, f"log: {TEXT}"))
    assert [span.error for span in segments(scene.trace)] == ["worker lost"] * POISON_KILLS
    assert scene.trace.job.error == "quarantined"


def test_a_durable_job_is_admitted_by_the_journal() -> None:
    """Admission includes the write; audio can be released once it is in the journal."""
    scene = Scene(request(durable=True))
    scene.tell(e.JobPersisted(1.5, "j"))
    scene.speak(3.0)
    scene.tell(e.AudioStored(now=3.25, job="j", segment=0, pieces=(Stored("j", 0, 0, 96_000),)))
    assert times(scene.trace) == [
        ("admission", 0.5, 1.5),
        ("queue", 1.5, 1.5),
        ("segment", 1.5, 3.0),
        ("release", 3.25, 3.25),
    ]


@pytest.mark.parametrize("stored", [0, 1])
def test_a_job_of_an_earlier_supervisor(stored: int) -> None:
    """It began when it was accepted there; nothing is known of its admission, or of the clock."""
    jobs = fresh_jobs()
    wanted = request(2, durable=True)
    audio: dict[int, Any] = {0: Stored("j", 0, 0, 96_000)} if stored else {}
    jobs.handle(
        e.Recovered(now=10.0, job="j", owner="me", request=wanted, accepted_at=-3.0, stored=audio)
    )
    commands = jobs.handle(e.WorkerReady(11.0, 1))
    traces = []
    for now in (12.0, 13.0):
        for run in [c for c in commands if isinstance(c, e.RunSegment)]:
            spoken = e.SegmentSpoken(
                now=now,
                worker=1,
                job="j",
                segment=run.segment,
                attempt=run.attempt,
                pieces=(bytes(96_000),),
                synthesis_s=1.0,
            )
            commands = jobs.handle(spoken)
            piece = (Stored("j", run.segment, 0, 96_000),)
            done = jobs.handle(e.AudioStored(now=now, job="j", segment=run.segment, pieces=piece))
            traces += [c.trace for c in done if isinstance(c, e.JobTraced)]
    (trace,) = traces
    assert (trace.job.start, trace.job.attributes["tts.job.recovered"]) == (-3.0, True)
    names = [span.name for span in trace.parts]
    assert names == ["queue", *["segment"] * (2 - stored), "release"]
    assert times(trace)[0] == ("queue", 10.0, 11.0)
    assert times(trace)[-1][1] == (10.0 if stored else 12.0)


def test_a_long_story_says_what_it_leaves_out() -> None:
    """A book of a thousand segments is a trace of bounded size, and owns up to it."""
    scene = Scene(request(1_000), workers=3)
    now = 1.0
    while scene.runs:
        now += 1.0
        scene.speak(now, 10)
    told = len(segments(scene.trace))
    assert STORY_LINES / 5 < told < STORY_LINES
    assert scene.trace.job.attributes["tts.segments_left_out"] == 1_000 - told
    assert [span.name for span in scene.trace.parts[:2]] == ["admission", "queue"]
    assert times(scene.trace)[-1] == ("release", 2.0, now)
    whole = scene.trace.job
    assert all(whole.start <= part.start <= part.end <= whole.end for part in scene.trace.parts)
    assert all(part.error is None for part in scene.trace.parts)


def test_of_a_long_story_only_what_runs_is_interrupted() -> None:
    """An attempt whose end was left out is not taken for one that ran until the job ended."""
    scene = Scene(request(1_000), workers=3)
    now = 1.0
    for _ in range(700):
        now += 1.0
        scene.speak(now, 10)
    scene.tell(e.Cancelled(now + 1.0, "j", "enough"))
    cut_off = [span for span in segments(scene.trace) if span.error]
    assert [span.attributes["tts.segment.index"] for span in cut_off] == [700, 701, 702]
