"""Whatever is sent: a clear error, never a 500, and the gateway goes on."""

from __future__ import annotations

import json
import select
import socket
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.gateway.serving import Serving

SPEECH = "/v1/audio/speech"

PLANES = "".join(
    char for code in range(0, 0x110000, 257) if unicodedata.category(char := chr(code)) != "Cs"
)
"""A character out of every 257, of all seventeen planes."""


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        (b"", 400, "bad_json", None),
        (b"{", 400, "bad_json", None),
        (b"\xff\xfe", 400, "bad_json", None),
        (b'{"input": "\xff"}', 400, "bad_json", None),
        (b'{"input": "\\ud800"}', 400, "bad_json", None),
        (b"[" * 100_000, 400, "bad_value", None),
        (b'{"x": ' * 100_000, 400, "bad_json", None),
        (b"[]", 400, "bad_value", None),
        (b'"Hello."', 400, "bad_value", None),
        (b"null", 400, "bad_value", None),
        (b"{}", 400, "bad_value", "input"),
        (b'{"input": 5}', 400, "bad_value", "input"),
        (b'{"input": null}', 400, "bad_value", "input"),
        (b'{"input": ""}', 400, "empty_text", "input"),
        (b'{"input": " \\u200b\\n"}', 400, "empty_text", "input"),
        (b'{"input": "a\\u0000b"}', 400, "bad_text", "input"),
        (b'{"input": "Hi.", "model": 1}', 400, "bad_value", "model"),
        (b'{"input": "Hi.", "model": "none"}', 404, "unknown_engine", "model"),
        (b'{"input": "Hi.", "voice": "none"}', 400, "unknown_voice", "voice"),
        (b'{"input": "Hi.", "voice": {"id": "none"}}', 400, "unknown_voice", "voice"),
        (b'{"input": "Hi.", "voice": {"name": "x"}}', 400, "bad_value", "voice"),
        (b'{"input": "Hi.", "voice": ["alloy"]}', 400, "bad_value", "voice"),
        (b'{"input": "Hi.", "voice": "heart(1)+heart(0)"}', 400, "unknown_voice", "voice"),
        (b'{"input": "Hi.", "voice": "heart(1)+heart(2)"}', 400, "unknown_voice", "voice"),
        (b'{"input": "Hi.", "response_format": "mp4"}', 400, "bad_value", "response_format"),
        (b'{"input": "Hi.", "stream_format": "ws"}', 400, "bad_value", "stream_format"),
        (b'{"input": "Hi.", "class": "urgent"}', 400, "out_of_range", "class"),
        (b'{"input": "Hi.", "class": ""}', 400, "out_of_range", "class"),
        (b'{"input": "Hi.", "class": 1}', 400, "bad_value", "class"),
        (b'{"input": "Hi.", "language": 5}', 400, "bad_value", "language"),
        (b'{"input": "Hi.", "language": ["en"]}', 400, "bad_value", "language"),
        (b'{"input": "Hi.", "language": ""}', 400, "out_of_range", "language"),
        (b'{"input": "Hi.", "language": "xx-YY-zz"}', 400, "unknown_language", "language"),
        (b'{"input": "Hi.", "language": "%s"}' % (b"e" * 10_000), 400, "out_of_range", "language"),
        (b'{"input": "Hi.", "lang_code": "q"}', 400, "bad_value", "lang_code"),
        (b'{"input": "Hi.", "lang_code": "e"}', 400, "unknown_language", "language"),
        (b'{"input": "Hi.", "lang_code": "a", "language": "en"}', 400, "bad_value", "lang_code"),
        (b'{"input": "Hi.", "speed": "fast"}', 400, "bad_value", "speed"),
        (b'{"input": "Hi.", "speed": 0}', 400, "out_of_range", "speed"),
        (b'{"input": "Hi.", "speed": -1}', 400, "out_of_range", "speed"),
        (b'{"input": "Hi.", "speed": 1e308}', 400, "out_of_range", "speed"),
        (b'{"input": "Hi.", "speed": 1e999}', 400, "bad_value", "speed"),
        (b'{"input": "Hi.", "speed": NaN}', 400, "bad_json", None),
    ],
)
def test_a_wrong_body(
    gateway: Serving, body: bytes, status: int, code: str, param: str | None
) -> None:
    """Each mistake has its status, its code, and the name of what is wrong."""
    answer = gateway.ask(SPEECH, body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param)


def test_what_is_unknown_is_ignored(gateway: Serving) -> None:
    """As OpenAI does: `instructions` and fields of other servers do no harm; what a client may rely
    on is told.
    """
    answer = gateway.speak("Hi.", instructions="Whisper.", lang_code="a", x=[{}])
    assert answer.status == 200
    assert answer.headers["X-Ignored"] == "instructions"
    several = gateway.speak("Hi.", return_download_link=True, normalization_options={"a": 1})
    assert several.headers["X-Ignored"] == "normalization_options, return_download_link"
    nothing = gateway.speak("Hi.", instructions="", return_download_link=False, return_timing=None)
    assert "X-Ignored" not in nothing.headers


def test_a_voice_as_an_object(gateway: Serving) -> None:
    """Newer clients name a voice by its id."""
    assert gateway.speak("Hi.", voice={"id": "heart"}).status == 200


def test_text_of_all_planes(gateway: Serving) -> None:
    """Every kind of character goes through; what cannot be spoken is left out or refused."""
    text = PLANES.replace("\0", "")
    assert gateway.speak(text, model="noop", response_format="pcm").status == 200
    for start in range(0, len(text), 400):
        answer = gateway.speak(text[start : start + 400], model="noop", response_format="pcm")
        assert answer.status in (200, 400), answer.body


def test_too_much(gateway: Serving) -> None:
    """A body over the bound, and a text over the bound."""
    big = b'{"input": "' + b"a" * (5 << 20) + b'"}'
    assert gateway.ask(SPEECH, big).error["code"] == "request_too_large"
    long = gateway.speak("A word. " * 300_000)
    assert (long.status, long.error["code"]) == (413, "text_too_long")


def chunked(*chunks: bytes) -> bytes:
    """A request whose body comes in these chunks, without the last one."""
    head = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def test_a_chunked_body_that_never_ends(gateway: Serving) -> None:
    """It is refused at the bound while more would come, and the connection is closed."""
    piece = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    with gateway.connect() as connection:
        connection.sendall(chunked(b'{"input": "'))
        while not select.select([connection], [], [], 0)[0]:
            connection.sendall(piece)
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 413")

        def go_on() -> None:
            while True:
                connection.sendall(piece)

        with pytest.raises(ConnectionError):
            go_on()
    assert gateway.ask("/healthz").status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-Y: z\r\n" * 1000 + b"\r\n",
        b"POST /v1/audio/speech HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /v1/audio/speech HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/audio/speech HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /v1/audio/speech HTTP/1.1\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http(gateway: Serving, request_bytes: bytes) -> None:
    """A 4xx or a closed connection."""
    with gateway.connect() as connection:
        connection.settimeout(60)
        try:
            connection.sendall(request_bytes)
            connection.shutdown(1)
            answer = connection.recv(65_536)
        except ConnectionError:
            answer = b""
    assert not answer or answer.split(b" ", 2)[1].startswith((b"4", b"2")), answer[:200]
    assert gateway.ask("/healthz").status == 200


def test_other_methods(gateway: Serving) -> None:
    """405 with what is allowed, in the same envelope; HEAD without a body."""
    for method in ("PUT", "DELETE", "PATCH", "GET"):
        answer = gateway.ask(SPEECH, method=method)
        assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "POST"
    assert gateway.ask(SPEECH, method="HEAD").body == b""
    assert gateway.ask("/v1/audio/none").error["code"] == "unknown_url"


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        name: st.text(max_size=20) | st.none() | st.integers() | st.floats() | st.booleans()
        for name in ("input", "model", "voice", "response_format", "speed", "stream_format")
    },
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200) | FIELDS.map(lambda fields: json.dumps(fields).encode()))
def test_any_body_gets_a_clear_answer(gateway: Serving, body: bytes) -> None:
    """Random bytes and random values: 200, or a 4xx in the envelope."""
    answer = gateway.ask(SPEECH, body)
    assert answer.status == 200 or 400 <= answer.status < 500
    if answer.status != 200:
        assert answer.error["message"]


@pytest.mark.parametrize(
    "text", ["\uc5e2", "\u4e2d\u6587", "\u0421\u043b\u043e\u0432\u043e", "\U00010400", "\u09ec"]
)
def test_what_a_voice_cannot_read_is_the_text_s_fault(gateway: Serving, text: str) -> None:
    """A script that the engine does not know is spoken or refused, never an error of ours."""
    answer = gateway.speak(text, model="hibari", response_format="pcm")
    assert answer.status == 200 or (answer.status, answer.error["code"]) == (400, "bad_text")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"BLAH\r\n\r\n", "method"),
        (b"GET / HTTP/9\r\n\r\n", "status line"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", "header"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", "Content-Length"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "bytes"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "ask with http://"),
    ],
)
def test_what_is_no_http_is_told_in_the_same_envelope(
    gateway: Serving, sent: bytes, told: str
) -> None:
    """One line for a person, and nothing of what was sent."""
    with socket.create_connection((gateway.host, gateway.port), timeout=10) as peer:
        peer.sendall(sent)
        answer = peer.makefile("rb").read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"400 Bad Request" in head
    assert b"application/json" in head
    error = json.loads(body)["error"]
    assert error["code"] == "bad_http"
    assert told in error["message"]
    assert "b'" not in error["message"]
    assert "aaaa" not in error["message"]
