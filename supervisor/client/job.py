"""A job's handle, but for what its user waits with: that is added in `sync` and `aio`."""

from __future__ import annotations

from supervisor.client.audio import Audio, Timings, samples_of
from supervisor.client.calls import Calls, Held
from supervisor.client.deadlines import Backoff, Deadline
from supervisor.client.errors import ProtocolError, SupervisorError, WaitTimeout
from supervisor.client.request import Request, Resumption
from supervisor.wire.codec import Body


class JobView:
    """An accepted job. `id` is what `attach` takes, `sample_rate` is in Hz.

    Its audio is taken either piece by piece or as a whole by `result`, not both.
    """

    def __init__(
        self,
        calls: Calls,
        held: Held,
        resume: float,
        request: Request | None = None,
        timeout: float | None = None,
    ) -> None:
        self._calls = calls
        self._held = held
        self._resume = resume
        self._resumption = Resumption(request)
        self._timeout = timeout
        self._pcm = bytearray()
        self._streamed = False
        self._audio: Audio | None = None

    @property
    def id(self) -> str:
        """The supervisor's name for the job. A plain one that was handed in again has another."""
        return self._held.accepted.job

    @property
    def sample_rate(self) -> int:
        """Samples per second of its audio."""
        return self._held.accepted.sample_rate

    @property
    def seed(self) -> int:
        """What fixed the engine's draws. Requests that give the same one are the same audio to
        the sample; where the supervisor picked it, the same but for rounding.
        """
        return self._held.accepted.seed

    @property
    def done(self) -> bool:
        """Whether the job has ended, well or not; audio may still be waiting to be taken."""
        return self._held.record.ended

    @property
    def timings(self) -> Timings | None:
        """How long it took; None until the job is done."""
        return self._held.record.timings

    def cancel(self) -> None:
        """Stop the job. Does nothing to one that has ended."""
        self._held.link.conversation.cancel(self._held.record)
        self._held.link.flush()

    def _leave(self) -> None:
        if not self._resumption.durable:
            self.cancel()

    def _begin_stream(self) -> None:
        if self._pcm or self._audio is not None:
            raise RuntimeError("result() has taken this job's audio")
        self._streamed = True

    async def _collect(self, deadline: Deadline) -> Audio:
        """The whole audio; what a wait that was given up had collected is kept for the next."""
        if self._streamed:
            raise RuntimeError("this job's audio was taken in chunks")
        if self._audio is None:
            while (body := await self._next(deadline)) is not None:
                self._pcm += body
            self._audio = self._whole()
        return self._audio

    async def _next(self, deadline: Deadline) -> Body | None:
        """The next piece of audio, None after the last; over the loss of a supervisor."""
        while True:
            link, record, _accepted = self._held
            if not await link.wait(record, lambda: self._held.record.readable, deadline):
                raise WaitTimeout(f"job {self.id} has no more audio yet")
            body = link.conversation.take(record)
            link.flush()
            if body is not None or record.error is None:
                return body
            self._held = await self._next_held(record.error, deadline)

    async def _next_held(self, error: SupervisorError, deadline: Deadline) -> Held:
        """The job at the next supervisor. Raises `error`, that of the loss, if there is none."""
        if not self._resumption.possible(error):
            raise error
        limit = deadline.within(self._resume)
        backoff = Backoff(limit.remaining())
        while True:
            try:
                link = await self._calls.connected(limit)
                record = self._resumption.ask(link.conversation, self._held.record)
                held = await self._calls.answer(link, record, limit)
            except SupervisorError as found:
                if found.code == "not_found":
                    raise error from None
                if not self._resumption.is_passing(found):
                    raise
            else:
                self._resumption.accepted()
                return held
            await self._held.link.pause(backoff.pause_or_raise(error))

    def _whole(self) -> Audio:
        """The audio of a job whose pieces were all collected."""
        timings, end = self._held.record.timings, self._held.record.end
        if timings is None or end is None:
            raise ProtocolError("the job has no end", code="bad_message")
        audio = Audio(
            samples=samples_of(self._pcm),
            sample_rate=self.sample_rate,
            seed=self.seed,
            job=self.id,
            segments=end.segments,
            timings=timings,
        )
        self._pcm = bytearray()
        return audio
