"""Trying settings on the recorded hour: in the browser, over HTTP, and the hour itself."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from supervisor.config import Settings
from supervisor.gateway.page.recorder import KEPT_S, Recorder, Sample
from supervisor.gateway.page.rehearsal import MOST_SEGMENTS, load, run
from supervisor.gateway.page.series import POINTS, recorded
from supervisor.gateway.page.task import Task
from supervisor.simulate.scenario import ENGINES
from supervisor.wire.status import Status, read
from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import SHOTS
from tests.fixtures.defaults import policy_with
from tests.fixtures.statuses import example
from tests.supervised import eventually

TRIAL = {
    "cpu_target": 50.0,
    "hysteresis_factor": 0.5,
    "allocation_cooldown": 2.0,
    "min_cores": 1,
    "max_cores": 2,
    "aggressive_mode": True,
}


@pytest.fixture
def remembering(served: Serving) -> Serving:
    """The gateway, once it has recorded enough to try something on it."""

    def enough() -> bool:
        return len(served.ask("/page/trace").document["points"]["cores"]) >= 12

    eventually(enough, "twelve samples", 60.0)
    return served


def test_settings_are_tried_and_taken_home(tab: Page, remembering: Serving, tmp_path: Path) -> None:
    """Moved by keyboard, simulated beside the record, downloaded as a file that is valid."""
    tab.goto(remembering.url)
    tab.locator("#settings > summary").click()
    expect(tab.locator("#cpu_target-out")).to_have_text("75 %")
    tab.focus("#cpu_target")
    for _ in range(15):
        tab.keyboard.press("ArrowLeft")
    expect(tab.locator("#cpu_target-out")).to_have_text("60 %")
    tab.check("#aggressive_mode")
    tab.fill("#max_cores", "2")
    tab.click("#simulate")
    expect(tab.locator("#tune-table tr")).to_have_count(5, timeout=70_000)
    expect(tab.locator("#tune-chart .cores-line")).to_have_attribute(
        "d", re.compile(r"^M[\d.]+ [\d.]+L")
    )
    tab.locator("#settings").screenshot(path=SHOTS / "tuned.png")
    with tab.expect_download() as download:
        tab.click("#download")
    file = tmp_path / download.value.suggested_filename
    assert file.name == "override.json"
    download.value.save_as(file)
    document = json.loads(file.read_text())
    settings = Settings.model_validate(document).performance.dynamic_cpu_allocation
    assert (settings.cpu_target, settings.max_cores, settings.aggressive_mode) == (60.0, 2, True)
    tab.click("#reset")
    expect(tab.locator("#cpu_target-out")).to_have_text("75 %")


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"cpu_target": 0}, "cpu_target"),
        ({"hysteresis_factor": 1}, "hysteresis_factor"),
        ({"min_cores": 3}, "min_cores"),
        ({"min_cores": "many"}, "min_cores"),
        ({"allocation_cooldown": None}, "allocation_cooldown"),
    ],
)
def test_impossible_settings_are_refused(
    served: Serving, changed: dict[str, Any], word: str
) -> None:
    """As config.json would be, with the setting's name."""
    answer = served.ask("/page/simulation", {**TRIAL, **changed})
    assert (answer.status, answer.error["code"]) == (400, "bad_value")
    assert word in str(answer.error)


def test_a_refusal_of_the_trial_is_shown(tab: Page, served: Serving) -> None:
    """Bounds in the wrong order: the page says which."""
    tab.goto(served.url)
    tab.locator("#settings > summary").click()
    expect(tab.locator("#cpu_target-out")).to_have_text("75 %")
    tab.fill("#min_cores", "9")
    tab.fill("#max_cores", "2")
    tab.click("#simulate")
    expect(tab.locator("#tuned.bad")).to_contain_text("min_cores")
    tab.locator("#settings").screenshot(path=SHOTS / "tuning-bad.png")


def test_one_simulation_at_a_time_and_the_gateway_answers_meanwhile(remembering: Serving) -> None:
    """While one runs a second is told to come back, and probes are answered.

    The one that runs may take longer than it is given where others have the processors.
    """
    answers: list[tuple[int, str | None]] = []

    def simulate() -> None:
        answer = remembering.ask("/page/simulation", TRIAL, timeout=90)
        code = None if answer.status == 200 else answer.error["code"]
        answers.append((answer.status, code))

    threads = [threading.Thread(target=simulate) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert remembering.ask("/healthz").status == 200
    for thread in threads:
        thread.join()
    assert (429, "busy") in answers
    assert set(answers) <= {(200, None), (429, "busy"), (503, "no_simulation")}
    assert len(answers) == 3


def hour(leased: int = 4, utilization: float = 60.0) -> list[Sample]:
    """An hour of even load, a sample a second."""
    return [Sample(100.0 + s, utilization, leased, leased, 0, 0.0) for s in range(3601)]


def test_the_simulated_load_is_the_recorded_one() -> None:
    """Core-seconds of the arrivals are those of the record, in a bounded number of segments."""
    for engine in ENGINES.values():
        workload = load(hour(), engine)
        sizes = [arrival.characters for arrival in workload.arrivals()]
        work_s = sum(sizes) * engine.seconds_per_character
        assert work_s == pytest.approx(0.6 * 4 * 3600, rel=0.01)
        assert len(sizes) <= 1.01 * MOST_SEGMENTS


def test_work_that_was_cancelled_is_no_load() -> None:
    """A thousand segments come and go without being spoken: the load is what was done."""
    samples = [
        sample._replace(queue=1000 if 600 <= sample.time_s < 900 else 0)
        for sample in hour(utilization=10.0)
    ]
    workload = load(samples, ENGINES["kokoro"])
    work_s = sum(a.characters for a in workload.arrivals()) * 0.024
    assert work_s == pytest.approx(0.1 * 4 * 3600, rel=0.02)


def test_a_lower_target_takes_more_cores() -> None:
    """The hour under two targets: what it costs and how full it is go the way they must."""
    task = Task(hour(), 8, "kokoro", policy_with(), policy_with(cpu_target=40.0))
    result = run(task)
    before, after = result.in_force["summary"], result.trial["summary"]
    assert after["core_seconds"] > before["core_seconds"]
    assert after["mean_utilization"] < before["mean_utilization"]
    assert len(result.trial["points"]["cores"]) <= POINTS


def test_the_sums_of_the_record() -> None:
    """Two changes, their peak, and leased cores times time."""
    samples = [
        Sample(10.0, 50.0, 1, 1, 0, 0.0),
        Sample(11.0, 90.0, 1, 3, 4, 2.5),
        Sample(13.0, 40.0, 3, 2, 0, 0.0),
    ]
    assert recorded(samples)["summary"] == {
        "changes": 2,
        "peak_cores": 3,
        "core_seconds": 7.0,
        "mean_utilization": 60.0,
        "longest_wait_s": 2.5,
    }
    assert recorded([])["summary"]["mean_utilization"] is None


def told(*times: float) -> Status:
    """A status of one worker, with a decision at each of these times."""
    document = example()
    stats = document["allocation"]["allocation_stats"]
    last = stats["decisions"][-1]
    seen = {"utilization": 50.0, "leased": None, "backlog_s": 1.0, "demand": 3.0}
    inputs = {**last["inputs"], **seen}
    stats["decisions"] = [
        *({**last, "now": now, "before": 1, "after": 2, "inputs": inputs} for now in times),
        {**last, "now": times[-1] + 1, "inputs": None},
    ]
    del document["workers"][1:]
    return read(document)


def test_the_recorder_takes_each_sample_once_and_an_hour_of_them(served: Serving) -> None:
    """Told twice is kept once; what is older than an hour goes; a clock that falls starts anew."""
    recorder = Recorder(None)  # type: ignore[arg-type]  # it is told here, and does not ask
    recorder.take(told(1.0, 2.0, 2.1))
    recorder.take(told(2.0, 3.0))
    assert [sample.time_s for sample in recorder.samples] == [1.0, 2.0, 3.0]
    assert recorder.samples[0] == Sample(1.0, 50.0, 1, 2, 2, 1.0)
    recorder.take(told(2.5 + KEPT_S))
    assert [sample.time_s for sample in recorder.samples] == [3.0, 2.5 + KEPT_S]
    recorder.take(told(0.5))
    assert [sample.time_s for sample in recorder.samples] == [0.5]
