"""Which road a client takes, by its endpoint."""

from __future__ import annotations

import pytest

from supervisor.client import AsyncClient, BadRequest, Client, NoSupervisor, roads


@pytest.mark.parametrize(
    "endpoint",
    [
        "nats://",
        "nats://,",
        "nats://a b",
        "nats://h:99999",
        "nats://h:x",
        "nats://me:secret@",
        "nats://h,http://me:secret@x",
        "nats://h,ipc:///tmp/x",
        "nats://h\n",
    ],
)
def test_what_is_no_server_is_told_without_its_password(endpoint: str) -> None:
    """Before anything is looked up or connected, by both clients, in one line."""
    for client in (Client, AsyncClient):
        if endpoint == "nats://h\n":  # What stands around an address is not part of it.
            client(endpoint)
            continue
        with pytest.raises(BadRequest, match=r"\A[^\n]*is no NATS server: give nats://H") as wrong:
            client(endpoint)
        assert "secret" not in str(wrong.value)
        assert wrong.value.field == "endpoint"


def test_names_of_servers_and_tenants() -> None:
    """Servers behind the first need no scheme; capitals do not matter; a tenant is a token."""
    assert roads.is_fleet("NATS://h")
    assert not roads.is_fleet("ipc:///tmp/nats://x")
    assert not roads.is_fleet(None)
    Client("NATS://me:secret@[::1]:4222, b, tls://c:4223")
    with pytest.raises(BadRequest, match="the tenant: '\\*'"):
        Client("nats://h", tenant="*")


def test_without_the_extra_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is loaded."""
    monkeypatch.setattr(roads, "find_spec", lambda _name: None)
    with pytest.raises(NoSupervisor, match=r"nats://h needs what a fleet needs: .*fleet"):
        Client("nats://h")
