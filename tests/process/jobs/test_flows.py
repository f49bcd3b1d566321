"""Whom a job is charged to: a connection, or whoever a process of our own user speaks for."""

from __future__ import annotations

import pytest

from supervisor.wire import client as wire
from tests.supervised import Supervised, Wire, free_port

SETTINGS = {
    "engines.default": "noop",
    "engines.preload": ["noop"],
    "broker.max_jobs_per_client": 2,
}


def ask(peer: Wire, name: str, on_behalf: str | None) -> str:
    """Hand in a job whose audio is not taken, so that it stays; what came of it."""
    peer.send(wire.Submit(name, credit=0, on_behalf=on_behalf), b"A sentence that nobody hears.")
    answer, _body = peer.receive()
    assert isinstance(answer, wire.Accepted | wire.Error)
    return "accepted" if isinstance(answer, wire.Accepted) else answer.code


def test_jobs_on_behalf_of_one_are_one_clients_whoever_hands_them_in() -> None:
    """Bounds count by the name across connections; other names, and the connections themselves,
    are other clients; the status tells how many have work.
    """
    with Supervised(SETTINGS) as supervised, supervised.wire() as one, supervised.wire() as two:
        assert ask(one, "1", "reader") == "accepted"
        assert ask(two, "2", "reader") == "accepted"
        assert ask(two, "3", "reader") == "busy"
        assert ask(two, "4", "caller") == "accepted"
        assert [ask(two, name, None) for name in "567"] == ["accepted", "accepted", "busy"]
        assert ask(one, "8", None) == "accepted"
        assert supervised.status()["queue"]["flows"] == 4


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_a_name_has_1_to_128_characters(name: str) -> None:
    """Anything else is refused in words."""
    with Supervised(SETTINGS) as supervised, supervised.wire() as peer:
        assert ask(peer, "1", name) == "bad_message"
        assert ask(peer, "2", "x" * 128) == "accepted"


def test_whom_a_stranger_names_is_not_believed() -> None:
    """On tcp without keys anybody may come: names there would be a way to many shares."""
    port = free_port()
    settings = {**SETTINGS, "broker.tcp": f"127.0.0.1:{port}", "broker.insecure_tcp": True}
    with Supervised(settings), Wire(f"tcp://127.0.0.1:{port}") as peer:
        assert [ask(peer, name, name) for name in "123"] == ["accepted", "accepted", "busy"]
