"""The forecast in the supervisor: its clock, its file, and what it tells the control loop.

What is foretold, and whether it is believed, is decided in `core.allocation.forecast`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from supervisor.config import Settings
from supervisor.config.windows import minute_of_week
from supervisor.core.allocation import learned
from supervisor.core.allocation.forecast import Calendar, Forecaster, ForecastPolicy
from supervisor.core.allocation.policy import Decision, Policy, Sampled
from supervisor.core.allocation.seasons import DAY
from supervisor.files import PRIVATE, replace_file
from supervisor.logs import RepeatedWarning, get_logger
from supervisor.wire.status import Forecast

FILE: Final = "forecast.json"
"""In the state directory."""

SAVED_EVERY_S: Final = 900.0

log = get_logger(__name__)


def forecast_policy(settings: Settings) -> ForecastPolicy:
    """The policy that the settings ask for."""
    section = settings.performance.forecast
    return ForecastPolicy(acts=settings.performance.prediction == "act", **section.model_dump())


class Foresight:
    """The forecaster of a supervisor, or none where prediction is off. `clock`: Unix seconds."""

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        clock: Callable[[], float] = time.time,
        calendar: Calendar = minute_of_week,
    ) -> None:
        self.forecaster: Forecaster | None = None
        self.mode: str = "off"
        self._path = directory / FILE
        self._clock = clock
        self._calendar = calendar
        self._saved_at = 0.0
        self._thread: threading.Thread | None = None
        self._problems = RepeatedWarning(log, time.monotonic)
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take new settings; what was learned stays."""
        policy, self.mode = forecast_policy(settings), settings.performance.prediction
        if self.mode == "off":
            self._save_now()
            self.forecaster = None
        elif self.forecaster is None:
            self.forecaster = self._restored(policy)
            self._saved_at = self._clock()
        else:
            self.forecaster.policy = policy

    def close(self) -> None:
        """Write down what was learned."""
        self._save_now()

    # -- what the control loop asks ---------------------------------------------------------

    def look(self, sample: Sampled, policy: Policy, cores: int) -> Sampled:
        """Learn from a sample; returned with the cores that a foretold rise calls for."""
        forecaster = self.forecaster
        if forecaster is None or not policy.enabled:
            return sample
        at = self._clock()
        forecaster.observe(sample, at, policy, cores)
        if not 0 <= at - self._saved_at < SAVED_EVERY_S:
            self._saved_at = at
            self._save()
        asked = forecaster.asks(at, policy)
        return replace(sample, forecast=asked) if asked else sample

    def decided(self, decision: Decision) -> None:
        """Take a change of the number of cores."""
        if self.forecaster is not None and decision.kind == "forecast":
            self.forecaster.acted(decision.before, decision.after)

    # -- what is shown ----------------------------------------------------------------------

    def status(self, policy: Policy) -> Forecast:
        """The part of the status document."""
        forecaster = self.forecaster
        if forecaster is None:
            return Forecast(mode=self.mode)
        ahead = forecaster.ahead(self._clock())
        ratio, judgement = forecaster.judgement.ratio, forecaster.judgement
        needed = forecaster.policy.learn_days * DAY
        return Forecast(
            mode=self.mode,
            standing=forecaster.standing,
            trusted=forecaster.standing == "trusted",
            loss_ratio=None if ratio is None else round(ratio, 3),
            load=None if forecaster.load is None else round(forecaster.load, 2),
            next_load=[None if load is None else round(load, 2) for load in ahead],
            cores=None if ahead[0] is None else forecaster.cores(ahead[0], policy),
            minutes_seen=forecaster.minutes,
            minutes_needed=round(needed),
            rises=judgement.rises,
            rises_came=judgement.came,
            core_seconds=round(forecaster.spent_s, 1),
        )

    # -- the file ---------------------------------------------------------------------------

    def _restored(self, policy: ForecastPolicy) -> Forecaster:
        forecaster = Forecaster(policy, self._calendar)
        try:
            # Not opened before it is known to be a file: a pipe would block the reader.
            if not self._path.is_file():
                if self._path.exists():
                    raise learned.LearnedError("it is not a file")
                return forecaster
            with self._path.open("rb") as file:
                data = file.read(learned.MAX_BYTES + 1)
            learned.restore(forecaster, data)
        except (OSError, learned.LearnedError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            log.warning("%s not used, the forecast begins anew: %s", self._path, why)
            return Forecaster(policy, self._calendar)
        return forecaster

    def _save(self) -> None:
        """Write in a thread: the disk may be slow."""
        if self.forecaster is None or (self._thread is not None and self._thread.is_alive()):
            return
        data = learned.encode(self.forecaster)
        self._thread = threading.Thread(
            target=self._write, args=(data,), name="forecast", daemon=True
        )
        self._thread.start()

    def _save_now(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.forecaster is not None and self.forecaster.minutes:
            self._write(learned.encode(self.forecaster))

    def _write(self, data: bytes) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replace_file(self._path, durable=False, mode=PRIVATE) as file:
                file.write(data)
            self._problems.resolved("the forecast is saved again")
        except OSError as error:
            what = error.strerror or str(error)
            self._problems.warn(what, f"{self._path} cannot be written: {what}")
