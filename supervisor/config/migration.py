"""Migration: translates old names of settings, within the source that still uses them.

The dual thresholds of the old CPU allocation became one target: `cpu_target` is what
`max_threshold` was (80 where only `min_threshold` is given), `hysteresis_factor` 0.6.
New keys beside the old ones in the same source win; between sources, precedence holds.

`engines.options.kokoro` and `engines.kokoro` are two names for the same settings, neither of them
old: `with_engines` brings them together.
"""

from __future__ import annotations

from typing import Any

from supervisor.config.errors import ConfigError
from supervisor.config.sections.engines import OWN

SECTION = ("performance", "dynamic_cpu_allocation")
LEGACY_KEYS = ("min_threshold", "max_threshold")
DEFAULT_MAX_THRESHOLD = 80.0
HYSTERESIS_FACTOR = 0.6


def migrate(tree: dict[str, Any], origin: str) -> tuple[dict[str, Any], bool]:
    """Return a copy of the tree under today's names, and whether an old one was in it.

    Raises ConfigError where an old value is no number within 0 … 100, or the two are
    in the wrong order: a value that was invalid then is not made valid.
    """
    performance = tree.get(SECTION[0])
    if not isinstance(performance, dict):
        return tree, False
    section = performance.get(SECTION[1])
    if not isinstance(section, dict) or not any(key in section for key in LEGACY_KEYS):
        return tree, False
    _check(section, origin)
    target = float(section.get("max_threshold", DEFAULT_MAX_THRESHOLD))
    kept = {key: value for key, value in section.items() if key not in LEGACY_KEYS}
    renamed = {"cpu_target": target, "hysteresis_factor": HYSTERESIS_FACTOR} | kept
    return tree | {SECTION[0]: performance | {SECTION[1]: renamed}}, True


def with_engines(tree: dict[str, Any], origin: str) -> dict[str, Any]:
    """Return the tree with `engines.options.<name>` of our own engines in their sections.

    Raises ConfigError for a setting that stands under both names in one source.
    """
    engines = tree.get("engines")
    options = engines.get("options") if isinstance(engines, dict) else None
    if not isinstance(engines, dict) or not isinstance(options, dict):
        return tree
    own = {name: options[name] for name in OWN if isinstance(options.get(name), dict)}
    if not own:
        return tree
    moved = {}
    for name, given in own.items():
        section = engines.get(name, {})
        if not isinstance(section, dict):
            return tree  # The check of the section says what is wrong with it.
        for key in given.keys() & section.keys():
            raise ConfigError(
                f"{origin}: engines.options.{name}.{key} stands under engines.{name}, too: "
                "take one of them away",
                ("engines", name, key),
            )
        moved[name] = section | given
    rest = {name: given for name, given in options.items() if name not in own}
    others = {key: value for key, value in engines.items() if key != "options"}
    return tree | {"engines": others | moved | ({"options": rest} if rest else {})}


def warning(origins: list[str]) -> str:
    """The warning about old names, one line whatever the number of sources."""
    return (
        f"{', '.join(origins)}: min_threshold and max_threshold are old names; they were read as "
        f"cpu_target = max_threshold and hysteresis_factor = {HYSTERESIS_FACTOR}, "
        "please write these instead"
    )


def _check(section: dict[str, Any], origin: str) -> None:
    for key in LEGACY_KEYS:
        value = section.get(key, DEFAULT_MAX_THRESHOLD)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not (0 < value <= 100 or (value == 0 and key == "min_threshold")):
            path = ".".join((*SECTION, key))
            raise ConfigError(
                f"{origin}: {path} must be a number over 0 and up to 100; "
                f"today's key is {'.'.join(SECTION)}.cpu_target",
                (*SECTION, key),
            )
    low, high = section.get("min_threshold", 0), section.get("max_threshold", DEFAULT_MAX_THRESHOLD)
    if low >= high:
        raise ConfigError(
            f"{origin}: {'.'.join(SECTION)}: min_threshold {low} is not below max_threshold {high}",
            *((*SECTION, key) for key in LEGACY_KEYS),
        )
