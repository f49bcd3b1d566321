"""Derives worker setup, missing engines and log lines from the settings."""

from __future__ import annotations

from collections.abc import Mapping

from supervisor.config import Settings
from supervisor.config.changes import Change
from supervisor.config.sections.engines import OWN
from supervisor.wire.worker import Catalogue, Setup
from supervisor.wording import counted

_SHOWN_ENTRIES = 8


def make_setup(settings: Settings) -> Setup:
    """The setup message for a template or a spawned worker."""
    engines = settings.engines
    names = {*OWN, *engines.options}
    return Setup(tuple(engines.preload), {name: engines.settings_of(name) for name in names})


def missing_engine(catalogue: Catalogue, settings: Settings) -> str | None:
    """The reason, in one line, why an engine that the settings ask for cannot speak.

    The default engine first; None if all can.
    """
    states = {engine.name: engine for engine in catalogue.engines}
    for name in dict.fromkeys([settings.engines.default, *settings.engines.preload]):
        engine = states.get(name)
        if engine is None:
            return f"engines: there is no engine {name!r}; installed are: {', '.join(states)}"
        if engine.unavailable is not None:
            return engine.unavailable
    return None


def updates_environment(settings: Settings) -> bool:
    """Whether a new worker's environment names its number of threads."""
    return settings.performance.dynamic_cpu_allocation.update_environment


def describe(change: Change, settings: Settings) -> str:
    """The log line of a changed setting, with its effect."""
    integrated = settings.performance.dynamic_cpu_allocation.onnx_integration
    if change.effect == "session_rebuild" and not integrated:
        done = "held back: onnx_integration is off, sessions stay as they are"
    else:
        done = {
            "live": "applied",
            "session_rebuild": "applied, sessions are rebuilt",
            "worker_restart": "applied, workers are replaced",
            "supervisor_restart": "holds after a restart of the supervisor",
        }[change.effect]
    return f"configuration: {change.path}: {shown(change.old)} → {shown(change.new)} ({done})"


def shown(value: object) -> str:
    """A value for the log: a table of thousands of words by its size, profiles by their names."""
    if isinstance(value, Mapping) and len(value) > _SHOWN_ENTRIES:
        return counted(len(value), "entry", "entries")
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return ", ".join(str(each.get("name")) for each in value)
    return repr(value)
