"""Settings that the page can move, try on the recorded hour, and have applied."""

from __future__ import annotations

import msgspec


class Trial(msgspec.Struct, frozen=True):
    """The settings of `performance.dynamic_cpu_allocation` that can be tried."""

    cpu_target: float
    hysteresis_factor: float
    allocation_cooldown: float
    min_cores: int
    max_cores: int | None = None
    aggressive_mode: bool = False
