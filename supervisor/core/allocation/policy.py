"""What the allocation policy is told, what it answers, and the record it keeps of why.

Plain records. The shell turns settings into a `Policy` and measurements into
`Sampled`; `allocation` decides. Utilization is in percent of the leased cores,
time in monotonic seconds, temperature in °C.
"""

from __future__ import annotations

import re

import msgspec

_FIGURES = re.compile(r"_\d.*")


class Policy(msgspec.Struct, frozen=True):
    """`performance.dynamic_cpu_allocation`, field for field, already validated.

    `min_cores` is None where nobody set it (it counts as 1): a static pool
    (`enabled` false) takes `min_cores` only where that alone was set.
    `onnx_integration` is read by `shape`, `update_environment` by the pool.
    """

    enabled: bool = True
    cpu_target: float = 75.0
    hysteresis_factor: float = 0.6
    monitoring_interval: float = 1.0
    history_window: int = 10
    allocation_cooldown: float = 5.0
    min_cores: int | None = None
    max_cores: int | None = None
    aggressive_mode: bool = False
    thermal_protection: bool = True
    onnx_integration: bool = True
    update_environment: bool = True

    @property
    def scale_down_threshold(self) -> float:
        """Utilization in percent below which cores are too many."""
        return self.cpu_target * self.hysteresis_factor


class Sampled(msgspec.Struct, frozen=True):
    """One look at the pool and the machine.

    utilization: percent of the leased cores that the workers wanted, 0–100: what they
        used, and what they waited for; None (or not a number): the monitor failed.
    starved: the part of it that others had.
    usable: cores this pool may lease now, those leased by others already taken off.
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


class Configured(msgspec.Struct, frozen=True):
    """The settings changed. Bounds take effect at once, the rest with the next sample."""

    now: float
    policy: Policy


Event = Sampled | Configured


class Decision(msgspec.Struct, frozen=True):
    """What was decided on one event, and on what. `before == after`: nothing changed.

    `average` is over the samples that counted; None when there were none.
    `inputs` is the sample, or None where the settings made the change.
    """

    now: float
    before: int
    after: int
    utilization: float | None
    average: float | None
    reason: str
    inputs: Sampled | None = None

    @property
    def kind(self) -> str:
        """The reason without its figures, of which there are a few: `high_utilization`."""
        return _FIGURES.sub("", self.reason)

    @property
    def log_line(self) -> str:
        """The line an operator greps for when the count changed."""
        used = "unknown" if self.average is None else f"{self.average:.1f}%"
        return (
            f"CPU allocation changed: {self.before} → {self.after} cores "
            f"(utilization: {used}, reason: {self.reason})"
        )


class Resize(msgspec.Struct, frozen=True):
    """The pool is to hold `cores` cores from now on."""

    cores: int
    decision: Decision


Command = Resize
