"""Settings under random input: they load, or ConfigError says why; precedence always holds."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.config import ConfigError, Loaded, Settings, diff, flat, load, schema
from supervisor.config.sources import variable

NAMES = sorted({name for path in schema.settings() for name in path})
KEYS: st.SearchStrategy[str] = st.sampled_from(
    [*NAMES, "min_threshold", "max_threshold", "_env_file", "self"]
) | st.text(st.characters(exclude_categories=[]), max_size=8)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]))
    | st.sampled_from(["auto", "spawn", "system", "debug", "null", "5", "", 1, 75.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
VALID_PATHS = sorted(schema.settings())
PATHS = (
    st.sampled_from([*VALID_PATHS, *sorted(filter(None, schema.sections()))])
    | st.lists(KEYS, min_size=1, max_size=4).map(tuple)
    | st.tuples(st.sampled_from(VALID_PATHS), KEYS).map(lambda pair: (*pair[0], pair[1]))
)
TREES = st.tuples(PATHS, JSON_VALUES).map(lambda pair: nested(*pair))


@pytest.fixture(autouse=True, scope="module")
def _empty_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No settings files are found by default."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))
        yield


def nested(path: schema.Path, value: object) -> dict[str, Any]:
    """The value under its path."""
    tree: Any = value
    for key in reversed(path):
        tree = {key: tree}
    return dict(tree)


def outcome(attempt: Callable[[], Loaded]) -> Loaded | None:
    """What was loaded, or None after a ConfigError of one printable line that names a source."""
    try:
        return attempt()
    except ConfigError as error:
        message = str(error)
        assert message.isprintable()
        assert ": " in message
        assert len(message) < 2000
        return None


def load_files(config: bytes, override: bytes) -> Loaded:
    """Load these two files."""
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "config.json").write_bytes(config)
        (Path(root) / "override.json").write_bytes(override)
        return load(Path(root) / "config.json", environ={})


@given(JSON_VALUES | TREES, TREES)
def test_any_json_loads_or_is_refused(config: object, override: object) -> None:
    """Whatever JSON stands at whatever key: settings, or ConfigError, never anything else."""
    files = [json.dumps(tree).encode() for tree in (config, override)]
    loaded = outcome(lambda: load_files(*files))
    if loaded is not None:
        assert loaded.origins.keys() == flat(loaded.settings).keys()
        json.dumps(loaded.settings.model_dump(), allow_nan=False, ensure_ascii=False).encode()


WRITTEN = st.sampled_from(
    [
        "mon-fri",
        "06:30",
        "24:00",
        "09:00",
        "Europe/Berlin",
        "UTC",
        "2026-12-24/2027-01-02",
        "58-2",
        60,
    ]
)
PROFILE = st.fixed_dictionaries(
    {"name": WRITTEN | JSON_VALUES, "set": TREES | JSON_VALUES},
    optional={
        key: WRITTEN | JSON_VALUES | WRITTEN.map(lambda value: [value])
        for key in ("days", "from", "to", "timezone", "dates", "lead_s", "other")
    }
    | {"every": WRITTEN.map(lambda value: {"minute": value})},
)


@given(st.lists(PROFILE, max_size=3), TREES, st.integers(0, 1 << 33))
def test_any_profiles_load_or_are_refused(profiles: object, beside: Any, at: int) -> None:
    """Whatever a profile holds, at any time: settings, or ConfigError."""
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "override.json"
        path.write_text(json.dumps({**beside, "profiles": profiles}))
        loaded = outcome(lambda: load(None, path, {}, at=at))
        if loaded is not None:
            assert loaded.origins.keys() == flat(loaded.settings).keys()
            assert {*loaded.active} <= {profile.name for profile in loaded.profiles}


@given(st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(content: bytes) -> None:
    """A file may hold anything at all."""
    outcome(lambda: load_files(b"{}", content))


@given(st.data())
def test_any_prefix_of_a_file_is_whole_or_refused(data: st.DataObject) -> None:
    """A half-written file never passes for a file with fewer settings."""
    text = json.dumps(nested(("http", "port"), 9), indent=1).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    assert outcome(lambda: load_files(b"{}", text[:cut])) is None


@given(PATHS, st.text(st.characters(exclude_categories=[], exclude_characters="\0")))
def test_any_variable_loads_or_is_refused(path: schema.Path, text: str) -> None:
    """The environment can hold any text under any name."""
    loaded = outcome(lambda: load(environ={variable(path): text}))
    if loaded is not None and path in schema.settings():
        origins = {origin for key, origin in loaded.origins.items() if origin != "default"}
        assert origins == {f"environment {variable(path)}"}


@given(st.lists(KEYS).map(".".join) | PATHS.map(".".join), JSON_VALUES)
def test_any_command_line_loads_or_is_refused(key: str, value: object) -> None:
    """A dotted key may be anything, with a value of any type."""
    outcome(lambda: load(environ={}, command_line={key: value}))


NUMBERS = {
    "performance.dynamic_cpu_allocation.cpu_target": st.floats(1, 100),
    "performance.dynamic_cpu_allocation.history_window": st.integers(1, 10_000),
    "pool.threads_per_worker": st.integers(1, 64) | st.just("auto"),
    "http.port": st.integers(0, 65_535),
    "logging.format": st.sampled_from(["text", "json"]),
}
LAYER = st.fixed_dictionaries({}, optional=dict(NUMBERS))


@given(st.tuples(LAYER, LAYER, LAYER, LAYER))
def test_the_highest_source_that_has_a_key_wins(layers: tuple[dict[str, Any], ...]) -> None:
    """For any keys in any sources: value and origin are those of the highest that has the key."""
    config, override, environment, command_line = layers
    files = []
    for layer in (config, override):
        tree: dict[str, Any] = {}
        for key, value in layer.items():
            *sections, leaf = key.split(".")
            branch = tree
            for section in sections:
                branch = branch.setdefault(section, {})
            branch[leaf] = value
        files.append(json.dumps(tree))
    with tempfile.TemporaryDirectory() as root:
        base = Path(root) / "config.json"
        base.write_text(files[0])
        base.with_name("override.json").write_text(files[1])
        environ = {variable(tuple(k.split("."))): str(v) for k, v in environment.items()}
        loaded = load(base, environ=environ, command_line=command_line)
    expected = flat(Settings()) | config | override | environment | command_line
    assert flat(loaded.settings) == expected
    prefixes = ["command line", "environment", root + "/override", root + "/config", "default"]
    for key in NUMBERS:
        order = [command_line, environment, override, config, {key: None}]
        winner = next(n for n, layer in enumerate(order) if key in layer)
        assert loaded.origins[key].startswith(prefixes[winner])
    changed = {change.path for change in diff(Settings(), loaded.settings)}
    assert changed == {key for key, value in expected.items() if flat(Settings())[key] != value}
