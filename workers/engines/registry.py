"""Registry of engines: everything in the entry-point group `tts_supervisor.engines`.

An engine that cannot be imported or described is listed as unavailable with the
reason, so that one broken package never takes the others down.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from supervisor.installing import NAME, how_to_install
from workers.engines.base import PROTOCOL, Engine, EngineInfo, protocol_of

GROUP = "tts_supervisor.engines"

Settings = Mapping[str, Mapping[str, Any]]
"""Engine name to its settings: the section `engines` of the configuration."""


class UnknownProtocol(Exception):
    """The engine was written for a later version; one line that says what to change."""


def catalogue(settings: Settings) -> dict[str, EngineInfo]:
    """Every registered engine by name, usable or not. Never raises, loads no model."""
    return {name: _describe(entry, settings) for name, entry in sorted(_entries().items())}


def make(name: str, settings: Settings) -> Engine:
    """One engine with its settings. Raises LookupError for a name that is not registered,
    UnknownProtocol, and whatever the engine's module or constructor raises.
    """
    entry = _entries().get(name)
    if entry is None:
        raise LookupError(f"no engine {name!r}; there are {', '.join(sorted(_entries()))}")
    made = entry.load()
    version = protocol_of(made)
    if not 1 <= version <= PROTOCOL:
        raise UnknownProtocol(
            f"engine {name} speaks version {version} of the engine protocol, and this supervisor "
            f"1 to {PROTOCOL}: pip install --upgrade tts-supervisor, or an older {_package(entry)}"
        )
    engine: Engine = made(settings.get(name, {}))
    return engine


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _describe(entry: EntryPoint, settings: Settings) -> EngineInfo:
    try:
        return make(entry.name, settings).describe()
    except Exception as error:  # noqa: BLE001 - a foreign package may raise anything
        return EngineInfo(
            name=entry.name,
            sample_rate=0,
            default_voice="",
            voices=(),
            licence="",
            unavailable=_reason(entry, error),
        )


def _reason(entry: EntryPoint, error: Exception) -> str:
    """The failure in one line, with the command that most likely mends it."""
    if isinstance(error, UnknownProtocol):
        return str(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    if not isinstance(error, ImportError):
        return f"engine {entry.name} is broken ({what})"
    package = _package(entry)
    extra = entry.name if entry.dist and entry.name in _extras(entry) else ""
    if package == NAME:
        how = how_to_install(*filter(None, [extra]))
    else:
        how = f"pip install '{package}{f'[{extra}]' if extra else ''}'"
    return f"engine {entry.name} cannot be imported ({what}): {how}"


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.name


def _extras(entry: EntryPoint) -> list[str]:
    metadata = entry.dist.metadata if entry.dist else None
    return metadata.get_all("Provides-Extra") or [] if metadata else []
