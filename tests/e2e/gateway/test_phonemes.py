"""`POST /v1/audio/phonemes`: how a text is read, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Answer, Listening, Serving
from tests.fixtures import processes
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, eventually

PHONEMES = "/v1/audio/phonemes"
WORST = ("a-" * 23 + " ") * 400
"""The most costly words that there are, for longer than a text may take."""


@pytest.fixture(scope="module")
def own() -> Iterator[Staged]:
    """A supervisor with a gateway of its own, and engines that do as they are told."""
    with Staged(settings={"http.enabled": True, "http.port": 0}, workers=1) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


@pytest.fixture
def listening(own: Staged) -> Listening:
    """Where its gateway listens."""
    host, _, port = own.url.removeprefix("http://").rpartition(":")
    return Listening(host, int(port))


def ask(gateway: Listening, text: str, **fields: object) -> Answer:
    """Ask how a text is read."""
    return gateway.ask(PHONEMES, {"input": text, **fields})


def readers(gateway: int) -> list[int]:
    """The reading processes of a gateway."""
    found = []
    for child in psutil.Process(gateway).children():
        try:
            if "workers.reading_process" in child.cmdline():
                found.append(child.pid)
        except psutil.Error:
            continue
    return found


def gateway_of(supervised: Supervised) -> int:
    """The pid of the supervisor's own gateway."""
    assert supervised.process is not None
    for child in psutil.Process(supervised.process.pid).children():
        if "supervisor.gateway" in child.cmdline():
            return child.pid
    raise AssertionError("no gateway")


def test_the_segments_of_a_text(gateway: Serving) -> None:
    """The object that `supervisor read --json` prints; the phonemes are not escaped."""
    answer = ask(gateway, "Dr. Smith 😀. The roof was covered with lead.", voice="alloy", speed=2)
    assert (answer.status, answer.headers.get_content_type()) == (200, "application/json")
    assert "dˈɑktəɹ" in answer.body.decode()
    first, second = answer.document["segments"]
    assert first == {
        "text": "Dr. Smith .",
        "spoken": "Doctor Smith.",
        "phonemes": "dˈɑktəɹ smˈɪθ.",
        "ends": "sentence",
        "pause_s": 0.3,
        "skipped": ["😀"],
    }
    assert second["text"] == "The roof was covered with lead."


def test_markup_and_pronunciations_are_those_of_speech(gateway: Serving) -> None:
    """They are seen in what is said; letters that are left out are told."""
    fields = {"markup": "html", "pronunciations": {"Nguyen": "win", "Ask": None}}
    (segment,) = ask(gateway, "<p>Ask <b>Nguyen</b> 中文</p>", **fields).document["segments"]
    assert segment["spoken"] == "Ask win"
    assert segment["skipped"] == ["中文 (Chinese characters)"]


def test_models_and_voices_are_named_as_for_speech(gateway: Serving) -> None:
    """OpenAI's names mean the default engine and its voice; another engine is asked by its name."""
    for fields in ({"model": "tts-1", "voice": "nova"}, {"voice": {"id": "heart"}}, {}):
        assert ask(gateway, "Hi.", **fields).document["segments"][0]["phonemes"] == "hˈI."
    (segment,) = ask(gateway, "Hi.", model="noop").document["segments"]
    assert (segment["spoken"], segment["phonemes"]) == ("Hi.", "")


@pytest.mark.parametrize(
    "fields",
    [{"language": "en"}, {"language": "en_US", "voice": "alloy"}, {"lang_code": "b"}],
)
def test_a_language_is_asked_for_as_for_speech(gateway: Serving, fields: dict[str, str]) -> None:
    """The default engine's voice reads it, in the variety that it knows; null asks for nothing."""
    (segment,) = ask(gateway, "Hi.", **fields).document["segments"]
    assert segment["phonemes"] == "hˈI."
    open = ask(gateway, "Hi.", language=None, lang_code=None).document
    assert open["segments"] == [segment]


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        (b"{", 400, "bad_json", None),
        (b"{}", 400, "bad_value", "input"),
        (b'{"input": ""}', 400, "empty_text", "input"),
        (b'{"input": "Hi.", "markup": "tex"}', 400, "bad_value", "markup"),
        (b'{"input": "Hi.", "pronunciations": {"a": "//"}}', 400, "out_of_range", "pronunciations"),
        (b'{"input": "a\\u0000b"}', 400, "bad_text", "input"),
        (b'{"input": "\\u4e2d", "unreadable": "refuse"}', 400, "bad_text", "input"),
        (b'{"input": "Hi.", "model": "none"}', 404, "unknown_engine", "model"),
        (b'{"input": "Hi.", "voice": "none"}', 400, "unknown_voice", "voice"),
        (b'{"input": "Hi.", "language": 5}', 400, "bad_value", "language"),
        (b'{"input": "Hi.", "language": ""}', 400, "out_of_range", "language"),
        (b'{"input": "Hi.", "language": "xx-YY-zz"}', 400, "unknown_language", "language"),
        (b'{"input": "Hi.", "language": "%s"}' % (b"e" * 10_000), 400, "out_of_range", "language"),
        (b'{"input": "Hi.", "lang_code": "q"}', 400, "bad_value", "lang_code"),
        (b'{"input": "Hi.", "lang_code": "e"}', 400, "unknown_language", "language"),
        (b'{"input": "Hi.", "lang_code": "a", "language": "en"}', 400, "bad_value", "lang_code"),
        (b'{"input": "Hi.", "speed": 9}', 400, "out_of_range", "speed"),
        (b'{"input": "%s"}' % (b"a " * 10_001), 413, "text_too_long", "input"),
        (b'{"input": "%s"}' % (b"a" * (256 << 10)), 413, "request_too_large", None),
    ],
)
def test_what_is_refused(
    gateway: Serving, body: bytes, status: int, code: str, param: str | None
) -> None:
    """As speech of it would be, and a text that nobody could look through."""
    answer = gateway.ask(PHONEMES, body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param)


def test_the_longest_text_is_read(gateway: Serving) -> None:
    """However its characters are written in JSON."""
    text = "Él, a word. " * 1667
    escaped = json.dumps({"input": text[:20_000]}).encode()
    answer = gateway.ask(PHONEMES, escaped)
    assert answer.status == 200
    assert len(answer.document["segments"]) > 1000
    assert gateway.ask(PHONEMES, method="GET").error["code"] == "method_not_allowed"


def test_it_asks_for_the_key_of_speech(running_supervisor: Supervised) -> None:
    """Without one nothing is read, and no process started."""
    with Serving(running_supervisor.environ, {"api_keys": [hash_key("sk-x")]}) as guarded:
        assert ask(guarded, "Hi.").status == 401
        assert guarded.process is not None
        assert readers(guarded.process.pid) == []
        headers = {"Authorization": "Bearer sk-x"}
        assert guarded.ask(PHONEMES, {"input": "Hi."}, headers=headers).status == 200
        assert len(readers(guarded.process.pid)) == 1


def test_others_are_served_meanwhile(own: Staged, listening: Listening) -> None:
    """Health and a second of the reader's time: a text that takes long holds up no other route."""
    own.halt()
    (own.stage / "holding").unlink(missing_ok=True)
    held: list[Answer] = []
    reading = threading.Thread(target=lambda: held.append(ask(listening, "Hold.")))
    reading.start()
    own.begun("holding")
    assert listening.ask("/healthz").status == 200
    assert listening.ask("/v1/audio/voices").status == 200
    own.go()
    reading.join(20)
    assert held[0].document["segments"][0]["spoken"] == "hold."


def test_a_process_killed_in_the_middle_costs_one_answer(own: Staged, listening: Listening) -> None:
    """503 in one line, to try again; the next text is read by another. The log has none of it."""
    own.halt()
    lost: list[Answer] = []
    text = "Tell sleep about the tangerine."
    reading = threading.Thread(target=lambda: lost.append(ask(listening, text)))
    reading.start()
    os.kill(own.begun("sleeping"), signal.SIGKILL)
    reading.join(20)
    (answer,) = lost
    assert (answer.status, answer.error["code"]) == (503, "reader_ended")
    assert answer.headers["Retry-After"] == "1"
    assert "tangerine" not in own.output
    assert ask(listening, "Hi.").document["segments"][0]["spoken"] == "hi."


def test_it_keeps_none_of_the_gateway_s_sockets(own: Staged, listening: Listening) -> None:
    """But the one to its parent: it listens nowhere, and no connection stays open through it."""
    assert ask(listening, "Hi.").status == 200
    (reader,) = readers(gateway_of(own))
    links = [str(entry.readlink()) for entry in Path(f"/proc/{reader}/fd").iterdir()]
    assert len([link for link in links if link.startswith("socket:")]) == 1
    assert psutil.Process(reader).net_connections(kind="inet") == []


def test_a_killed_gateway_leaves_no_process(own: Staged, listening: Listening) -> None:
    """Not even one that ended, and waits for somebody to take note of it."""
    assert ask(listening, "Hi.").status == 200
    gateway = gateway_of(own)
    (reader,) = readers(gateway)
    os.kill(gateway, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{reader}").exists(), "nothing is left of it")
    eventually(lambda: own.url, "another gateway listens")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_gateway(running_supervisor: Supervised, number: signal.Signals) -> None:
    """Asked to stop, or killed, in the middle of a text."""
    with Serving(running_supervisor.environ) as serving:
        assert serving.process is not None
        assert ask(serving, "Hi.").status == 200
        (reader,) = readers(serving.process.pid)
        if number == signal.SIGKILL:
            with serving.connect() as connection:
                body = json.dumps({"input": WORST}).encode()
                connection.sendall(
                    b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                    % (PHONEMES.encode(), len(body), body)
                )
                usage = psutil.Process(reader)
                before = usage.cpu_times().user
                eventually(lambda: usage.cpu_times().user > before + 0.2, "it reads the text")
                serving.stop(number)
        else:
            assert serving.stop(number) == 0
            assert not Path(f"/proc/{reader}").exists()
        eventually(lambda: not processes.alive(reader), "the reading process ends")


def test_a_client_that_leaves_holds_up_nobody(gateway: Serving) -> None:
    """What it asked for is read no further than the segments under way."""
    body = json.dumps({"input": "A word or two. " * 1300}).encode()
    for _ in range(8):
        with gateway.connect() as connection:
            connection.sendall(
                b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                % (PHONEMES.encode(), len(body), body)
            )
    eventually(lambda: ask(gateway, "Hi.").status == 200, "there is room again")
