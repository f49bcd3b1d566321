"""Who may use the gateway, and how many at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Answer, Serving
from tests.supervised import Supervised, eventually

KEY = "sk-one-of-two"
SITE = "https://example.org"
OF_OPENAI = (
    *("x-stainless-arch", "x-stainless-lang", "x-stainless-os", "x-stainless-package-version"),
    *("x-stainless-retry-count", "x-stainless-runtime", "x-stainless-runtime-version"),
    "x-stainless-timeout",
)
"""What OpenAI's library for browsers sends."""


@pytest.fixture(scope="module")
def guarded(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway with keys, as it would listen to a network."""
    http = {
        "host": "0.0.0.0",  # noqa: S104 - what this is about
        "api_keys": [hash_key("sk-the-other"), hash_key(KEY)],
        "cors_origins": [SITE],
    }
    with Serving(running_supervisor.environ, http) as serving:
        yield serving


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models",
        "/v1/audio/voices",
        "/diagnostics/cpu-allocation",
        "/metrics",
        "/events",
        "/nope",
    ],
)
def test_without_a_key_nothing_is_told(guarded: Serving, path: str) -> None:
    """No key, a wrong one, a hash in place of a key and another scheme are all refused."""
    for headers in ({}, bearer("sk-wrong"), bearer(hash_key(KEY)), {"Authorization": KEY}):
        answer = guarded.ask(path, headers=headers)
        assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_each_key_opens(guarded: Serving) -> None:
    """Both keys work, and a name in the Host header is no matter then."""
    for key in (KEY, "sk-the-other"):
        headers = {**bearer(key), "Host": "speech.example.net"}
        assert guarded.ask("/v1/models", headers=headers).status == 200
    body = {"input": "Hi.", "model": "noop"}
    assert guarded.ask("/v1/audio/speech", body).status == 401
    assert guarded.ask("/v1/audio/speech", body, headers=bearer(KEY)).status == 200


def test_probes_need_no_key(guarded: Serving) -> None:
    """Who asks whether it lives is a load balancer."""
    for path in ("/healthz", "/health", "/health/"):
        assert guarded.ask(path).status == 200
    eventually(lambda: guarded.ask("/readyz").status == 200, "ready, once the supervisor was asked")


def preflight(gateway: Serving, origin: str, *names: str) -> Answer:
    """What a browser asks before a page of `origin` may post JSON with these headers."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    if names:
        headers["Access-Control-Request-Headers"] = ",".join(names)
    return gateway.ask("/v1/audio/speech", method="OPTIONS", headers=headers)


def test_a_configured_site_may_ask_from_a_browser(guarded: Serving) -> None:
    """Preflight, request and a refusal all carry the header that lets the page read them."""
    names = ("authorization", "content-type", *OF_OPENAI)
    allowed = preflight(guarded, SITE, *names)
    assert allowed.status == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == SITE
    assert set(allowed.headers["Access-Control-Allow-Headers"].split(", ")) == set(names)
    assert "Authorization" in preflight(guarded, SITE).headers["Access-Control-Allow-Headers"]
    for headers in (bearer(KEY), bearer("sk-wrong")):
        answer = guarded.ask(
            "/v1/audio/speech",
            {"input": "Hi.", "model": "noop"},
            headers={**headers, "Origin": SITE},
        )
        assert answer.headers["Access-Control-Allow-Origin"] == SITE


@pytest.mark.parametrize(
    "names",
    [
        [f"x-{number}" for number in range(10_000)],
        [f"x-{number}" for number in range(200)],
        ["x" * 5_000],
        ["x y"],
        ["x:y"],
        ["", ""],
    ],
    ids=["10,000", "200", "long", "a space", "a colon", "empty"],
)
def test_a_preflight_for_what_is_no_list_of_headers(guarded: Serving, names: list[str]) -> None:
    """It is refused, and the answer does not repeat it."""
    answer = preflight(guarded, SITE, *names)
    assert answer.status == 400
    assert len(answer.body) + len(str(answer.headers)) < 1000


def test_every_site(running_supervisor: Supervised) -> None:
    """`*` lets each in, with a key where keys are used, and never with what a browser keeps."""
    http = {"cors_origins": ["*"], "api_keys": [hash_key(KEY)]}
    with Serving(running_supervisor.environ, http) as serving:
        for origin in (SITE, "https://evil.example", "null"):
            assert preflight(serving, origin, "x-own").headers["Access-Control-Allow-Origin"] == "*"
            headers = {"Origin": origin, **bearer(KEY)}
            body = {"input": "Hi.", "model": "noop"}
            spoken = serving.ask("/v1/audio/speech", body, headers=headers)
            assert spoken.status == 200
            assert "X-Job-Id" in spoken.headers["Access-Control-Expose-Headers"].split(", ")
            refused = serving.ask("/v1/audio/speech", body, headers={"Origin": origin})
            assert refused.status == 401
            for answer in (spoken, refused):
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
                assert "Access-Control-Allow-Credentials" not in answer.headers


def test_lists_without_a_key(running_supervisor: Supervised) -> None:
    """With `http.open_lists` a program may offer the voices before it has a key; nothing else."""
    http = {"open_lists": True, "api_keys": [hash_key(KEY)]}
    lists = (
        "/v1/models",
        "/v1/models/",
        "/v1/models/tts-1",
        "/v1/audio/models",
        "/v1/audio/voices",
    )
    with Serving(running_supervisor.environ, http) as serving:
        assert {serving.ask(path).status for path in lists} == {200}
        assert serving.ask("/metrics").status == 401
        assert serving.ask("//metrics").status == 401
        assert serving.ask("/v1/audio/speech", {"input": "Hi."}).status == 401
        assert serving.ask("/v1/audio/voices/combine", "heart").status == 401


def test_other_sites_may_not(guarded: Serving, gateway: Serving) -> None:
    """No header for them, and what a page may send without asking is refused."""
    for serving in (guarded, gateway):
        refused = preflight(serving, "https://evil.example")
        assert refused.status == 403
        assert "Access-Control-Allow-Origin" not in refused.headers
        answer = serving.ask(
            "/v1/audio/speech",
            b'{"input": "Buy now."}',
            headers={"Origin": "https://evil.example", "Content-Type": "text/plain"},
        )
        assert (answer.status, answer.error["code"]) == (403, "wrong_origin")


def test_a_page_of_the_gateway_itself_may(gateway: Serving) -> None:
    """Same origin needs no setting."""
    headers = {"Origin": gateway.url}
    answer = gateway.ask("/v1/audio/speech", {"input": "Hi.", "model": "noop"}, headers=headers)
    assert answer.status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8354", "[", "127.0.0.1.evil.net"])
def test_a_name_that_was_made_to_point_here_is_refused(gateway: Serving, host: str) -> None:
    """DNS rebinding: such a page would otherwise be of the same origin."""
    answer = gateway.ask("/v1/models", headers={"Host": host})
    assert (answer.status, answer.error["code"]) == (403, "wrong_host")


@pytest.mark.parametrize("name", ["x" * 8000, "x" + "\u0301\u0327" * 1500], ids=["long", "marks"])
def test_what_is_no_name_is_not_taken_apart(gateway: Serving, name: str) -> None:
    """Which takes the square of its length for some; the answer does not repeat it either."""
    for field, code in (("Host", "wrong_host"), ("Origin", "wrong_origin")):
        head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: x.localhost\r\n{field}: {name}\r\n"
        if field == "Host":
            head = head.replace("Host: x.localhost\r\n", "")
        with gateway.connect() as connection:
            connection.sendall(head.encode() + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert code.encode() in answer
        assert len(answer) < 3000


@pytest.mark.parametrize("host", ["localhost", "tts.localhost:1", "[::1]:8354", "192.0.2.7"])
def test_addresses_and_localhost_are_not(gateway: Serving, host: str) -> None:
    """No page can make those point elsewhere."""
    assert gateway.ask("/v1/models", headers={"Host": host}).status == 200
