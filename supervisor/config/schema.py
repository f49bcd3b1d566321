"""The settings as a tree of keys: valid paths, allowed values, the nearest key to a typo."""

from __future__ import annotations

import types
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from supervisor.config.sections.declared import Declared, Effect
from supervisor.config.settings import Settings

Path = tuple[str, ...]
"""Path of a key from the root, e.g. ("pool", "start_method"); dotted for people."""

_COMPARED_CHARS = 100
"""Characters of a typo that are compared: the comparison is quadratic in the length."""


class Setting(NamedTuple):
    """One setting: its path, its allowed values in words, and the effect of a change."""

    path: Path
    allowed: str
    default: Any
    unit: str
    effect: Effect
    description: str
    free_form: bool
    """Whether its value is a mapping with keys of the user's own."""


@cache
def settings() -> dict[Path, Setting]:
    """Every setting by its path, in the order of declaration."""
    return {setting.path: setting for setting in _walk(Settings, ())}


@cache
def sections() -> frozenset[Path]:
    """The path of every section, the root included."""
    return frozenset(path[:n] for path in settings() for n in range(len(path)))


def setting_at(path: Path) -> Setting | None:
    """The setting at this path or, inside a free-form one, above it."""
    for n in range(1, len(path) + 1):
        found = settings().get(path[:n])
        if found:
            return found if n == len(path) or found.free_form else None
        if path[:n] not in sections():
            return None
    return None


def nearest(path: Path) -> Path:
    """Return the valid key that is most similar to this one."""
    typo = dotted(path)[-_COMPARED_CHARS:].lower()
    leaf = path[-1][:_COMPARED_CHARS].lower()

    def likeness(key: Path) -> float:
        whole = SequenceMatcher(None, typo, dotted(key)).ratio()
        return whole + SequenceMatcher(None, leaf, key[-1]).ratio() + (key[:-1] == path[:-1])

    return max([*settings(), *sorted(filter(None, sections()))], key=likeness)


def dotted(path: Path) -> str:
    """Write a path as a dotted key."""
    return ".".join(path)


def leaves(tree: dict[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Path and value of everything in the tree that is not itself a filled mapping."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _walk(model: type[BaseModel], above: Path) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, path)
            continue
        declared = next(m for m in field.metadata if isinstance(m, Declared))
        yield Setting(
            path=path,
            allowed=_in_words(field.annotation, field.metadata),
            default=field.get_default(call_default_factory=True),
            unit=declared.unit,
            effect=declared.effect,
            description=field.description or "",
            free_form=get_origin(field.annotation) is dict,
        )


def _in_words(annotation: Any, metadata: list[Any]) -> str:  # noqa: ANN401 - types have no type
    """Describe the allowed values, e.g. `a number over 0 to 100`."""
    origin, args = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        inner = [m for f in annotation.__metadata__ if isinstance(f, FieldInfo) for m in f.metadata]
        return _in_words(annotation.__origin__, [*inner, *metadata])
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in args)
    if origin in (Union, types.UnionType):
        return " or ".join(
            "an object" if get_origin(arg) is dict else _in_words(arg, metadata) for arg in args
        )
    if origin is list:
        return f"a list, each {_in_words(args[0], metadata)}"
    if origin is dict:
        return f"an object{_values_in_words(args[1])}"
    name = _TYPE_NAMES[annotation]
    limits = _limits(metadata) if annotation in (int, float) else ""
    return f"{name} {limits}".rstrip()


def _values_in_words(annotation: Any) -> str:  # noqa: ANN401 - types have no type
    if annotation is Any:
        return ""
    free = get_origin(annotation) is dict
    return " of objects" if free else f", each {_in_words(annotation, [])}"


_TYPE_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a non-empty string",
    type(None): "null",
}


def _limits(metadata: list[Any]) -> str:
    lower = upper = ""
    for limit in metadata:
        match limit:
            case annotated_types.Gt(gt=bound):
                lower = f"over {bound}"
            case annotated_types.Ge(ge=bound):
                lower = f"from {bound}"
            case annotated_types.Lt(lt=bound):
                upper = f"below {bound}"
            case annotated_types.Le(le=bound):
                upper = f"to {bound}"
    return f"{lower} {upper}".strip()
