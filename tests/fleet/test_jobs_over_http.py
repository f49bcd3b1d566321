"""`/v1/audio/jobs` in a fleet: handed in at one host, spoken by all, fetched at any; and what a
gateway does while the servers are away.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from supervisor.gateway.keys import hash_key
from supervisor.testing import PrivateSupervisorError
from tests.e2e.gateway.serving import Answer, Listening
from tests.fleet.hosts import Fleet, Host
from tests.supervised import eventually

JOBS = "/v1/audio/jobs"
KEYS = {"anna": "sk-anna", "bert": "sk-bert"}
TEXT = "One. Two. Three."
LONG = "Hold on for a while. " * 2_000


class Site(NamedTuple):
    """A fleet, and the gateways of its hosts."""

    fleet: Fleet
    first: Listening
    second: Listening


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Two hosts of one worker each, whose gateways know two keys; the second keeps no job to itself
    while the servers are away.
    """
    settings = {
        "http.enabled": True,
        "http.port": 0,
        "http.api_keys": [hash_key(key) for key in KEYS.values()],
        "fleet.part_s": 2.0,
    }
    fleet = Fleet((1, 1), settings=settings)
    fleet.hosts[1].settings["fleet.outage"] = "refuse"
    with fleet:
        yield Site(fleet, *map(gateway_of, fleet.hosts))


def gateway_of(host: Host) -> Listening:
    """Its gateway, which on a busy machine may come after the host itself."""

    def url() -> str:
        with suppress(PrivateSupervisorError):
            return host.url
        return ""

    return Listening("127.0.0.1", int(eventually(url, "it listens", 60).rpartition(":")[2]))


def ask(gateway: Listening, path: str, body: Any = None, who: str = "anna", **more: Any) -> Answer:
    """Ask as one of the two."""
    headers = {"Authorization": f"Bearer {KEYS[who]}", **more.pop("headers", {})}
    return gateway.ask(path, body, headers=headers, **more)


def done(gateway: Listening, id: str) -> dict[str, Any]:
    """The job, once it has ended."""

    def ended() -> dict[str, Any]:
        job: dict[str, Any] = ask(gateway, f"{JOBS}/{id}?wait=20").document
        return job if job["state"] not in ("queued", "running") else {}

    return eventually(ended, "the job ends")


def test_it_is_handed_in_at_one_host_and_fetched_at_another(site: Site) -> None:
    """Under its key it is one job wherever it is handed in; its audio is a file with ranges."""
    body = {"input": TEXT, "response_format": "wav", "key": "mine"}
    answer = ask(site.first, JOBS, body)
    assert answer.status == 202, answer.body
    job = answer.document
    assert (job["road"], job["note"], job["class"]) == ("fleet", None, "batch")
    ended = done(site.second, job["id"])
    assert (ended["state"], ended["error"]) == ("done", None)
    assert set(ended["hosts"]) <= {"h1", "h2"}
    again = ask(site.second, JOBS, body)
    assert (again.status, again.document["id"]) == (200, job["id"])
    other = ask(site.second, JOBS, {**body, "input": "Four."})
    assert (other.status, other.error["code"]) == (409, "conflict")
    whole = ask(site.second, f"{JOBS}/{job['id']}/audio")
    assert (whole.status, whole.headers["Content-Type"]) == (200, "audio/wav")
    assert (len(whole.body) - 44) / 2 / 24_000 == pytest.approx(ended["audio_s"], abs=0.001)
    same = ask(site.first, f"{JOBS}/{job['id']}/audio")
    assert same.body == whole.body
    part = ask(site.first, f"{JOBS}/{job['id']}/audio", headers={"Range": "bytes=44-53"})
    assert (part.status, part.body) == (206, whole.body[44:54])


def test_nobody_else_has_it_and_who_drops_it_leaves_nothing(site: Site) -> None:
    """Another key finds no such job, and its own job under the same name; what is removed is gone
    for all gateways.
    """
    body = {"input": TEXT, "key": "ours"}
    hers = ask(site.first, JOBS, body).document["id"]
    his = ask(site.first, JOBS, body, "bert").document["id"]
    assert hers != his
    done(site.first, hers)
    for place, method in (("", "GET"), ("/audio", "GET"), ("", "DELETE")):
        answer = ask(site.second, f"{JOBS}/{hers}{place}", who="bert", method=method)
        assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert ask(site.second, f"{JOBS}/{hers}", method="DELETE").status == 204
    assert ask(site.second, f"{JOBS}/{hers}").status == 410
    assert ask(site.first, f"{JOBS}/{hers}").status == 404
    assert ask(site.first, JOBS, body).status == 202, "its key is free"


def test_a_long_text_is_spoken_in_parts_and_heard_meanwhile(site: Site) -> None:
    """By both hosts; what there is streams before all is there; DELETE stops it."""
    job = ask(site.first, JOBS, {"input": LONG, "response_format": "pcm"}).document
    heard = ask_some(site.second, f"{JOBS}/{job['id']}/audio", 48_000)
    assert len(heard) == 48_000

    def both() -> bool:
        return set(ask(site.first, f"{JOBS}/{job['id']}").document["hosts"]) == {"h1", "h2"}

    eventually(both, "both have spoken of it")
    assert ask(site.first, f"{JOBS}/{job['id']}", method="DELETE").status == 204
    assert ask(site.first, f"{JOBS}/{job['id']}").status == 410


def ask_some(gateway: Listening, path: str, size: int) -> bytes:
    """The first bytes of a stream."""
    request = f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEYS['anna']}\r\n\r\n"
    with socket.create_connection((gateway.host, gateway.port), 30) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as file:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += file.readline()
            assert head.startswith(b"HTTP/1.1 200"), head
            body = b""
            while len(body) < size:
                body += file.read(int(file.readline(), 16))
                file.readline()
            return body[:size]


@pytest.mark.parametrize(
    "id",
    [
        "batch.metronome.0.default.nobody",
        "batch.metronome.0.other.nobody",
        "batch.metronome.0.default." + "x" * 64,
        "batch.metronome.999999.default.nobody.9",
    ],
)
def test_names_that_nobody_has(site: Site, id: str) -> None:
    """They are 404, also those of another tenant."""
    for place, method in (("", "GET"), ("/audio", "GET"), ("", "DELETE")):
        assert ask(site.first, f"{JOBS}/{id}{place}", method=method).status == 404


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"input": ""}, 400, "input"),
        ({"input": "a\0b"}, 400, "input"),
        ({"class": "soon"}, 400, "class"),
        ({"voice": "nobody"}, 400, "voice"),
        ({"model": "nobody"}, 404, "model"),
        ({"input": "x" * 2_200_000}, 413, "input"),
    ],
)
def test_what_no_host_would_take(
    site: Site, fields: dict[str, Any], status: int, param: str
) -> None:
    """It is refused by name, as on a single host."""
    answer = ask(site.first, JOBS, {"input": TEXT, **fields})
    assert (answer.status, answer.error["param"]) == (status, param), answer.body


def test_without_its_servers_a_job_is_kept_here_and_says_so(site: Site) -> None:
    """In a field and a header, and soon; a job of the fleet is asked for in vain meanwhile; when
    the servers are back the next job is theirs again.
    """
    job = ask(site.first, JOBS, {"input": TEXT}).document
    done(site.first, job["id"])
    site.fleet.servers[0].kill()
    began = time.monotonic()
    kept = ask(site.first, JOBS, {"input": TEXT})
    assert (kept.status, kept.headers["X-TTS-Fleet"]) == (202, "away"), kept.body
    assert time.monotonic() - began < 5
    assert kept.document["road"] == "host"
    assert str(kept.document["note"]).startswith("kept on this host: ")
    assert done(site.first, kept.document["id"])["state"] == "done"
    lost = ask(site.first, f"{JOBS}/{job['id']}")
    refused = ask(site.second, JOBS, {"input": TEXT})
    for answer in (lost, refused):
        assert (answer.status, answer.error["code"]) == (503, "fleet_unavailable"), answer.body
        assert int(answer.headers["Retry-After"]) >= 1
    site.fleet.servers[0].start().wait_listening()

    def taken() -> bool:
        answer = ask(site.first, JOBS, {"input": TEXT})
        assert answer.status == 202, answer.body
        return bool(answer.document["road"] == "fleet")

    eventually(taken, "the fleet takes jobs again")
    assert ask(site.first, f"{JOBS}/{job['id']}").document["state"] == "done"
