"""Everything that can be wrong with a file, and what is said about it."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from supervisor.config import ConfigError, Settings, check, load
from supervisor.config.files import MAX_FILE_BYTES
from tests.unit.config.places import Place, cpu

TARGET = "performance.dynamic_cpu_allocation.cpu_target"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"http": {"port": 9},\n "pool" 2}', "invalid JSON at line 2, column 9"),
        ('{"http": {"po', "invalid JSON at line 1, column 11"),
        ("", "invalid JSON at line 1, column 1"),
        ("[]", "must hold a JSON object"),
        ('{"http": {}, "http": {}}', 'the key "http" stands twice'),
        ('{"http": {"port": NaN}}', "NaN is not a number of JSON"),
        ('{"http": {"port": -Infinity}}', "-Infinity is not a number of JSON"),
        ('{"http": {"port": 1e999}}', "1e999 is too large a number"),
        ('{"http": {"port": %s}}' % ("9" * 5000), "9999 is too large a number"),
        ('{"http": {"host": "\\ud800"}}', "half of a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
        ('{"http": {"port": true}}', "http.port must be a whole number.* but is true"),
        ('{"http": {"port": 9.0}}', r"http.port must be a whole number.* but is 9\.0"),
        ('{"http": 5}', "http must be an object, but is 5"),
        ('{"http": null}', "http must be an object, but is null"),
        ('{"htp": {}}', "unknown key htp; nearest valid key: http"),
        ('{"HTTP": {}}', "unknown key HTTP; nearest valid key: http"),
        ('{"_env_file": "x"}', "unknown key _env_file; nearest valid key: "),
        ('{"a\\nb": 1}', r"unknown key a\\nb; nearest valid key: "),
        (
            '{"dynamic_cpu_allocation": {}}',
            "nearest valid key: performance.dynamic_cpu_allocation$",
        ),
        ('{"pool": {"threads_per_worker": 0}}', '"auto" or a whole number from 1 to 4096'),
        ('{"engines": {"preload": ["hibari", 3]}}', "engines.preload must be a list"),
        ('{"engines": {"options": {"piper": 1}}}', "engines.options must be an object of objects"),
        ('{"engines": {"options": {"kokoro": {"modl": 1}}}}', "unknown key engines.kokoro.modl"),
        ('{"engines": {"options": {"kokoro": 1}}}', "engines.options must be an object of objects"),
        (
            """{"engines": {"hibari": {"voices_dir": "a"},
            "options": {"hibari": {"voices_dir": "b"}}}}""",
            "engines.options.hibari.voices_dir stands under engines.hibari, too",
        ),
        ('{"logging": {"level": "loud"}, "http": {"port": -1}}', r"\(and 1 more\)"),
        ('{"tracing": {"enabled": 1}}', "tracing.enabled must be true or false, but is 1"),
        *(
            (
                f'{{"tracing": {{"endpoint": "{url}"}}}}',
                "tracing.endpoint: must be a URL with its path",
            )
            for url in (
                "localhost:4318/v1/traces",
                "http://localhost:4318",
                "ftp://localhost/v1/traces",
                "http:///v1/traces",
                "http://localhost:http/v1/traces",
                "http://[::1/v1/traces",
                "http://local host/v1/traces",
            )
        ),
        ('{"tracing": {"endpoint": "http://a:b@c/v1/traces"}}', "OTEL_EXPORTER_OTLP_HEADERS$"),
    ],
)
def test_unusable_file_is_named_with_its_fault(place: Place, content: str, message: str) -> None:
    """One line names the file, and the place or the key."""
    with pytest.raises(ConfigError, match=message) as caught:
        place.load(override=content)
    assert str(caught.value).startswith(f"{place.override}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("cpu_target", [0, -1, 100.01, "75", None, [75]]),
        ("hysteresis_factor", [0, 1, 1.5]),
        ("monitoring_interval", [0, -1, 1e9]),
        ("history_window", [0, 2.5]),
        ("allocation_cooldown", [-0.1]),
        ("min_cores", [0, None]),
        ("max_cores", [0, "all"]),
        ("utilization_source", ["host", 1]),
        ("enabled", [1, "yes"]),
    ],
)
def test_value_out_of_range_names_key_and_range(
    place: Place, key: str, values: list[object]
) -> None:
    """The ranges of the allocation hold, and a wrong value is never taken for the default."""
    for value in values:
        with pytest.raises(ConfigError, match=rf"{key} must be .*, but is"):
            place.load(cpu(**{key: value}))


def test_a_weight_is_more_than_nothing(place: Place) -> None:
    """No class can be given nothing, or less: it would wait for ever."""
    for weight in (-1.0, 0.0, 1e9):
        with pytest.raises(ConfigError, match=r"classes\.batch\.weight must be a number over 0 to"):
            place.load({"classes": {"batch": {"weight": weight}}})


def test_boundary_values_are_valid(place: Place) -> None:
    """The ends that belong to a range can be used; a whole number is a number."""
    allocation = cpu(cpu_target=100, allocation_cooldown=0, min_cores=2, max_cores=2)
    loaded = place.load(allocation).settings.performance.dynamic_cpu_allocation
    assert (loaded.cpu_target, loaded.max_cores) == (100.0, 2)


def test_bounds_in_the_wrong_order_name_both_sources(place: Place) -> None:
    """min_cores of one file over max_cores of the other is an error of the two."""
    with pytest.raises(ConfigError, match="min_cores 4 is above max_cores 2") as caught:
        place.load(cpu(min_cores=4), cpu(max_cores=2))
    assert f"{place.override}" in str(caught.value)
    assert f"{place.config}" in str(caught.value)


def test_a_conflict_can_be_settled_by_another_source(place: Place) -> None:
    """Each file alone would be wrong against the defaults; together they are right."""
    loaded = place.load({"segments": {"first_max_chars": 300}}, {"segments": {"max_chars": 400}})
    assert loaded.settings.segments.first_max_chars == 300


def test_a_mistake_cannot_hide_behind_an_override(place: Place) -> None:
    """config.json is checked even where override.json gives another value."""
    with pytest.raises(ConfigError, match=r"config\.json: .*cpu_target"):
        place.load(cpu(cpu_target=-5), cpu(cpu_target=50))


def test_missing_files(place: Place, tmp_path: Path) -> None:
    """Files that nobody named may be missing; one that was named may not."""
    place.override.unlink()
    assert load(environ={}).settings == Settings()
    for config, override in ((tmp_path / "no.json", None), (None, tmp_path / "no.json")):
        with pytest.raises(ConfigError, match=r"no\.json: there is no such file"):
            load(config, override, environ={})
    with pytest.raises(ConfigError, match=r"no\.json: there is no such file"):
        load(environ={"SUPERVISOR_CONFIG": str(tmp_path / "no.json")})


def test_default_locations(place: Place, tmp_path: Path) -> None:
    """config.json of the working directory; override.json beside the config.json in force."""
    place.config.write_text('{"http": {"port": 1, "host": "::1"}}')
    place.override.write_text('{"http": {"port": 2}}')
    assert load(environ={}).settings.http.port == 2
    other = tmp_path / "other"
    other.mkdir()
    (other / "my.json").write_text('{"http": {"host": "localhost"}}')
    (other / "override.json").write_text('{"http": {"port": 3}}')
    http = load(environ={"SUPERVISOR_CONFIG": str(other / "my.json")}).settings.http
    assert (http.host, http.port) == ("localhost", 3)
    environ = {"SUPERVISOR_OVERRIDE": str(other / "override.json")}
    assert load(environ=environ).settings.http.port == 3


def test_what_is_no_regular_file(place: Place) -> None:
    """A directory or a pipe in the file's place is refused, and does not block."""
    place.override.unlink()
    place.override.mkdir()
    with pytest.raises(ConfigError, match=r"override\.json: cannot be read: Is a directory"):
        load(environ={})
    place.override.rmdir()
    os.mkfifo(place.override)
    with pytest.raises(ConfigError, match=r"override\.json: cannot be read: not a regular file"):
        load(environ={})


def test_unreadable_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path through a file, and a loop of links, are errors even where nobody named the file."""
    place.override.unlink()
    place.override.symlink_to(place.override)
    with pytest.raises(ConfigError, match=r"override\.json: cannot be read: Too many levels"):
        load(environ={})
    if os.geteuid() != 0:
        place.override.unlink()
        place.override.write_text("{}")
        place.override.chmod(0)
        with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
            load(environ={})


def test_size_is_bounded(place: Place) -> None:
    """A file of 100 MB is refused without being read; one of just 1 MiB is taken."""
    place.override.write_text("{}".ljust(MAX_FILE_BYTES))
    assert load(environ={}).settings == Settings()
    with place.override.open("r+b") as file:
        file.truncate(100 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError, match="cannot be read: larger than 1048576 bytes"):
            load(environ={})
        assert tracemalloc.get_traced_memory()[1] < 10 * MAX_FILE_BYTES
    finally:
        tracemalloc.stop()


def test_encodings(place: Place) -> None:
    """UTF-8 with a byte order mark is taken, UTF-16 is refused."""
    place.override.write_bytes('{"http": {"port": 9}}'.encode("utf-8-sig"))
    assert load(environ={}).settings.http.port == 9
    place.override.write_bytes("{}".encode("utf-16"))
    with pytest.raises(ConfigError, match="not UTF-8 at byte 0"):
        load(environ={})


def test_check_judges_a_file_alone(place: Place) -> None:
    """A fragment that is only wrong against the defaults passes; one wrong in itself does not."""
    place.override.write_text('{"segments": {"max_chars": 60}}')
    assert check(place.override) == []
    place.override.write_text('{"segments": {"max_chars": 60, "first_max_chars": 70}}')
    with pytest.raises(ConfigError, match="first_max_chars 70 is above max_chars 60"):
        check(place.override)
    with pytest.raises(ConfigError, match="there is no such file"):
        check(place.config)
