"""Settings of the worker processes: start, threads, health, restarts and replacement."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from supervisor.config.sections.declared import Declared, Section


class Pool(Section):
    """The section `pool`: the worker processes."""

    start_method: Annotated[
        Literal["forkserver", "spawn"],
        Field(
            description="How a worker is started: forked from the warm template, or as a fresh "
            "interpreter that loads its own models."
        ),
        Declared("supervisor_restart"),
    ] = "forkserver"
    threads_per_worker: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=1, le=4096)],
        Field(
            description="Threads of one worker's session; with auto they follow the demand: all "
            "cores for a single segment, one each for many."
        ),
        Declared("session_rebuild", "threads"),
    ] = "auto"
    weight: Annotated[
        float,
        Field(
            ge=0.01,
            le=100,
            description="Share of the cores where supervisors of one host want more of them than "
            "there are: one with twice the weight of another gets twice as many.",
        ),
        Declared("live"),
    ] = 1.0
    grace_period_s: Annotated[
        float,
        Field(ge=0, le=86_400, description="How long a drain waits for running work."),
        Declared("live", "s"),
    ] = 30.0
    hang_timeout_s: Annotated[
        float,
        Field(
            ge=0.1,
            le=3600,
            description="A worker that shows neither progress nor CPU time for this long is ended, "
            "and its segment runs elsewhere.",
        ),
        Declared("live", "s"),
    ] = 10.0
    overdue_factor: Annotated[
        float,
        Field(
            ge=1,
            le=1000,
            description="A worker whose segment takes this many times as long as predicted is "
            "ended too, however busy it is.",
        ),
        Declared("live"),
    ] = 10.0
    overdue_min_s: Annotated[
        float,
        Field(
            ge=0.1,
            le=86_400,
            description="No segment is overdue before this time, as an engine may have to load "
            "its model first.",
        ),
        Declared("live", "s"),
    ] = 60.0
    restart_intensity: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="A slot whose workers die this often within `restart_window_s` is parked "
            "(`fatal`) for a minute; the pool goes on with the rest.",
        ),
        Declared("live", "deaths"),
    ] = 6
    restart_window_s: Annotated[
        float,
        Field(ge=1, le=86_400, description="The time in which deaths are counted."),
        Declared("live", "s"),
    ] = 60.0
    max_worker_pss_mb: Annotated[
        float | None,
        Field(
            gt=0,
            le=1e7,
            description="A worker that holds more memory (proportional set size) is replaced, "
            "after its replacement is ready; null: never.",
        ),
        Declared("live", "MB"),
    ] = None
    max_segments_per_worker: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000_000,
            description="A worker that has spoken this many segments is replaced in the same way; "
            "null: never.",
        ),
        Declared("live", "segments"),
    ] = None
