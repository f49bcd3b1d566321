"""Speed from 0.25 to 4, whatever the engine can do: it speaks as near to that as it can itself.

The rest of the way its audio is stretched or condensed here, and the times of its words with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import msgspec

from supervisor.audio.samples import Samples
from supervisor.client import AsyncJob
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.encoders import Encoders
from supervisor.speech import LeftOut, Word
from supervisor.wire.client import Welcome

if TYPE_CHECKING:
    from supervisor.audio.tempo import TempoChange

SLOWEST: Final = 0.25
FASTEST: Final = 4.0
"""As OpenAI's reference has them."""


class Pace(NamedTuple):
    """The speed that an engine speaks at, and the factor by which its audio is made faster then."""

    speed: float
    tempo: float


def pace_of(speed: float, engine: str | None, language: str | None, welcome: Welcome) -> Pace:
    """How a speed is reached; an engine that is not named may, with a language, be any.

    Raises ApiError for a speed that is not to be had.
    """
    if engine is None and language is not None:
        able = [each for each in welcome.engines.values() if not each.get("unavailable")]
    else:
        able = [welcome.engines.get(engine or welcome.default_engine, {})]
    least = max((each.get("min_speed", SLOWEST) for each in able), default=SLOWEST)
    most = min((each.get("max_speed", FASTEST) for each in able), default=FASTEST)
    if not min(SLOWEST, least) <= speed <= max(FASTEST, most):
        reason = f"speed {speed:g} is outside {min(SLOWEST, least):g} to {max(FASTEST, most):g}"
        raise ApiError(400, reason, code="out_of_range", param="speed")
    own = min(max(speed, least), most)
    return Pace(own, speed / own)


class PacedJob:
    """A job whose audio is made `tempo` times as fast on its way; in everything else the job."""

    def __init__(self, job: AsyncJob, tempo: float, encoders: Encoders) -> None:
        self._job = job
        self._tempo = tempo
        self._encoders = encoders

    @property
    def id(self) -> str:
        """The supervisor's id of the job."""
        return self._job.id

    @property
    def host(self) -> str | None:
        """The host of the fleet that speaks it, if that is another one."""
        return self._job.host

    @property
    def sample_rate(self) -> int:
        """Samples per second of its audio."""
        return self._job.sample_rate

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What of the text is not read."""
        return self._job.left_out

    def new_words(self) -> Sequence[Word]:
        """The words that have come since the last call, when they are heard at this tempo."""
        return [
            msgspec.structs.replace(
                word, begin_s=word.begin_s / self._tempo, end_s=word.end_s / self._tempo
            )
            for word in self._job.new_words()
        ]

    def write(self, text: str, *, flush: bool = False) -> None:
        """Add to the text of an open job."""
        self._job.write(text, flush=flush)

    def end_text(self) -> None:
        """End the text of an open job."""
        self._job.end_text()

    def cancel(self) -> None:
        """Stop the job."""
        self._job.cancel()

    async def chunks(self) -> AsyncIterator[Samples]:
        """Pieces of audio in order, float32 [n]. Raises SupervisorError."""
        run = self._encoders.run
        change = await run(_tempo_change, self._tempo, self.sample_rate)
        async for samples in self._job:
            yield await run(change.change, samples)
        yield await run(change.finish)

    def __aiter__(self) -> AsyncIterator[Samples]:
        return self.chunks()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._job.__aexit__(*exc)


SpokenJob = AsyncJob | PacedJob


def _tempo_change(tempo: float, sample_rate: int) -> TempoChange:
    """FFmpeg's libraries are loaded with the first stream that needs them, as for encoders."""
    from supervisor.audio.tempo import TempoChange  # noqa: PLC0415 - loads FFmpeg

    return TempoChange(tempo, sample_rate)
