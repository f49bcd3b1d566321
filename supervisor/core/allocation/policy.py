"""Records of the allocator: its policy, samples, decisions and their reasons.

The shell turns settings into a `Policy` and measurements into `Sampled`; `allocator`
decides. Utilization is in percent of the leased cores, time in monotonic seconds,
temperature in °C.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from supervisor.core.allocation.memory_states import MemoryPolicy, MemorySeen

Kind = Literal[
    "backlog",
    "bound_max_cores",
    "bound_memory",
    "bound_min_cores",
    "bound_reserve",
    "bound_share",
    "bound_usable",
    "configured",
    "cooldown",
    "disabled",
    "draining_backlog",
    "first_sample",
    "forecast",
    "fresh_samples",
    "high_utilization",
    "horizontal",
    "low_utilization",
    "memory_critical",
    "memory_pressure",
    "memory_short",
    "monitor_failed",
    "optimal_range",
    "original",
    "scale_down_wait",
    "sessions_building",
    "starved_by_others",
    "thermal_cap",
    "work_waiting",
    "yield_to",
]
"""The reason for a decision. `original` and `horizontal` are of the rivals in `simulate`."""

_FORMS: dict[Kind, str] = {
    "backlog": "_{:.1f}s",
    "bound_max_cores": "_{:.0f}",
    "bound_memory": "_{:.0f}",
    "bound_min_cores": "_{:.0f}",
    "bound_reserve": "_{:.0f}",
    "bound_share": "_{:.0f}",
    "bound_usable": "_{:.0f}",
    "cooldown": "_{:.1f}s",
    "draining_backlog": "_{:.1f}s",
    "forecast": "_{:.0f}",
    "fresh_samples": "_{:.0f}_of_{:.0f}",
    "high_utilization": "_{:.1f}%",
    "low_utilization": "_{:.1f}%",
    "memory_critical": "_{:.0f}MB",
    "memory_pressure": "_{:.0f}%",
    "memory_short": "_{:.0f}MB",
    "optimal_range": "_{:.1f}%",
    "scale_down_wait": "_{:.0f}s",
    "starved_by_others": "_{:.0f}%",
    "thermal_cap": "_{:.0f}",
    "work_waiting": "_{:.1f}s",
    "yield_to": "_{:.0f}",
}
"""How the figures of a kind are written; the other kinds have none."""

ThreadsPerWorker = Literal["auto"] | int


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`performance.dynamic_cpu_allocation`, field for field, already validated.

    `min_cores` is None where it was not set (it counts as 1): a static pool
    (`enabled` false) takes `min_cores` only where that alone was set.
    `onnx_integration` is read by `shape`, `update_environment` by the pool.
    `profiles`: the profile that a setting is from, by the setting's name; none: from no profile.
    """

    enabled: bool
    cpu_target: float
    hysteresis_factor: float
    monitoring_interval: float
    history_window: int
    allocation_cooldown: float
    min_cores: int | None
    max_cores: int | None
    aggressive_mode: bool
    thermal_protection: bool
    onnx_integration: bool
    update_environment: bool
    profiles: Mapping[str, str] = {}

    @property
    def scale_down_threshold(self) -> float:
        """Utilization in percent below which cores are too many."""
        return self.cpu_target * self.hysteresis_factor


class Sampled(msgspec.Struct, frozen=True):
    """A sample of the pool and the machine.

    utilization: percent of the leased cores that the workers wanted, 0–100: what they
        used, and what they waited for; None (or not a number): the monitor failed.
    starved: the part of it that others had.
    usable: cores this pool may lease now, those leased by others already taken off.
    alone: cores it could lease if no other supervisor had any; None: as many as it may now.
    leased: cores the utilization refers to, where that is not the number decided
        (a drain or a fork still under way); None: the number decided.
    memory_cap: how many cores' workers fit into memory; None: unknown.
    throttling: a thermal throttle counter rose since the last sample.
    backlog_s: age of the oldest waiting segment, 0 when none waits.
    demand: segments running and waiting.
    waiting: those of them that wait.
    idle: workers without a segment, on average since the last sample; None: unknown.
    finished: segments that ended since the last sample.
    building: sessions were being built since the last sample, so that part of the
        utilization is not load.
    memory: what is left of it; None: not measured.
    forecast: cores that are to be there for a rise that is foretold; 0: none is.
    """

    now: float
    utilization: float | None
    usable: int
    starved: float = 0.0
    leased: int | None = None
    temperature: float | None = None
    throttling: bool = False
    memory_cap: int | None = None
    backlog_s: float = 0.0
    demand: float = 0.0
    waiting: float = 0.0
    idle: float | None = None
    finished: float = 0.0
    building: bool = False
    memory: MemorySeen | None = None
    alone: int | None = None
    forecast: int = 0


class Configured(msgspec.Struct, frozen=True):
    """The settings changed. Bounds take effect at once, the rest with the next sample."""

    now: float
    policy: Policy
    threads_per_worker: ThreadsPerWorker
    memory: MemoryPolicy = MemoryPolicy()


Event = Sampled | Configured


class Decision(msgspec.Struct, frozen=True):
    """A decision about the number of cores, and its inputs. `before == after`: nothing changed.

    `average` is over the samples that counted; None when there were none.
    `figures` are those of the kind: percent, seconds or cores; how many samples there are, and
    how many it takes. `inputs` is the sample, or None where the settings made the change.
    `profile`: the one that has set the bound which decided; empty for none.
    """

    now: float
    before: int
    after: int
    utilization: float | None
    average: float | None
    kind: Kind
    figures: tuple[float, ...] = ()
    inputs: Sampled | None = None
    profile: str = ""

    @property
    def reason(self) -> str:
        """The kind and its figures in one word, and the profile: `high_utilization_91.5%`."""
        why = self.kind + _FORMS.get(self.kind, "").format(*self.figures)
        return f"{why} (profile {self.profile})" if self.profile else why

    @property
    def log_line(self) -> str:
        """The log line of a change in the number of cores."""
        used = "unknown" if self.average is None else f"{self.average:.1f}%"
        return (
            f"CPU allocation changed: {self.before} → {self.after} cores "
            f"(utilization: {used}, reason: {self.reason})"
        )


class Resize(msgspec.Struct, frozen=True):
    """Hold the decided number of cores from now on."""

    decision: Decision


Command = Resize
