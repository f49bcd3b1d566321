"""`GET /events`: what happens, as it happens, to each what he may see."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import pytest

from supervisor.gateway.keys import hash_key
from supervisor.gateway.observe.event_hub import MOST_OF_ONE
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

KEYS = ("sk-of-one", "sk-of-another")


class Told(NamedTuple):
    """One event as it came."""

    kind: str
    id: str | None
    data: dict[str, Any]


class Stream:
    """An open `GET /events`."""

    def __init__(
        self, serving: Serving, query: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self._connection = http.client.HTTPConnection(serving.host, serving.port, timeout=30)
        self._connection.request("GET", f"/events{query}", headers=dict(headers or {}))
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = self._response.headers
        if self.status == 200:
            assert self._block() == {"retry": "2000"}

    def next(self) -> Told:
        """The next event that comes."""
        block = self._block()
        assert block is not None, "the stream has ended"
        return Told(block["event"], block.get("id"), json.loads(block["data"]))

    def rest(self) -> bytes:
        """All up to the end of it."""
        return self._response.read()

    def close(self) -> None:
        """Leave."""
        self._response.close()
        self._connection.close()

    def _block(self) -> dict[str, str] | None:
        block: dict[str, str] = {}
        while line := self._response.readline().decode():
            if line == "\n":
                return block
            name, _, value = line.rstrip("\n").partition(": ")
            block[name] = value
        return None


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def test_a_job_is_told_as_it_happens_and_again_to_one_who_comes_back(gateway: Serving) -> None:
    """Three events with ids; with the first id the other two come again, with an unknown one the
    word that some are lost.
    """
    with closing(Stream(gateway, "?events=jobs")) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert gateway.speak("Hello.").status == 200
        told = [stream.next() for _ in range(3)]
    assert [each.data["what"] for each in told] == ["accepted", "started", "ended"]
    assert {each.kind for each in told} == {each.data["event"] for each in told} == {"jobs"}
    assert not any("on_behalf" in each.data for each in told)
    last = {"Last-Event-ID": told[0].id or ""}
    with closing(Stream(gateway, "?events=workers,jobs", last)) as stream:
        assert [stream.next() for _ in range(2)] == told[1:]
    for unknown in ("", "x", "0123456789ab-1", "é-²", "9" * 3000):
        with closing(Stream(gateway, headers={"Last-Event-ID": unknown})) as stream:
            assert stream.next() == Told("lost", None, {"event": "lost", "lost": None})


@pytest.mark.parametrize("query", ["?events=job", "?events=jobs,", "?events=jobs&events=x"])
def test_names_that_do_not_exist_are_told_with_those_that_do(gateway: Serving, query: str) -> None:
    """At once, in the envelope of every error."""
    answer = gateway.ask(f"/events{query}")
    assert (answer.status, answer.error["param"]) == (400, "events")
    assert "allocation, workers, jobs" in (answer.error["message"] or "")


@pytest.fixture(scope="module")
def guarded(
    running_supervisor: Supervised, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A gateway of two tenants."""
    environ = {
        **running_supervisor.environ,
        "SUPERVISOR_STATE_DIR": str(tmp_path_factory.mktemp("state")),
    }
    with Serving(environ, {"api_keys": [hash_key(key) for key in KEYS]}) as serving:
        yield serving
        assert "Traceback" not in serving.output, serving.output


def test_a_key_sees_its_own_jobs(guarded: Serving) -> None:
    """Of what another key asks for it hears nothing."""
    first, second = map(bearer, KEYS)
    body = {"input": "Hi.", "model": "noop"}
    with (
        closing(Stream(guarded, headers=first)) as mine,
        closing(Stream(guarded, headers=second)) as other,
    ):
        seen: dict[str, list[str]] = {}
        for name, stream, headers in (("one", other, second), ("two", mine, first)):
            assert guarded.ask("/v1/audio/speech", body, headers=headers).status == 200
            jobs: list[str] = []
            while len(jobs) < 3:
                told = stream.next()
                jobs += [told.data["job"]] if told.kind == "jobs" else []
            seen[name] = jobs
    assert len(set(seen["one"])) == len(set(seen["two"])) == 1
    assert seen["one"] != seen["two"]


def test_streams_of_one_client_are_bounded_and_end_with_the_gateway(guarded: Serving) -> None:
    """One too many is told to come back; another key has room. A stop ends them all at once, in
    order, and waits for nobody. The last test of this gateway.
    """
    first, second = map(bearer, KEYS)
    with ExitStack() as stack:

        def opened(headers: Mapping[str, str]) -> Stream:
            return stack.enter_context(closing(Stream(guarded, headers=headers)))

        streams = [opened(first) for _ in range(MOST_OF_ONE)]
        refused = opened(first)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        streams.append(opened(second))
        assert {stream.status for stream in streams} == {200}
        began = time.monotonic()
        assert guarded.stop() == 0
        assert time.monotonic() - began < 8.0, "it is not the grace for answers that ends them"
        for stream in streams:
            stream.rest()  # A stream that is cut raises IncompleteRead.
