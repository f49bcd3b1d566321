"""Changes override.json from a program: merged, checked as a whole, and replaced in one step.

Settings that the change does not name stay. A reader of the file finds the old one or the
new one, never a part; a supervisor that watches it applies it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from supervisor.config import files, loading, schema
from supervisor.config.errors import ConfigError
from supervisor.config.files import Location
from supervisor.config.loading import Loaded, Place
from supervisor.files import replace_file

_NEW_MODE = 0o644

_one_at_a_time = threading.Lock()


class Changed(NamedTuple):
    """The result of a valid change. `held_back`: settings that a source of higher precedence
    overrides, and that source.
    """

    loaded: Loaded
    held_back: dict[str, str]


class FileInTheWay(ConfigError):
    """override.json cannot be changed: it is unreadable, invalid, or being edited."""


class NotWritten(ConfigError):
    """override.json could not be written and is unchanged: no room, or no permission."""


def change(place: Place, by: dict[str, Any], environ: Mapping[str, str]) -> Changed:
    """Put the settings of the tree `by` into override.json.

    Takes as long as the disk does. Raises ConfigError where the settings would not be
    valid, alone or with those of the other sources; FileInTheWay, NotWritten.
    """
    config, override = (Path(p) if p else None for p in (place.config, place.override))
    _base, location = files.locate(config, override, environ)
    path = Path(os.path.realpath(location.path))  # What a symbolic link points to is replaced.
    with _one_at_a_time:
        found = _stat(path)
        merged = _merged(_present(path), by)
        loading.check_tree(merged, str(location.path))
        loaded = loading.load(config, override, environ, place.command_line, proposed=merged)
        _replace(path, merged, found)
    origins = {key: loaded.origins[key] for key in map(schema.dotted, paths(by))}
    held_back = {key: origin for key, origin in origins.items() if origin != str(location.path)}
    return Changed(loaded, held_back)


def paths(tree: dict[str, Any]) -> list[schema.Path]:
    """List the dotted paths of the settings in a tree."""
    return [path for path, _value in schema.leaves(tree)]


def _present(path: Path) -> dict[str, Any]:
    """Read the present file. Raises FileInTheWay if it is one that the supervisor rejects."""
    try:
        tree = files.read(Location(path, explicit=False))
        loading.check_tree(tree, str(path))
    except ConfigError as error:
        raise FileInTheWay(str(error)) from None
    return tree


def _merged(tree: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    """Merge the values of `by` into a copy of `tree`, section by section."""
    values = dict(tree)
    for key, value in by.items():
        old = values.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        values[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return values


def _replace(path: Path, tree: dict[str, Any], found: os.stat_result | None) -> None:
    """Replace the file; mode and owner stay. Raises FileInTheWay, NotWritten."""
    content = (json.dumps(tree, indent=2, ensure_ascii=False) + "\n").encode()
    if len(content) > files.MAX_FILE_BYTES:
        raise NotWritten(f"{path}: would be larger than {files.MAX_FILE_BYTES} bytes")

    def last_look() -> None:
        if _identity(_stat(path)) != _identity(found):
            raise FileInTheWay(f"{path}: was changed by somebody else meanwhile; try again")

    try:
        with replace_file(
            path, durable=True, mode=_NEW_MODE, keep_access=True, last_look=last_look
        ) as file:
            file.write(content)
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written: {error.strerror}") from None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _identity(found: os.stat_result | None) -> tuple[int, ...] | None:
    """Identity of the file's content: differs once the file is written or replaced."""
    return found and (found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns)
