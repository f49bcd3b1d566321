"""The gateway's parts that need no process: keys, names, errors, encoders, documents."""

from __future__ import annotations

import asyncio
from typing import get_args

import numpy as np
import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from supervisor.client.audio import Samples
from supervisor.client.errors import NoSupervisor, WaitTimeout, from_wire
from supervisor.gateway.errors import from_supervisor
from supervisor.gateway.keys import hash_key, is_known, new_key
from supervisor.gateway.observe.diagnostics import allocation_document, why_unready
from supervisor.gateway.observe.pool_metrics import Document, PoolCollector
from supervisor.gateway.speech.encoders import Encoders
from supervisor.gateway.speech.encoding import StreamEncoder
from supervisor.gateway.speech.formats import FORMATS, FormatName
from supervisor.gateway.speech.trace_context import trace_context
from supervisor.gateway.speech.voices import OPENAI_VOICES, engine_of, voice_of
from supervisor.gateway.wyoming.events import VoiceWanted
from supervisor.gateway.wyoming.info import find_voice
from supervisor.wire.client import Error, ErrorCode, Welcome
from tests.e2e.gateway.decoding import decode, raw


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
    """Its models mean the default engine; its voices the like-named one, or the default."""
    assert engine_of("tts-1") is None
    assert engine_of("kokoro") == "kokoro"
    kokoro = ["af_heart", "af_alloy", "am_echo"]
    assert voice_of("alloy", kokoro) == "af_alloy"
    assert voice_of("echo", kokoro) == "am_echo"
    assert voice_of("shimmer", kokoro) is None
    assert voice_of("alloy", ["alloy", "af_alloy"]) == "alloy"
    assert voice_of("af_heart(2)+af_bella(1)", kokoro) == "af_heart(2)+af_bella(1)"
    assert {voice_of(name, []) for name in OPENAI_VOICES} == {None}


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
    assert statuses["unknown_voice"] == statuses["unknown_engine"] == 404
    assert statuses["text_too_long"] == 413
    assert statuses["bad_text"] == statuses["empty_text"] == statuses["out_of_range"] == 400
    assert from_supervisor(NoSupervisor("gone")).status == 503
    assert from_supervisor(WaitTimeout("slow")).status == 503


def test_the_time_to_come_back_is_rounded_up() -> None:
    """1.5 s is 2 in a header that knows whole seconds only."""
    error = from_supervisor(from_wire(Error("busy", "why", id="1", retry_after_ms=1500)))
    assert error.headers["Retry-After"] == "2"


def test_every_format_has_a_row() -> None:
    """The names that a request may have are those of the table."""
    assert set(FORMATS) == set(get_args(FormatName))


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
@pytest.mark.parametrize("name", get_args(FormatName))
def test_encoders(name: FormatName, rate: int) -> None:
    """Uneven pieces at any engine's rate: nothing is lost, and something comes early."""
    samples = (0.5 * np.sin(np.arange(rate * 2) * 2 * np.pi * 440 / rate)).astype(np.float32)
    encoder = StreamEncoder(FORMATS[name], rate)
    cuts = np.cumsum([rate // 2, 1, 777, rate // 3])
    pieces = [encoder.encode(part) for part in np.array_split(samples, cuts)]
    assert pieces[0]
    data = b"".join([*pieces, encoder.finish()])
    decoded, decoded_rate = (raw(data), 24_000) if name == "pcm" else decode(data)
    assert len(decoded) / decoded_rate == pytest.approx(2.0, abs=0.12)
    energy = np.sum(decoded**2) / decoded_rate
    assert energy == pytest.approx(2.0 * 0.5**2 / 2, rel=0.12)  # LAME turns down by 5 %


@pytest.mark.parametrize("name", ["opus", "flac", "wav", "pcm", "mp3", "aac"])
def test_silence_without_samples(name: FormatName) -> None:
    """A speech of no samples is an empty file, not an error."""
    StreamEncoder(FORMATS[name], 24_000).finish()


@pytest.mark.parametrize("name", ["wav", "pcm"])
def test_uncompressed_is_what_ffmpeg_makes(name: FormatName) -> None:
    """To the byte: header, rounding at the half, what is too loud; in pieces, and without any."""
    steps = np.arange(-70_000, 70_000, dtype=np.float32) / np.float32(1 << 16)
    row = FORMATS[name]

    async def ours(pieces: list[Samples]) -> bytes:
        encoders = Encoders()
        encoder = await encoders.open(row, 24_000)
        data = b"".join([await encoder.encode(piece) for piece in pieces])
        encoders.close()
        return data + await encoder.finish()

    for pieces in ([], [steps], np.array_split(steps, [1, 778, 40_000])):
        theirs = StreamEncoder(row, 24_000)
        expected = b"".join([theirs.encode(piece) for piece in pieces])
        assert asyncio.run(ours(pieces)) == expected + theirs.finish()


def test_too_loud_is_clipped() -> None:
    """Beyond full scale stays at full scale instead of wrapping around."""
    encoder = StreamEncoder(FORMATS["pcm"], 24_000)
    data = encoder.encode(np.array([2.0, -2.0] * 500, np.float32)) + encoder.finish()
    assert raw(data).max() == pytest.approx(1.0, abs=0.001)
    assert raw(data).min() == -1.0


def status(state: str, *workers: str) -> dict[str, object]:
    """A status document in brief."""
    listed = [{"state": worker, "slot": slot} for slot, worker in enumerate(workers)]
    return {
        "supervisor": {"state": state},
        "workers": listed,
        "jobs": {"done": 3},
        "pool": {"fatal_slots": []},
    }


def test_readiness() -> None:
    """Running, and at least one worker that can speak."""
    assert why_unready(status("running", "starting", "busy")) is None
    assert why_unready(status("running", "idle")) is None
    assert why_unready(status("running", "starting")) == "no worker is ready"
    assert why_unready(status("running")) == "no worker is ready"
    assert why_unready(status("starting", "idle")) == "the supervisor is starting"
    assert why_unready(status("draining", "busy")) == "the supervisor is draining"


def test_diagnostics_of_a_supervisor_without_them() -> None:
    """Said, instead of made up."""
    assert allocation_document(status("running"), 0.0)["status"] == "error"


def scrape(document: Document | None) -> dict[str, float]:
    """Every sample that the collector makes of this document."""
    registry = CollectorRegistry()
    registry.register(PoolCollector(lambda: document))
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_what_is_unknown_has_no_sample() -> None:
    """A document with gaps gives what it has; no temperature is never 0 °C."""
    assert scrape(None) == {"tts_supervisor_up": 0.0}
    samples = scrape(
        {
            **status("running", "idle", "busy", "retiring"),
            "allocation": {"system_info": {"temperature_c": "unknown", "throttling": None}},
        }
    )
    assert "tts_temperature_celsius" not in samples
    assert "tts_cores_leased" not in samples
    assert samples["tts_jobs_ended_total done"] == 3
    assert samples["tts_workers idle"] == samples["tts_workers retiring"] == 1
    assert samples["tts_workers draining"] == 0


def test_histograms_of_the_supervisor() -> None:
    """Buckets by upper bound, with sum and count, become a histogram."""
    waits = {"buckets": {"0.1": 2, "1.0": 5}, "sum": 3.5, "count": 6}
    samples = scrape({**status("running"), "timings": {"wait_s": waits}})
    assert samples["tts_job_wait_seconds_bucket 1.0"] == 5
    assert samples["tts_job_wait_seconds_bucket +Inf"] == 6
    assert samples["tts_job_wait_seconds_sum"] == 3.5


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("heart", ("heart", "hibari")),
        ("af_bella", ("af_bella", "kokoro")),
        ("af_bella(2)+af_heart(1)", ("af_bella(2)+af_heart(1)", "kokoro")),
        ("af_bella(0)+heart", ("af_bella(0)+heart", None)),
        ("nobody", ("nobody", None)),
    ],
)
def test_the_engine_of_a_voice_for_home_assistant(
    name: str, chosen: tuple[str, str | None]
) -> None:
    """It names no engine: the first one that has the voice, or the first voice of a mix."""
    engines = {
        "hibari": {"default_voice": "heart", "voices": {"heart": "en-US"}},
        "kokoro": {"default_voice": "af_heart", "voices": {"af_heart": "en", "af_bella": "en"}},
    }
    welcome = Welcome("e", "1", "hibari", engines, {})
    assert find_voice(welcome, VoiceWanted(name=name)) == chosen
