"""The part of a job's handle that both clients share; `sync` and `aio` add the waiting."""

from __future__ import annotations

from functools import partial

from supervisor.client.audio import Audio, Timings, samples_of
from supervisor.client.calls import AcceptedJob, Calls
from supervisor.client.deadlines import Backoff, Deadline
from supervisor.client.errors import BadRequest, ProtocolError, SupervisorError, WaitTimeout
from supervisor.client.open_text import OpenText
from supervisor.client.records import JobRecord
from supervisor.client.request import Request, Resumption
from supervisor.client.words import WordPlaces
from supervisor.speech import LeftOut, Word
from supervisor.wire.client import End
from supervisor.wire.codec import Body


class JobHandle:
    """An accepted job. `id` is what `attach` takes, `sample_rate` is in Hz.

    Its audio is taken either piece by piece or as a whole by `result`, not both.
    """

    def __init__(
        self,
        calls: Calls,
        accepted: AcceptedJob,
        resume: float,
        request: Request | None = None,
        timeout: float | None = None,
    ) -> None:
        self._calls = calls
        self._job = accepted
        self._resume = resume
        self._resumption = Resumption(request)
        self._timeout = timeout
        self._pcm = bytearray()
        self._streamed = False
        self._audio: Audio | None = None
        self._places = None if request is None else WordPlaces(request.text)
        self._words: list[Word] = []

    @property
    def id(self) -> str:
        """The supervisor's id of the job; another one once a plain job was submitted again."""
        return self._job.accepted.job

    @property
    def host(self) -> str | None:
        """The host of the fleet that speaks it; None for a supervisor that was asked directly."""
        return self._job.link.host

    @property
    def sample_rate(self) -> int:
        """Samples per second of its audio."""
        return self._job.accepted.sample_rate

    @property
    def seed(self) -> int:
        """Seed of what the engine draws at random. Requests that give the same seed get the same
        audio to the sample; one that the supervisor picked gives the same but for rounding.
        """
        return self._job.accepted.seed

    @property
    def first_segment(self) -> int:
        """Segments of the text that stand before this job's first, where it is a part of it."""
        return self._job.accepted.first_segment

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What of the text is not read, as far as that is known: all of it once the job is done."""
        end = self._job.record.end
        return self._job.accepted.left_out if end is None else end.left_out

    def write(self, text: str, *, flush: bool = False) -> None:
        """Add to the text of a job that was submitted with `open`.

        Sentences are spoken as soon as the next one begins, and clauses where little is left to be
        heard; with `flush` all that was written so far. A job that has ended takes nothing more.

        The text of a durable job is kept until the supervisor has written it down, and goes to the
        next one if this one is lost. Raises BadRequest where that was ended meanwhile.
        """
        if self._places is not None:
            self._places.add(text)
        self._job.link.conversation.append(self._job.record, text, flush=flush)
        self._job.link.flush()

    def end_text(self) -> None:
        """End the text of a job that was submitted with `open`: it ends when that is spoken."""
        self._job.link.conversation.finish(self._job.record)
        self._job.link.flush()

    @property
    def written(self) -> int | None:
        """Bytes of a durable job's open text that are written down: who attaches to it writes on
        from there. None of any other job, and once that text is whole.
        """
        text = self._job.record.text
        return None if text is None or text.end_written else text.written

    def new_words(self) -> tuple[Word, ...]:
        """The words that have come since the last call, in order, where `words` asked for them.

        They come with the audio, at the latest with the piece in which they begin, and their times
        are seconds of the whole audio. `result` keeps them instead, in `Audio.words`.
        """
        record = self._job.record
        words, record.words = record.words, []
        return tuple(words if self._places is None else self._places.placed(words))

    @property
    def done(self) -> bool:
        """Whether the job has ended, well or not; audio may still be waiting to be taken."""
        return self._job.record.ended

    @property
    def timings(self) -> Timings | None:
        """Timings of the job; None until it is done."""
        return self._job.record.timings

    @property
    def end(self) -> End | None:
        """What the supervisor says at the end of a job that is done; None until then."""
        return self._job.record.end

    def cancel(self) -> None:
        """Stop the job. Does nothing to one that has ended."""
        self._job.link.conversation.cancel(self._job.record)
        self._job.link.flush()

    def _end_block(self) -> None:
        if not self._resumption.durable:
            self.cancel()

    def _begin_stream(self) -> None:
        if self._pcm or self._audio is not None:
            raise RuntimeError("result() has taken this job's audio")
        self._streamed = True

    async def _collect(self, deadline: Deadline) -> Audio:
        """Wait for the whole audio; pieces that a wait in vain has collected stay collected."""
        if self._streamed:
            raise RuntimeError("this job's audio was taken in chunks")
        if self._audio is None:
            while (body := await self._next(deadline)) is not None:
                self._pcm += body
                self._words += self.new_words()
            self._words += self.new_words()
            self._audio = self._whole()
        return self._audio

    async def _next(self, deadline: Deadline, look: Deadline | None = None) -> Body | None:
        """The next piece of audio, None after the last; resumes after the loss of a supervisor.

        `look`: how long to wait for it, where the loss of a supervisor may take longer.
        """
        while True:
            link, record, _accepted = self._job
            if not await link.wait(record, lambda: self._job.record.readable, look or deadline):
                raise WaitTimeout(f"job {self.id} has no more audio yet")
            body = link.conversation.take(record)
            link.flush()
            if body is not None or record.error is None:
                return body
            self._job = await self._resumed(record.error, deadline)

    async def _all_written(self, deadline: Deadline) -> None:
        """Wait until all of a durable text is written down; resumes as `_next` does."""
        while (text := self._job.record.text) is not None:
            link, record, _accepted = self._job
            settled = partial(_settled, record, text)
            if not await link.wait(record, settled, deadline):
                raise WaitTimeout(f"{len(text.kept)} bytes of the text are not written down yet")
            if text.error is not None:
                raise text.error
            if text.settled:
                return
            if record.error is None:
                reason = f"the job has ended: {len(text.kept)} bytes of its text came too late"
                raise BadRequest(reason, code="conflict", field="text")
            self._job = await self._resumed(record.error, deadline)

    async def _resumed(self, error: SupervisorError, deadline: Deadline) -> AcceptedJob:
        """The job at the next supervisor. Raises `error`, that of the loss, if it cannot go on."""
        if not self._resumption.possible(error, self._job.record):
            raise error
        limit = deadline.within(self._resume)
        backoff = Backoff(limit.remaining())
        lost = self._job.link
        while True:
            try:
                link = await self._calls.link_to_resume(self._resumption.request, lost, limit)
                record = self._resumption.ask(link.conversation, self._job.record)
                accepted = await self._calls.answer(link, record, limit)
            except SupervisorError as found:
                if found.code == "not_found":
                    raise error from None
                if not self._resumption.is_transient(found):
                    raise
            else:
                self._resumption.accepted()
                return accepted
            await self._job.link.pause(backoff.pause_or_raise(error))

    def _whole(self) -> Audio:
        """Make the audio of the collected pieces."""
        timings, end = self._job.record.timings, self._job.record.end
        if timings is None or end is None:
            raise ProtocolError("the job has no end", code="bad_message")
        audio = Audio(
            samples=samples_of(self._pcm),
            sample_rate=self.sample_rate,
            seed=self.seed,
            job=self.id,
            segments=self._job.record.before_segments + end.segments,
            timings=timings,
            words=tuple(self._words),
        )
        self._pcm, self._words = bytearray(), []
        return audio


def _settled(record: JobRecord, text: OpenText) -> bool:
    return text.settled or record.ended
