"""Values from every source, their precedence and their origins."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from supervisor.config import ConfigError, Settings, assignments, load
from tests.unit.config.places import Place, cpu

TARGET = "performance.dynamic_cpu_allocation.cpu_target"
TARGET_VARIABLE = "SUPERVISOR_PERFORMANCE__DYNAMIC_CPU_ALLOCATION__CPU_TARGET"


def test_each_source_beats_the_next(place: Place) -> None:
    """Command line over environment over override.json over config.json over defaults."""
    sources = {
        "config": cpu(cpu_target=61),
        "override": cpu(cpu_target=62),
        "environ": {TARGET_VARIABLE: "63"},
        "command_line": {TARGET: 64},
    }
    origins = ["config.json", "override.json", f"environment {TARGET_VARIABLE}"]
    for n, origin in enumerate(["default", *origins, f"command line {TARGET}"]):
        place.override.write_text("{}")
        loaded = place.load(**dict(list(sources.items())[:n]))  # type: ignore[arg-type] # by name
        got = loaded.settings.performance.dynamic_cpu_allocation.cpu_target
        assert got == (60 + n if n else 75)
        assert loaded.origins[TARGET].endswith(origin)


def test_override_is_merged_deeply(place: Place) -> None:
    """One key in override.json leaves its neighbours in config.json alone."""
    loaded = place.load(cpu(cpu_target=61, min_cores=2), cpu(cpu_target=62))
    allocation = loaded.settings.performance.dynamic_cpu_allocation
    assert (allocation.cpu_target, allocation.min_cores) == (62, 2)
    assert loaded.origins["performance.dynamic_cpu_allocation.min_cores"].endswith("config.json")


def test_every_setting_has_an_origin(place: Place) -> None:
    """Origins name the leaves of the settings, those in free-form settings included."""
    loaded = place.load({"engines": {"options": {"piper": {"voice": "joe"}}}})
    assert loaded.origins["engines.options.piper.voice"].endswith("config.json")
    assert loaded.origins["http.port"] == "default"
    assert loaded.origins.keys() >= {"pool.start_method", "engines.preload"}


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("PERFORMANCE__DYNAMIC_CPU_ALLOCATION__MAX_CORES", "4", "max_cores", 4),
        ("PERFORMANCE__DYNAMIC_CPU_ALLOCATION__MAX_CORES", "null", "max_cores", None),
        ("PERFORMANCE__DYNAMIC_CPU_ALLOCATION__ENABLED", "false", "enabled", False),
        ("POOL__THREADS_PER_WORKER", "auto", "threads_per_worker", "auto"),
        ("POOL__THREADS_PER_WORKER", "4", "threads_per_worker", 4),
        ("POOL", '{"threads_per_worker": 3}', "threads_per_worker", 3),
        ("ENGINES__PRELOAD", '["hibari", "kokoro"]', "preload", ["hibari", "kokoro"]),
        ("ENGINES__HIBARI__VOICES_DIR", "123", "voices_dir", "123"),
        ("ENGINES__KOKORO__MODEL_PATH", "null", "model_path", None),
        ("ENGINES__OPTIONS__PIPER__VOICE", "joe", "options", {"piper": {"voice": "joe"}}),
        ("ENGINES__OPTIONS__PIPER__RATE", "5", "options", {"piper": {"rate": 5}}),
    ],
)
def test_text_is_read_by_the_type_of_its_setting(
    variable: str, text: str, key: str, value: object
) -> None:
    """A variable can give every kind of value, null and lists too."""
    dump = load(environ={f"SUPERVISOR_{variable}": text}).settings.model_dump()
    path = [part.lower() for part in variable.split("__")]
    for part in path[: path.index("options") if "options" in path else -1]:
        dump = dump[part]
    assert dump.get("pool", dump)[key] == value


def test_command_line_takes_text_and_typed_values() -> None:
    """`--set` gives text, a program gives numbers; both mean the same, and case is kept."""
    text = assignments(["http.port=9", "engines.options.MyEngine.path=a=b"])
    typed = {"http.port": 9, "engines.options.MyEngine.path": "a=b"}
    loaded = load(environ={}, command_line=text)
    assert loaded.settings == load(environ={}, command_line=typed).settings
    assert loaded.settings.engines.settings_of("MyEngine") == {"path": "a=b"}


@pytest.mark.parametrize("key", ["engines.kokoro", "engines.options.kokoro"])
def test_settings_of_an_engine_have_one_name_whoever_wrote_it(key: str) -> None:
    """Those of an engine that is known here are read by their types under either, and lie in one
    place: what a later source says of them wins.
    """
    environ = {"SUPERVISOR_ENGINES__OPTIONS__KOKORO__OPTIMIZATION": "exact"}
    loaded = load(environ=environ, command_line=assignments([f"{key}.optimization=none"]))
    assert loaded.settings.engines.kokoro.optimization == "none"
    assert loaded.settings.engines.settings_of("kokoro")["optimization"] == "none"
    assert loaded.settings.engines.options == {}
    assert loaded.origins["engines.kokoro.optimization"].startswith("command line")


def test_a_single_variable_beats_that_of_its_section() -> None:
    """The more specific variable wins, whatever the order of the environment."""
    environ = {"SUPERVISOR_HTTP__PORT": "9", "SUPERVISOR_HTTP": '{"port": 8, "host": "::1"}'}
    http = load(environ=environ).settings.http
    assert (http.port, http.host) == (9, "::1")


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("SUPERVISOR_POOL__START_METHODD", "x", "SUPERVISOR_POOL__START_METHOD"),
        ("SUPERVISOR_POOL__START_METHOD__X", "x", "SUPERVISOR_POOL__START_METHOD"),
        ("SUPERVISOR_RUN_DIRECTORY", "x", "nearest valid name"),
        ("SUPERVISOR_http__port", "9", "SUPERVISOR_HTTP__PORT"),
        ("SUPERVISOR_", "", "nearest valid name"),
        ("SUPERVISOR_HTTP__PORT", "nine", 'http.port must be a whole number.* is "nine"'),
        ("SUPERVISOR_HTTP__PORT", "", "SUPERVISOR_HTTP__PORT: http.port must be"),
        (TARGET_VARIABLE, "nan", "cpu_target must be a number over 0 to 100"),
        (TARGET_VARIABLE, "inf", "cpu_target must be a number over 0 to 100"),
        ("SUPERVISOR_ENGINES__PRELOAD", "hibari", "must be a list.*written as JSON"),
        ("SUPERVISOR_POOL", "[1", "must be an object, written as JSON"),
        ("SUPERVISOR_ENGINES__DEFAULT", os.fsdecode(b"\xff"), "not UTF-8"),
    ],
)
def test_wrong_variable_is_named(variable: str, text: str, message: str) -> None:
    """A misspelt name or an unusable value is never passed over."""
    with pytest.raises(ConfigError, match=message) as caught:
        load(environ={variable: text})
    assert variable in str(caught.value)


def test_other_variables_are_left_alone() -> None:
    """Variables with the prefix that are no settings, ours and supervisord's, are no errors."""
    environ = {"SUPERVISOR_RUN_DIR": "/x", "SUPERVISOR_PROCESS_NAME": "tts", "HOME": "/root"}
    assert load(environ=environ).settings == Settings()


def test_constructing_settings_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings() is the defaults, on every machine."""
    monkeypatch.setenv("SUPERVISOR_HTTP__PORT", "9")
    monkeypatch.setenv("HTTP", '{"port": 9}')
    monkeypatch.setenv("http", '{"port": 9}')
    assert Settings().http.port == 8354
    assert load(environ={}).settings.http.port == 8354


@pytest.mark.parametrize("key", ["htp.port", "http", "http.port.x", "", "."])
def test_unknown_command_line_key_is_an_error(key: str) -> None:
    """A `--set` that sets nothing is refused, and a section is no place for a number."""
    with pytest.raises(ConfigError, match=r"^command line"):
        load(environ={}, command_line={key: 1})


def test_assignment_without_value_is_an_error() -> None:
    """`--set http.port` says what was expected."""
    with pytest.raises(ConfigError, match=r"expected KEY=VALUE, got http\.port"):
        assignments(["http.port"])


@pytest.mark.parametrize("name", ["config.json", "pool.json"])
def test_a_default_that_the_base_file_lists_is_nobodys_choice(tmp_path: Path, name: str) -> None:
    """Whatever the file is called; another value is a choice, and so is the default elsewhere."""
    key = "performance.dynamic_cpu_allocation.min_cores"
    file = tmp_path / name

    def chosen(
        given: object,
        environ: Mapping[str, str] | None = None,
        command_line: Mapping[str, str] | None = None,
    ) -> bool:
        section = {} if given is None else {"min_cores": given}
        file.write_text(json.dumps({"performance": {"dynamic_cpu_allocation": section}}))
        return load(file, environ=environ or {}, command_line=command_line).chosen(key)

    assert not chosen(None)
    assert not chosen(1)
    assert chosen(2)
    assert chosen(1, command_line={key: "1"})
    variable = "SUPERVISOR_PERFORMANCE__DYNAMIC_CPU_ALLOCATION__MIN_CORES"
    assert chosen(1, environ={variable: "1"})
