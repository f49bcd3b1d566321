"""Trace spans of a job that has ended, from its story.

One span for the job and, below it, `admission` (from SUBMIT until the job is accepted),
`queue` (until its first segment runs), a `segment` for each attempt, and `release` (from
the first audio until the end). Times are monotonic seconds. No span holds any of the
text, nor a message that an engine or a worker wrote: these may quote it.

The trace that the spans belong to, and its collector, are left to `supervisor.tracing`.
"""

from __future__ import annotations

import msgspec

from supervisor.core.jobs.job import Job
from supervisor.core.jobs.request import TraceContext

Value = str | int | float | bool


class Span(msgspec.Struct, frozen=True, gc=False):
    """A named interval. `error`: in a word or two why it failed; None for success."""

    name: str
    start: float
    end: float
    attributes: dict[str, Value] = {}
    error: str | None = None


class Trace(msgspec.Struct, frozen=True, gc=False):
    """The spans of one job; `parts` are the children of `job`."""

    context: TraceContext
    job: Span
    parts: tuple[Span, ...]

    def __len__(self) -> int:
        return 1 + len(self.parts)


_WITHOUT_AUDIO = frozenset({"worker lost", "refused", "interrupted"})
"""Ends of an attempt that brought no audio."""

_OWN_WORDS = frozenset({"cancelled", "expired"})
"""Outcomes whose message is always the supervisor's own."""


def trace_of(job: Job, context: TraceContext) -> Trace:
    """Make the trace of a job that has its outcome."""
    ended = job.accepted_at if job.ended_at is None else job.ended_at
    timeline = _Timeline(job, ended)
    # What came before an earlier supervisor ended was timed by a clock that may be another.
    start = job.accepted_at if timeline.recovered else min(context.arrived, job.accepted_at)
    parts = []
    if not timeline.recovered:
        parts.append(Span("admission", start, timeline.begun_at))
    parts.append(
        Span("queue", timeline.begun_at, ended if job.started_at is None else job.started_at)
    )
    parts += timeline.segments
    if timeline.audio_at is not None:
        parts.append(Span("release", timeline.audio_at, ended))
    error = None
    if job.failed:
        error = f"{job.state}: {job.message}" if job.state in _OWN_WORDS else job.state
    whole = Span(
        name="job", start=start, end=ended, attributes=_attributes(job, timeline), error=error
    )
    return Trace(context, whole, tuple(parts))


class _Timeline:
    """Attempts and moments of a job, read from the lines of its story."""

    def __init__(self, job: Job, ended: float) -> None:
        self.begun_at = job.accepted_at
        """Time from which the job waited for a worker."""
        self.recovered = False
        self.audio_at: float | None = None
        """Time at which its first audio could be released."""
        self.segments: list[Span] = []
        self._job = job
        self._running: dict[int, tuple[float, int, int]] = {}
        first_audio = "stored", "not stored"
        if not job.request.durable:
            first_audio = "spoken", "cached"
        for at, what, *details in job.story:
            match what, details:
                case "accepted", _:
                    self.begun_at = at
                case "recovered", _:
                    self.begun_at = at
                    self.recovered = True
                    # A first segment that was not run here lay in the journal.
                    self.audio_at = at if job.audio.end and not job.segments[0].attempt else None
                case "running", [int(index), int(worker), int(attempt)]:
                    self._running[index] = at, worker, attempt
                case "spoken", [int(index), int(worker), (float() | int()) as seconds]:
                    self._close(index, worker, at, "spoken", seconds)
                case _, [int(index), int(worker), *_] if what in _WITHOUT_AUDIO:
                    self._close(index, worker, at, what)
            if self.audio_at is None and what in first_audio and details[0] == 0:
                self.audio_at = at
        self._close_interrupted(ended)

    def _close(
        self, index: int, worker: int, at: float, outcome: str, synthesis_s: float | None = None
    ) -> None:
        """Add the span of an attempt, unless its beginning was left out of the story."""
        begun = self._running.get(index)
        if begun is None or begun[1] != worker:
            return
        del self._running[index]
        began_at, _worker, attempt = begun
        attributes: dict[str, Value] = {
            "tts.segment.index": index,
            "tts.segment.attempt": attempt,
            "tts.segment.characters": self._job.segments[index].size,
            "tts.segment.outcome": outcome,
            "tts.worker.epoch": worker,
        }
        if synthesis_s is not None:
            attributes["tts.segment.synthesis_s"] = synthesis_s
        error = None if outcome == "spoken" else outcome
        self.segments.append(
            Span(name="segment", start=began_at, end=at, attributes=attributes, error=error)
        )

    def _close_interrupted(self, ended: float) -> None:
        """Add spans of attempts that ran at the end; of other open ones the end was left out."""
        for index, (_began_at, worker, attempt) in list(self._running.items()):
            segment = self._job.segments[index]
            if segment.state == "running" and segment.attempt == attempt:
                self._close(index, worker, ended, "interrupted")


def _attributes(job: Job, timeline: _Timeline) -> dict[str, Value]:
    request = job.request
    attempts = sum(segment.attempt for segment in job.segments)
    speech = msgspec.structs.asdict(request.speech).items()
    return {
        "tts.job.id": job.id,
        "tts.job.outcome": job.state,
        "tts.job.durable": request.durable,
        "tts.job.recovered": timeline.recovered,
        "tts.job.priority": request.priority,
        "tts.job.class": job.request_class,
        **{f"tts.{name}": value for name, value in speech if value is not None},
        "tts.segments": job.segments_told,
        "tts.segments_retried": job.retried,
        "tts.segments_cached": job.cached,
        "tts.segments_left_out": attempts - len(timeline.segments),
        "tts.characters": job.chars,
        "tts.synthesis_s": job.synthesis_s,
        "tts.audio_s": job.audio.end / 4 / request.sample_rate,
    }
