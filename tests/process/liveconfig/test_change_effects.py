"""Each change of a setting takes the effect that it declares, and the log says which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.staged import Staged
from tests.fixtures.tuned import QUICK, SECTION, Tuned, replace, text_of
from tests.supervised import eventually

TWO: dict[str, Any] = {
    **QUICK,
    f"{SECTION}.min_cores": 2,
    f"{SECTION}.max_cores": 2,
    "pool.threads_per_worker": 1,
}


@pytest.fixture(scope="module")
def tuned() -> Iterator[Tuned]:
    """A supervisor with hibari and two workers."""
    with Tuned(TWO) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def pids(tuned: Tuned, count: int = 2) -> set[int]:
    """The worker processes."""
    return {worker["pid"] for worker in tuned.workers(count)}


def test_live(tuned: Tuned) -> None:
    """Applied, and nothing else happens: the same processes, the same sessions."""
    tuned.tune(TWO)
    before, template = pids(tuned), tuned.status()["supervisor"]["template_pid"]
    tuned.tune({**TWO, "segments.max_chars": 100, f"{SECTION}.cpu_target": 50})
    tuned.logged(f"configuration: {SECTION}.cpu_target: 75.0 → 50.0 (applied)")
    tuned.logged("configuration: segments.max_chars: 240 → 100 (applied)")
    text = ("word " * 60).encode()
    with tuned.wire() as peer:
        peer.send(protocol.Submit("cut", credit=1 << 40), text)
        accepted, _body = peer.receive()
        assert isinstance(accepted, protocol.Accepted)
        assert accepted.segments >= 3, "the new limit cuts it"
        assert isinstance(peer.outcome()[0], protocol.End)
    assert pids(tuned) == before
    assert tuned.status()["supervisor"]["template_pid"] == template


def test_live_settings_of_the_log(tuned: Tuned) -> None:
    """From one line to the next: JSON instead of text, and only what is severe enough."""
    tuned.tune({**TWO, "logging.format": "json"})
    tuned.logged("logging.format: 'text' → 'json'")
    tuned.tune({**TWO, "logging.format": "json", f"{SECTION}.cpu_target": 51})
    (line,) = tuned.logged("→ 51.0")
    assert json.loads(line)["level"] == "info"
    tuned.tune({**TWO, "logging.level": "error"})
    tuned.logged("logging.level: 'info' → 'error'")
    tuned.tune({**TWO, "logging.level": "error", f"{SECTION}.cpu_target": 52})
    eventually(
        lambda: tuned.allocation()["allocation_stats"]["thresholds"]["cpu_target"] == 52,
        "the target of 52 %",
    )
    assert "52.0" not in tuned.output
    tuned.tune(TWO)


def test_session_rebuild(tuned: Tuned) -> None:
    """The worker stays, its session is another, and the log says that it was rebuilt."""
    tuned.tune(TWO)
    before = pids(tuned)
    tuned.tune({**TWO, "pool.threads_per_worker": 2})
    (worker,) = tuned.workers(1)
    assert worker["pid"] in before
    assert worker["session_generation"] == 1
    tuned.logged("configuration: pool.threads_per_worker: 1 → 2 (applied, sessions are rebuilt)")
    tuned.tune(TWO)
    assert worker["pid"] in pids(tuned)


def test_supervisor_restart(tuned: Tuned) -> None:
    """Nothing happens but that it is said, in the log and until it is undone in the diagnostics."""
    tuned.tune(TWO)
    before = pids(tuned)
    tuned.tune({**TWO, "http.port": 9999, "pool.start_method": "spawn"})
    tuned.logged("http.port: 8354 → 9999 (holds after a restart of the supervisor)")
    assert tuned.allocation()["restart_needed_for"] == ["http.port", "pool.start_method"]
    assert pids(tuned) == before
    tuned.tune({**TWO, "http.port": 9999})
    tuned.logged("pool.start_method: 'spawn' → 'forkserver'")
    assert tuned.allocation()["restart_needed_for"] == ["http.port"]
    tuned.tune(TWO)
    tuned.logged("http.port: 9999 → 8354")
    assert tuned.allocation()["restart_needed_for"] == []


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_worker_restart_with_jobs_running_loses_none(start_method: str) -> None:
    """Other settings of an engine: a new template, new workers, while segments run and wait.

    The running segments end where they are, what waited is spoken by the new workers,
    nothing is tried twice, and the old processes are gone.
    """
    staged = Staged(start_method)
    options = staged.settings.pop("engines.options")
    override = staged.directory / "override.json"
    override.write_text(text_of({"engines.options": options}))
    with staged, staged.wire() as peer:
        before = {worker["pid"] for worker in staged.workers(2)}
        template = staged.status()["supervisor"]["template_pid"]
        for number in range(2):
            peer.send(protocol.Submit(f"held-{number}", seed=1), b"Hold.")
            staged.begun("holding")
        for number in range(6):
            peer.send(protocol.Submit(f"waiting-{number}", seed=1), b"Hello there. Who is it?")
        other = {**options, "toy": {"level": 0.25}}
        replace(override, text_of({"engines.options": other}))
        eventually(lambda: "workers are replaced" in staged.output, "the change in the log")
        if start_method == "forkserver":
            eventually(
                lambda: staged.status()["supervisor"]["template_pid"] not in {None, template},
                "another template",
            )
        staged.go()
        ends = [peer.outcome() for _ in range(8)]
        assert all(isinstance(end, protocol.End) for end, _audio in ends), ends
        after = eventually(
            lambda: _replaced(staged, before), "two new workers in the place of the old"
        )
        assert not any(processes.alive(pid) for pid in before)
        assert after.isdisjoint(before)
        jobs = staged.status()["jobs"]
        assert (jobs["done"], jobs["retried"], jobs["failed"]) == (8, 0, 0)
        assert staged.stop() == 0


def _replaced(staged: Staged, before: set[int]) -> set[int]:
    now = {worker["pid"] for worker in staged.workers(2)}
    return now if now.isdisjoint(before) else set()
