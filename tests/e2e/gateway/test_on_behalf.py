"""Whom the supervisor charges what is asked over HTTP and Wyoming to."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from supervisor.gateway.keys import hash_key
from supervisor.wire import client as wire
from supervisor.wire.codec import Body
from tests.e2e.gateway.serving import Serving
from tests.unit.client.scripted_peer import Answer, ScriptedPeer, published, scripted_peer

KEYS = ("sk-of-one", "sk-of-another")
WAIT_MS = 1_800_000


def refuse(message: wire.Message, _body: Body) -> list[Answer]:
    """What a supervisor says that has no room for half an hour."""
    if not isinstance(message, wire.Submit):
        return []
    error = wire.Error("busy", "it is full", id=message.id, retryable=True, retry_after_ms=WAIT_MS)
    return [(error, None)]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[ScriptedPeer]:
    """A supervisor that notes what it is asked, published in `tmp_path`."""
    with scripted_peer(tmp_path, refuse) as peer:
        published(tmp_path, peer)
        yield peer


def environ(directory: Path) -> dict[str, str]:
    """For a gateway of that supervisor."""
    return {**os.environ, "SUPERVISOR_RUN_DIR": str(directory)}


def charged(peer: ScriptedPeer, count: int) -> list[str | None]:
    """Whom the jobs were charged to that it was asked for, in order."""
    asked = peer.wait_for(wire.Submit, count)
    return [message.on_behalf for message in asked if isinstance(message, wire.Submit)]


def test_each_key_is_somebody(supervisor: ScriptedPeer, tmp_path: Path) -> None:
    """A few digits of its hash, the same on every connection; the key itself is told to nobody."""
    http = {"api_keys": [hash_key(key) for key in KEYS]}
    with Serving(environ(tmp_path), http) as serving:
        for key in (*KEYS, KEYS[0]):
            headers = {"Authorization": f"Bearer {key}"}
            answer = serving.ask("/v1/audio/speech", {"input": "Hi."}, headers=headers)
            assert answer.status == 429
    names = charged(supervisor, 3)
    first, second = (hash_key(key).removeprefix("sha256:")[:16] for key in KEYS)
    assert names == [f"key:{first}", f"key:{second}", f"key:{first}"]
    assert not any(key in repr(supervisor.heard) for key in KEYS)


def test_on_this_machine_each_connection_is_somebody(
    supervisor: ScriptedPeer, tmp_path: Path
) -> None:
    """Over HTTP and over Wyoming; two requests on one connection are of one."""
    body = b'{"input": "Hi."}'
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with Serving(environ(tmp_path), {"wyoming": "127.0.0.1:0"}) as serving:
        assert serving.process is not None
        with serving.connect() as connection:
            for count in (1, 2):
                connection.sendall(head.encode() + body)
                charged(supervisor, count)
        assert serving.speak("Hi.").status == 429
        home = socket.create_connection(("127.0.0.1", serving.wyoming_port()), timeout=30)
        with closing(home):
            home.sendall(b'{"type": "synthesize", "data": {"text": "Hi."}}\n')
            names = charged(supervisor, 4)
        prefix = f"conn:{serving.process.pid}-"
    assert all(name is not None and name.startswith(prefix) for name in names)
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_real_wait_is_told(supervisor: ScriptedPeer, tmp_path: Path) -> None:
    """`Retry-After` is what the supervisor says, however long that is."""
    with Serving(environ(tmp_path)) as serving:
        answer = serving.speak("Hi.")
    assert (answer.status, answer.headers["Retry-After"]) == (429, str(WAIT_MS // 1000))
    assert len(charged(supervisor, 1)) == 1
