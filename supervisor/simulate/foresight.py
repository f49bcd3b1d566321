"""The product's allocator with its forecast, under a virtual clock.

What the supervisor's control loop does with both, without a machine.
"""

from __future__ import annotations

from msgspec.structs import replace

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.forecast import Calendar, Forecaster, ForecastPolicy
from supervisor.core.allocation.policy import Command, Event, Policy, Sampled


class ForeseeingAllocator(DynamicCPUAllocator):
    """The allocator, told by a forecaster that begins with nothing. `start`: Unix seconds of the
    clock's 0.
    """

    def __init__(
        self,
        policy: Policy,
        usable: int,
        forecast: ForecastPolicy,
        calendar: Calendar,
        start: float = 0.0,
    ) -> None:
        super().__init__(policy, usable)
        self.forecaster = Forecaster(forecast, calendar)
        self._start = start

    def handle(self, event: Event) -> list[Command]:
        """Take one event; of a sample the forecaster learns first."""
        if not isinstance(event, Sampled):
            return super().handle(event)
        at, before = self._start + event.now, self.cores
        self.forecaster.observe(event, at, self.policy, before)
        asked = self.forecaster.asks(at, self.policy)
        commands = super().handle(replace(event, forecast=asked))
        if self.history[-1].kind == "forecast":
            self.forecaster.acted(before, self.cores)
        return commands
