"""Durable work: a job as it waits, what became of it, and what an operator is to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from supervisor.speech import LeftOut, PartialSpeech, Word
from supervisor.wire.client import Submit
from supervisor.wire.fleet.codec import Record
from supervisor.wire.fleet.names import JobName

OutcomeKind = Literal["done", "failed", "cancelled", "expired"]


_BYTES_A_SEGMENT: Final = 90

_CHAR_S: Final = 0.02
"""Predicted time of one core for a character: that of a large model. How much quicker or slower a
host is, its pace says."""


def predicted_s(chars: int) -> float:
    """Predicted seconds of one core for a text, the same for all that count with it."""
    return chars * _CHAR_S


def segments_expected(text_bytes: int) -> int:
    """About how many segments a text has, before it is cut."""
    return max(1, text_bytes // _BYTES_A_SEGMENT)


class Config(Record, frozen=True, kw_only=True):
    """What the whole fleet shares, as `supervisor fleet setup` wrote it: the key CONFIG.

    `lanes` is how many there are, `part_s` how many predicted seconds of one core a part of a long
    text has, `retention_s` for how long outcomes and audio are kept. `engines` have consumers.
    """

    min_schema: int = 1
    max_schema: int = 1
    lanes: int = 1
    part_s: float = 60.0
    retention_s: float = 86_400.0
    engines: tuple[str, ...] = ()


class Job(Record, frozen=True, kw_only=True):
    """One durable job, or one part of it, as it waits in the stream JOBS.

    `submit` is the request as a host's supervisor takes it, complete in what decides its samples:
    engine and seed are set, and `part` for a part. `text` is the text; None where it was too long,
    and lies in `text_pieces` pieces (`names.text_subject` with the job's id, `text_of`).
    `owner` is whom the submitter acts for within the tenant. `request` is the digest that tells
    whether two requests under one key are the same. `submitted_ms` is Unix time. `cost_s` is the
    predicted time of one core, `sample_rate` what its audio is to have. `made_by`, where it is set:
    only a host of this speech fingerprint may speak it, as it goes on from what others of that
    fingerprint have spoken.
    """

    id: str
    tenant: str
    submit: Submit
    text: str | None = None
    text_of: str | None = None
    text_pieces: int = 0
    text_bytes: int = 0
    owner: str = ""
    request: str = ""
    submitted_ms: int = 0
    deadline_ms: int | None = None
    """Unix time by which it is to be done, None for no such time."""
    cost_s: float = 0.0
    sample_rate: int = 0
    made_by: str | None = None

    @property
    def part(self) -> tuple[int, int] | None:
        """Which of how many parts it is."""
        return self.submit.part


class Outcome(Record, frozen=True, kw_only=True):
    """What became of a job, or of one part: there is one, and it never changes.

    `host`, `epoch` and `attempt` say who wrote it; `voice` and `label` are the request's. Of a job
    that is `done`: `object` names its audio (`names.audio_object`), `bytes` of `format` in `pieces`
    pieces, whose digest is `sha256`; `segments` counts its segments, and `first_segment` those of
    the text before it. `words`, where the request asked for them, lie in the object of the same
    name with `.words` behind it, in `word_pieces` pieces (`Words`). `made_by` is the speech
    fingerprint of the host. Of one that is not done, `code` and `message` say why, as ERROR of
    docs/PROTOCOL.md does.
    """

    id: str
    kind: OutcomeKind
    tenant: str = ""
    owner: str = ""
    request: str = ""
    host: str = ""
    epoch: str = ""
    attempt: int = 0
    submitted_ms: int = 0
    finished_ms: int = 0
    voice: str | None = None
    label: str | None = None
    object: str | None = None
    pieces: int = 0
    bytes: int = 0
    sha256: str = ""
    format: str = "f32le"
    sample_rate: int = 0
    seed: int = 0
    segments: int = 0
    first_segment: int = 0
    part: tuple[int, int] | None = None
    queued_s: float = 0.0
    synthesis_s: float = 0.0
    retried: int = 0
    cached: int = 0
    left_out: tuple[LeftOut, ...] = ()
    word_pieces: int = 0
    made_by: str = ""
    code: str = ""
    message: str = ""


class Words(Record, frozen=True, kw_only=True):
    """Words of a job's audio, in order, their times in seconds of that audio."""

    words: tuple[Word, ...] = ()


class DeadLetter(Record, frozen=True, kw_only=True):
    """A job that failed for good, with all that is needed to hand it in again.

    `name` is its public id, `attempts` how often a worker died of it, `at_ms` Unix time.
    """

    name: str
    job: Job
    code: str
    message: str
    host: str
    attempts: int = 0
    at_ms: int = 0


class ManifestPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a job: None for an outcome that is still to come."""

    id: str
    outcome: Outcome | None = None


class Manifest(Record, frozen=True, kw_only=True):
    """A job with all that is known of its parts, in the order of the text.

    It is put together from the outcomes of the parts: nobody has to be alive to write it.
    """

    name: str
    parts: tuple[ManifestPart, ...]

    @property
    def settled(self) -> int:
        """How many parts have an outcome."""
        return sum(part.outcome is not None for part in self.parts)

    @property
    def bad(self) -> Outcome | None:
        """The first outcome that is not `done`: then the job will never be."""
        for part in self.parts:
            if part.outcome is not None and part.outcome.kind != "done":
                return part.outcome
        return None

    @property
    def state(self) -> OutcomeKind | Literal["unfinished"]:
        """What became of the whole job."""
        if (bad := self.bad) is not None:
            return bad.kind
        return "done" if self.settled == len(self.parts) else "unfinished"


def manifest(name: JobName, outcomes: Sequence[Outcome | None]) -> Manifest:
    """The manifest of a job, by the outcomes of `name.each()` in their order."""
    parts = zip(name.each(), outcomes, strict=True)
    return Manifest(
        name=str(name),
        parts=tuple(ManifestPart(id=part.id, outcome=outcome) for part, outcome in parts),
    )


_LEFT_OPEN = PartialSpeech()


def request_digest(submit: Submit, text: str) -> str:
    """Tells whether two requests under one key are the same: what is to be spoken, and how.

    Deadline, priority and class may differ. The seed counts only where the client gave one, so it
    has to be digested before one is drawn.
    """
    options: dict[str, Any] = {
        name: option
        for name in PartialSpeech.__struct_fields__
        if (option := getattr(submit, name)) != getattr(_LEFT_OPEN, name)
    }
    packed = msgspec.msgpack.encode((options, text), order="deterministic")
    return hashlib.blake2b(packed, digest_size=16).hexdigest()
