"""What is asked of a durable job over HTTP, and what is told of one."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from supervisor.gateway.errors import ErrorDetail
from supervisor.gateway.speech.asking import SpeechRequest

KEY_CHARS: Final = 256
LONGEST_S: Final = 366 * 24 * 3600.0
"""Bounds of the supervisor's own protocol."""

RoadName = Literal["host", "fleet"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "expired"]


class SpeechJobRequest(SpeechRequest, frozen=True):
    """The body of `/v1/audio/speech`, to be spoken whoever waits for it."""

    key: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_CHARS)] | None,
        msgspec.Meta(
            description="Your name for it: handed in again under its key it is the same job. The "
            "header `Idempotency-Key` says the same."
        ),
    ] = None
    deadline: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=LONGEST_S)] | None,
        msgspec.Meta(description="Seconds from now on after which nobody needs it any more."),
    ] = None


class JobDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A durable job as it stands. Times are in seconds; what is not known of it is null.

    `road`: whether it is this host's alone or the fleet's, and `hosts` those of the fleet that have
    spoken of it. `note` says why it is not the fleet's where it should be. `progress` is the part
    of it that is spoken. `position` counts the jobs of its class that wait before it, while it
    waits itself. `audio_s` is how much of its audio there is, `work_left_s` what is left to do for
    one worker, as it is predicted. `error` says why it ended without audio.
    """

    id: str
    state: JobState
    road: RoadName
    request_class: str = msgspec.field(name="class")
    model: str
    voice: str | None
    response_format: str
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)]
    segments: int | None
    segments_spoken: int
    position: int | None
    audio_s: float
    age_s: float | None
    waited_s: float | None
    work_left_s: float | None
    deadline_in_s: float | None
    hosts: list[str]
    note: str | None
    error: ErrorDetail | None


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """The gateway's note at a job: the client whose it is, if only he may see it, and how its
    audio is given out. `tempo` is what the engine cannot do of the speed; `request` is of the
    request that handed it in, for one that comes later under its key.
    """

    owner: str | None = None
    format: str = "mp3"
    rate: Annotated[int, msgspec.Meta(ge=8_000, le=48_000)] | None = None
    tempo: Annotated[float, msgspec.Meta(ge=0.1, le=10)] = 1.0
    request: str = ""

    def is_like(self, other: Label) -> bool:
        """Whether both are given out alike."""
        return (self.format, self.rate, self.tempo) == (other.format, other.rate, other.tempo)

    def encoded(self) -> str:
        """As the supervisor keeps it, in far less than 256 characters."""
        return msgspec.json.encode(self).decode()


def label_of(encoded: str | None) -> Label:
    """The note at a job; a job that came another way has none, or one of its own."""
    try:
        return msgspec.json.decode(encoded or "{}", type=Label)
    except msgspec.DecodeError:
        return Label()
