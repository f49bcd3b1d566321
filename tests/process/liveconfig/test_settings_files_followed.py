"""A running supervisor follows its settings files, whatever happens to them, and keeps its wits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.tuned import QUICK, SECTION, Tuned, replace, text_of
from tests.supervised import eventually

NOOP: dict[str, Any] = {"engines.default": "noop", "engines.preload": ["noop"]}


@pytest.fixture(scope="module")
def tuned() -> Iterator[Tuned]:
    """A supervisor with noop, started where there is no settings file."""
    with Tuned(fixed=NOOP) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def target(tuned: Tuned) -> float:
    """The cpu_target in force."""
    value: float = tuned.allocation()["allocation_stats"]["thresholds"]["cpu_target"]
    return value


def wants(value: float) -> str:
    """A settings file with this cpu_target."""
    return text_of({f"{SECTION}.cpu_target": value})


def reaches(tuned: Tuned, value: float) -> None:
    """Wait until this cpu_target is in force."""
    eventually(lambda: target(tuned) == value, f"cpu_target {value}")


def error(tuned: Tuned) -> str:
    """What is wrong with the files, as `status` tells it; empty where nothing is."""
    return tuned.status()["supervisor"]["configuration_error"] or ""


def supervisor(tuned: Tuned, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the user's."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", *words],
        env=tuned.environ,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_nobody_has_to_ask(tuned: Tuned) -> None:
    """Created after the start, edited, replaced, deleted, created again: each holds by itself."""
    tuned.override.write_text(wants(61))
    reaches(tuned, 61)
    replace(tuned.override, wants(62))
    reaches(tuned, 62)
    tuned.override.unlink()
    reaches(tuned, 75)
    tuned.override.write_text(wants(63))
    reaches(tuned, 63)
    tuned.config.write_text(text_of({f"{SECTION}.hysteresis_factor": 0.5}))
    tuned.logged("hysteresis_factor: 0.6 → 0.5 (applied)")
    tuned.config.unlink()
    tuned.logged("hysteresis_factor: 0.5 → 0.6 (applied)")
    assert target(tuned) == 63
    tuned.logged(f"configuration: {SECTION}.cpu_target: 61.0 → 62.0 (applied)")


def around_now(minutes: int) -> dict[str, Any]:
    """A profile of two workers, from an hour ago until `minutes` from now."""
    now = datetime.now(UTC)
    cores = {"performance": {"dynamic_cpu_allocation": {"min_cores": 2, "max_cores": 2}}}
    return {
        "name": "morning",
        "from": f"{now - timedelta(hours=1):%H:%M}",
        "to": f"{now + timedelta(minutes=minutes):%H:%M}",
        "timezone": "UTC",
        "set": {**cores, "pool": {"threads_per_worker": 1}},
    }


def test_a_profile_is_taken_and_left(tuned: Tuned) -> None:
    """Two idle workers as long as its window lasts; log, status and reason name it."""
    tuned.tune({**QUICK, "profiles": [around_now(30)]})
    tuned.workers(2)
    tuned.logged("profile morning began: min_cores 1 → 2, max_cores None → 2")
    allocation = tuned.allocation()
    assert allocation["profiles"]["active"] == ["morning"]
    assert allocation["profiles"]["next"]["begins"] is False
    decisions = allocation["allocation_stats"]["decisions"]
    assert "bound_min_cores_2 (profile morning)" in [each["reason"] for each in decisions]
    assert "profile: in force: morning; ends" in supervisor(tuned, "status").stdout
    tuned.tune({**QUICK, "profiles": [around_now(-30)]})
    tuned.logged("profile morning ended: min_cores 2 → 1")
    tuned.workers(1)
    assert tuned.allocation()["profiles"]["active"] == []
    assert "profile: none in force; morning begins" in supervisor(tuned, "status").stdout
    tuned.tune({**QUICK, "profiles": [{**around_now(-30), "timezone": "Mars"}]})
    eventually(lambda: 'no time zone "Mars"' in error(tuned), "what is wrong with it")
    tuned.override.unlink()
    tuned.reload()
    eventually(lambda: not error(tuned), "all is well")


@pytest.mark.parametrize("ask", ["hang-up", "command"])
def test_asked_it_reads_at_once(tuned: Tuned, ask: str) -> None:
    """SIGHUP and `supervisor config reload` do the same."""
    value = 41.0 if ask == "hang-up" else 42.0
    replace(tuned.override, wants(value))
    if ask == "hang-up":
        os.kill(tuned.pid, signal.SIGHUP)
    else:
        answer = supervisor(tuned, "config", "reload")
        assert answer.returncode == 0, answer.stderr
        assert str(tuned.pid) in answer.stdout
    reaches(tuned, value)


BROKEN = {
    "half-written": wants(50)[:-3],
    "out of range": wants(150),
    "unknown key": text_of({f"{SECTION}.cpu_targets": 50}),
    "not a number": '{"performance": {"dynamic_cpu_allocation": {"cpu_target": NaN}}}',
    "min above max": text_of({f"{SECTION}.min_cores": 3, f"{SECTION}.max_cores": 2}),
    "legacy out of range": text_of({f"{SECTION}.max_threshold": 150}),
    "too large": '{"a": "' + "x" * (1 << 20) + '"}',
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_changes_nothing_and_status_says_why_until_it_is_mended(
    tuned: Tuned, fault: str
) -> None:
    """The last good state stays in force; `status` names file and fault; mending ends it."""
    tuned.tune({f"{SECTION}.cpu_target": 55})
    reaches(tuned, 55)
    replace(tuned.override, BROKEN[fault])
    tuned.reload()
    said = eventually(lambda: error(tuned), "the error in the status")
    assert "override.json" in said
    assert said in tuned.output
    assert target(tuned) == 55
    assert tuned.allocation()["configuration_error"] == said
    shown = supervisor(tuned, "status")
    assert "configuration not applied" in shown.stdout
    tuned.tune({f"{SECTION}.cpu_target": 56})
    reaches(tuned, 56)
    assert not error(tuned)
    assert "configuration not applied" not in supervisor(tuned, "status").stdout


def test_a_directory_in_its_place(tuned: Tuned) -> None:
    """No file at all can be read there: the same, and it heals when it is gone."""
    tuned.tune({f"{SECTION}.cpu_target": 57})
    reaches(tuned, 57)
    tuned.override.unlink()
    tuned.override.mkdir()
    tuned.reload()
    assert "override.json" in eventually(lambda: error(tuned), "the error in the status")
    assert target(tuned) == 57
    tuned.override.rmdir()
    tuned.tune({f"{SECTION}.cpu_target": 58})
    reaches(tuned, 58)
    assert not error(tuned)


def test_what_is_broken_at_the_start_is_an_error_then() -> None:
    """There is no last good state: one line, exit code 2."""
    with closing(Tuned(fixed=NOOP)) as tuned:
        tuned.override.write_text(wants(150))
        tuned.start(ready=False)
        assert tuned.process is not None
        assert tuned.process.wait(20) == 2
        assert len(tuned.output.strip().splitlines()) == 1
        assert "cpu_target" in tuned.output


def test_old_thresholds_are_migrated_with_one_warning_in_all() -> None:
    """At the start, and not again with each reload; new keys beside them win."""
    with Tuned({f"{SECTION}.min_threshold": 20, f"{SECTION}.max_threshold": 70}, NOOP) as tuned:
        assert target(tuned) == 70
        tuned.tune({f"{SECTION}.min_threshold": 20})
        reaches(tuned, 80)
        tuned.tune({f"{SECTION}.max_threshold": 70, f"{SECTION}.cpu_target": 65})
        reaches(tuned, 65)
        tuned.reload()
        tuned.tune({f"{SECTION}.cpu_target": 66})
        reaches(tuned, 66)
        thresholds = tuned.allocation()["allocation_stats"]["thresholds"]
        assert thresholds["hysteresis_factor"] == 0.6
        assert tuned.output.count("WARNING") == 1
        assert tuned.output.count("are old names") == 1
