"""Locates and reads one JSON file of settings."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from supervisor.config.errors import ConfigError

MAX_FILE_BYTES = 1 << 20


class Location(NamedTuple):
    """The path of a settings file, which may be missing unless it was named."""

    path: Path
    explicit: bool


def locate(
    config: Path | None, override: Path | None, environ: Mapping[str, str]
) -> tuple[Location, Location]:
    """Locate config.json and override.json: by argument, else environment, else default.

    The defaults are config.json in the working directory, and override.json beside
    the config.json in force.
    """
    config = config or _from_environ(environ, "SUPERVISOR_CONFIG")
    override = override or _from_environ(environ, "SUPERVISOR_OVERRIDE")
    base = Location(config or Path("config.json"), explicit=config is not None)
    beside = base.path.parent / "override.json"
    return base, Location(override or beside, explicit=override is not None)


def read(location: Location) -> dict[str, Any]:
    """Read the object in the file; an empty one where a file that may be missing is missing.

    Raises ConfigError for anything but a readable regular file of at most
    MAX_FILE_BYTES that holds one whole JSON object.
    """
    try:
        content = _content(location.path)
    except FileNotFoundError:
        if location.explicit:
            raise ConfigError(f"{location.path}: there is no such file") from None
        return {}
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{location.path}: cannot be read: {reason}") from None
    try:
        tree = parse(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{location.path}: invalid JSON at {where}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{location.path}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise ConfigError(f"{location.path}: invalid JSON: nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"{location.path}: invalid JSON: {error}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{location.path}: must hold a JSON object, like {{}}")
    return tree


def parse(text: str) -> object:
    """Parse portable JSON: no key twice, no NaN, no infinity, no integer over 64 bits, no half
    of a surrogate pair. Raises ValueError, RecursionError.
    """
    tree: object = json.loads(
        text,
        object_pairs_hook=_unique,
        parse_constant=_no_constant,
        parse_float=_finite,
        parse_int=_word,
    )
    if "\\u" in text and not encodable(json.dumps(tree, ensure_ascii=False)):
        raise ValueError("half of a surrogate pair stands for a character")
    return tree


def encodable(text: str) -> bool:
    """Whether the text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _content(path: Path) -> bytes:
    # Without O_NONBLOCK a pipe in the file's place would block for ever.
    with open(path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("not a regular file")
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
    return content


def _from_environ(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name)
    return Path(value).expanduser() if value else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key in tree:
            raise ValueError(f'the key "{key[:100]}" stands twice in one object')
        tree[key] = value
    return tree


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _word(digits: str) -> int:
    if len(digits) > 20 or not -(1 << 63) <= int(digits) < 1 << 63:
        raise ValueError(f"{digits[:40]} is too large a number")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value
