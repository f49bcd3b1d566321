"""Tracing switched on, off and over while the supervisor runs; and asked for without its extra."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.client import Client
from supervisor.installing import how_to_install
from tests.fixtures.collector import Collector, collector
from tests.fixtures.tuned import Tuned

NOOP: dict[str, Any] = {"engines.default": "noop", "engines.preload": ["noop"]}
HOW = f"tracing.enabled needs a library: {how_to_install('otel')}, or set it to false"


@pytest.fixture
def tuned() -> Iterator[Tuned]:
    """A supervisor without tracing."""
    supervised = Tuned(NOOP)
    supervised.environ["NO_PROXY"] = "*"
    with supervised:
        yield supervised


@pytest.fixture
def absent(tmp_path: Path) -> Path:
    """To be put into PYTHONPATH: it hides what the extra installs."""
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry/__init__.py").touch()
    return tmp_path


def speak(supervised: Tuned) -> str:
    """Run one job; returns its id."""
    with Client(supervised.endpoint) as client:
        job = client.submit("Hello there.")
        job.result()
        return job.id


def libraries(supervised: Tuned) -> str:
    """The files that the supervisor process has mapped."""
    return Path(f"/proc/{supervised.pid}/maps").read_text(encoding="utf-8")


def test_it_is_switched_while_jobs_come(tuned: Tuned) -> None:
    """Nothing is loaded before it is on; another address holds from the next job on; off is off."""
    with collector() as first, collector() as second:
        untraced = [speak(tuned)]
        assert "_upb" not in libraries(tuned), "protobuf costs nothing while there are no traces"
        tuned.tune({**NOOP, "tracing.enabled": True, "tracing.endpoint": first.url})
        tuned.logged("configuration: tracing.enabled: False → True (applied)")
        traced = speak(tuned)
        assert first.trace(traced)
        assert "_upb" in libraries(tuned)
        tuned.tune({**NOOP, "tracing.enabled": True, "tracing.endpoint": second.url})
        tuned.logged("configuration: tracing.endpoint: ")
        moved = speak(tuned)
        assert second.trace(moved)
        tuned.tune(NOOP)
        tuned.logged("configuration: tracing.enabled: True → False (applied)")
        untraced.append(speak(tuned))
        assert not tuned.status()["tracing"]["enabled"]
        assert tuned.stop() == 0
        told = {span.attributes.get("tts.job.id") for c in (first, second) for span in c.spans}
        assert told - {None} == {traced, moved}
        assert not {span.attributes.get("tts.job.id") for span in first.spans} & {moved}
        assert not told & set(untraced)
        assert "tracing:" not in tuned.output


def test_without_the_extra_it_does_not_start(absent: Path, tmp_path: Path) -> None:
    """One line says how to get it, or to do without."""
    ended = subprocess.run(
        [sys.executable, "-m", "supervisor", "start", "--set", "tracing.enabled=true"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(absent),
            "SUPERVISOR_RUN_DIR": str(tmp_path / "run"),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, f"supervisor: {HOW}\n")
    assert not (tmp_path / "run").exists()


def test_without_the_extra_it_cannot_be_switched_on(absent: Path) -> None:
    """The supervisor says the same line, and goes on as it was."""
    supervised = Tuned(NOOP)
    supervised.environ["PYTHONPATH"] = str(absent)
    with supervised:
        supervised.tune({**NOOP, "tracing.enabled": True})
        supervised.logged(HOW)
        speak(supervised)
        assert supervised.status()["tracing"] == {
            "enabled": False,
            "exported_spans": 0,
            "lost_spans": 0,
            "problem": HOW,
        }
        assert supervised.stop() == 0


def test_a_collector_seen_by_its_environment_alone(tuned: Tuned) -> None:
    """Without an address in the settings, OpenTelemetry's own variables say where it is."""
    with collector() as there:
        tuned.stop()
        tuned.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = there.url
        tuned.override.write_text('{"tracing": {"enabled": true}}')
        tuned.log.unlink()
        tuned.start()
        assert isinstance(there, Collector)
        assert there.trace(speak(tuned))
        assert tuned.stop() == 0
