"""What Prometheus is told, read back with its own parser."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from supervisor.wire.status import WORKER_STATES
from tests.e2e.gateway.serving import Serving
from tests.supervised import eventually

DASHBOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "tts-supervisor.json"


def scrape(gateway: Serving) -> dict[tuple[str, str], float]:
    """Every sample by its name and its labels' values."""
    text = gateway.ask("/metrics").body.decode()
    return {
        (sample.name, " ".join(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def pss_of(found: dict[tuple[str, str], float]) -> list[float]:
    """The memory of each worker, whatever slots the tests before have left to them."""
    return [value for (name, _slot), value in found.items() if name == "tts_worker_pss_megabytes"]


def test_the_pool_and_the_gateway_are_measured(gateway: Serving) -> None:
    """A request for speech moves the counters of both."""
    before = scrape(gateway)
    assert gateway.speak("Hello.", model="noop").status == 200
    gateway.ask("/v1/audio/nothing")

    def known() -> dict[tuple[str, str], float]:
        found = scrape(gateway)
        return found if pss_of(found) else {}

    after = eventually(known, "a status with the workers' memory")
    assert after["tts_supervisor_up", ""] == 1.0
    assert after["tts_cores_usable", ""] >= after["tts_cores_leased", ""] >= 1
    assert after["tts_cpu_target_percent", ""] == 75.0
    assert after["tts_workers", "idle"] + after["tts_workers", "busy"] >= 1
    assert min(pss_of(after)) > 1
    moved = {key for key, value in after.items() if value > before.get(key, 0.0)}
    assert ("tts_http_first_audio_seconds_count", "") in moved
    assert ("tts_http_requests_total", "POST /v1/audio/speech 200") in moved
    assert ("tts_http_requests_total", "GET none 404") in moved


def test_what_jobs_wait_and_take_is_counted(gateway: Serving) -> None:
    """A job is in each histogram of the pool once, by its class; nothing waits then."""
    names = (
        ("tts_job_wait_seconds_count", ""),
        ("tts_job_first_audio_seconds_count", "batch"),
        ("tts_segment_real_time_factor_count", ""),
        ("tts_segments_spoken_total", ""),
    )
    before = scrape(gateway)
    body = {"input": "Hello.", "model": "noop"}
    classed = {"X-TTS-Class": "Batch"}
    assert gateway.ask("/v1/audio/speech", body, headers=classed).status == 200

    def counted() -> bool:
        after = scrape(gateway)
        return all(after[name] >= before[name] + 1 for name in names)

    eventually(counted, "the job is counted")
    eventually(lambda: scrape(gateway)["tts_queue_seconds", ""] == 0.0, "nothing waits")
    assert ("tts_worker_restarts_total", "") in scrape(gateway)


def test_decisions_are_counted_by_a_few_reasons(gateway: Serving) -> None:
    """The figures in a reason make no label of their own."""

    def counted() -> dict[str, float]:
        found = scrape(gateway).items()
        return {reason: count for (name, reason), count in found if name == "tts_decisions_total"}

    before = eventually(counted, "a decision")
    eventually(lambda: sum(counted().values()) > sum(before.values()), "another decision")
    assert not any(character.isdigit() for reason in counted() for character in reason)


def test_workers_have_every_state_that_exists_and_no_other(gateway: Serving) -> None:
    """Each has its series from the first scrape on, and together they are all workers."""

    def counted() -> dict[str, float]:
        found = scrape(gateway).items()
        return {state: count for (name, state), count in found if name == "tts_workers"}

    found = eventually(counted, "a status")
    assert found.keys() == set(WORKER_STATES)
    assert sum(found.values()) >= 1


def test_openmetrics_is_served_to_who_asks_for_it(gateway: Serving) -> None:
    """The newer format has its own media type and ending."""
    answer = gateway.ask("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


def test_the_dashboard_asks_for_metrics_that_exist(gateway: Serving) -> None:
    """Every name in its queries is one that the gateway has, to the letter; utilization is known
    from the second sample on.
    """
    gateway.speak("Hello.", model="noop")

    def names() -> set[str]:
        text = gateway.ask("/metrics").body.decode()
        found = set(re.findall(r"^(tts_\w+)", text, re.MULTILINE))
        return found if "tts_utilization_percent" in found else set()

    known = eventually(names, "a measured utilization")
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) >= 12
    for query in queries:
        assert re.findall(r"tts_\w+", query), query
    assert {name for query in queries for name in re.findall(r"tts_\w+", query)} <= known
