"""Error messages of one line: the source of a wrong value, its fault, and valid values."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic_core import ErrorDetails

from supervisor.config import schema
from supervisor.config.errors import ConfigError
from supervisor.config.sections.declared import CONFLICT, RULE

_SHOWN_CHARS = 60
_OF_KEY = "[key]"
"""The last part of the place of an error in a key, as pydantic names it."""


def describe_errors(errors: Sequence[ErrorDetails], origin: str) -> ConfigError:
    """Describe the first of these errors, and the number of other wrong keys."""
    others = len({_key(error) for error in errors}) - 1
    more = f" (and {others} more)" if others else ""
    return ConfigError(f"{origin}: {_line(errors[0])}{more}", *_keys(errors[0]))


def unknown_key(path: schema.Path) -> str:
    """The message about a key that does not exist."""
    shown = _shortened(schema.dotted(path), 200)
    parts = tuple(schema.dotted(path).split("."))
    if parts != path and schema.setting_at(parts) is not None:
        objects = "".join(f'{{"{part}": ' for part in parts)
        return f"unknown key {shown}; in a file it is {objects}…"
    return f"unknown key {shown}; nearest valid key: {schema.dotted(schema.nearest(path))}"


def _line(error: ErrorDetails) -> str:
    path = _key(error)
    name = _shortened(schema.dotted(path), 200)
    if error["type"] in {CONFLICT, RULE}:
        return f"{name}: {error['msg']}"
    if error["type"] == "extra_forbidden":
        return unknown_key(path)
    setting = schema.setting_at(path)
    allowed = setting.allowed if setting else "an object"
    return f"{name} must be {allowed}, but is {_value(error['input'])}"


def disagreeing_keys(conflict: ErrorDetails) -> list[schema.Path]:
    """The paths of two settings that disagree."""
    section = tuple(str(part) for part in conflict["loc"])
    return [(*section, conflict["ctx"][end]) for end in ("low", "high")]


def _keys(error: ErrorDetails) -> list[schema.Path]:
    return disagreeing_keys(error) if error["type"] == CONFLICT else [_key(error)]


def _key(error: ErrorDetails) -> schema.Path:
    """The path of the wrong key, without list positions and names of tried types."""
    path = tuple(part for part in error["loc"] if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        return path
    setting = schema.setting_at(path) if error["type"] == RULE else None
    if setting is not None:
        of_key = path[len(setting.path) + 1 :] == (_OF_KEY,)
        return path[:-1] if of_key else path
    while path and path not in schema.settings() and path not in schema.sections():
        path = path[:-1]
    return path


def _value(value: object) -> str:
    return _shortened(json.dumps(value, default=repr, ensure_ascii=False), _SHOWN_CHARS)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
