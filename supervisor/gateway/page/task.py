"""Task and result of the process that simulates the recorded hour."""

from __future__ import annotations

from typing import Any

import msgspec

from supervisor.core.allocation.policy import Policy
from supervisor.gateway.page.recorder import Sample


class Task(msgspec.Struct, frozen=True):
    """The recorded samples, the usable cores, and the settings of both runs."""

    samples: list[Sample]
    cores: int
    engine: str
    in_force: Policy
    trial: Policy


class Result(msgspec.Struct, frozen=True):
    """Both runs; each has `points` and a `summary`."""

    in_force: dict[str, Any]
    trial: dict[str, Any]
