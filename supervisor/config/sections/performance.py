"""Settings of the allocation of cores."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from supervisor.config.sections.declared import Declared, Section, order_error
from supervisor.config.sections.forecast import Forecast
from supervisor.config.sections.memory import Memory


class DynamicCpuAllocation(Section):
    """The section `performance.dynamic_cpu_allocation`: the pool's number of cores by its load."""

    enabled: Annotated[
        bool,
        Field(
            description="Let the number of cores follow the load. When false the pool is static: "
            "`max_cores`, or `min_cores` where only that is set."
        ),
        Declared("live"),
    ] = True
    cpu_target: Annotated[
        float,
        Field(gt=0, le=100, description="Average utilization above which the pool takes cores."),
        Declared("live", "%"),
    ] = 75.0
    hysteresis_factor: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="The pool gives cores back when the average falls below "
            "`cpu_target` × this factor.",
        ),
        Declared("live"),
    ] = 0.6
    monitoring_interval: Annotated[
        float,
        Field(ge=0.05, le=3600, description="Time between two samples of the utilization."),
        Declared("live", "s"),
    ] = 1.0
    history_window: Annotated[
        int,
        Field(ge=1, le=10_000, description="How many samples are kept and averaged."),
        Declared("live", "samples"),
    ] = 10
    allocation_cooldown: Annotated[
        float,
        Field(ge=0, le=3600, description="Least time between two changes of the allocation."),
        Declared("live", "s"),
    ] = 5.0
    min_cores: Annotated[
        int,
        Field(ge=1, le=4096, description="The pool never holds fewer cores; it starts with them."),
        Declared("live", "cores"),
    ] = 1
    max_cores: Annotated[
        int | None,
        Field(
            ge=1,
            le=4096,
            description="The pool never holds more cores; null means all usable cores but one, "
            "at least one. More than the usable cores is clamped and reported.",
        ),
        Declared("live", "cores"),
    ] = None
    aggressive_mode: Annotated[
        bool,
        Field(
            description="Where the average decides, take or give back as many cores at once as "
            "the load calls for instead of one at a time."
        ),
        Declared("live"),
    ] = False
    thermal_protection: Annotated[
        bool,
        Field(
            description="Hold fewer cores while the processor is over 85 °C or its throttle "
            "counters rise."
        ),
        Declared("live"),
    ] = True
    onnx_integration: Annotated[
        bool,
        Field(
            description="Rebuild sessions when a worker's share of cores changes. When false, "
            "only the number of workers and their cores change, never thread counts."
        ),
        Declared("live"),
    ] = True
    update_environment: Annotated[
        bool,
        Field(
            description="Set OMP_, OPENBLAS_, MKL_ and NUMEXPR_NUM_THREADS of every new worker "
            "to its number of threads."
        ),
        Declared("worker_restart"),
    ] = True
    utilization_source: Annotated[
        Literal["pool", "cores", "system"],
        Field(
            description="What is measured: the CPU time that the pool's own workers used or "
            "waited for, everything on the leased cores, or the whole machine."
        ),
        Declared("live"),
    ] = "pool"

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Self:
        if self.max_cores is not None and self.min_cores > self.max_cores:
            raise order_error(self, "min_cores", "max_cores")
        return self


class Performance(Section):
    """The section `performance`: the use of the machine."""

    prediction: Annotated[
        Literal["off", "advise", "act"],
        Field(
            description="Whether the load is foretold from what each minute of the day and the "
            "week has brought: not at all; shown; or shown, and cores are there for a sharp rise "
            "while the forecast has proved itself. See [Prediction](#prediction)."
        ),
        Declared("live"),
    ] = "advise"
    forecast: Forecast = Forecast()
    dynamic_cpu_allocation: DynamicCpuAllocation = DynamicCpuAllocation()
    memory: Memory = Memory()
