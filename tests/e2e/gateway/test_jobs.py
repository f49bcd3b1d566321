"""`/v1/audio/jobs`: a text is handed in once, and what becomes of it is asked for later."""

from __future__ import annotations

import http.client
import io
import json
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.decoding import RATE
from tests.e2e.gateway.serving import Answer, Serving
from tests.supervised import Supervised, eventually

TEXT = "Good evening, everybody."
SAMPLES = len(TEXT) * RATE // 1000
JOBS = "/v1/audio/jobs"
LONG = "Hold on for a while. " * 3_000
"""An hour of speech: whatever a test does, hibari is still at it."""


def hand_in(gateway: Serving, text: str = TEXT, **fields: Any) -> Answer:
    """Hand in a job for the noop engine's tone."""
    headers = fields.pop("headers", None)
    body = {"input": text, "model": "noop", "voice": "tone", **fields}
    return gateway.ask(JOBS, body, headers=headers)


def done(gateway: Serving, id: str, **headers: str) -> dict[str, Any]:
    """The job, once it has ended."""

    def ended() -> dict[str, Any]:
        job: dict[str, Any] = gateway.ask(f"{JOBS}/{id}?wait=20", headers=headers).document
        return job if job["state"] not in ("queued", "running") else {}

    return eventually(ended, "the job ends")


def test_it_is_handed_in_waited_for_and_fetched(gateway: Serving) -> None:
    """202 with its place; a long poll answers when it is done; then the audio is a file, whole and
    in parts, in any format.
    """
    answer = hand_in(gateway, response_format="wav", deadline=600)
    assert answer.status == 202, answer.body
    job = answer.document
    assert answer.headers["Location"] == f"jobs/{job['id']}"
    assert job["state"] in ("queued", "running", "done")
    assert (job["model"], job["voice"], job["class"]) == ("noop", "tone", "batch")
    assert 590 < job["deadline_in_s"] <= 600
    ended = done(gateway, job["id"])
    assert (ended["state"], ended["progress"], ended["error"]) == ("done", 1.0, None)
    assert ended["audio_s"] == pytest.approx(SAMPLES / RATE, abs=0.001)

    place = f"{JOBS}/{job['id']}/audio"
    whole = gateway.ask(place)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "audio/wav")
    assert int(whole.headers["Content-Length"]) == len(whole.body)
    with wave.open(io.BytesIO(whole.body)) as file:
        assert (file.getnframes(), file.getframerate()) == (SAMPLES, RATE)
    part = gateway.ask(place, headers={"Range": "bytes=10-19", "If-Range": whole.headers["ETag"]})
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    head = gateway.ask(place, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.body)
    other = gateway.ask(f"{place}?response_format=mulaw&sample_rate=16000")
    assert other.headers["Content-Type"] == "audio/PCMU;rate=16000"
    assert len(other.body) == SAMPLES * 16_000 // RATE


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=999999999-", 416),
        ("bytes=-0", 416),
        ("bytes=9-3", 200),
        ("bytes=" + "9" * 5_000 + "-", 200),
        ("bytes=0-1,4-5", 200),
        ("\t seconds=0-1", 200),
    ],
)
def test_ranges_that_are_none(gateway: Serving, asked: str, status: int) -> None:
    """They are refused with the size, or the whole is sent."""
    job = hand_in(gateway, key="for ranges").document
    done(gateway, job["id"])
    answer = gateway.ask(f"{JOBS}/{job['id']}/audio", headers={"Range": asked})
    assert answer.status == status, answer.body
    if status == 416:
        assert answer.headers["Content-Range"].startswith("bytes */")


def test_what_there_is_can_be_heard_while_it_is_spoken(gateway: Serving) -> None:
    """The audio streams from its beginning; who leaves does not stop it, and who comes later is
    sent the same again. DELETE stops it.
    """
    job = hand_in(gateway, LONG, model="hibari", voice=None, response_format="pcm").document
    heard = []
    for _ in range(2):
        connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=30)
        connection.request("GET", f"{JOBS}/{job['id']}/audio")
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers["Accept-Ranges"] == "none"
        heard.append(response.read(20_000))
        connection.close()
    assert heard[0] == heard[1] != b""
    state = gateway.ask(f"{JOBS}/{job['id']}").document
    assert state["state"] == "running"
    assert state["audio_s"] > 0
    assert 0 < state["progress"] < 1
    file = gateway.ask(f"{JOBS}/{job['id']}/audio?response_format=m4a")
    assert (file.status, file.error["code"]) == (409, "not_ready")
    assert gateway.ask(f"{JOBS}/{job['id']}", method="DELETE").status == 204
    for place in ("", "/audio"):
        answer = gateway.ask(f"{JOBS}/{job['id']}{place}")
        assert (answer.status, answer.error["code"]) == (410, "removed")


def test_a_key_is_one_job(gateway: Serving) -> None:
    """The same request again is the same job, by the body or the header; another one is 409; and
    once the job is removed the key is free.
    """
    first = hand_in(gateway, key="one")
    again = hand_in(gateway, headers={"Idempotency-Key": "one"})
    assert (first.status, again.status) == (202, 200)
    assert first.document["id"] == again.document["id"]
    for other in (
        hand_in(gateway, "Another text.", key="one"),
        hand_in(gateway, key="one", speed=1.5),
        hand_in(gateway, key="one", response_format="flac"),
    ):
        assert (other.status, other.error["code"]) == (409, "conflict")
    differ = hand_in(gateway, key="one", headers={"Idempotency-Key": "two"})
    assert (differ.status, differ.error["param"]) == (400, "key")
    assert gateway.ask(f"{JOBS}/{first.document['id']}", method="DELETE").status == 204
    anew = hand_in(gateway, key="one")
    assert anew.status == 202
    assert anew.document["id"] != first.document["id"]


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"input": ""}, 400, "input"),
        ({"key": ""}, 400, "key"),
        ({"key": "k" * 257}, 400, "key"),
        ({"deadline": 0}, 400, "deadline"),
        ({"deadline": 1e12}, 400, "deadline"),
        ({"class": "soon"}, 400, "class"),
        ({"stream_format": "sse"}, 400, "stream_format"),
        ({"timestamp_granularities": ["word"]}, 400, "timestamp_granularities"),
        ({"response_format": "midi"}, 400, "response_format"),
        ({"voice": "nobody"}, 400, "voice"),
        ({"input": "x" * 2_200_000}, 413, "input"),
    ],
)
def test_what_no_job_can_be(
    gateway: Serving, fields: dict[str, Any], status: int, param: str
) -> None:
    """It is refused by name, and nothing is written down."""
    answer = gateway.ask(JOBS, {"input": TEXT, "model": "noop", **fields})
    assert (answer.status, answer.error["param"]) == (status, param), answer.body


@pytest.mark.parametrize("id", ["nobody-1", "%00", "..%2F..", "x" * 4_000, "%F0%9F%98%80"])
def test_jobs_that_do_not_exist(gateway: Serving, id: str) -> None:
    """404, whatever is asked of them."""
    for place, method in (("", "GET"), ("/audio", "GET"), ("", "DELETE")):
        answer = gateway.ask(f"{JOBS}/{id}{place}", method=method)
        assert answer.status in {400, 404}, answer.body


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "soon", "1e999", ""])
def test_waits_that_are_none(gateway: Serving, wait: str) -> None:
    """They are refused."""
    answer = gateway.ask(f"{JOBS}/nobody-1?wait={wait}")
    assert (answer.status, answer.error["param"]) == (400, "wait")


def test_two_megabytes_are_handed_in_and_removed(gateway: Serving) -> None:
    """A text as long as any may be is taken at once, and dropped at once."""
    began = time.monotonic()
    answer = hand_in(gateway, "Hold on. " * 230_000)
    assert answer.status == 202, answer.body
    assert gateway.ask(f"{JOBS}/{answer.document['id']}", method="DELETE").status == 204
    assert time.monotonic() - began < 20


def test_a_job_that_ends_without_audio_says_so(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """Its state, the error in kinds, and 410 for its audio."""
    job = hand_in(gateway, LONG, model="hibari", voice=None).document
    with running_supervisor.client() as client:
        client.cancel(job["id"])
    ended = done(gateway, job["id"])
    assert ended["state"] == "cancelled"
    assert (ended["error"]["code"], ended["error"]["type"]) == ("cancelled", "server_error")
    audio = gateway.ask(f"{JOBS}/{job['id']}/audio")
    assert (audio.status, audio.error["code"]) == (410, "cancelled")


def test_a_later_listener_takes_over(gateway: Serving) -> None:
    """While it is spoken one listens: the answer of the first one has no ending then."""
    job = hand_in(gateway, LONG, model="hibari", voice=None, response_format="pcm").document
    first = http.client.HTTPConnection(gateway.host, gateway.port, timeout=30)
    first.request("GET", f"{JOBS}/{job['id']}/audio")
    answer = first.getresponse()
    assert answer.read(1000)
    second = http.client.HTTPConnection(gateway.host, gateway.port, timeout=30)
    second.request("GET", f"{JOBS}/{job['id']}/audio")
    assert second.getresponse().read(1000)
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    first.close()
    second.close()
    assert gateway.ask(f"{JOBS}/{job['id']}", method="DELETE").status == 204


KEYS = {"anna": "sk-anna", "bert": "sk-bert"}


@pytest.fixture(scope="module")
def guarded(
    running_supervisor: Supervised, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A gateway for which two have keys."""
    state = {"SUPERVISOR_STATE_DIR": str(tmp_path_factory.mktemp("state"))}
    hashes = [hash_key(key) for key in KEYS.values()]
    with Serving({**running_supervisor.environ, **state}, {"api_keys": hashes}) as serving:
        yield serving
        assert "Traceback" not in serving.output, serving.output


def test_a_job_is_for_the_key_that_handed_it_in(guarded: Serving, gateway: Serving) -> None:
    """Nobody else sees, hears or removes it, and the same `key` of two are two jobs; also one that
    came without a key is not for those who have one.
    """
    anna, bert = ({"Authorization": f"Bearer {key}"} for key in KEYS.values())
    hers = hand_in(guarded, key="mine", headers=anna).document["id"]
    his = hand_in(guarded, key="mine", headers=bert).document["id"]
    assert hers != his
    done(guarded, hers, **anna)
    free = hand_in(gateway).document["id"]
    for id in (hers, free):
        for place, method in (("", "GET"), ("/audio", "GET"), ("", "DELETE")):
            answer = guarded.ask(f"{JOBS}/{id}{place}", method=method, headers=bert)
            assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert guarded.ask(f"{JOBS}/{hers}/audio", headers=anna).status == 200
    assert guarded.ask(f"{JOBS}/{hers}", method="DELETE", headers=anna).status == 204
    assert guarded.ask(f"{JOBS}/{hers}", headers=bert).status == 404
    assert guarded.ask(f"{JOBS}/{hers}", headers=anna).status == 410


def test_it_outlives_the_supervisor_and_its_queue_is_bounded(tmp_path: Path) -> None:
    """After kill -9 the job, its formats and its speed are there again; a queue that is full says
    when to come back.
    """
    bounds = {
        "admission.max_work_s": 60.0,
        "admission.max_client_work_s": 30.0,
        "engines.preload": ["hibari", "noop"],
    }
    with Supervised(bounds) as supervised, Serving(supervised.environ) as gateway:
        slow = hand_in(gateway, "So slow. " * 20, speed=0.25, response_format="ulaw").document
        ended = done(gateway, slow["id"])
        supervised.kill()
        supervised.start()
        eventually(lambda: gateway.ask(f"{JOBS}/{slow['id']}").status == 200, "it is known again")
        again = gateway.ask(f"{JOBS}/{slow['id']}").document
        same = ("id", "state", "response_format", "audio_s", "segments")
        assert {name: again[name] for name in same} == {name: ended[name] for name in same}
        audio = gateway.ask(f"{JOBS}/{slow['id']}/audio")
        assert audio.headers["Content-Type"] == "audio/PCMU"
        assert len(audio.body) / 8_000 == pytest.approx(ended["audio_s"], rel=0.02)

        book = {"model": "hibari", "voice": None}
        full = hand_in(gateway, LONG, **book)
        while full.status == 202:
            full = hand_in(gateway, LONG, **book)
        assert (full.status, full.error["code"]) == (429, "busy")
        assert int(full.headers["Retry-After"]) >= 1
        assert json.loads(full.body)["error"]["type"] == "rate_limit_error"
