"""Sources of settings: files, environment variables and command-line keys.

Each is a layer: a source of pydantic-settings, made strict, under today's names of settings, and
with a name for messages. One variable or one key is one layer, so that an error names it. Their
order is decided in `loading`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, InitSettingsSource

from supervisor.config import files, problems, schema
from supervisor.config.errors import ConfigError
from supervisor.config.migration import LEGACY_KEYS, SECTION, migrate, with_engines
from supervisor.config.settings import Settings

PREFIX = "SUPERVISOR_"

OTHER_VARIABLES = {
    "SUPERVISOR_CONFIG": "path of config.json",
    "SUPERVISOR_OVERRIDE": "path of override.json",
    "SUPERVISOR_RUN_DIR": "run directory",
    "SUPERVISOR_LEASE_DIR": "core lease directory",
    "SUPERVISOR_STATE_DIR": "directory of what must outlive a reboot",
    "SUPERVISOR_CACHE_DIR": "directory of models and lexicons, downloaded or made on this machine",
}
"""Variables with our prefix that are no settings."""

FOREIGN_VARIABLES = frozenset(
    f"SUPERVISOR_{name}" for name in ("ENABLED", "GROUP_NAME", "PROCESS_NAME", "SERVER_URL")
)
"""Variables that supervisord sets for every program that it runs; they are ignored."""


class Layer(InitSettingsSource):
    """The values of one file, variable or key. Raises ConfigError for an invalid old value."""

    def __init__(self, origin: str, tree: dict[str, Any]) -> None:
        today, self.was_old = migrate(tree, origin)
        super().__init__(Settings, with_engines(today, origin))
        self.origin = origin

    def holds(self, path: schema.Path) -> bool:
        """Whether it has a value at this path."""
        tree: object = self()
        for key in path:
            if not isinstance(tree, dict) or key not in tree:
                return False
            tree = tree[key]
        return True


class Text(EnvSettingsSource):
    """Parses text by the type of its setting, as pydantic-settings parses variables."""

    _SEPARATOR = "\0"

    def __init__(self) -> None:
        super().__init__(Settings, env_prefix="", env_nested_delimiter=self._SEPARATOR)

    def read(self, path: schema.Path, text: str) -> dict[str, Any]:
        """Parse a value into a tree with its path, by strict JSON where it takes JSON.

        Raises ValueError, RecursionError.
        """
        section = path[0]
        if len(path) == 1:
            return {section: files.parse(text)}
        field, variables = Settings.model_fields[section], {self._SEPARATOR.join(path): text}
        return {section: self.explode_env_vars(section, field, variables)}

    def decode_complex_value(
        self,
        field_name: str,  # noqa: ARG002 - the base class's argument
        field: FieldInfo,  # noqa: ARG002 - the base class's argument
        value: str,
    ) -> object:
        """Decode as the base class, but by strict JSON."""
        return files.parse(value)


def from_environment(environ: Mapping[str, str]) -> Iterator[Layer]:
    """Make a layer for each variable that is a setting.

    Raises ConfigError for a variable with the prefix that is neither a setting nor known.
    """
    values = {}
    for name in environ.keys() - OTHER_VARIABLES.keys() - FOREIGN_VARIABLES:
        if name.startswith(PREFIX):
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            if not _exists(path) or name != variable(path):
                nearest = variable(schema.nearest(path))
                raise ConfigError(f"environment: no setting {name}; nearest valid name: {nearest}")
            values[path] = (f"environment {name}", environ[name])
    return _layers(values)


def from_command_line(values: Mapping[str, Any]) -> Iterator[Layer]:
    """Make a layer for each dotted key. Text is parsed by the setting's type, the rest taken as is.

    Raises ConfigError for an unknown key.
    """
    paths = {key: tuple(key.split(".")) for key in values}
    for path in paths.values():
        if not _exists(path):
            raise ConfigError(f"command line: {problems.unknown_key(path)}")
    return _layers({path: (f"command line {key}", values[key]) for key, path in paths.items()})


def assignments(pairs: Iterable[str]) -> dict[str, str]:
    """Parse `KEY=VALUE` into {"KEY": "VALUE"}, for `command_line` of `load`. Raises ConfigError."""
    values = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise ConfigError(f"command line: expected KEY=VALUE, got {pair[:200]}")
        values[key] = value
    return values


def variable(path: schema.Path) -> str:
    """Name of the environment variable of a setting."""
    return PREFIX + "__".join(path).upper()


def _exists(path: schema.Path) -> bool:
    legacy = path[:-1] == SECTION and path[-1] in LEGACY_KEYS
    return legacy or path in schema.sections() or schema.setting_at(path) is not None


def _layers(values: Mapping[schema.Path, tuple[str, Any]]) -> Iterator[Layer]:
    """Make one layer per value, a setting before its section; old names last, in one layer.

    The two old names have a meaning only together, and a new one takes precedence.
    """
    old = {path: value for path, value in values.items() if path[-1] in LEGACY_KEYS}
    for path in sorted(values.keys() - old.keys(), reverse=True):
        yield _layer(path, *values[path])
    if old:
        section = {path[-1]: _json_or_text(value) for path, (_, value) in old.items()}
        origin = " and ".join(sorted(origin for origin, _ in old.values()))
        yield Layer(origin, _nested(SECTION, section))


def _layer(path: schema.Path, origin: str, value: object) -> Layer:
    if not isinstance(value, str):
        return Layer(origin, _nested(path, value))
    if not files.encodable("".join((*path, value))):
        raise ConfigError(f"{origin}: not UTF-8")
    if value == "null":
        return Layer(origin, _nested(path, None))
    setting = schema.setting_at(path)
    if setting and setting.path != path:
        return Layer(origin, _nested(path, _json_or_text(value)))
    try:
        return Layer(origin, Text().read(path, value))
    except (ValueError, RecursionError):
        allowed = setting.allowed if setting else "an object"
        raise ConfigError(f"{origin}: must be {allowed}, written as JSON") from None


def _json_or_text(value: object) -> object:
    """Parse text without a type: inside a free-form setting, or under an old name."""
    try:
        return files.parse(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _nested(path: schema.Path, value: object) -> dict[str, Any]:
    tree = {path[-1]: value}
    for key in reversed(path[:-1]):
        tree = {key: tree}
    return tree
