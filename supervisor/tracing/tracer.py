"""The tracer: switches the export of traces by the settings, and reports its state.

Nothing of OpenTelemetry is loaded before it is on, and then by the exporter's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

from supervisor.config.sections.observability import Tracing
from supervisor.core.jobs import events as e
from supervisor.installing import how_to_install
from supervisor.logs import get_logger
from supervisor.tracing.exporter import Collector, Exporter

_HASTE_S: Final = 0.5
"""Longest wait for traces of a supervisor that is to stop at once."""

_ASIDE_S: Final = 10.0
"""Longest time that a replaced exporter may go on beside the new one."""

log = get_logger(__name__)


class TracingError(Exception):
    """Traces cannot be sent; the message is one line that says what to do."""


def check_tracing(settings: Tracing) -> None:
    """Raise TracingError if tracing is enabled and the extra is not installed."""
    if settings.enabled and not _is_installed():
        how = how_to_install("otel")
        raise TracingError(f"tracing.enabled needs a library: {how}, or set it to false")


class Tracer:
    """Exports the traces of jobs that ended. `instance` names this run of the supervisor."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._settings = Tracing()
        self._exporter: Exporter | None = None
        self._problem: str | None = None
        """The reason why there is no exporter although tracing is enabled."""
        self.effects: Mapping[type, Callable[[Any], None]] = {e.JobTraced: self._job_traced}
        """The effect of each job command that concerns traces."""

    def configure(self, settings: Tracing) -> None:
        """Start or stop the export, or change the collector."""
        if settings == self._settings:
            return
        self._settings = settings
        self._problem = None
        if self._exporter is not None:
            self._exporter.finish(_ASIDE_S)
            self._exporter = None
        try:
            check_tracing(settings)
        except TracingError as error:
            self._problem = str(error)
            log.error("%s", error)  # noqa: TRY400 (where it was raised is of no use to anybody)
            return
        if settings.enabled:
            self._exporter = Exporter(partial(_connect, settings.endpoint, self._instance))

    def finish(self, within_s: float) -> None:
        """Send the queued traces in the background, once the last job has ended, up to a time."""
        if self._exporter is not None:
            self._exporter.finish(within_s)

    def close(self) -> None:
        """Wait for the export that `finish` has begun; without it for _HASTE_S at most."""
        self.finish(_HASTE_S)
        if self._exporter is not None:
            self._exporter.join()

    def document(self) -> dict[str, Any]:
        """The status of tracing: spans sent and lost since it was last switched on."""
        exporter = self._exporter
        return {
            "enabled": exporter is not None,
            "exported_spans": exporter.exported if exporter is not None else 0,
            "lost_spans": exporter.lost if exporter is not None else 0,
            "problem": exporter.problem if exporter is not None else self._problem,
        }

    def _job_traced(self, command: e.JobTraced) -> None:
        if self._exporter is not None:
            self._exporter.put(command.trace)


def _is_installed() -> bool:
    """Whether both packages of the extra are installed, without loading them."""
    try:
        found = map(
            find_spec, ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
        )
        return all(found)
    except ModuleNotFoundError:
        return False


def _connect(endpoint: str | None, instance: str) -> Collector:
    from supervisor.tracing.otlp import OtlpCollector  # noqa: PLC0415 (an extra, and heavy)

    return OtlpCollector(endpoint, instance)
