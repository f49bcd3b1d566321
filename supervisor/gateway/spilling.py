"""The gateway's client where its host is in a fleet: what would wait here may be spoken elsewhere.

Loaded only where `fleet.servers` are set.
"""

from __future__ import annotations

import socket

from supervisor.client import AsyncClient
from supervisor.client.async_link import AsyncLink
from supervisor.client.live.calls import FleetCalls
from supervisor.client.live.port import AsyncPort
from supervisor.client.live.spill import SpillCalls
from supervisor.config.sections.fleet import Fleet, host_token
from supervisor.nats.connection import Servers
from supervisor.wire.fleet.names import DEFAULT_TENANT


class SpillingClient(AsyncClient):
    """As `AsyncClient`, in this fleet. It connects in the background; until then, and while no
    server is there, it is a client of the supervisor alone (`degraded` says why).
    """

    def __init__(
        self, fleet: Fleet, *, name: str, credit: int, patience: float, resume: float
    ) -> None:
        super().__init__(name=name, credit=credit, patience=patience, resume=resume)
        host = host_token(fleet, socket.gethostname())
        servers = Servers(
            urls=tuple(fleet.servers),
            name=f"{host}-gateway",
            credentials=fleet.credentials,
            ca=fleet.ca,
            ping_s=fleet.ping_s,
        )
        port = AsyncPort(servers)
        port.join()
        calls = FleetCalls(port, DEFAULT_TENANT, name=name, credit=credit, patience=0.0)
        calls.own_host = host
        self._calls = SpillCalls(
            AsyncLink,
            calls,
            port,
            fleet.spill_s,
            name=name,
            credit=credit,
            patience=patience,
        )
