"""The segment cache of a real supervisor: over ZeroMQ and HTTP, through changes and a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from supervisor.gateway.keys import hash_key
from supervisor.service.record import read
from supervisor.service.replay import Replay
from supervisor.wire import client as wire
from tests.fixtures.tuned import Tuned
from tests.supervised import eventually

KEYS = ("sk-of-one", "sk-of-another")
FIXED: dict[str, Any] = {
    "engines.default": "noop",
    "engines.preload": ["noop"],
    "cache.enabled": True,
    "cache.unseeded": "share",
    "cache.disk_mb": 5,
    "http.enabled": True,
    "http.port": 0,
    "http.api_keys": [hash_key(key) for key in KEYS],
}
TEXT = "Good morning, everybody."


@pytest.fixture(scope="module")
def tuned() -> Iterator[Tuned]:
    """A supervisor that caches, on disk as well."""
    with Tuned({}, FIXED) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output
        left = supervised.python("-m", "supervisor", "cache", "clear")
        assert left == "no supervisor runs; 1 file removed\n"


def say(tuned: Tuned, text: str = TEXT) -> tuple[bytes, int]:
    """The audio, and how many segments of it were cached."""
    with tuned.wire() as peer:
        peer.send(wire.Submit("1"), text.encode())
        audio = b""
        while True:
            message, body = peer.receive()
            audio += bytes(body)
            if isinstance(message, wire.End):
                return audio, message.cached


def ask(tuned: Tuned, key: str) -> bytes:
    """The same over HTTP."""
    address = urlsplit(tuned.url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
    with closing(connection):
        body = json.dumps({"input": TEXT, "response_format": "pcm"})
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/audio/speech", body, headers)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()


def command(tuned: Tuned, *words: str) -> Any:
    """What a command says as JSON."""
    return json.loads(tuned.python("-m", "supervisor", *words, "--json"))


def test_a_repeat_is_bit_for_bit_what_was_spoken(tuned: Tuned) -> None:
    """It is kept when it was spoken for the second time."""
    said = [say(tuned) for _ in range(4)]
    assert len({audio for audio, _cached in said}) == 1
    assert [cached for _audio, cached in said] == [0, 0, 1, 1]


def test_nobody_is_answered_with_what_another_key_has_had_said(tuned: Tuned) -> None:
    """Over HTTP as well; each key has a scope of its own."""

    def hits() -> int:
        return int(command(tuned, "cache", "stats")["hits"])

    before = hits()
    first = [ask(tuned, KEYS[0]) for _ in range(3)]
    assert hits() == before + 1
    assert ask(tuned, KEYS[1]) == first[0]
    assert hits() == before + 1
    assert len(set(first)) == 1


def test_a_changed_option_of_the_engine_is_a_miss(tuned: Tuned) -> None:
    """Its workers are replaced, and what the old ones spoke is found no more."""
    before = {worker["epoch"] for worker in tuned.workers(1)}
    tuned.tune({"engines.options": {"noop": {"option": 1}}})
    eventually(lambda: before.isdisjoint(w["epoch"] for w in tuned.workers(1)), "a new worker")
    assert say(tuned)[1] == 0
    assert say(tuned)[1] == 1


def test_events_are_told_again_with_what_was_cached(tuned: Tuned) -> None:
    """A record has no text to find a segment by; and it has none of the keys."""
    document = read(tuned.python("-m", "supervisor", "status", "--events", "--json").encode())
    assert any(entry.recalled for entry in document.entries)
    steps = list(Replay(document).steps())
    assert [step for step in steps if step.other or step.broken or step.skipped] == []


def test_it_outlives_a_restart_and_is_cleared(tuned: Tuned) -> None:
    """From the second text of a voice on: then it is known who speaks."""
    stored = eventually(lambda: command(tuned, "cache", "stats")["disk_bytes"], "files")
    assert stored > 0
    tuned.stop()
    tuned.start()
    assert say(tuned, "Something else.")[1] == 0
    audio, cached = say(tuned)
    assert cached == 1
    assert command(tuned, "cache", "clear")["entries"] == 1
    assert [say(tuned) for _ in range(2)] == [(audio, 0)] * 2
    eventually(lambda: command(tuned, "cache", "stats")["disk_bytes"], "it is written anew")
