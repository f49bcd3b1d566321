"""The second supervisor of a machine, with the settings that everybody has."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path

from supervisor.pool.leases import CoreLeases
from supervisor.service.control import ALL_LEASED
from tests.fixtures.tuned import SECTION, Tuned
from tests.supervised import eventually

LISTENING = re.compile(r"gateway: listening on http://127\.0\.0\.1:(\d+)")


def supervisor(port: int, cores: int) -> Tuned:
    """One with a gateway on this port, and so many cores."""
    return Tuned(
        {
            "engines.default": "noop",
            "engines.preload": ["noop"],
            "pool.threads_per_worker": 1,
            "http.enabled": True,
            "http.port": port,
            f"{SECTION}.min_cores": cores,
            f"{SECTION}.max_cores": cores,
        },
        {"http.enabled": True},
    )


def port_of(supervised: Tuned) -> int:
    """Where its gateway listens, as soon as it does."""
    ports = eventually(lambda: LISTENING.findall(supervised.output), "the gateway listens", 60)
    return int(ports[0])


def test_it_waits_for_a_core_and_for_the_port_and_says_so() -> None:
    """Without a core it has no worker, yet diagnostics, on a port of its own; another one whose
    port is taken says that, and serves as soon as the first one ends.
    """
    with ExitStack() as stack:
        first = stack.enter_context(supervisor(0, 1))
        port = port_of(first)
        leases = first.environ["SUPERVISOR_LEASE_DIR"]
        (worker,) = first.workers(1)
        rest = stack.enter_context(closing(CoreLeases(Path(leases))))
        assert rest.acquire(os.sched_getaffinity(0) - set(worker["cpus"]))
        coreless, portless = supervisor(0, 1), supervisor(port, 1)
        for second in (coreless, portless):
            second.environ["SUPERVISOR_LEASE_DIR"] = leases
            stack.push(second)
            second.start(ready=False)
        address = f"http://127.0.0.1:{port_of(coreless)}/diagnostics/cpu-allocation"

        def diagnosed() -> object:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return json.load(answer)["error"] == ALL_LEASED

        eventually(diagnosed, "it says that it waits for a core")
        taken = f"cannot listen on 127.0.0.1:{port}: address already in use"
        portless.logged(taken)
        assert first.stop() == 0
        assert port_of(portless) == port
        assert portless.output.count(taken) == 1
