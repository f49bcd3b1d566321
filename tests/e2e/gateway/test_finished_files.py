"""`stream: false`: a file that says how long it is, and what of it can be had again."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.decoding import RATE, decode
from tests.e2e.gateway.serving import Answer, Serving
from tests.supervised import Supervised, eventually

TEXT = "Good evening, everybody."
SAMPLES = len(TEXT) * RATE // 1000
LONG = "Hold on for a while. " * 20_000
"""420 s of the noop engine's tone, 20 MB as wav."""


def ask(gateway: Serving, text: str = TEXT, **fields: Any) -> Answer:
    """Ask for a finished file of the noop engine's tone."""
    fields = {"model": "noop", "voice": "tone", "stream": False, **fields}
    return gateway.speak(text, **fields)


def place(answer: Answer) -> str:
    """Where an answer says that its file is kept, as a client resolves it."""
    return "/v1/audio/" + answer.headers["Content-Location"]


def part(gateway: Serving, path: str, value: str, **headers: str) -> Answer:
    """A range of a file."""
    return gateway.ask(path, headers={"Range": value, **headers})


@pytest.mark.parametrize("name", ["wav", "flac", "opus", "mp3", "aac", "m4a", "pcm", "ulaw"])
def test_its_length_comes_first(gateway: Serving, name: str) -> None:
    """In Content-Length, for every format; what comes is that long, and not in chunks."""
    answer = ask(gateway, response_format=name)
    assert answer.status == 200, answer.body
    assert int(answer.headers["Content-Length"]) == len(answer.body) > 0
    assert "Transfer-Encoding" not in answer.headers
    assert answer.headers["X-Job-Id"]


def test_a_wav_is_true_to_the_sample(gateway: Serving) -> None:
    """Its header says what is in it; a stream's cannot."""
    answer = ask(gateway, response_format="wav")
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getnframes(), file.getframerate()) == (SAMPLES, RATE)
    assert int.from_bytes(answer.body[4:8], "little") == len(answer.body) - 8
    streamed = gateway.speak(TEXT, model="noop", voice="tone", response_format="wav")
    assert streamed.body[4:8] == b"\xff" * 4
    assert len(streamed.body) == len(answer.body)


def test_aac_is_in_the_container_that_has_a_length(gateway: Serving) -> None:
    """A finished one is MP4, and says so; a stream of it is ADTS."""
    finished = ask(gateway, response_format="aac")
    assert finished.headers["Content-Type"] == "audio/mp4"
    assert finished.headers["Content-Location"].endswith(".m4a")
    assert finished.body[4:8] == b"ftyp"
    streamed = gateway.speak(TEXT, model="noop", response_format="aac")
    assert streamed.headers["Content-Type"] == "audio/aac"
    assert streamed.body[:2] in {b"\xff\xf1", b"\xff\xf9"}


@pytest.mark.parametrize(
    ("fields", "finished"), [({}, True), ({"stream": True}, False), ({"stream": False}, True)]
)
def test_http_1_0_gets_a_file(gateway: Serving, fields: dict[str, Any], *, finished: bool) -> None:
    """Unless it asks for a stream, whose end it could not tell from a failure."""
    body = json.dumps({"input": TEXT, "model": "noop", "response_format": "wav", **fields}).encode()
    head = f"POST /v1/audio/speech HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    said, _, sound = gateway.exchange(head.encode() + body).partition(b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.0 200 ")
    assert (f"Content-Length: {len(sound)}".encode() in said) == finished
    assert (sound[4:8] != b"\xff" * 4) == finished


def test_names_of_formats_in_any_case(gateway: Serving) -> None:
    """OpenAI's in capitals, and what Deepgram's, Cartesia's and the Realtime API's users write."""
    for name, same in [
        ("WAV", "wav"),
        ("Mp3", "mp3"),
        ("ogg", "opus"),
        ("linear16", "pcm"),
        ("PCM_S16LE", "pcm"),
        ("pcm16", "pcm"),
        ("mulaw", "ulaw"),
        ("g711_ulaw", "ulaw"),
        ("g711_alaw", "alaw"),
    ]:
        theirs, ours = (ask(gateway, response_format=each, seed=1) for each in (name, same))
        assert theirs.status == 200, theirs.error
        assert theirs.headers["Content-Type"] == ours.headers["Content-Type"]
        assert len(theirs.body) == len(ours.body)


def test_telephones(gateway: Serving) -> None:
    """G.711 has 8,000 bytes a second, streamed or not."""
    for name, media_type in (("ulaw", "audio/PCMU"), ("alaw", "audio/PCMA")):
        for stream in (True, False):
            answer = ask(gateway, response_format=name, stream=stream)
            assert len(answer.body) == round(SAMPLES / 3)
            assert answer.headers["Content-Type"] == media_type


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_another_sample_rate(gateway: Serving, rate: int, *, stream: bool) -> None:
    """As many samples as last as long; what cannot say its rate has it in its media type."""
    answer = ask(gateway, response_format="wav", sample_rate=rate, stream=stream)
    samples, said = decode(answer.body)
    assert (len(samples), said) == (round(SAMPLES * rate / RATE), rate)
    answer = ask(gateway, response_format="pcm", sample_rate=rate, stream=stream)
    assert len(answer.body) == 2 * round(SAMPLES * rate / RATE)
    assert answer.headers["Content-Type"] == f"audio/pcm;rate={rate}"


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"sample_rate": 7_999}, "sample_rate", ">= 8000"),
        ({"sample_rate": 48_001}, "sample_rate", "<= 48000"),
        ({"sample_rate": 0}, "sample_rate", ">= 8000"),
        ({"sample_rate": -24_000}, "sample_rate", ">= 8000"),
        ({"sample_rate": 10**30}, "sample_rate", ""),
        ({"sample_rate": 16_000.5}, "sample_rate", ""),
        ({"sample_rate": "16000"}, "sample_rate", "int"),
        ({"sample_rate": 10_000}, "sample_rate", "mp3 has no 10000 Hz; choose one of 8000, 11025"),
        ({"sample_rate": 44_100, "response_format": "opus"}, "sample_rate", "16000, 24000, 48000"),
        ({"response_format": "aiff"}, "response_format", "mp3, opus, aac, flac, wav, pcm, m4a"),
        ({"response_format": ""}, "response_format", "mp3, opus"),
        ({"response_format": "m4a", "stream": True}, "response_format", "cannot be streamed"),
        ({"response_format": "m4a", "stream_format": "sse"}, "response_format", "streamed"),
        ({"stream_format": "sse"}, "stream", "events are a stream"),
        ({"stream": "no"}, "stream", "bool"),
    ],
)
def test_what_cannot_be(gateway: Serving, fields: dict[str, Any], param: str, said: str) -> None:
    """Each in one line that names the field, before anything is spoken."""
    answer = ask(gateway, **fields)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "bad_value", param)
    message = str(answer.error["message"])
    assert said in message
    assert "\n" not in message


def test_a_document_has_a_finished_file_in_it(gateway: Serving) -> None:
    """With `stream: false`; Kokoro-FastAPI's, too."""
    answer = ask(gateway, response_format="wav", stream_format="json")
    sound = base64.b64decode(answer.document["audio"])
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() == SAMPLES
    body = {"input": TEXT, "model": "noop", "response_format": "wav", "stream": False}
    answer = gateway.ask("/dev/captioned_speech", body)
    with wave.open(io.BytesIO(base64.b64decode(answer.document["audio"]))) as file:
        assert file.getnframes() == SAMPLES


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/speech/", "/dev/dialogue"])
def test_the_place_is_told_wherever_it_was_asked(gateway: Serving, path: str) -> None:
    """Relative to the address, as a client resolves it: also from that of another API."""
    turns = {"turns": [{"voice": "tone", "text": TEXT}]}
    body = {"input": TEXT, "model": "noop", "stream": False, "response_format": "wav", **turns}
    answer = gateway.ask(path, body)
    assert answer.status == 200, answer.body
    there = urljoin(path, answer.headers["Content-Location"])
    assert gateway.ask(there).body == answer.body


def test_ranges_of_a_file_that_is_kept(gateway: Serving) -> None:
    """Every kind of range, of the very bytes that the answer had."""
    answer = ask(gateway, response_format="wav")
    path, whole, size = place(answer), answer.body, len(answer.body)
    got = gateway.ask(path)
    assert (got.status, got.body) == (200, whole)
    assert got.headers["Accept-Ranges"] == "bytes"
    assert got.headers["Content-Type"] == "audio/wav"
    for value, start, stop in [
        ("bytes=0-", 0, size),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=44-", 44, size),
        (f"bytes={size - 1}-{10**30}", size - 1, size),
        ("bytes=-10", size - 10, size),
        (f"bytes=-{10**30}", 0, size),
        ("Bytes=5-9", 5, 10),
    ]:
        found = part(gateway, path, value)
        assert (found.status, found.body) == (206, whole[start:stop]), value
        assert found.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
        assert int(found.headers["Content-Length"]) == stop - start


def test_ranges_outside_the_file(gateway: Serving) -> None:
    """416 with its size, in the envelope."""
    answer = ask(gateway, response_format="wav")
    path, size = place(answer), len(answer.body)
    for value in (f"bytes={size}-", f"bytes={size}-{size + 5}", f"bytes={10**30}-", "bytes=-0"):
        found = part(gateway, path, value)
        assert (found.status, found.error["code"]) == (416, "bad_range"), value
        assert found.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "value",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "bytes=1-2,5-6"),
        *("bytes=--1", "seconds=0-5", "bytes=0x1-0x2", f"bytes={'9' * 5000}-", "bytes=0-1," * 500),
    ],
)
def test_what_is_no_range_is_ignored(gateway: Serving, value: str) -> None:
    """The whole file comes."""
    answer = ask(gateway, response_format="wav")
    found = part(gateway, place(answer), value)
    assert (found.status, found.body) == (200, answer.body)


def test_if_range(gateway: Serving) -> None:
    """A part of the same file, or else the whole of this one."""
    answer = ask(gateway, response_format="wav")
    path = place(answer)
    tag = gateway.ask(path).headers["ETag"]
    assert part(gateway, path, "bytes=0-9", **{"If-Range": tag}).status == 206
    for other in ('"another"', f"W/{tag}", "Sat, 29 Oct 1994 19:43:31 GMT"):
        assert part(gateway, path, "bytes=0-9", **{"If-Range": other}).status == 200


def test_head_of_a_file(gateway: Serving) -> None:
    """What GET would tell, without the bytes, and the connection goes on."""
    answer = ask(gateway, response_format="wav")
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=30)
    for _ in range(2):
        connection.request("HEAD", place(answer), headers={"Range": "bytes=0-9"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        assert int(response.headers["Content-Length"]) == len(answer.body)
    connection.close()
    assert gateway.ask("/v1/audio/speech", method="HEAD").status == 405


def test_a_range_of_a_post_is_ignored(gateway: Serving) -> None:
    """RFC 9110, 14.2: only GET has ranges. The answer says so, and is whole."""
    body = {"input": TEXT, "model": "noop", "response_format": "wav", "stream": False}
    answer = gateway.ask("/v1/audio/speech", body, headers={"Range": "bytes=0-9"})
    assert (answer.status, answer.headers["Accept-Ranges"]) == (200, "none")
    assert len(answer.body) == 44 + 2 * SAMPLES


def test_a_file_that_is_not_there(gateway: Serving) -> None:
    """404, whatever the name."""
    for name in ("x.wav", "..%2f..%2fetc%2fpasswd", "a" * 4000, "%00"):
        answer = gateway.ask(f"/v1/audio/files/{name}")
        assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_a_seed_makes_the_same_file(gateway: Serving) -> None:
    """To the byte; of Opus the samples, as a stream of Ogg has a number drawn for it."""
    for name in ("wav", "flac", "mp3", "m4a"):
        first, again = (
            gateway.speak(TEXT, response_format=name, seed=3, stream=False) for _ in range(2)
        )
        assert first.body == again.body, name
    first, again = (
        gateway.speak(TEXT, response_format="opus", seed=3, stream=False) for _ in range(2)
    )
    assert np.array_equal(decode(first.body)[0], decode(again.body)[0])


def descriptors(serving: Serving) -> list[str]:
    """What finished files the gateway has open."""
    assert serving.process is not None
    found = []
    for entry in Path(f"/proc/{serving.process.pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.endswith(" (deleted)"):
            found.append(target)
    return found


def request(**fields: Any) -> bytes:
    """A whole request for a finished file of the noop engine."""
    body = json.dumps({"model": "noop", "stream": False, **fields}).encode()
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a"])
def test_who_leaves_cancels_the_job_and_leaves_no_file(
    running_supervisor: Supervised, name: str
) -> None:
    """While the file is made: the job ends, and the disk is given back."""
    before = running_supervisor.status()["jobs"]["cancelled"]
    with Serving(running_supervisor.environ) as serving:
        with serving.connect() as connection:
            connection.sendall(request(input=LONG * 4, response_format=name))
            eventually(lambda: descriptors(serving), "the file is made")
        eventually(
            lambda: running_supervisor.status()["jobs"]["cancelled"] == before + 1, "cancelled"
        )
        eventually(lambda: not descriptors(serving), "no file")
        assert ask(serving).status == 200
        assert serving.stop() == 0
        assert "Traceback" not in serving.output, serving.output


@pytest.fixture
def small(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway with room for 2 MB of finished files."""
    with Serving(running_supervisor.environ, {"max_files_mb": 2}) as serving:
        yield serving
        assert "Traceback" not in serving.output, serving.output


def test_a_file_over_the_bound_is_refused(small: Serving, running_supervisor: Supervised) -> None:
    """As soon as it is too long; what is kept makes room for what is made."""
    before = running_supervisor.status()["jobs"]["cancelled"]
    answer = ask(small, LONG, response_format="wav")
    assert (answer.status, answer.error["code"]) == (413, "file_too_large")
    assert "http.max_files_mb" in str(answer.error["message"])
    assert running_supervisor.status()["jobs"]["cancelled"] == before + 1
    kept = [ask(small, "Hold on. " * 2000, response_format="wav") for _ in range(4)]
    assert [answer.status for answer in kept] == [200] * 4  # 0.86 MB each.
    assert [small.ask(place(answer)).status for answer in kept] == [404, 404, 200, 200]


def test_files_go_after_a_while(running_supervisor: Supervised) -> None:
    """And where none are kept, none is named."""
    with Serving(running_supervisor.environ, {"files_kept_s": 1}) as serving:
        path = place(ask(serving))
        eventually(lambda: serving.ask(path).status == 404, "gone")
        eventually(lambda: not descriptors(serving), "no file is open")
    with Serving(running_supervisor.environ, {"files_kept_s": 0}) as serving:
        answer = ask(serving)
        assert answer.status == 200
        assert "Content-Location" not in answer.headers
        eventually(lambda: not descriptors(serving), "no file is open")


def test_a_file_is_for_the_key_that_asked(running_supervisor: Supervised) -> None:
    """Nobody else's key gets it, even who knows its name."""
    keys = {"api_keys": [hash_key("one"), hash_key("two")]}
    one, two = ({"Authorization": f"Bearer {key}"} for key in ("one", "two"))
    with Serving(running_supervisor.environ, keys) as serving:
        body = {"input": TEXT, "model": "noop", "stream": False}
        path = place(serving.ask("/v1/audio/speech", body, headers=one))
        assert serving.ask(path, headers=one).status == 200
        assert serving.ask(path, headers=two).status == 404
        assert serving.ask(path).status == 401


def test_a_full_disk_is_one_clear_error(running_supervisor: Supervised) -> None:
    """507, which OpenAI's clients are told not to try again; streams go on."""
    module = "tests.e2e.gateway.full_disk"
    with Serving(running_supervisor.environ, module=module) as serving:
        for name in ("wav", "flac", "mp3", "opus", "m4a"):
            answer = ask(serving, LONG, response_format=name)
            assert (answer.status, answer.error["code"]) == (507, "disk_full"), name
            assert "take it as a stream" in str(answer.error["message"])
            assert answer.headers["X-Should-Retry"] == "false"
        eventually(lambda: not descriptors(serving), "no file is open")
        assert ask(serving).status == 200
        streamed = serving.speak(LONG, model="noop", response_format="wav")
        assert (streamed.status, len(streamed.body) > 1e7) == (200, True)
        assert "Traceback" not in serving.output, serving.output


def test_memory_does_not_grow_with_the_file(gateway: Serving) -> None:
    """Audio is on the disk: 20 MB of it here, of which the process holds nothing."""
    ask(gateway, response_format="wav")
    before = gateway.rss_mb
    answer = ask(gateway, LONG, response_format="wav", timeout=120)
    assert len(answer.body) > 19e6
    assert gateway.rss_mb - before < 8


def test_a_slow_reader_of_a_file_is_let_go(running_supervisor: Supervised) -> None:
    """As with a stream, but its job has ended long ago; the file stays for another try."""
    module = "tests.e2e.gateway.hurried"
    before = running_supervisor.status()["jobs"]["cancelled"]
    with Serving(running_supervisor.environ, module=module) as serving:
        with serving.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request(input=LONG, response_format="wav"))
            eventually(lambda: "took nothing for 0.5 s" in serving.output, "let go")
            said = connection.recv(1000).decode("latin-1").partition("\r\n\r\n")[0]
        headers = dict(line.split(": ", 1) for line in said.splitlines()[1:])
        found = serving.ask("/v1/audio/" + headers["Content-Location"])
        assert len(found.body) == int(headers["Content-Length"])
    assert running_supervisor.status()["jobs"]["cancelled"] == before
