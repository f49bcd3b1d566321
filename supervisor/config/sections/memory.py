"""Settings of the memory that the pool leaves free, and gives back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from supervisor.config.sections.declared import Declared, Section

Score = Annotated[int, Field(ge=0, le=1000)]


class OomScoreAdj(Section):
    """The section `performance.memory.oom_score_adj`: whom the kernel kills first."""

    worker: Annotated[
        Score | None,
        Field(
            description="Added to the score by which the kernel chooses a victim when memory has "
            "run out, for worker processes; never less than the supervisor's own. null: as the "
            "supervisor's."
        ),
        Declared("live"),
    ] = 500
    template: Annotated[
        Score | None,
        Field(description="The same for the template, which workers are forked from."),
        Declared("live"),
    ] = 400
    gateway: Annotated[
        Score | None,
        Field(description="The same for the gateway. The supervisor's own stays as it was given."),
        Declared("live"),
    ] = 300


class Memory(Section):
    """The section `performance.memory`: what is left to others, and given back to them."""

    reserve_mb: Annotated[
        Literal["auto"] | Annotated[float, Field(gt=0, le=1e9)] | None,
        Field(
            description="Memory that stays free: no worker is added into it, and below half of it "
            "idle workers go. auto: 5 % of the machine's memory or of its cgroup limit, from 256 "
            "to 1024 MB and never over an eighth. null: memory is not watched."
        ),
        Declared("live", "MB"),
    ] = "auto"
    pressure_percent: Annotated[
        float | None,
        Field(
            gt=0,
            le=100,
            description="Part of the last 10 s in which every task waited for memory (PSI `full`), "
            "from which on for 5 s memory counts as short, whatever is free; null: never.",
        ),
        Declared("live", "%"),
    ] = 10.0
    give_back: Annotated[
        bool,
        Field(
            description="Let workers go when memory is short, down to one. When false the pool "
            "stops growing and gives nothing back."
        ),
        Declared("live"),
    ] = True
    oom_score_adj: OomScoreAdj = OomScoreAdj()
