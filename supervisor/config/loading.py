"""Loads the settings: layers by precedence, each checked alone, then all together.

The check of each layer alone names the source of an error, and finds a wrong value that a
layer of higher precedence hides. A profile is a layer that holds in its window only, and is checked
at all times.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from supervisor.config import files, migration, problems, schema, sources
from supervisor.config.errors import ConfigError
from supervisor.config.sections.declared import CONFLICT
from supervisor.config.sections.profiles import Profile, parse
from supervisor.config.settings import Settings
from supervisor.config.sources import Layer
from supervisor.config.windows import meet

DEFAULT = "default"
"""Origin of a value that no source gave."""

PROFILES = "profiles"

_REFUSED = {
    "supervisor_restart": "holds with the next start only",
    "worker_restart": "has all workers replaced",
}
"""Why a profile cannot set what has one of these effects."""


@dataclass(frozen=True)
class Place:
    """The arguments of `load`, as text: another process in the same directory and environment
    loads the same settings with them.
    """

    config: str | None = None
    override: str | None = None
    command_line: Mapping[str, Any] = field(default_factory=dict)


class Sources(NamedTuple):
    """Layers, the first before the next: those `above` all profiles, and `files`."""

    above: tuple[Layer, ...]
    files: tuple[Layer, ...]
    profiles: tuple[tuple[Profile, Layer], ...] = ()

    def layers(self, active: Collection[str] = ()) -> list[Layer]:
        """All layers with those of the active profiles; the last of them goes first."""
        chosen = [layer for profile, layer in self.profiles if profile.name in active]
        return [*self.above, *reversed(chosen), *self.files]


@dataclass(frozen=True)
class Loaded:
    """Settings in force, the origin of each (by dotted key), and warnings for the operator."""

    settings: Settings
    origins: dict[str, str]
    warnings: list[str]
    place: Place = Place()
    base: str = ""
    """Origin of values from config.json, whatever the file's name."""
    active: tuple[str, ...] = ()
    """Names of the profiles that are in force, in the order of the list."""
    sources: Sources | None = None
    """Where all of this is from; None where nothing can be asked about another time."""

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """All profiles, in the order of the list."""
        layers = () if self.sources is None else self.sources.profiles
        return tuple(profile for profile, _ in layers)

    def active_at(self, at: float) -> tuple[str, ...]:
        """Names of the profiles whose window holds `at` (Unix seconds)."""
        return tuple(profile.name for profile in self.profiles if profile.window.active(at))

    def profile_of(self, key: str) -> str | None:
        """The name of the profile that this setting (dotted key) is from."""
        origin = self.origins.get(key)
        layers = () if self.sources is None else self.sources.profiles
        return next((profile.name for profile, layer in layers if layer.origin == origin), None)

    def edges(self, start: float, end: float) -> Iterator[tuple[float, Loaded]]:
        """Each time after `start` and before `end` (Unix seconds) at which profiles begin or end,
        and the settings from then on. Raises ConfigError.
        """
        spans = (span for profile in self.profiles for span in profile.window.spans(start, end))
        for at in sorted({edge for span in spans for edge in span if start < edge < end}):
            yield at, self.at(at)

    def at(self, at: float) -> Loaded:
        """The settings of the same sources at another time. Raises ConfigError."""
        active = self.active_at(at)
        if self.sources is None or active == self.active:
            return self
        merged = _merge(self.sources.layers(active))
        return replace(
            merged, place=self.place, base=self.base, active=active, sources=self.sources
        )

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
    at: float | None = None,
) -> Loaded:
    """Load settings by precedence: command line, environment, profiles that are active,
    override.json, config.json, defaults.

    `config` and `override` default to SUPERVISOR_CONFIG and SUPERVISOR_OVERRIDE, then
    to config.json in the working directory and override.json beside the config file;
    only a file that was named must exist. `command_line` maps dotted keys to values
    and holds only what was given. `proposed` stands in for what override.json holds. Profiles
    are those of now, or of `at` (Unix seconds). Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    base, over = files.locate(config, override, environ)
    given = Sources(
        (
            *sources.from_command_line(command_line or {}),
            *sources.from_environment(environ),
        ),
        (
            Layer(str(over.path), files.read(over) if proposed is None else proposed),
            Layer(str(base.path), files.read(base)),
        ),
    )
    for layer in given.layers():
        _check_alone(layer)
    loaded = _merge(given.layers())
    at = time.time() if at is None else at
    place = Place(_text(config), _text(override), command_line or {})
    loaded = replace(loaded, place=place, base=str(base.path), sources=given)
    if not loaded.settings.profiles:
        return loaded
    given = _with_profiles(given, loaded.settings.profiles, loaded.origins[PROFILES])
    for layers in _together(given, at):
        _merge(layers)
    return replace(loaded, sources=given).at(at)


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
    _raise_held([layer], _check_alone(layer))
    profiles = layer().get(PROFILES)
    if profiles:
        given = _with_profiles(Sources((), (layer,)), profiles, origin)
        for layers in _together(given, time.time()):
            _raise_held(layers, _conflicts(layers))
    return _warnings([layer])


def _raise_held(layers: Sequence[Layer], conflicts: Iterable[ErrorDetails]) -> None:
    """Raise the first conflict between two settings that the layers hold both."""
    for conflict in conflicts:
        keys = problems.disagreeing_keys(conflict)
        if all(any(layer.holds(key) for layer in layers) for key in keys):
            raise problems.describe_errors([conflict], _culprits(layers, conflict))


def _with_profiles(given: Sources, profiles: list[dict[str, Any]], origin: str) -> Sources:
    """The sources with these profiles, each checked by itself. Raises ConfigError."""
    found = []
    for profile in parse(profiles):
        layer = Layer(f"profile {profile.name} ({origin})", profile.set)
        _check_alone(layer)
        for path, _ in schema.leaves(layer()):
            setting = schema.setting_at(path)
            effect = "live" if setting is None else setting.effect
            if effect in _REFUSED or path == (PROFILES,):
                why = _REFUSED.get(effect, "would not end with its window")
                key = schema.dotted(path)
                raise ConfigError(f"{layer.origin}: no profile can set {key}: a change {why}", path)
        found.append((profile, layer))
    return given._replace(profiles=tuple(found))


def _together(given: Sources, at: float) -> Iterator[list[Layer]]:
    """The layers with each profile, and with each two that are ever active at once.

    Two are enough: a rule is over two settings, and each of these has one profile that wins. Where
    the later sets all that the earlier does, it is as if it were alone.
    """
    for profile, _ in given.profiles:
        yield given.layers([profile.name])
    keys = {
        profile.name: {path for path, _ in schema.leaves(layer())}
        for profile, layer in given.profiles
    }
    for one, other in combinations([profile for profile, _ in given.profiles], 2):
        if keys[one.name] <= keys[other.name]:
            continue
        layers = given.layers([one.name, other.name])
        if _conflicts(layers) and meet(one.window, other.window, at):
            yield layers


def _conflicts(layers: Sequence[Layer]) -> list[ErrorDetails]:
    try:
        Settings(*layers)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _culprits(layers: Sequence[Layer], conflict: ErrorDetails) -> str:
    """Origins of two settings that disagree."""
    keys = problems.disagreeing_keys(conflict)
    return " and ".join(dict.fromkeys(_origin(layers, key) for key in keys))


def _origin(layers: Sequence[Layer], path: schema.Path) -> str:
    return next((layer.origin for layer in layers if layer.holds(path)), DEFAULT)


def _merge(layers: Sequence[Layer]) -> Loaded:
    """Merge layers, the one of highest precedence first."""
    try:
        settings = Settings(*layers)
    except ValidationError as error:
        conflicts = error.errors(include_url=False)
        raise problems.describe_errors(conflicts, _culprits(layers, conflicts[0])) from None
    paths = [path for path, _ in schema.leaves(settings.model_dump())]
    return Loaded(
        settings, {schema.dotted(p): _origin(layers, p) for p in paths}, _warnings(layers)
    )


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
