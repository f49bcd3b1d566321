"""Settings of jobs: admission, retention, the journal, and segmentation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from supervisor.config.sections.declared import Declared, Section, order_error
from supervisor.speech import Pauses


class Admission(Section):
    """The section `admission`: bounds on waiting work and text, in all and per client."""

    max_work_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="Predicted work of all clients: seconds of one worker. Each client counts "
            "with its own bound at most; a client with up to a thirtieth of it is always admitted.",
        ),
        Declared("live", "s"),
    ] = 3600.0
    max_client_work_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="Predicted work of one client; the job that exceeds it is the last "
            "to be admitted. A job counts with half of it at most, so a book leaves room for the "
            "same client's sentences.",
        ),
        Declared("live", "s"),
    ] = 900.0
    max_bytes: Annotated[
        int,
        Field(ge=1, le=1 << 40, description="Text of all jobs in flight."),
        Declared("live", "bytes"),
    ] = 64 * 1_048_576
    max_client_bytes: Annotated[
        int,
        Field(ge=1, le=1 << 40, description="Text of one client's jobs in flight."),
        Declared("live", "bytes"),
    ] = 16 * 1_048_576


class Jobs(Section):
    """The section `jobs`: retention of ended plain jobs, so that clients can attach again."""

    retention_s: Annotated[
        float,
        Field(ge=0, le=31_536_000, description="How long a job is remembered."),
        Declared("live", "s"),
    ] = 60.0
    retention_bytes: Annotated[
        int,
        Field(ge=0, le=1 << 40, description="Released audio of all jobs that is kept in memory."),
        Declared("live", "bytes"),
    ] = 8 * 1_048_576
    retention_jobs: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many jobs are remembered."),
        Declared("live", "jobs"),
    ] = 256


class Journal(Section):
    """The section `journal`: durable jobs, which outlive their client and the supervisor."""

    enabled: Annotated[
        bool,
        Field(description="Take durable jobs. When false they are refused."),
        Declared("supervisor_restart"),
    ] = True
    sync: Annotated[
        Literal["normal", "full"],
        Field(
            description="What an accepted job survives: with normal the end of the supervisor, "
            "with full also a power loss, for a write to the disk each time."
        ),
        Declared("supervisor_restart"),
    ] = "normal"
    retention_s: Annotated[
        float,
        Field(ge=0, le=31_536_000, description="How long the result of a durable job is kept."),
        Declared("live", "s"),
    ] = 86_400.0
    retention_bytes: Annotated[
        int,
        Field(
            ge=0,
            le=1 << 50,
            description="Results that are kept; beyond it the oldest goes, if no client listens to "
            "it. The latest always stays.",
        ),
        Declared("live", "bytes"),
    ] = 2 * 1024 * 1_048_576
    retention_jobs: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many durable jobs that ended are kept."),
        Declared("live", "jobs"),
    ] = 10_000
    open_text_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="How long the next of an open text may take that is durable; then it ends "
            "as it stands.",
        ),
        Declared("live", "s"),
    ] = 600.0


class Segments(Section):
    """The section `segments`: how a text is cut, and the silences between the parts, at speed 1."""

    first_max_chars: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Longest first segment of a job; short, so that speech starts early. Where "
            "nobody would breathe before, the first segment is as long as the others may be.",
        ),
        Declared("live", "characters"),
    ] = 80
    max_chars: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Longest segment after the first. A sentence of more than 1,000 to 2,000 "
            "characters is cut in any case.",
        ),
        Declared("live", "characters"),
    ] = 240

    sentence_pause_s: Annotated[
        float,
        Field(ge=0, le=10, description="Silence after a sentence, and after an item of a list."),
        Declared("live", "s"),
    ] = 0.6
    heading_pause_s: Annotated[
        float,
        Field(ge=0, le=10, description="Silence after a line that stands alone without a stop."),
        Declared("live", "s"),
    ] = 0.8
    paragraph_pause_s: Annotated[
        float,
        Field(ge=0, le=10, description="Silence after a paragraph."),
        Declared("live", "s"),
    ] = 1.0

    def pauses(self, asked: float = 1.0) -> Pauses:
        """The silences, as a job has them from its beginning to its end; `asked` is a factor on
        those that its text asks for.
        """
        return Pauses(
            sentence_s=self.sentence_pause_s,
            heading_s=self.heading_pause_s,
            paragraph_s=self.paragraph_pause_s,
            asked=asked,
        )

    @model_validator(mode="after")
    def _first_is_shorter(self) -> Self:
        if self.first_max_chars > self.max_chars:
            raise order_error(self, "first_max_chars", "max_chars")
        return self
