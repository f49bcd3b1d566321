"""A template that never tells what it has loaded: nobody waits for it for ever."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from supervisor.pool import fork_launcher
from supervisor.pool.fork_launcher import ForkLauncher
from supervisor.wire.worker import Setup
from tests.supervised import eventually


def turn(loop: asyncio.AbstractEventLoop) -> bool:
    """Let the loop take what there is."""
    loop.run_until_complete(asyncio.sleep(0))
    return True


def test_a_template_that_hangs_while_it_loads_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """No order for a worker comes before the catalogue, so none can miss its answer."""
    monkeypatch.setattr(fork_launcher, "TEMPLATE_LOAD_S", 0.2)
    loop = asyncio.new_event_loop()
    reasons: list[str] = []
    template = ForkLauncher(
        loop,
        Setup((), {}),
        lambda _epoch, _pid, _error: None,
        lambda _catalogue: None,
        reasons.append,
        lambda _pid: None,
    )
    template.start()
    assert template.pid is not None
    os.kill(template.pid, signal.SIGSTOP)
    eventually(lambda: turn(loop) and reasons, "that the start has failed")
    (reason,) = reasons
    assert reason.startswith("the template ended while it loaded the engines")
    assert "not loaded after 0.2 s" in reason
    template.close()
    loop.close()
