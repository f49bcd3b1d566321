"""Settings as a flat list: their values, and the differences between two of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from supervisor.config import schema
from supervisor.config.sections.declared import Effect
from supervisor.config.settings import Settings


class Change(NamedTuple):
    """A changed setting, by dotted key, with its value before and after."""

    path: str
    old: object
    new: object
    effect: Effect


def diff(old: Settings, new: Settings) -> list[Change]:
    """List the settings that differ, in the order of declaration."""
    before, after = old.model_dump(), new.model_dump()
    changes = []
    for path, setting in schema.settings().items():
        was, now = _at(before, path), _at(after, path)
        if was != now:
            changes.append(Change(schema.dotted(path), was, now, setting.effect))
    return changes


def flat(settings: Settings) -> dict[str, object]:
    """List every value by its dotted key, those inside free-form settings included."""
    return {schema.dotted(path): value for path, value in schema.leaves(settings.model_dump())}


def _at(tree: dict[str, Any], path: schema.Path) -> object:
    for section in path[:-1]:
        tree = tree[section]
    return tree[path[-1]]
