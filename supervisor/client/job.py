"""What a job handle shows without waiting; the waiting is in `sync` and `aio`."""

from __future__ import annotations

from supervisor.client.audio import Audio, Timings, samples_of
from supervisor.client.errors import ProtocolError
from supervisor.client.records import JobRecord
from supervisor.client.resuming import Resumption
from supervisor.wire.client import Accepted


class JobView:
    """An accepted job. `id` is what `attach` takes, `sample_rate` is in Hz.

    Its audio is taken either piece by piece or as a whole by `result`, not both.
    """

    def __init__(self, record: JobRecord, accepted: Accepted, resumption: Resumption) -> None:
        self._record = record
        self._accepted = accepted
        self._resumption = resumption
        self._pcm = bytearray()
        self._streamed = False
        self._audio: Audio | None = None

    @property
    def id(self) -> str:
        """The supervisor's name for the job. A plain one that was handed in again has another."""
        return self._accepted.job

    @property
    def sample_rate(self) -> int:
        """Samples per second of its audio."""
        return self._accepted.sample_rate

    @property
    def seed(self) -> int:
        """What fixed the engine's draws. Requests that give the same one are the same audio to
        the sample; where the supervisor picked it, the same but for rounding.
        """
        return self._accepted.seed

    @property
    def done(self) -> bool:
        """Whether the job has ended, well or not; audio may still be waiting to be taken."""
        return self._record.ended

    @property
    def timings(self) -> Timings | None:
        """How long it took; None until the job is done."""
        return self._record.timings

    def _begin_stream(self) -> None:
        if self._pcm or self._audio is not None:
            raise RuntimeError("result() has taken this job's audio")
        self._streamed = True

    def _begin_result(self) -> None:
        if self._streamed:
            raise RuntimeError("this job's audio was taken in chunks")

    def _whole(self) -> Audio:
        """The audio of a job whose pieces were all collected."""
        timings, end = self._record.timings, self._record.end
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
