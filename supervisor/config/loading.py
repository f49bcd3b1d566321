"""Loads the settings: layers by precedence, each checked alone, then all together.

The check of each layer alone names the source of an error, and finds a wrong value that a
layer of higher precedence hides.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from supervisor.config import files, migration, problems, schema, sources
from supervisor.config.sections.declared import CONFLICT
from supervisor.config.settings import Settings
from supervisor.config.sources import Layer

DEFAULT = "default"
"""Origin of a value that no source gave."""


@dataclass(frozen=True)
class Place:
    """The arguments of `load`, as text: another process in the same directory and environment
    loads the same settings with them.
    """

    config: str | None = None
    override: str | None = None
    command_line: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """Settings in force, the origin of each (by dotted key), and warnings for the operator."""

    settings: Settings
    origins: dict[str, str]
    warnings: list[str]
    place: Place = Place()
    base: str = ""
    """Origin of values from config.json, whatever the file's name."""

    def chosen(self, key: str) -> bool:
        """Whether this setting (dotted key) was chosen by the operator.

        It is, if it comes from any source but config.json, which lists every default, or
        differs from the default.
        """
        if self.origins.get(key, DEFAULT) not in {DEFAULT, self.base}:
            return True
        path = key.split(".")
        return _value(self.settings, path) != _value(Settings(), path)


def load(
    config: Path | None = None,
    override: Path | None = None,
    environ: Mapping[str, str] | None = None,
    command_line: Mapping[str, Any] | None = None,
    *,
    proposed: dict[str, Any] | None = None,
) -> Loaded:
    """Load settings by precedence: command line, environment, override.json, config.json, defaults.

    `config` and `override` default to SUPERVISOR_CONFIG and SUPERVISOR_OVERRIDE, then
    to config.json in the working directory and override.json beside the config file;
    only a file that was named must exist. `command_line` maps dotted keys to values
    and holds only what was given. `proposed` stands in for what override.json holds.
    Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    base, over = files.locate(config, override, environ)
    loaded = _merge(
        [
            *sources.from_command_line(command_line or {}),
            *sources.from_environment(environ),
            Layer(str(over.path), files.read(over) if proposed is None else proposed),
            Layer(str(base.path), files.read(base)),
        ]
    )
    place = Place(_text(config), _text(override), command_line or {})
    return replace(loaded, place=place, base=str(base.path))


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def check(file: Path) -> list[str]:
    """Check one file alone, the whole or a fragment of it; returns the warnings.

    Two settings that disagree are an error only where the file holds both. Raises
    ConfigError.
    """
    return check_tree(files.read(files.Location(file, explicit=True)), str(file))


def check_tree(tree: dict[str, Any], origin: str) -> list[str]:
    """Check a tree as `check` does, as the content of a file named `origin`. Raises ConfigError."""
    layer = Layer(origin, tree)
    for conflict in _check_alone(layer):
        if all(map(layer.holds, problems.disagreeing_keys(conflict))):
            raise problems.describe_errors([conflict], origin)
    return _warnings([layer])


def _merge(layers: Sequence[Layer]) -> Loaded:
    """Merge layers, the one of highest precedence first."""
    for layer in layers:
        _check_alone(layer)

    def origin(path: schema.Path) -> str:
        return next((layer.origin for layer in layers if layer.holds(path)), DEFAULT)

    try:
        settings = Settings(*layers)
    except ValidationError as error:
        conflicts = error.errors(include_url=False)
        culprits = dict.fromkeys(map(origin, problems.disagreeing_keys(conflicts[0])))
        raise problems.describe_errors(conflicts, " and ".join(culprits)) from None
    paths = [path for path, _ in schema.leaves(settings.model_dump())]
    return Loaded(settings, {schema.dotted(p): origin(p) for p in paths}, _warnings(layers))


def _warnings(layers: Sequence[Layer]) -> list[str]:
    """Warn once, whatever the number of layers with old names."""
    old = [layer.origin for layer in reversed(layers) if layer.was_old]
    return [migration.warning(old)] if old else []


def _check_alone(layer: Layer) -> list[ErrorDetails]:
    """Raise the errors of one layer but for conflicts, which another may settle."""
    try:
        Settings(layer)
    except ValidationError as error:
        found = error.errors(include_url=False)
        if wrong := [error for error in found if error["type"] != CONFLICT]:
            raise problems.describe_errors(wrong, layer.origin) from None
        return found
    return []


def _value(settings: object, path: Sequence[str]) -> object:
    for name in path:
        settings = getattr(settings, name)
    return settings
