"""Names and paths under which the gateway is reached from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from supervisor.config import Settings
from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

NAME = "tts.example.org"
PUBLIC = {"public_hosts": [NAME.upper()], "root_path": "/a/tts", "trusted_proxies": ["127.0.0.1"]}
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def public(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway without keys, behind a proxy on this machine."""
    with Serving(running_supervisor.environ, PUBLIC) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


@pytest.mark.parametrize("host", [NAME, f"{NAME}:443", NAME.upper(), "127.0.0.1", "localhost"])
def test_its_own_name_is_let_in(public: Serving, host: str) -> None:
    """Whatever the port and the letters' case, and local ones as ever."""
    assert public.ask("/v1/models", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", f"x.{NAME}", f"{NAME}.evil.example", "example.org"]
)
def test_another_name_is_not(public: Serving, host: str) -> None:
    """Nor is it where a proxy says that it was asked for; nor does its word help a wrong Host."""
    for headers in (
        {"Host": host},
        {"Host": NAME, "X-Forwarded-Host": host},
        {"Host": NAME, "Forwarded": f"for=192.0.2.9;host={host}"},
        {"Host": host, "X-Forwarded-Host": NAME},
    ):
        answer = public.ask("/v1/models", headers=headers)
        assert (answer.status, answer.error["code"]) == (403, "wrong_host"), headers


def test_a_strangers_word_is_ignored(gateway: Serving) -> None:
    """Where no proxy is trusted, what is forwarded neither helps nor harms."""
    for headers, status in (
        ({"X-Forwarded-Host": "evil.example"}, 200),
        ({"Host": "evil.example", "X-Forwarded-Host": "localhost"}, 403),
        ({"Host": "evil.example", "Forwarded": "host=localhost"}, 403),
    ):
        assert gateway.ask("/v1/models", headers=headers).status == status


def test_probes_may_call_it_as_they_like(gateway: Serving, public: Serving) -> None:
    """A load balancer asks by a name of its own."""
    for serving in (gateway, public):
        for path in ("/healthz", "/readyz"):
            answer = serving.ask(path, headers={"Host": "10-1-2-3.pod.cluster.example"})
            assert answer.status in {200, 503}
            assert "error" not in answer.document


def test_a_page_behind_a_proxy_may_ask(public: Serving) -> None:
    """The name it comes from is the Host, or what the proxy says that it was; no other is."""
    body = {"input": "Hi.", "model": "noop"}
    origin = {"Origin": f"https://{NAME}"}
    for headers, status in (
        ({**origin, "Host": NAME}, 200),
        ({**origin, "X-Forwarded-Host": NAME}, 200),
        ({"Origin": "https://evil.example", "Host": NAME}, 403),
        ({"Origin": "null", "Host": NAME, "X-Forwarded-Host": f"{NAME},"}, 403),
    ):
        assert public.ask("/v1/audio/speech", body, headers=headers).status == status, headers


def test_every_address_is_below_the_path(public: Serving) -> None:
    """And without it, for probes; the path without a slash leads to the page."""
    for prefix in ("/a/tts", ""):
        page = public.ask(f"{prefix}/", headers=HTML)
        assert (page.status, b"<html" in page.body) == (200, True)
        assert public.ask(f"{prefix}/page/static/main.js").status == 200
        assert public.ask(f"{prefix}/v1/models").status == 200
        assert public.ask(f"{prefix}/healthz?x=1").status == 200
        assert public.ask(f"{prefix}/v1/audio/speech", {"input": "Hi."}).status == 200
    redirect = public.ask("/a/tts")
    assert (redirect.status, redirect.headers["Location"]) == (308, "/a/tts/")
    metrics = public.ask("/a//tts//metrics").body.decode()
    assert 'route="/v1/audio/speech"' in metrics
    assert 'route="/a/tts/v1' not in metrics


@pytest.mark.parametrize(
    "path",
    ["/a", "/a/", "/a/ttsx/v1/models", "/a/tts/a/tts/", "/a/tts/../../metrics",
     "/a/tts//../metrics", "/a/tts/%2e%2e/metrics", "/../metrics", "/a/tts/x/../metrics"],
)  # fmt: skip
def test_nothing_else_is(public: Serving, path: str) -> None:
    """Neither another path nor one that climbs."""
    answer = public.ask(path)
    assert (answer.status, answer.error["code"]) == (404, "unknown_url")


def test_keys_are_asked_for_below_the_path(running_supervisor: Supervised) -> None:
    """What is open is open there, too, and nothing else."""
    http = {"root_path": "/tts", "api_keys": [hash_key("sk-one")]}
    with Serving(running_supervisor.environ, http) as serving:
        for path in ("/tts", "/tts/", "/tts/healthz", "/tts/page/static/main.js"):
            assert serving.ask(path, headers=HTML).status in {200, 308}
        for path in ("/tts/v1/models", "/tts/metrics", "/tts/nope", "/ttsx", "/tts/tts/"):
            assert serving.ask(path, headers=HTML).status == 401
        headers = {"Authorization": "Bearer sk-one"}
        assert serving.ask("/tts/v1/models", headers=headers).status == 200


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        *(
            ("root_path", path, "must be a path such as /tts")
            for path in (
                "tts",
                "/",
                "/tts/",
                "/a/../b",
                "/..",
                "/.",
                "/a//b",
                "/a b",
                "/a?b",
                "/%2e",
            )
        ),
        *(
            ("public_hosts", [name], "entry 1 is no name of a host")
            for name in (
                "https://x.org",
                "x.org:443",
                "x.org/tts",
                "*",
                "*.x.org",
                "x..org",
                "[::1]",
            )
        ),
        *(
            ("trusted_proxies", ["127.0.0.1", network], "entry 2 is no address or network")
            for network in ("proxy", "10.0.0.1/8", "10.0.0.0/33", "*", "127.0.0.1:80")
        ),
    ],
)
def test_what_cannot_be_is_refused_by_the_settings(setting: str, value: object, told: str) -> None:
    """In one line that says what to write."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"http": {setting: value}})
    (error,) = refused.value.errors()
    assert error["loc"] == ("http", setting)
    assert error["msg"].startswith(told)
    assert len(error["msg"].splitlines()) == 1
