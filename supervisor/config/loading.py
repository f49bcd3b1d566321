"""Load the settings: sources in their order, each checked alone, then all together.

Checking each source alone names the culprit, and keeps a wrong value from hiding
behind a right one of higher precedence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from supervisor.config import files, migration, problems, schema, sources
from supervisor.config.sections.declared import CONFLICT
from supervisor.config.settings import Settings
from supervisor.config.sources import Given

DEFAULT = "default"
"""Origin of a value that no source gave."""


@dataclass(frozen=True)
class Place:
    """Where settings were loaded from, the environment apart: what `load` was called with, as
    text, so that another process in the same directory and environment can do the same.
    """

    config: str | None = None
    override: str | None = None
    command_line: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """Settings in force, the source of each (by dotted key), and what to tell the operator."""

    settings: Settings
    origins: dict[str, str]
    warnings: list[str]
    place: Place = Place()
    base: str = ""
    """Origin of what config.json gives, whatever the file is called."""

    def chosen(self, key: str) -> bool:
        """Whether somebody decided on this setting (dotted key).

        It was given by anything but config.json, which lists every default, or it is not
        the default.
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
    """Settings by precedence: command line, environment, override.json, config.json, defaults.

    `config` and `override` default to SUPERVISOR_CONFIG and SUPERVISOR_OVERRIDE, then
    to config.json in the working directory and override.json beside the config file;
    only a file that was named must exist. `command_line` maps dotted keys to values
    and holds only what was given. `proposed` stands in for what override.json holds.
    Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    base, over = files.locate(config, override, environ)
    given = sources.from_file(over) if proposed is None else [Given(str(over.path), proposed)]
    loaded = _merge(
        [
            *sources.from_command_line(command_line or {}),
            *sources.from_environment(environ),
            *given,
            *sources.from_file(base),
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
    return _check([*sources.from_file(files.Location(file, explicit=True))])


def check_tree(tree: dict[str, Any], origin: str) -> list[str]:
    """As `check`, of what a file named `origin` would hold. Raises ConfigError."""
    return _check([Given(origin, tree)])


def _check(given: Sequence[Given]) -> list[str]:
    layers, migrated = _migrated(given)
    for layer in layers:
        _check_alone(layer)
        for conflict in _validate([layer])[1]:
            if all(_holds(layer(), path) for path in problems.pair(conflict)):
                raise problems.described([conflict], layer.origin)
    return _warnings(migrated)


def _merge(layers: Sequence[Given]) -> Loaded:
    """Layers come with the highest precedence first."""
    layers, migrated = _migrated(layers)
    for layer in layers:
        _check_alone(layer)
    settings, conflicts = _validate(layers)
    if settings is None:
        culprits = dict.fromkeys(_origin(layers, path) for path in problems.pair(conflicts[0]))
        raise problems.described(conflicts, " and ".join(culprits))
    origins = {
        schema.dotted(path): _origin(layers, path)
        for path, _ in schema.leaves(settings.model_dump())
    }
    return Loaded(settings, origins, _warnings(migrated))


def _migrated(layers: Sequence[Given]) -> tuple[list[Given], list[str]]:
    """The layers under today's names, and the origins of those that used old ones."""
    results = [(layer.origin, *migration.migrate(layer(), layer.origin)) for layer in layers]
    today = [Given(origin, tree) for origin, tree, _ in results]
    return today, [origin for origin, _, was_old in reversed(results) if was_old]


def _warnings(migrated: list[str]) -> list[str]:
    return [migration.warning(migrated)] if migrated else []


def _check_alone(layer: Given) -> None:
    """Raise what is wrong with one source; a conflict may yet be settled by another."""
    errors = [error for error in _validate([layer])[1] if error["type"] != CONFLICT]
    if errors:
        raise problems.described(errors, layer.origin)


def _validate(layers: Sequence[Given]) -> tuple[Settings | None, list[ErrorDetails]]:
    """The settings that these layers make over the defaults, or what is wrong with them."""
    # `_build_sources` is an argument of BaseSettings that type checkers do not see.
    build: Callable[..., Settings] = Settings
    try:
        return build(_build_sources=(tuple(layers), {})), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _origin(layers: Sequence[Given], path: schema.Path) -> str:
    """Of the layers, highest first, the one that the value at this path comes from."""
    return next((layer.origin for layer in layers if _holds(layer(), path)), DEFAULT)


def _value(settings: object, path: Sequence[str]) -> object:
    for name in path:
        settings = getattr(settings, name)
    return settings


def _holds(tree: object, path: schema.Path) -> bool:
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            return False
        tree = tree[key]
    return True
