"""Profiles that begin and end: what the log says, what the status has, and what the pool does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supervisor.config import Loaded, diff, load
from supervisor.logs import get_logger
from supervisor.service.control import make_policy
from supervisor.service.profiles import ActiveProfiles
from tests.unit.service.conftest import MakeLoop
from tests.unit.service.controlled import SECTION

EIGHT = datetime(2026, 12, 1, 8, tzinfo=UTC).timestamp()
HOUR = 3600.0


def profile(name: str, begin: str, end: str, **cores: Any) -> dict[str, Any]:
    """A profile that sets these options of the allocation."""
    tree = {"performance": {"dynamic_cpu_allocation": cores}}
    return {"name": name, "from": begin, "to": end, "timezone": "UTC", "set": tree}


MORNING = profile("morning", "06:00", "09:00", min_cores=6)
DAY = profile("day", "08:30", "18:00", min_cores=3, max_cores=8)
"""From half past eight to nine it goes before `morning`."""


class Played:
    """The profiles of a file, and a clock that is set."""

    def __init__(self, directory: Path, *profiles: dict[str, Any], at: float) -> None:
        path = directory / "override.json"
        path.write_text(json.dumps({"profiles": profiles}))
        self.now = at
        self.loaded: Loaded = load(None, path, {}, at=at)
        self.profiles = ActiveProfiles(self.loaded, lambda: self.now)

    def move(self, at: float) -> set[str]:
        """It is so late now; the settings that profiles changed."""
        self.now = at
        before, self.loaded = self.loaded, self.loaded.at(at)
        return self.profiles.move(self.loaded, diff(before.settings, self.loaded.settings))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """The log, line by line, as it comes."""
    kept: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    logger, keeper = get_logger(), Keeper(logging.INFO)
    level = logger.level
    logger.addHandler(keeper)
    logger.setLevel(logging.INFO)
    yield kept
    logger.setLevel(level)
    logger.removeHandler(keeper)


def test_the_log_says_what_began_and_ended_and_what_it_changed(
    tmp_path: Path, lines: list[str]
) -> None:
    """Each changed setting once, beside the profile that it is from."""
    played = Played(tmp_path, MORNING, DAY, at=EIGHT - 4 * HOUR)
    assert lines == []
    assert played.move(EIGHT) == {f"{SECTION}.min_cores"}
    assert lines == ["profile morning began: min_cores 1 → 6"]
    played.move(EIGHT + HOUR / 2)
    assert lines[1:] == ["profile day began: min_cores 6 → 3, max_cores None → 8"]
    assert played.move(EIGHT + HOUR) == set()
    assert lines[2:] == ["profile morning ended: nothing changes"]
    played.move(EIGHT + 12 * HOUR)
    assert lines[3:] == ["profile day ended: min_cores 3 → 1, max_cores 8 → None"]
    lines.clear()
    Played(tmp_path, MORNING, DAY, at=EIGHT)
    assert lines == ["profile morning is in force"]


def test_the_status_tells_the_next_edge(tmp_path: Path) -> None:
    """Of all profiles, those that begin and those that end; looked for anew once it is past."""
    played = Played(tmp_path, MORNING, DAY, at=EIGHT)
    status = played.profiles.status()
    assert (status.names, status.active) == (["morning", "day"], ["morning"])
    expected = [(0.5, "day", True), (1.0, "morning", False), (10.0, "day", False)]
    for hours, name, begins in [*expected, (22.0, "morning", True)]:
        edge = played.profiles.status().next
        assert edge is not None
        assert (edge.at, edge.name, edge.begins) == (EIGHT + hours * HOUR, name, begins)
        played.now = edge.at
    played.now = EIGHT - 3 * HOUR
    edge = played.profiles.status().next
    assert edge is not None
    assert edge.at == EIGHT - 2 * HOUR, "the clock was set back"


def test_no_edge_in_sight(tmp_path: Path) -> None:
    """A date of long ago, a profile that always holds, and none at all."""
    past = {**MORNING, "dates": ["2020-01-01"]}
    always = profile("always", "00:00", "24:00", min_cores=2)
    for profiles, active in (([past], []), ([always], ["always"]), ([], [])):
        status = Played(tmp_path, *profiles, at=EIGHT).profiles.status()
        assert (status.active, status.next) == (active, None)


def test_the_pool_obeys_and_the_reason_names_the_profile(
    tmp_path: Path, make_loop: MakeLoop
) -> None:
    """It grows at once, idle as it is, and goes back once the window is over."""
    played = Played(tmp_path, MORNING, at=EIGHT - 4 * HOUR)
    loop = make_loop(monitoring_interval=0.5, allocation_cooldown=1.0, history_window=4)
    loop.run(5)
    assert loop.cores == 1
    loop.control.configure(played.loaded.at(EIGHT))
    assert loop.cores == 6
    assert loop.reason == "bound_min_cores_6 (profile morning)"
    assert make_policy(played.loaded.at(EIGHT)).profiles == {"min_cores": "morning"}
    loop.control.configure(played.loaded)
    assert loop.run(60)[-1] == 1
    assert "profile" not in loop.reason


def test_a_static_pool_has_the_size_of_the_profile(tmp_path: Path, make_loop: MakeLoop) -> None:
    """Where no load decides, the window does."""
    fixed = profile("fixed", "06:00", "09:00", enabled=False, max_cores=5)
    played = Played(tmp_path, fixed, at=EIGHT)
    loop = make_loop()
    loop.control.configure(played.loaded)
    assert (loop.cores, loop.reason) == (5, "disabled (profile fixed)")
