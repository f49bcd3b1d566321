"""Settings of the segment cache."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from supervisor.config.sections.declared import Declared, Section


class Cache(Section):
    """The section `cache`: spoken segments that are kept, for when they are wanted again."""

    enabled: Annotated[
        bool,
        Field(
            description="Keep spoken segments, and answer with them when the same is to be said "
            "again in the same way."
        ),
        Declared("live"),
    ] = True
    memory_mb: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Memory for them; what was not used for longest goes first. An MB is 10 s "
            "of speech at 24 kHz.",
        ),
        Declared("live"),
    ] = 32
    disk_mb: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Disk for them, in the state directory, so that they outlive a restart; 0 "
            "for none, which also removes what is there.",
        ),
        Declared("live"),
    ] = 0
    max_segment_chars: Annotated[
        int,
        Field(ge=1, le=100_000, description="Longest segment that is kept."),
        Declared("live", "characters"),
    ] = 200
    min_uses: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="How often a segment has to be spoken, of late, before it is kept. With 1 "
            "a book takes the place of everything else.",
        ),
        Declared("live"),
    ] = 2
    ttl_s: Annotated[
        float,
        Field(gt=0, le=315_360_000, description="How long a segment is kept."),
        Declared("live", "s"),
    ] = 604_800.0
    scope: Annotated[
        Literal["owner", "all"],
        Field(
            description="Who is answered with a segment: its owner alone, or everybody. A hit can "
            "be told by its speed, so `all` lets one client find out what another has had said."
        ),
        Declared("live"),
    ] = "owner"
    unseeded: Annotated[
        Literal["fresh", "share"],
        Field(
            description="For engines that draw (hibari), requests without a seed: `fresh` draws "
            "another one for each, and they are not kept; `share` gives all of them the same, so "
            "that repeats are the same, too."
        ),
        Declared("live"),
    ] = "fresh"
