"""The gateway's parts that need no process: keys, names, errors, documents."""

from __future__ import annotations

from typing import get_args

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from supervisor.client.errors import NoSupervisor, WaitTimeout, from_wire
from supervisor.core.jobs.job import OUTCOMES
from supervisor.gateway.bodies import parse
from supervisor.gateway.errors import ApiError, from_supervisor
from supervisor.gateway.keys import hash_key, is_known, new_key
from supervisor.gateway.observe.diagnostics import allocation_document, why_unready
from supervisor.gateway.observe.pool_metrics import PoolCollector
from supervisor.gateway.observe.pool_rows import HISTOGRAMS, MAPPINGS, OF_WORKERS, VALUES
from supervisor.gateway.speech.asking import SpeechRequest, asked_language
from supervisor.gateway.speech.trace_context import trace_context
from supervisor.gateway.speech.voices import OPENAI_VOICES, listed, voice_of
from supervisor.gateway.wyoming.events import VoiceQuery
from supervisor.gateway.wyoming.info import VoiceChoice, find_voice
from supervisor.wire.client import Error, ErrorCode, Welcome
from supervisor.wire.languages import KOKORO_LETTERS
from supervisor.wire.status import TAKES_WORK, WORKER_STATES, Status, WorkerState, read
from tests.fixtures.statuses import example, with_workers
from workers.engines.kokoro import voices


def test_keys_are_known_by_their_hashes() -> None:
    """A key opens where its hash is listed, nothing else does, and no two are alike."""
    key, other = new_key(), new_key()
    assert key != other
    assert is_known(key, [hash_key(other), hash_key(key)])
    assert not is_known(key, [hash_key(other)])
    assert not is_known("", [hash_key(key)])
    assert not is_known("\udcff", [hash_key(key)])
    assert key not in hash_key(key)


def test_names_of_openai() -> None:
    """Its voices mean the like-named one, or the default."""
    kokoro = {"voices": dict.fromkeys(["af_heart", "af_alloy", "am_echo"], "en-US")}
    assert voice_of("alloy", None, kokoro) == "af_alloy"
    assert voice_of("echo", None, kokoro) == "am_echo"
    assert voice_of("shimmer", None, kokoro) is None
    assert voice_of("alloy", None, {"voices": {"af_alloy": "en", "alloy": "en"}}) == "alloy"
    assert voice_of("af_heart(2)+af_bella(1)", None, kokoro) == "af_heart(2)+af_bella(1)"
    assert {voice_of(name, None, {}) for name in OPENAI_VOICES} == {None}


def test_names_of_openai_are_no_obstacle_to_a_language() -> None:
    """Who has to name one gets a voice that reads the language; a voice that was meant stays."""
    kokoro = {"voices": {"af_alloy": "en-US", "bf_emma": "en-GB", "ef_dora": "es"}}
    assert voice_of("alloy", "en", kokoro) == voice_of("alloy", "en-AU", kokoro) == "af_alloy"
    assert voice_of("alloy", "en-GB", kokoro) is None
    assert voice_of("alloy", "es", kokoro) is None
    assert voice_of("af_alloy", "es", kokoro) == "af_alloy"
    both = {"voices": {"af_alloy": "en-US"}, "languages": {"af_alloy": ["en-US", "es"]}}
    assert voice_of("alloy", "es", both) == "af_alloy"


def test_languages_by_the_letters_of_kokoro() -> None:
    """Those of the engine's own voices; another one, or two answers to one question, is refused."""
    for letter, tag in KOKORO_LETTERS.items():
        assert asked_language(None, letter) == tag == voices.own_language(f"{letter}f_name")
    assert asked_language("en", None) == "en"
    assert asked_language(None, None) is None
    for language, letter in ((None, "q"), (None, ""), (None, "en-us"), (None, "A"), ("en", "a")):
        with pytest.raises(ApiError) as refused:
            asked_language(language, letter)
        assert (refused.value.status, refused.value.param) == (400, "lang_code")


@pytest.mark.parametrize(
    ("headers", "terms"),
    [
        ([], {}),
        ([("Traceparent", "00-a-b-01")], {"traceparent": "00-a-b-01", "tracestate": None}),
        (
            [("traceparent", "p"), ("tracestate", "a=1"), ("TraceState", "b=2")],
            {"traceparent": "p", "tracestate": "a=1,b=2"},
        ),
        ([("traceparent", "p"), ("traceparent", "q")], {}),
        ([("tracestate", "a=1")], {}),
    ],
)
def test_the_trace_of_a_request(headers: list[tuple[str, str]], terms: dict[str, object]) -> None:
    """One `traceparent`, in any case; lines of `tracestate` are joined, and mean nothing alone."""
    request = make_mocked_request("POST", "/v1/audio/speech", CIMultiDict(headers))
    assert trace_context(request) == terms


def test_every_error_code_has_a_status() -> None:
    """None of the wire's codes for a wrong or refused request is a 5xx but 503; a time to
    come back stands on every 429 and 503.
    """
    statuses = {}
    for code in get_args(ErrorCode):
        error = from_supervisor(from_wire(Error(code, "why", id="1", retry_after_ms=1500)))
        statuses[code] = error.status
        assert ("Retry-After" in error.headers) == (error.status in (429, 503))
    assert {code for code, status in statuses.items() if status == 500} == {"failed", "poison"}
    assert statuses["conflict"] == 409
    assert statuses["bad_message"] == 400
    assert statuses["not_found"] == 404
    assert statuses["journal_unavailable"] == statuses["bad_version"] == 503
    assert statuses["busy"] == 429
    assert statuses["draining"] == statuses["engine_unavailable"] == 503
    assert statuses["unknown_engine"] == 404
    assert statuses["unknown_voice"] == statuses["unknown_language"] == 400, "the engine is there"
    assert statuses["text_too_long"] == 413
    assert statuses["bad_text"] == statuses["empty_text"] == statuses["out_of_range"] == 400
    assert from_supervisor(NoSupervisor("gone")).status == 503
    assert from_supervisor(WaitTimeout("slow")).status == 503


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"input": "Hi.", "speed": "fast"}', "speed"),
        (b'{"speed": "fast"}', "speed"),
        (b'{"model": 1, "speed": "fast", "input": ""}', "model"),
        (b'{"voice": {"name": "- at `$.input`"}, "input": ""}', "voice"),
        (b'{"voice": "x", "unknown": [1]}', "input"),
        (b'["input"]', None),
    ],
)
def test_a_wrong_body_names_its_field(body: bytes, param: str | None) -> None:
    """The first with a wrong value, else one that is missing, whatever the body's texts say."""
    with pytest.raises(ApiError) as raised:
        parse(body, SpeechRequest)
    assert raised.value.document()["error"]["param"] == param


def test_the_time_to_come_back_is_rounded_up() -> None:
    """1.5 s is 2 in a header that knows whole seconds only."""
    error = from_supervisor(from_wire(Error("busy", "why", id="1", retry_after_ms=1500)))
    assert error.headers["Retry-After"] == "2"


@pytest.mark.parametrize("state", WORKER_STATES)
def test_readiness_for_every_state_of_a_worker(state: WorkerState) -> None:
    """One that takes work is enough, alone or beside others; any other is not."""
    takes_work = state in TAKES_WORK
    assert (why_unready(with_workers(state)) is None) == takes_work
    assert (why_unready(with_workers("starting", state, "fatal")) is None) == takes_work


def test_readiness() -> None:
    """Running, and at least one worker that takes work; what keeps failing is named."""
    assert why_unready(with_workers("starting")) == "no worker is ready"
    assert why_unready(with_workers()) == "no worker is ready"
    assert why_unready(with_workers("idle", state="starting")) == "the supervisor is starting"
    assert why_unready(with_workers("busy", state="draining")) == "the supervisor is draining"
    failing = why_unready(with_workers("fatal"))
    assert failing == "no worker is ready: slots [0] keep failing, see supervisor status"


def test_a_state_that_a_later_supervisor_has() -> None:
    """It says itself whether a worker in that state takes work; it is counted by its name."""
    document = example()
    document["workers"] = [{**document["workers"][0], "state": "humming", "takes_work": True}]
    assert why_unready(read(document)) is None
    assert scrape(read(document))["tts_workers humming"] == 1
    document["workers"][0]["takes_work"] = False
    assert why_unready(read(document)) == "no worker is ready"


def test_diagnostics_are_handed_on_as_they_came() -> None:
    """With what a later supervisor adds, and with their age."""
    document = example()
    document["allocation"]["weather"] = "fair"
    served = allocation_document(document, 0.25)
    assert served == {**document["allocation"], "snapshot_age_s": 0.25}


def scrape(status: Status | None) -> dict[str, float]:
    """Every sample that the collector makes of this status."""
    registry = CollectorRegistry()
    registry.register(PoolCollector(lambda: status))
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_what_is_unknown_has_no_sample() -> None:
    """A status with gaps gives what it has; no temperature is never 0 °C."""
    assert scrape(None) == {"tts_supervisor_up": 0.0}
    document = example()
    document["allocation"]["system_info"] |= {"temperature_c": "unknown", "throttling": None}
    document["allocation"]["allocation_stats"]["average_utilization"] = None
    document["journal"]["writable"] = None
    document["workers"][0]["pss_mb"] = None
    samples = scrape(read(document))
    assert samples["tts_cores_leased"] == 2
    gaps = (
        "tts_temperature_celsius",
        "tts_throttling",
        "tts_utilization_average_percent",
        "tts_journal_writable",
        "tts_worker_pss_megabytes 0",
    )
    assert not any(name.startswith(gap) for name in samples for gap in gaps)
    assert samples["tts_worker_pss_megabytes 1"] == 61.5


def test_each_profile_has_a_sample_of_its_own() -> None:
    """Those that are not in force, too: a graph of 0 and 1."""
    document = example()
    document["allocation"]["profiles"] = {"names": ["day", "night"], "active": ["day"]}
    samples = scrape(read(document))
    assert samples["tts_profile_active day"] == 1
    assert samples["tts_profile_active night"] == 0
    del document["allocation"]["profiles"]
    assert not any(name.startswith("tts_profile") for name in scrape(read(document)))


def test_every_row_has_a_sample_where_all_is_known() -> None:
    """None is forgotten by the collector, and none looks for what is no number."""
    document = example()
    document["allocation"]["system_info"]["temperature_c"] = 51.5
    names = {name.partition(" ")[0] for name in scrape(read(document))}
    rows = {row.name for row in (*VALUES, *MAPPINGS, *OF_WORKERS)}
    assert rows <= names
    assert {f"{row.name}_count" for row in HISTOGRAMS} <= names


def test_workers_and_jobs_have_every_state_that_exists_and_no_other() -> None:
    """Also those that nobody is in: an alarm on `fatal` needs its series before it is too late."""
    samples = scrape(with_workers("idle", "busy", "busy", "retiring"))
    counts = {name: value for name, value in samples.items() if name.startswith("tts_workers ")}
    known = {f"tts_workers {state}": 0.0 for state in WORKER_STATES}
    assert counts == {
        **known,
        "tts_workers idle": 1,
        "tts_workers busy": 2,
        "tts_workers retiring": 1,
    }
    ended = {name for name in samples if name.startswith("tts_jobs_ended_total ")}
    assert ended == {f"tts_jobs_ended_total {outcome}" for outcome in OUTCOMES}
    assert samples["tts_jobs_ended_total done"] == 3


def test_histograms_of_the_supervisor() -> None:
    """Buckets by upper bound, with sum and count, become a histogram."""
    document = example()
    waits = {"buckets": {"0.1": 2, "1.0": 5}, "sum": 3.5, "count": 6}
    document["timings"]["wait_s"] = waits
    samples = scrape(read(document))
    assert samples["tts_job_wait_seconds_bucket 1.0"] == 5
    assert samples["tts_job_wait_seconds_bucket +Inf"] == 6
    assert samples["tts_job_wait_seconds_sum"] == 3.5


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("heart", ("heart", None)),
        ("af_bella", ("af_bella", "kokoro")),
        ("af_bella(2)+af_heart(1)", ("af_bella(2)+af_heart(1)", "kokoro")),
        ("af_bella+heart", ("af_bella+heart", None)),
        ("af_bella(0)+heart", ("af_bella(0)+heart", None)),
        ("nobody", ("nobody", None)),
    ],
)
def test_the_engine_of_a_voice_for_home_assistant(
    name: str, chosen: tuple[str, str | None]
) -> None:
    """It names no engine: the one that has the voice, or all of a mix, if not the default one."""
    engines = {
        "hibari": {"default_voice": "heart", "voices": {"heart": "en-US"}},
        "kokoro": {"default_voice": "af_heart", "voices": {"af_heart": "en", "af_bella": "en"}},
    }
    welcome = Welcome("e", "1", "hibari", engines, {})
    assert find_voice(welcome, VoiceQuery(name=name)) == VoiceChoice(*chosen)


@pytest.mark.parametrize(
    ("language", "chosen"),
    [
        ("en", ("heart", "hibari")),
        ("en-US", ("heart", "hibari")),
        ("en_AU", ("heart", "hibari")),
        ("en-GB", ("bf_emma", "kokoro")),
        ("EN-gb", ("bf_emma", "kokoro")),
        ("es", ("ef_dora", "kokoro")),
        ("es-MX", ("ef_dora", "kokoro")),
        ("xx", (None, None)),
        ("e" * 10_000, (None, None)),
    ],
)
def test_a_language_for_home_assistant(language: str, chosen: tuple[str, str]) -> None:
    """The voice that speaks it as it is spoken there; what nobody reads is asked for all the same,
    to be refused. With a name, it is that voice's matter.
    """
    spoken = {"af_heart": "en-US", "bf_emma": "en-GB", "ef_dora": "es"}
    further = {"bf_emma": ["en-GB", "en-US"], "ef_dora": ["es", "en-US"]}
    engines = {
        "kokoro": {"default_voice": "af_heart", "voices": spoken, "languages": further},
        "hibari": {"default_voice": "heart", "voices": {"heart": "en-US"}},
    }
    welcome = Welcome("e", "1", "hibari", engines, {})
    assert find_voice(welcome, VoiceQuery(language=language)) == VoiceChoice(*chosen, language)
    named = find_voice(welcome, VoiceQuery(name="ef_dora", language=language))
    assert named == VoiceChoice("ef_dora", "kokoro", language)
    assert find_voice(welcome, VoiceQuery(name="", language="")) == VoiceChoice(None, None)
    shown = {voice.id: voice.languages for voice in listed(engines, "hibari")}
    assert shown == {"heart": ["en-US"], "af_heart": ["en-US"], **further}
