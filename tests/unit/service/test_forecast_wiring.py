"""Prediction reaches what it is to steer: settings, its file, the workers, and what is shown.

The load of three days, ten cores for two minutes of each hour, is in the file that a supervisor
finds; it begins two minutes before a full hour. Each test fails if its setting is read by nobody.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import pytest

from supervisor.config import Settings
from supervisor.core.allocation.learned import encode
from supervisor.files import PRIVATE
from supervisor.service.forecast import FILE, SAVED_EVERY_S, Foresight
from supervisor.wire.status import Forecast
from tests.fixtures.days import DAY_S, Days, alarms
from tests.unit.service.conftest import MakeLoop
from tests.unit.service.controlled import START, Controlled

BEGIN = START + 1000.0
FULL_HOUR = 1120.0
"""By the loop's clock."""


@cache
def learned() -> bytes:
    """The file of three days until the beginning."""
    days = Days(None, start=BEGIN - 3 * DAY_S, step_s=20.0)
    days.watch(alarms, 3)
    return encode(days.forecaster)


def foreseeing(make_loop: MakeLoop, prediction: str = "act", **section: object) -> Controlled:
    """A loop that has learned, with one segment to speak."""
    settings = {"performance.prediction": "off"}
    options = {"monitoring_interval": 5.0, "max_cores": 16, **section}
    loop = make_loop(settings=settings, **options)
    loop.state.mkdir()
    (loop.state / FILE).write_bytes(learned())
    loop.change({"performance.prediction": prediction})
    return loop


def cores_by_second(loop: Controlled, until: float) -> dict[float, int]:
    """Cores after each interval, by seconds since the full hour."""
    found = {}
    while loop.clock.time() < until:
        loop.run(5.0)
        found[loop.clock.time() - FULL_HOUR] = loop.cores
    return found


def status(loop: Controlled) -> Forecast:
    """As the diagnostics show it."""
    return loop.foresight.status(loop.control.policy)


def test_act_has_the_cores_there_before_the_alarms(make_loop: MakeLoop) -> None:
    """With a core a worker; they go once the minute is over and nobody came, which is counted."""
    loop = foreseeing(make_loop)
    seen = cores_by_second(loop, FULL_HOUR + 55)
    assert {cores for at, cores in seen.items() if at < -10} == {1}
    assert {cores for at, cores in seen.items() if at > 0} == {15}  # 10.5 at 75 %, and a margin
    assert set(loop.threads.values()) == {1}
    assert loop.control.allocator.bounds.lower_winner == "forecast"
    assert loop.control.allocator.decision_counts["forecast"] == 1
    shown = status(loop)
    assert (shown.mode, shown.standing, shown.trusted) == ("act", "trusted", True)
    assert shown.cores == 15
    assert loop.run(90)[-1] == 1
    assert 14 * 55 < status(loop).core_seconds < 14 * 100


def test_advise_shows_it_and_does_nothing(make_loop: MakeLoop) -> None:
    """The same forecast."""
    loop = foreseeing(make_loop, "advise")
    ahead = status(loop).next_load
    assert [load for load in ahead if load and load > 10] == [10.5, 10.5]
    assert ahead[2:4] == [10.5, 10.5]
    assert set(cores_by_second(loop, FULL_HOUR + 55).values()) == {1}
    shown = status(loop)
    assert (shown.mode, shown.trusted, shown.core_seconds) == ("advise", True, 0.0)
    assert 0.0 <= (shown.loss_ratio or 0.0) < 0.1


def test_off_neither_learns_nor_tells(make_loop: MakeLoop) -> None:
    """And writes what it knew before it forgets."""
    loop = foreseeing(make_loop)
    loop.run(70)
    loop.change({"performance.prediction": "off"})
    before = (loop.state / FILE).read_bytes()
    assert before != learned()
    assert set(cores_by_second(loop, FULL_HOUR + 20).values()) == {1}
    assert status(loop) == Forecast(mode="off")
    assert (loop.state / FILE).read_bytes() == before


def test_lead_s(make_loop: MakeLoop) -> None:
    """The cores come so much before the minute; changed while it runs."""
    found = []
    for lead in (0, 60):
        loop = foreseeing(make_loop)
        loop.run(30)
        loop.change({"performance.forecast.lead_s": lead})
        seen = cores_by_second(loop, FULL_HOUR + 15)
        found.append(min(at for at, cores in seen.items() if cores == 15))
    assert 0 <= found[0] <= 5
    assert -60 <= found[1] <= -50


def test_margin(make_loop: MakeLoop) -> None:
    """So many times the error, here of a core, at a target of 75 %."""
    loop = foreseeing(make_loop)
    assert loop.foresight.forecaster is not None
    loop.foresight.forecaster.error = 0.5
    loop.change({"performance.forecast.margin": 2.0})
    assert max(cores_by_second(loop, FULL_HOUR + 15).values()) == 16


def test_learn_days(make_loop: MakeLoop) -> None:
    """Of four days only three were seen: nothing is foretold, and it says how much is left."""
    loop = foreseeing(make_loop)
    loop.change({"performance.forecast.learn_days": 4.0})
    assert set(cores_by_second(loop, FULL_HOUR + 15).values()) == {1}
    shown = status(loop)
    assert (shown.standing, shown.cores, set(shown.next_load)) == ("learning", None, {None})
    assert (shown.minutes_needed, shown.minutes_seen // 10) == (5760, 432)


def test_it_never_goes_over_the_bounds(make_loop: MakeLoop) -> None:
    """max_cores, heat and memory each hold, and name themselves; a static pool does not move."""
    few = foreseeing(make_loop, max_cores=3)
    assert max(cores_by_second(few, FULL_HOUR + 15).values()) == 3
    static = foreseeing(make_loop, enabled=False, min_cores=2, max_cores=None)
    assert set(cores_by_second(static, FULL_HOUR + 15).values()) == {2}
    short = foreseeing(make_loop)
    short.worker_bytes = 1_000_000_000_000
    assert max(cores_by_second(short, FULL_HOUR + 15).values()) == 1


def test_it_is_saved_now_and_then_and_at_the_end(make_loop: MakeLoop) -> None:
    """For its owner alone; a restart goes on with it."""
    loop = foreseeing(make_loop, monitoring_interval=30.0)
    loop.run(SAVED_EVERY_S + 60.0)
    thread = loop.foresight._thread
    assert thread is not None
    thread.join()
    path = loop.state / FILE
    between = path.read_bytes()
    assert between != learned()
    assert path.stat().st_mode & 0o777 == PRIVATE
    loop.run(120)
    loop.foresight.close()
    assert path.read_bytes() != between
    again = Foresight(Settings(), loop.state, lambda: loop.clock.time() + START)
    assert again.forecaster is not None
    assert loop.foresight.forecaster is not None
    assert again.forecaster.minutes == loop.foresight.forecaster.minutes > 4320


@pytest.mark.parametrize(
    "content", [b"", b"{", learned()[:30_000], b'{"schema":99}', b"x" * 200_000]
)
def test_a_file_that_is_no_forecast_is_told_once_and_replaced(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Torn, hostile or of another version: it begins anew."""
    (tmp_path / FILE).write_bytes(content)
    with caplog.at_level(logging.INFO):
        foresight = Foresight(Settings(), tmp_path, lambda: BEGIN)
    (line,) = caplog.messages
    assert "not used, the forecast begins anew: " in line
    assert len(line) < 300
    assert foresight.forecaster is not None
    assert foresight.forecaster.minutes == 0


def test_a_place_that_cannot_be_read_or_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder in place of the file, a file in place of the folder."""
    (tmp_path / "a" / FILE).mkdir(parents=True)
    (tmp_path / "b").write_text("")
    with caplog.at_level(logging.INFO):
        for name in ("a", "b"):
            foresight = Foresight(Settings(), tmp_path / name, lambda: BEGIN)
            assert foresight.forecaster is not None
            foresight.forecaster.minutes = 1
            foresight.close()
            foresight.close()
    unusable, unwritable, *more = caplog.messages
    assert unusable.endswith("begins anew: it is not a file")
    assert "cannot be written" in unwritable
    assert len(more) == 1  # Of the other place.


def test_a_full_disk_is_told_once_and_then_that_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was saved before stays whole."""
    (tmp_path / FILE).write_bytes(learned())
    foresight = Foresight(Settings(), tmp_path, lambda: BEGIN)
    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr("supervisor.service.forecast.replace_file", full)
        foresight.close()
        foresight.close()
    assert caplog.messages == [f"{tmp_path / FILE} cannot be written: No space left on device"]
    assert (tmp_path / FILE).read_bytes() == learned()
    with caplog.at_level(logging.INFO):
        foresight.close()
    assert caplog.messages[-1].startswith("the forecast is saved again")


def full(*_: object, **__: object) -> None:
    """What writing does where there is no room."""
    raise OSError(28, "No space left on device")
