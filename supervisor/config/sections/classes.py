"""Settings of the classes of requests: who goes first, and at what cost for the others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from supervisor.config.sections.declared import Declared, Section


class Interactive(Section):
    """The section `classes.interactive`: somebody waits for a sentence."""

    weight: Annotated[
        float,
        Field(
            gt=0,
            le=1_000,
            description="Share of the workers beside other classes and other clients: at 8 they "
            "get eight times the work done that they get at 1.",
        ),
        Declared("live"),
    ] = 8.0
    max_work_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="Predicted work, in seconds of one worker, that a client may have waiting "
            "in this class; a job that is more counts as `stream`.",
        ),
        Declared("live", "s"),
    ] = 30.0


class Stream(Section):
    """The section `classes.stream`: somebody listens to a text while it is spoken."""

    weight: Annotated[
        float,
        Field(gt=0, le=1_000, description="As that of `interactive`."),
        Declared("live"),
    ] = 4.0
    max_work_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="As that of `interactive`; a job that is more counts as `batch`.",
        ),
        Declared("live", "s"),
    ] = 120.0
    max_chars_contended: Annotated[
        int | None,
        Field(
            ge=20,
            le=100_000,
            description="While interactive work is seen, a longer segment is cut in two at a "
            "breath, if its audio is not promised to be the same (a seed, `durable`). null: never.",
        ),
        Declared("live", "characters"),
    ] = 160


class Batch(Section):
    """The section `classes.batch`: nobody waits, as for a book."""

    weight: Annotated[
        float,
        Field(gt=0, le=1_000, description="As that of `interactive`."),
        Declared("live"),
    ] = 1.0
    max_chars_contended: Annotated[
        int | None,
        Field(
            ge=20,
            le=100_000,
            description="As that of `stream`, while interactive or stream work is seen.",
        ),
        Declared("live", "characters"),
    ] = 80


class Classes(Section):
    """The section `classes`: who goes first, and what batch work gives up for others."""

    interactive: Interactive = Interactive()
    stream: Stream = Stream()
    batch: Batch = Batch()
    contended_s: Annotated[
        float,
        Field(
            ge=0,
            le=3_600,
            description="How long after more urgent work ran the segments of less urgent work are "
            "cut shorter (`max_chars_contended`).",
        ),
        Declared("live", "s"),
    ] = 30.0
    preempt: Annotated[
        bool,
        Field(
            description="Interrupt a segment of batch work for an interactive one, if no worker is "
            "free and less than half of it is done. It is spoken again from its beginning: each "
            "worker is interrupted once in 5 s at most, each segment twice."
        ),
        Declared("live"),
    ] = True
    preempt_left_s: Annotated[
        float,
        Field(
            ge=0,
            le=3_600,
            description="Predicted seconds left of a segment up to which it is waited for.",
        ),
        Declared("live", "s"),
    ] = 0.3
