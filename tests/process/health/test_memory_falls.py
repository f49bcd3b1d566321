"""Memory runs short under load: workers go, no job is lost, and what takes memory is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.falling_memory import bind_meminfo, can_bind, leave
from supervisor.host.oom import read_score
from supervisor.wire import client as protocol
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised, Wire, eventually

NOOP: dict[str, Any] = {
    "engines.default": "noop",
    "engines.preload": ["noop"],
    "cache.enabled": False,
}
BOOK = "A sentence that is spoken for a tenth of a second or a little more than that. " * 400


@pytest.fixture
def short() -> Iterator[tuple[Supervised, Path]]:
    """Two workers, and the file that says how much memory is left."""
    if not can_bind():
        pytest.skip("no mount namespace can be made here")
    supervised = Supervised({**static_pool(2), **NOOP, "http.enabled": True, "http.port": 0})
    meminfo = bind_meminfo(supervised, 10_000)
    with supervised:
        supervised.workers(2)
        yield supervised, meminfo
        assert supervised.stop() == 0, supervised.output


def submit(peer: Wire, name: str, text: str, *, durable: bool = False) -> protocol.Message:
    """Hand in a job; the answer."""
    peer.send(protocol.Submit(name, credit=1 << 40, durable=durable), text.encode())
    return peer.receive()[0]


def test_ten_gigabytes_become_twenty_megabytes(short: tuple[Supervised, Path]) -> None:
    """One worker stays of two that speak, the book is spoken to its end, a sentence is still taken,
    and a book or a durable job is told to come again. Whom the kernel would kill first is set.
    """
    supervised, meminfo = short
    status = supervised.status()
    mine = read_score(supervised.pid)
    assert read_score(status["supervisor"]["template_pid"]) == max(mine, 400)
    assert [read_score(worker["pid"]) for worker in status["workers"]] == [max(mine, 500)] * 2
    with supervised.wire() as book, supervised.wire() as other:
        assert isinstance(submit(book, "book", BOOK), protocol.Accepted)
        eventually(
            lambda: [w["state"] for w in supervised.status()["workers"]] == ["busy"] * 2,
            "both speak",
        )
        leave(meminfo, 20)
        (stayed,) = supervised.workers(1)
        assert stayed["pid"] in {worker["pid"] for worker in status["workers"]}
        memory = supervised.status()["allocation"]["memory"]
        assert (memory["state"], memory["last_event"]["cause"]) == ("critical", "available")
        for name, durable in (("long", False), ("kept", True)):
            refused = submit(other, name, BOOK if name == "long" else "One.", durable=durable)
            assert isinstance(refused, protocol.Error)
            assert (refused.code, refused.retry_after_ms) == ("busy", 30_000)
            assert "memory is nearly used up" in refused.message
        assert isinstance(submit(other, "short", "One."), protocol.Accepted)
        assert isinstance(other.outcome()[0], protocol.End)
        end = book.outcome()[0]
        assert isinstance(end, protocol.End)
        assert end.retried == 0
    assert "reason: memory_critical_20MB" in supervised.output
